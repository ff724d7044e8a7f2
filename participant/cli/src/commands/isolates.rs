//! `isolates`: which kinds this machine can start, why not the others, and whom each protects.

use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_launch::availability::{Availability, Check, KINDS, Machine};

/// `isolates`, for this machine. To be called before there is any thread.
pub(crate) fn isolates() -> Result<Report, CliError> {
    Ok(report(&Machine::this()))
}

fn report(machine: &Machine) -> Report {
    let kinds: Vec<Value> = KINDS.iter().map(|kind| document(*kind, machine)).collect();
    let lines = KINDS.iter().flat_map(|kind| lines(*kind, machine));
    Report::new(json!({ "isolates": kinds })).lines(lines)
}

fn document(kind: &dyn Availability, machine: &Machine) -> Value {
    let protection = kind.protection();
    let missing = kind.missing(machine);
    let checks = kind.checks(machine).into_iter().map(|check| {
        json!({
            "name": check.name,
            "fulfilled": check.fulfilled,
            "required": check.required,
            "found": check.found,
        })
    });
    json!({
        "kind": kind.name(),
        "what": kind.what(),
        "available": missing.is_empty(),
        "missing": missing,
        "checks": checks.collect::<Vec<_>>(),
        "protects_machine_by": protection.machine,
        "protects_from_host": protection.participants.is_some(),
        "protects_participants": protection.participants,
        "rests_on": protection.rests_on,
    })
}

fn lines(kind: &dyn Availability, machine: &Machine) -> Vec<String> {
    let can = if kind.missing(machine).is_empty() {
        "can be started here"
    } else {
        "cannot be started here"
    };
    let protection = kind.protection();
    let participants = match protection.participants {
        Some(from) => format!("protected {from}"),
        None => "NOT protected: whoever runs the machine reads and changes what is inside".into(),
    };
    let mut lines = vec![
        format!("{} ({}): {can}", kind.name(), kind.what()),
        format!("  participants  {participants}"),
        format!("  the machine   protected by {}", protection.machine),
        format!("  rests on      {}", protection.rests_on),
    ];
    lines.extend(kind.checks(machine).iter().map(line));
    lines.push(String::new());
    lines
}

fn line(check: &Check) -> String {
    let mark = match (check.fulfilled, check.required) {
        (true, _) => "has    ",
        (false, true) => "MISSING",
        (false, false) => "without",
    };
    format!("  {mark}  {:<28}{}", check.name, check.found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use veracruz_launch::LimitedBy;
    use veracruz_launch::availability::{File, Keeper, KvmSpeed, Tools};

    fn bare() -> Machine {
        Machine {
            architecture: "x86_64".into(),
            namespaces: Err("Operation not permitted (os error 1)".into()),
            landlock: None,
            seccomp: true,
            limited_by: LimitedBy {
                memory: Keeper::ResourceLimits,
                processes: Keeper::ResourceLimits,
                cpu: Keeper::Nobody,
            },
            kvm: KvmSpeed::Slow,
            tools: Tools::default(),
            firmware: None,
            programs: [].into(),
            guests: [].into(),
            files: [(File::KvmSevSnp, "N".to_owned())].into(),
        }
    }

    /// One that has everything that an x86 machine can have at once, and more.
    fn rich() -> Machine {
        // A file that is there on every machine that runs this.
        let program = || Some(std::path::PathBuf::from("/proc/self/exe"));
        Machine {
            architecture: "x86_64".into(),
            namespaces: Ok(()),
            landlock: Some(7),
            seccomp: true,
            limited_by: LimitedBy {
                memory: Keeper::ControlGroupV2,
                processes: Keeper::ControlGroupV2,
                cpu: Keeper::ControlGroupV2,
            },
            kvm: KvmSpeed::Fast,
            tools: Tools {
                qemu: program(),
                qemu_nitro: program(),
                vsock: program(),
                swtpm: program(),
                swtpm_setup: program(),
                ..Tools::default()
            },
            firmware: program(),
            programs: [
                ("nitro-cli", "/proc/self/exe".into()),
                ("gramine-sgx", "/proc/self/exe".into()),
            ]
            .into(),
            guests: ["sev-snp-guest", "tdx-guest", "rme-guest"].into(),
            files: File::ALL.map(|file| (file, "Y".to_owned())).into(),
        }
    }

    fn text(machine: &Machine) -> String {
        KINDS
            .iter()
            .flat_map(|kind| lines(*kind, machine))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_machine_that_has_nothing_is_told_what_is_missing() {
        insta::assert_snapshot!(text(&bare()));
    }

    #[test]
    fn a_machine_that_has_everything_starts_all_but_two() {
        insta::assert_snapshot!(text(&rich()));
        for kind in KINDS {
            let can = !matches!(kind.name(), "cca" | "sgx");
            assert_eq!(kind.missing(&rich()).is_empty(), can, "{}", kind.name());
        }
    }

    #[test]
    fn nothing_that_is_emulated_protects_from_the_host() {
        let protecting = KINDS
            .iter()
            .filter(|kind| kind.protection().participants.is_some());
        let names: Vec<_> = protecting.map(|kind| kind.name()).collect();
        assert_eq!(names, ["nitro", "sev-snp", "tdx", "cca", "sgx"]);
    }

    #[test]
    fn this_machine_has_an_answer_for_every_kind() {
        let document = document(KINDS[0], &bare());
        assert_eq!(document["available"], false);
        assert_eq!(document["kind"], "process");
        assert_eq!(document["missing"].as_array().unwrap().len(), 1);
    }
}
