//! Virtual machines that Intel TDX protects from the host: what QEMU is told of them, and what the
//! host must have.
//!
//! The TDX module measures the guest's firmware (MRTD), which measures kernel, command line and
//! initramfs (RTMR 1 and 2). MRCONFIGID is the policy's hash and zeros after it.

use veracruz_machine::{Confidential, Description, Tdx, Tools};
use veracruz_policy::PolicyHash;

use crate::missing::{self, Here, Missing};
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

/// What this machine lacks to start one. Whether Intel's quote generation service runs, without
/// which a guest has no evidence, only starting one shows. Runs QEMU once, to ask what it knows.
#[must_use]
pub fn missing(tools: &Tools) -> Vec<Missing> {
    missing_in(&Here::new(), tools)
}

fn missing_in(here: &Here, tools: &Tools) -> Vec<Missing> {
    let kvm = "enable virtualisation (VMX) in the firmware, and load the module kvm_intel";
    let tdx = "needs a Xeon processor with TDX, TDX enabled in the firmware, Linux 6.16 or later, \
               and the module kvm_intel loaded with tdx=1; see `dmesg | grep -i tdx`";
    let qemu = "install QEMU 10.1 or later, or name it in VERACRUZ_QEMU";
    [
        missing::architecture("x86_64"),
        here.device("/dev/kvm", kvm),
        here.parameter("kvm_intel", "tdx", tdx),
        missing::emulator(tools.qemu.as_deref(), "tdx-guest", qemu),
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
        let Some(Confidential::Tdx(guest)) = description.confidential else {
            panic!("{description:?}")
        };
        assert_eq!(guest.mr_config_id[..32], [7; 32]);
        assert_eq!(guest.mr_config_id[32..], [0; 16]);
    }

    #[test]
    fn a_machine_without_the_hardware_is_told_all_that_it_lacks() {
        let (folder, here) = machine(&[("/sys/module/kvm_intel/parameters/tdx", "N\n")]);
        let tools = Tools {
            qemu: Some(qemu(folder.path(), &["sev-snp-guest"])),
            ..Tools::default()
        };
        let words: Vec<String> = missing_in(&here, &tools)
            .iter()
            .map(ToString::to_string)
            .collect();
        let [kvm, parameter, emulator] = words.as_slice() else {
            panic!("{words:?}")
        };
        assert_eq!(kvm, "there is no /dev/kvm");
        assert_eq!(parameter, "the parameter tdx of kvm_intel is N");
        assert!(emulator.ends_with("has no `tdx-guest`"), "{emulator}");
    }
}
