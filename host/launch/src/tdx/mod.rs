//! Virtual machines that Intel TDX protects from the host: what QEMU is told of them.
//!
//! The TDX module measures the guest's firmware (MRTD), which measures kernel, command line and
//! initramfs (RTMR 1 and 2). MRCONFIGID is the policy's hash and zeros after it.

use veracruz_machine::{Confidential, Description, Tdx};
use veracruz_policy::PolicyHash;

use crate::{Kind, protected};

/// A machine for this policy. Its parts are an image's kernel with an EFI stub, its initramfs, and
/// a firmware that starts in a TDX guest (OVMF).
#[must_use]
pub fn description(policy: &PolicyHash) -> Description {
    let mut guest = guest();
    guest.fix_policy(policy.as_bytes());
    protected::description(Kind::Tdx, guest)
}

/// A guest of no policy yet.
pub(crate) fn guest() -> Confidential {
    Confidential::Tdx(Tdx::new([0; 48]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_fixed_at_launch_with_zeros_after_it() {
        let description = description(&PolicyHash::from_bytes([7; 32]));
        let Some(Confidential::Tdx(guest)) = description.confidential else {
            panic!("{description:?}")
        };
        assert_eq!(guest.mr_config_id[..32], [7; 32]);
        assert_eq!(guest.mr_config_id[32..], [0; 16]);
    }
}
