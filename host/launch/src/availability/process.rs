//! `process`: a sandboxed process.

use veracruz_attester::Keeper;

use super::{Availability, Check, Machine, Protection};

/// The newest version of landlock that the sandbox uses.
const NEWEST_LANDLOCK: u32 = 9;

pub(super) struct Process;

impl Availability for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn what(&self) -> &'static str {
        "a sandboxed process"
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "namespaces, landlock, a list of system calls, limits",
            participants: None,
            rests_on: "whoever runs the machine",
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        vec![
            namespaces(machine),
            seccomp(machine),
            landlock(machine),
            limits(machine),
        ]
    }
}

fn namespaces(machine: &Machine) -> Check {
    let found = match &machine.namespaces {
        Ok(()) => Ok("can be made".into()),
        Err(why) => Err(format!("{why}; run the attester as root, or allow them")),
    };
    Check::required("user namespaces", found)
}

fn seccomp(machine: &Machine) -> Check {
    let found = if machine.seccomp {
        Ok("can be filtered".into())
    } else {
        Err("this kernel does not filter them".into())
    };
    Check::required("system calls", found)
}

fn landlock(machine: &Machine) -> Check {
    let found = match machine.landlock {
        Some(version) if version >= NEWEST_LANDLOCK => Ok(format!("version {version}")),
        Some(version) => Ok(format!("version {version}, of {NEWEST_LANDLOCK} known")),
        None => Err("this kernel has none: one layer of the sandbox less".into()),
    };
    Check::useful("landlock", found)
}

fn limits(machine: &Machine) -> Check {
    let kept = machine.limited_by;
    let by_groups = [kept.memory, kept.processes, kept.cpu]
        .into_iter()
        .all(|keeper| matches!(keeper, Keeper::ControlGroupV2 | Keeper::ControlGroupV1));
    let found = kept.to_string();
    Check::useful("limits", if by_groups { Ok(found) } else { Err(found) })
}
