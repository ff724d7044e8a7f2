//! `microvm` and `microvm-measured`: a virtual machine with nothing in it but the runtime.

use super::machine::tool;
use super::{Availability, Check, Machine, Protection};

pub(super) struct Microvm {
    /// Measured by firmware and a TPM in software as it boots.
    pub(super) measured: bool,
}

impl Availability for Microvm {
    fn name(&self) -> &'static str {
        if self.measured {
            "microvm-measured"
        } else {
            "microvm"
        }
    }

    fn what(&self) -> &'static str {
        if self.measured {
            "a virtual machine, measured by firmware and TPM as it boots"
        } else {
            "a virtual machine"
        }
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "a kernel of its own, and QEMU in a sandbox",
            participants: None,
            rests_on: if self.measured {
                "whoever runs the machine, and with it the TPM in software"
            } else {
                "whoever runs the machine"
            },
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        let mut checks = vec![machine.qemu(), machine.vsock()];
        if self.measured {
            let swtpm = tool(machine.tools.swtpm.as_deref());
            checks.push(Check::required("swtpm", swtpm));
            let setup = tool(machine.tools.swtpm_setup.as_deref());
            checks.push(Check::required("swtpm_setup", setup));
            checks.push(Check::required("OVMF", tool(machine.firmware.as_deref())));
        }
        checks.push(machine.acceleration());
        checks
    }
}
