//! Realms, which Arm CCA protects from the host: what QEMU is told of them, and what the host must
//! have.
//!
//! The realm management monitor measures kernel, initramfs and device tree as they are put into the
//! realm. The personalization value is the policy's hash and zeros after it.
//!
//! No release of QEMU or Linux starts realms yet; the object and its fields are those of version 3
//! and later of the patches to QEMU.

use veracruz_machine::{Cca, Confidential, Description, Tools};
use veracruz_policy::PolicyHash;

use crate::missing::{self, Here, Missing};
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

/// What this machine lacks to start one. Whether its KVM can make realms, only starting one shows.
/// Runs QEMU once, to ask what it knows.
#[must_use]
pub fn missing(tools: &Tools) -> Vec<Missing> {
    missing_in(&Here::new(), tools)
}

fn missing_in(here: &Here, tools: &Tools) -> Vec<Missing> {
    let kvm = "needs Armv9 with the Realm Management Extension, a realm management monitor in its \
               firmware, and a KVM with support for both";
    let qemu = "no release has it: build QEMU with the patches for Arm CCA, and name it in \
                VERACRUZ_QEMU_AARCH64";
    [
        missing::architecture("aarch64"),
        here.device("/dev/kvm", kvm),
        missing::emulator(tools.qemu_aarch64.as_deref(), "rme-guest", qemu),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::missing::tests::{machine, qemu};

    #[test]
    fn the_policy_is_fixed_at_launch_with_zeros_after_it() {
        let description = description(&PolicyHash::from_bytes([7; 32]));
        let Some(Confidential::Cca(guest)) = description.confidential else {
            panic!("{description:?}")
        };
        assert_eq!(guest.personalization[..32], [7; 32]);
        assert_eq!(guest.personalization[32..], [0; 32]);
    }

    #[test]
    fn a_released_qemu_is_not_enough() {
        let (folder, here) = machine(&[("/dev/kvm", "")]);
        let tools = Tools {
            qemu_aarch64: Some(qemu(folder.path(), &["memory-backend-memfd"])),
            ..Tools::default()
        };
        let missing = missing_in(&here, &tools);
        let emulator = missing.last().unwrap();
        assert!(emulator.to_string().ends_with("has no `rme-guest`"));
        assert!(emulator.hint().starts_with("no release has it"));
    }
}
