//! `nitro` and `nitro-emulated`: an enclave of AWS, and QEMU's imitation of one.

use super::machine::tool;
use super::{Availability, Check, File, Machine, Protection};

pub(super) struct Nitro {
    pub(super) emulated: bool,
}

impl Availability for Nitro {
    fn name(&self) -> &'static str {
        if self.emulated {
            "nitro-emulated"
        } else {
            "nitro"
        }
    }

    fn what(&self) -> &'static str {
        if self.emulated {
            "QEMU's imitation of a Nitro enclave, for tests"
        } else {
            "a Nitro enclave of AWS"
        }
    }

    fn protection(&self) -> Protection {
        if self.emulated {
            Protection {
                machine: "a kernel of its own",
                participants: None,
                rests_on: "whoever runs the machine; its evidence is unsigned, and no release accepts it",
            }
        } else {
            Protection {
                machine: "the Nitro hypervisor",
                participants: Some("from the parent instance and who administers it"),
                rests_on: "AWS",
            }
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        if self.emulated {
            let qemu = tool(machine.tools.qemu_nitro.as_deref());
            return vec![
                Check::required("QEMU with enclaves", qemu),
                machine.vsock(),
                machine.acceleration(),
            ];
        }
        vec![
            machine.has("enclaves of this instance", File::NitroEnclaves),
            machine.program("nitro-cli"),
        ]
    }
}
