//! `sev-snp`: a confidential virtual machine of AMD.

use super::{Availability, Check, File, Machine, Protection};

pub(super) struct SevSnp;

impl Availability for SevSnp {
    fn name(&self) -> &'static str {
        "sev-snp"
    }

    fn what(&self) -> &'static str {
        "a confidential virtual machine of AMD"
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "a kernel of its own, and QEMU in a sandbox",
            participants: Some("from the hypervisor and who administers the machine"),
            rests_on: "AMD, and that nobody opens the machine",
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        vec![
            machine.is("x86_64"),
            machine.has("AMD secure processor", File::Sev),
            machine.says_yes("SEV-SNP in KVM", File::KvmSevSnp),
            machine.kvm(),
            machine.qemu(),
            machine.knows("sev-snp-guest", "9.1 and later do"),
            machine.vsock(),
        ]
    }
}
