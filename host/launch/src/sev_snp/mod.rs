//! Virtual machines that AMD SEV-SNP protects from the host: what QEMU is told of them.
//!
//! The processor's firmware measures the guest's firmware with the digests of kernel, initramfs and
//! command line, and each processor's registers. HOST_DATA is the policy's hash.

use veracruz_machine::{Confidential, Description, SevSnp};
use veracruz_policy::PolicyHash;

use crate::{Kind, protected};

/// A machine for this policy. Its parts are an image's kernel with an EFI stub, its initramfs, and
/// a firmware that checks both (OVMF's `AmdSev` platform).
#[must_use]
pub fn description(policy: &PolicyHash) -> Description {
    let mut guest = guest();
    guest.fix_policy(policy.as_bytes());
    protected::description(Kind::SevSnp, guest)
}

/// A guest of no policy yet.
pub(crate) fn guest() -> Confidential {
    Confidential::SevSnp(SevSnp::new([0; 32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_fixed_at_launch() {
        let policy = PolicyHash::from_bytes([7; 32]);
        let description = description(&policy);
        assert_eq!(description.kind, "sev-snp");
        let Some(Confidential::SevSnp(guest)) = description.confidential else {
            panic!("{description:?}")
        };
        assert_eq!(guest.host_data, [7; 32]);
        // No debugging, no migration.
        assert_eq!(guest.policy & (1 << 18 | 1 << 19), 0);
    }
}
