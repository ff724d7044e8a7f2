//! `sgx`: an enclave of Intel, through Gramine.

use super::{Availability, Check, File, Machine, Protection};

pub(super) struct Sgx;

impl Availability for Sgx {
    fn name(&self) -> &'static str {
        "sgx"
    }

    fn what(&self) -> &'static str {
        "an enclave of Intel, through Gramine; not in this version"
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "nothing beyond what Gramine passes on",
            participants: Some("from the operating system and who administers the machine"),
            rests_on: "Intel, Gramine, and that nobody opens the machine",
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        let lacking = "none in this version: workers need memfd_create, seccomp and prctl, which \
                       Gramine has not";
        vec![
            Check::required("a runtime for Gramine", Err(lacking.into())),
            machine.is("x86_64"),
            machine.has("SGX driver", File::Sgx),
            machine.program("gramine-sgx"),
        ]
    }
}
