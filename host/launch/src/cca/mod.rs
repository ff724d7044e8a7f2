//! Realms, which Arm CCA protects from the host: what QEMU is told of them.
//!
//! The realm management monitor measures kernel, initramfs and device tree as they are put into the
//! realm. The personalization value is the policy's hash and zeros after it.
//!
//! No release of QEMU or Linux starts realms yet; the object and its fields are those of version 3
//! and later of the patches to QEMU.

use veracruz_machine::{Cca, Confidential, Description};
use veracruz_policy::PolicyHash;

use crate::{Kind, protected};

/// A machine for this policy. Its parts are an image's kernel and its initramfs.
#[must_use]
pub fn description(policy: &PolicyHash) -> Description {
    let mut guest = guest();
    guest.fix_policy(policy.as_bytes());
    protected::description(Kind::Cca, guest)
}

/// A guest of no policy yet.
pub(crate) fn guest() -> Confidential {
    Confidential::Cca(Cca::new([0; 64]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_fixed_at_launch_with_zeros_after_it() {
        let description = description(&PolicyHash::from_bytes([7; 32]));
        let Some(Confidential::Cca(guest)) = description.confidential else {
            panic!("{description:?}")
        };
        assert_eq!(guest.personalization[..32], [7; 32]);
        assert_eq!(guest.personalization[32..], [0; 32]);
    }
}
