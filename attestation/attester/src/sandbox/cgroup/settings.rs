//! An isolate's limits, as the files of its groups.

use std::io;
use std::path::Path;

use super::find::{Controller, Version};
use super::folder::Folder;
use super::put;
use crate::Limits;

/// The kernel's own default period of a processor limit, in microseconds.
const PERIOD: u64 = 100_000;

/// Writes all limits that the hierarchy of `folder` can keep into `group`.
pub(super) fn write(folder: &Folder, group: &Path, limits: &Limits) -> io::Result<()> {
    for controller in &folder.controllers {
        for setting in settings(folder.version, *controller, limits) {
            match put(&group.join(setting.file), &setting.value) {
                Err(error) if setting.optional && error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Setting {
    file: &'static str,
    value: String,
    /// Kernels without swap accounting do not have the file, and then there is nothing to bound.
    optional: bool,
}

fn settings(version: Version, controller: Controller, limits: &Limits) -> Vec<Setting> {
    let one = |file, value: String, optional| Setting {
        file,
        value,
        optional,
    };
    let memory = limits.memory.to_string();
    let quota = limits
        .cpu
        .map(|thousandths| u64::from(thousandths).saturating_mul(PERIOD / 1000));
    match (version, controller) {
        (Version::Two, Controller::Memory) => vec![
            one("memory.max", memory, false),
            // What an isolate holds does not go to a disk.
            one("memory.swap.max", "0".into(), true),
        ],
        (Version::One, Controller::Memory) => vec![
            one("memory.limit_in_bytes", memory.clone(), false),
            one("memory.memsw.limit_in_bytes", memory, true),
        ],
        (_, Controller::Pids) => vec![one("pids.max", limits.processes.to_string(), false)],
        (Version::Two, Controller::Cpu) => quota
            .map(|quota| one("cpu.max", format!("{quota} {PERIOD}"), false))
            .into_iter()
            .collect(),
        (Version::One, Controller::Cpu) => quota
            .map(|quota| {
                [
                    one("cpu.cfs_period_us", PERIOD.to_string(), false),
                    one("cpu.cfs_quota_us", quota.to_string(), false),
                ]
            })
            .into_iter()
            .flatten()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_limits_in_the_kernels_words() {
        let limits = Limits {
            memory: 1 << 30,
            processes: 7,
            cpu: Some(1500),
            ..Limits::default()
        };
        let of = |version, controller| -> Vec<_> {
            settings(version, controller, &limits)
                .into_iter()
                .map(|setting| format!("{}={}", setting.file, setting.value))
                .collect()
        };
        let memory = ["memory.max=1073741824", "memory.swap.max=0"];
        assert_eq!(of(Version::Two, Controller::Memory), memory);
        assert_eq!(of(Version::Two, Controller::Pids), ["pids.max=7"]);
        assert_eq!(of(Version::Two, Controller::Cpu), ["cpu.max=150000 100000"]);
        let memory = [
            "memory.limit_in_bytes=1073741824",
            "memory.memsw.limit_in_bytes=1073741824",
        ];
        assert_eq!(of(Version::One, Controller::Memory), memory);
        let cpu = ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=150000"];
        assert_eq!(of(Version::One, Controller::Cpu), cpu);
    }

    #[test]
    fn without_a_limit_of_processor_time_there_is_none() {
        for version in [Version::One, Version::Two] {
            assert_eq!(settings(version, Controller::Cpu, &Limits::default()), []);
        }
    }
}
