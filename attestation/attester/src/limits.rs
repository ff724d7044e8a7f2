//! What one isolate may use of the machine.

use minicbor::{Decode, Encode};

use crate::wire::Refusal;

/// Upper bounds of one isolate, kept by the kernel: by control groups where the attester may make
/// them, by resource limits everywhere. Which, [`LimitedBy`](crate::LimitedBy) says.
///
/// Resource limits know processes, not isolates: without control groups, an isolate of several
/// processes can use more than `memory`, its files in memory count towards nothing, and `cpu` has no
/// effect.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Limits {
    /// Bytes of memory of the whole isolate, its files in memory among them (control group); and of
    /// private writable memory of each process (`RLIMIT_DATA`). Address space without memory behind
    /// it, such as guard regions, does not count.
    #[n(0)]
    pub memory: u64,
    /// Bytes of each in-memory file (`RLIMIT_FSIZE`).
    #[n(1)]
    pub file_bytes: u64,
    /// Processes and threads of the isolate (control group, `RLIMIT_NPROC`).
    #[n(2)]
    pub processes: u32,
    /// Open descriptors of each process (`RLIMIT_NOFILE`).
    #[n(3)]
    pub descriptors: u32,
    /// Bytes of locked memory of each process (`RLIMIT_MEMLOCK`).
    #[n(4)]
    pub locked: u64,
    /// Processor time of the whole isolate, in thousandths of one processor (control group); no
    /// bound where it is not said.
    #[n(5)]
    pub cpu: Option<u32>,
}

/// 8 GiB, 64 GiB a file, 512 processes and threads, 4096 descriptors, 64 MiB locked, and all
/// processors.
impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 8 << 30,
            file_bytes: 64 << 30,
            processes: 512,
            descriptors: 4096,
            locked: 64 << 20,
            cpu: None,
        }
    }
}

impl Limits {
    /// The least and the most that may be asked for, by the name of the field.
    const BOUNDS: [(&str, u64, u64); 6] = [
        ("memory", 16 << 20, 1 << 46),
        ("file_bytes", 1 << 20, 1 << 46),
        ("processes", 1, 32_768),
        ("descriptors", 16, 1 << 20),
        ("locked", 0, 1 << 40),
        // The kernel takes no less than a millisecond in a period of 100.
        ("cpu", 10, 1 << 20),
    ];

    /// Refuses what no isolate could start with, and what is surely a mistake.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let found = [
            self.memory,
            self.file_bytes,
            self.processes.into(),
            self.descriptors.into(),
            self.locked,
            self.cpu.map_or(1000, u64::from),
        ];
        for ((name, least, most), found) in Self::BOUNDS.into_iter().zip(found) {
            if !(least..=most).contains(&found) {
                return Err(Refusal::Limit {
                    name: name.into(),
                    least,
                    most,
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_its_defaults_and_refuses_what_is_out_of_bounds() {
        Limits::default().check().unwrap();
        let small = Limits {
            memory: 1,
            ..Limits::default()
        };
        let refused = small.check().unwrap_err();
        assert!(matches!(refused, Refusal::Limit { name, found: 1, .. } if name == "memory"));
        let none = Limits {
            processes: 0,
            ..Limits::default()
        };
        assert!(none.check().is_err());
        let standstill = Limits {
            cpu: Some(0),
            ..Limits::default()
        };
        let refused = standstill.check().unwrap_err();
        assert!(matches!(refused, Refusal::Limit { name, found: 0, .. } if name == "cpu"));
    }
}
