//! Virtual machines that AMD SEV-SNP protects from the host: what QEMU is told of them, and what
//! the host must have.
//!
//! The processor's firmware measures the guest's firmware with the digests of kernel, initramfs and
//! command line, and each processor's registers. HOST_DATA is the policy's hash.

use veracruz_machine::{Confidential, Description, SevSnp, Tools};
use veracruz_policy::PolicyHash;

use crate::missing::{self, Here, Missing};
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

/// What this machine lacks to start one. Runs QEMU once, to ask what it knows.
#[must_use]
pub fn missing(tools: &Tools) -> Vec<Missing> {
    missing_in(&Here::new(), tools)
}

fn missing_in(here: &Here, tools: &Tools) -> Vec<Missing> {
    let kvm = "enable virtualisation (SVM) in the firmware, and load the module kvm_amd";
    let snp = "needs an EPYC processor of the third generation or later, SEV-SNP and its memory \
               (RMP table) enabled in the firmware, and Linux 6.11 or later; see `dmesg | grep SEV`";
    let qemu = "install QEMU 9.1 or later, or name it in VERACRUZ_QEMU";
    [
        missing::architecture("x86_64"),
        here.device("/dev/kvm", kvm),
        here.parameter("kvm_amd", "sev_snp", snp),
        here.device("/dev/sev", "load the module ccp"),
        missing::emulator(tools.qemu.as_deref(), "sev-snp-guest", qemu),
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

    #[test]
    fn a_machine_without_the_hardware_is_told_all_that_it_lacks() {
        let (folder, here) = machine(&[("/dev/kvm", "")]);
        let tools = Tools {
            qemu: Some(qemu(folder.path(), &["sev-snp-guest"])),
            ..Tools::default()
        };
        let words: Vec<String> = missing_in(&here, &tools)
            .iter()
            .map(ToString::to_string)
            .collect();
        let expected = [
            "the kernel's module kvm_amd has no parameter sev_snp",
            "there is no /dev/sev",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_machine_with_everything_lacks_nothing() {
        let (folder, here) = machine(&[
            ("/dev/kvm", ""),
            ("/dev/sev", ""),
            ("/sys/module/kvm_amd/parameters/sev_snp", "Y\n"),
        ]);
        let tools = Tools {
            qemu: Some(qemu(folder.path(), &["sev-snp-guest"])),
            ..Tools::default()
        };
        assert_eq!(missing_in(&here, &tools), []);
    }
}
