//! What a machine is, in types: the only thing that whoever wants one may say.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::{Confidential, Part, PartFile, Parts};

/// The longest command line of a kernel: what x86 and arm64 take.
pub const MAX_COMMAND_LINE: usize = 2048;
/// The longest name of a kind.
const MAX_KIND: usize = 32;
/// Memory is given in whole pieces of this many bytes.
const MEBIBYTE: u64 = 1 << 20;
/// The least memory in which a kernel and the runtime start, and the most that is surely meant.
const MEMORY: std::ops::RangeInclusive<u64> = 64 * MEBIBYTE..=1024 * 1024 * MEBIBYTE;
/// Processors of one machine.
const PROCESSORS: std::ops::RangeInclusive<u32> = 1..=64;

/// A virtual machine, without the files that it starts from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Description {
    /// The kind of isolate that it is to be, as launchers name it: lower-case letters, digits and
    /// hyphens. It is given back in lists and means nothing here.
    #[n(0)]
    pub kind: String,
    /// The machine's board.
    #[n(1)]
    pub board: Board,
    /// What executes its instructions.
    #[n(2)]
    pub acceleration: Acceleration,
    /// Bytes of memory, a multiple of 1 MiB. The host's memory is taken as the guest touches it.
    #[n(3)]
    pub memory: u64,
    /// Virtual processors.
    #[n(4)]
    pub processors: u32,
    /// Whether it has a port named `veracruz.evidence`, to whoever starts it.
    #[n(5)]
    pub evidence: bool,
    /// Whether it has a TPM 2.0, emulated by `swtpm`.
    #[n(6)]
    pub tpm: bool,
    /// The hardware that protects it from this host, where there is such.
    #[n(7)]
    pub confidential: Option<Confidential>,
}

impl Description {
    /// The plain machine: q35, 1 GiB, one processor, evidence from whoever starts it.
    #[must_use]
    pub fn microvm() -> Self {
        Self {
            kind: "microvm".into(),
            board: Board::Q35,
            acceleration: Acceleration::Auto,
            memory: 1024 * MEBIBYTE,
            processors: 1,
            evidence: true,
            tpm: false,
            confidential: None,
        }
    }

    /// Checks that a machine of this description can be started from these parts.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit. Whoever described the machine is at fault.
    pub fn check(&self, parts: &Parts<'_>) -> Result<(), DescriptionError> {
        self.check_numbers()?;
        check_command_line(&parts.command_line)?;
        for (place, file) in parts.files.iter().enumerate() {
            if parts
                .files
                .iter()
                .skip(place.saturating_add(1))
                .any(|other| other.part == file.part)
            {
                return Err(DescriptionError::Twice { part: file.part });
            }
        }
        let (needed, allowed): (&[Part], &[Part]) = match self.board {
            Board::Q35 | Board::Virt => (
                &[Part::Kernel, Part::Initramfs],
                &[
                    Part::Kernel,
                    Part::Initramfs,
                    Part::Firmware,
                    Part::Variables,
                ],
            ),
            Board::NitroEnclave => (&[Part::Enclave], &[Part::Enclave, Part::Firmware]),
        };
        let missing = needed.iter().find(|part| parts.find(**part).is_none());
        if let Some(part) = missing {
            let (board, part) = (self.board, *part);
            return Err(DescriptionError::Missing { board, part });
        }
        let surplus = parts
            .files
            .iter()
            .find(|file| !allowed.contains(&file.part));
        if let Some(PartFile { part, .. }) = surplus {
            let (board, part) = (self.board, *part);
            return Err(DescriptionError::Surplus { board, part });
        }
        if parts.find(Part::Variables).is_some() && parts.find(Part::Firmware).is_none() {
            return Err(DescriptionError::Missing {
                board: self.board,
                part: Part::Firmware,
            });
        }
        self.check_confidential(parts)?;
        if self.evidence && !self.is_plain(parts) {
            return Err(DescriptionError::NotPlain);
        }
        Ok(())
    }

    /// Whether nothing but kernel, initramfs and command line decides what runs in the machine, so
    /// that who starts it can vouch for it by measuring these three.
    #[must_use]
    pub fn is_plain(&self, parts: &Parts<'_>) -> bool {
        matches!(self.board, Board::Q35 | Board::Virt)
            && !self.tpm
            && self.confidential.is_none()
            && parts.files.len() == 2
            && parts.find(Part::Kernel).is_some()
            && parts.find(Part::Initramfs).is_some()
    }

    fn check_confidential(&self, parts: &Parts<'_>) -> Result<(), DescriptionError> {
        let Some(confidential) = &self.confidential else {
            return Ok(());
        };
        let refuse = |what| Err(DescriptionError::NotConfidential { what });
        if self.board != confidential.board() {
            return refuse("another board");
        }
        if self.acceleration != Acceleration::Kvm {
            return refuse("anything but KVM to execute it");
        }
        // It would be the host's word in a machine that must not need it.
        if self.tpm {
            return refuse("a TPM of the host's");
        }
        // Not measured, and kept by the host.
        if parts.find(Part::Variables).is_some() {
            return refuse("variables of firmware");
        }
        match (parts.find(Part::Firmware), confidential.has_firmware()) {
            (None, true) => Err(DescriptionError::Missing {
                board: self.board,
                part: Part::Firmware,
            }),
            (Some(_), false) => Err(DescriptionError::Surplus {
                board: self.board,
                part: Part::Firmware,
            }),
            _ => Ok(()),
        }
    }

    fn check_numbers(&self) -> Result<(), DescriptionError> {
        let letters = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
        if self.kind.is_empty() || self.kind.len() > MAX_KIND || !self.kind.chars().all(letters) {
            return Err(DescriptionError::Kind);
        }
        if !MEMORY.contains(&self.memory) || !self.memory.is_multiple_of(MEBIBYTE) {
            return Err(DescriptionError::Memory { found: self.memory });
        }
        if !PROCESSORS.contains(&self.processors) {
            return Err(DescriptionError::Processors {
                found: self.processors,
            });
        }
        if self.tpm && self.board == Board::NitroEnclave {
            return Err(DescriptionError::NoTpm);
        }
        Ok(())
    }
}

fn check_command_line(line: &str) -> Result<(), DescriptionError> {
    let found = line.len();
    if found >= MAX_COMMAND_LINE {
        return Err(DescriptionError::CommandLineTooLong { found });
    }
    match line.chars().find(|letter| !(' '..='~').contains(letter)) {
        Some(found) => Err(DescriptionError::CommandLine { found }),
        None => Ok(()),
    }
}

/// A machine's board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Board {
    /// x86-64: QEMU's `q35`, with its own loader or with firmware.
    #[n(0)]
    Q35,
    /// x86-64: QEMU's `nitro-enclave`, which loads an enclave image file and emulates the module.
    #[n(1)]
    NitroEnclave,
    /// aarch64: QEMU's `virt`.
    #[n(2)]
    Virt,
}

impl Board {
    /// QEMU's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Q35 => "q35",
            Self::NitroEnclave => "nitro-enclave",
            Self::Virt => "virt",
        }
    }

    /// Whether its processors are of this machine's architecture.
    #[must_use]
    pub fn is_native(self) -> bool {
        match self {
            Self::Q35 | Self::NitroEnclave => cfg!(target_arch = "x86_64"),
            Self::Virt => cfg!(target_arch = "aarch64"),
        }
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What executes a machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Acceleration {
    /// KVM where [`probe`](crate::probe) finds it fast, translation elsewhere.
    #[n(0)]
    Auto,
    /// The processor itself, through KVM.
    #[n(1)]
    Kvm,
    /// QEMU's translation of instructions.
    #[n(2)]
    Tcg,
}

/// Why no machine can be of a description. Whoever described it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// The name of the kind is none.
    #[error("a kind is named by 1 to {MAX_KIND} lower-case letters, digits and hyphens")]
    Kind,
    /// Too little or too much memory, or no whole number of MiB.
    #[error("{found} bytes of memory; expected a multiple of 1 MiB, from 64 MiB to 1 TiB")]
    Memory {
        /// What was asked for.
        found: u64,
    },
    /// No processors, or too many.
    #[error("{found} processors; expected 1 to 64")]
    Processors {
        /// What was asked for.
        found: u32,
    },
    /// The board cannot have a TPM.
    #[error("an enclave has no TPM")]
    NoTpm,
    /// What no machine has that its hardware protects.
    #[error("a machine that is protected from its host cannot have {what}")]
    NotConfidential {
        /// What.
        what: &'static str,
    },
    /// The command line is too long.
    #[error("the command line has {found} bytes; expected less than {MAX_COMMAND_LINE}")]
    CommandLineTooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The command line has a letter that no kernel is told.
    #[error("the command line has {found:?}; expected printable ASCII")]
    CommandLine {
        /// The first such letter.
        found: char,
    },
    /// A part was given twice.
    #[error("the {part} was given twice")]
    Twice {
        /// Which.
        part: Part,
    },
    /// A part is missing.
    #[error("the board {board} needs a {part}")]
    Missing {
        /// The board.
        board: Board,
        /// What it needs.
        part: Part,
    },
    /// A part that the board does not take.
    #[error("the board {board} takes no {part}")]
    Surplus {
        /// The board.
        board: Board,
        /// What it does not take.
        part: Part,
    },
    /// More than kernel, initramfs and command line decides what runs there.
    #[error(
        "nobody can vouch for a machine with firmware, a TPM or an enclave image by its parts alone"
    )]
    NotPlain,
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn with<T>(parts: &[Part], look: impl FnOnce(&Parts<'_>) -> T) -> T {
        let file = tempfile::tempfile().unwrap();
        let files = parts.iter().map(|part| PartFile {
            part: *part,
            file: file.as_fd(),
        });
        look(&Parts {
            command_line: "quiet -- guest".into(),
            files: files.collect(),
        })
    }

    const PLAIN: [Part; 2] = [Part::Kernel, Part::Initramfs];

    #[test]
    fn a_plain_machine_starts_from_two_files_and_can_be_vouched_for() {
        let plain = Description::microvm();
        assert_eq!(with(&PLAIN, |parts| plain.check(parts)), Ok(()));
        assert!(with(&PLAIN, |parts| plain.is_plain(parts)));
    }

    #[test]
    fn nobody_vouches_for_what_firmware_or_a_tpm_decides() {
        let plain = Description::microvm();
        let firmware = [Part::Kernel, Part::Initramfs, Part::Firmware];
        let refused = with(&firmware, |parts| plain.check(parts));
        assert_eq!(refused, Err(DescriptionError::NotPlain));
        let measured = Description {
            tpm: true,
            ..plain.clone()
        };
        let refused = with(&PLAIN, |parts| measured.check(parts));
        assert_eq!(refused, Err(DescriptionError::NotPlain));
        let unvouched = Description {
            evidence: false,
            tpm: true,
            ..plain
        };
        assert_eq!(with(&firmware, |parts| unvouched.check(parts)), Ok(()));
    }

    #[test]
    fn a_machine_that_is_protected_from_its_host_needs_nothing_of_it() {
        use crate::{Cca, SevSnp, Tdx};
        let protected = |confidential: Confidential| Description {
            board: confidential.board(),
            acceleration: Acceleration::Kvm,
            evidence: false,
            confidential: Some(confidential),
            ..Description::microvm()
        };
        let snp = protected(Confidential::SevSnp(SevSnp::new([1; 32])));
        let tdx = protected(Confidential::Tdx(Tdx::new([1; 48])));
        let cca = protected(Confidential::Cca(Cca::new([1; 64])));
        let firmware = [Part::Kernel, Part::Initramfs, Part::Firmware];
        assert_eq!(with(&firmware, |parts| snp.check(parts)), Ok(()));
        assert_eq!(with(&firmware, |parts| tdx.check(parts)), Ok(()));
        assert_eq!(with(&PLAIN, |parts| cca.check(parts)), Ok(()));
        assert!(!with(&PLAIN, |parts| cca.is_plain(parts)));

        let (board, part) = (Board::Q35, Part::Firmware);
        let without = with(&PLAIN, |parts| snp.check(parts));
        assert_eq!(without, Err(DescriptionError::Missing { board, part }));
        let board = Board::Virt;
        let surplus = with(&firmware, |parts| cca.check(parts));
        assert_eq!(surplus, Err(DescriptionError::Surplus { board, part }));
        let variables = [&firmware[..], &[Part::Variables]].concat();
        let changes: [(&[Part], Description); 4] = [
            (
                &firmware,
                Description {
                    board: Board::Virt,
                    ..snp.clone()
                },
            ),
            (
                &firmware,
                Description {
                    acceleration: Acceleration::Auto,
                    ..snp.clone()
                },
            ),
            (
                &firmware,
                Description {
                    tpm: true,
                    ..snp.clone()
                },
            ),
            (&variables, snp.clone()),
        ];
        for (parts, description) in changes {
            let refused = with(parts, |parts| description.check(parts));
            assert!(
                matches!(refused, Err(DescriptionError::NotConfidential { .. })),
                "{refused:?}"
            );
        }
        let vouched = Description {
            evidence: true,
            ..cca
        };
        let refused = with(&PLAIN, |parts| vouched.check(parts));
        assert_eq!(refused, Err(DescriptionError::NotPlain));
    }

    #[test]
    fn each_board_takes_its_own_parts() {
        let plain = Description::microvm();
        let enclave = Description {
            board: Board::NitroEnclave,
            evidence: false,
            ..plain.clone()
        };
        let missing = |board, part| Err(DescriptionError::Missing { board, part });
        let cases: [(&Description, &[Part], _); 6] = [
            (
                &plain,
                &[Part::Kernel],
                missing(Board::Q35, Part::Initramfs),
            ),
            (&plain, &[], missing(Board::Q35, Part::Kernel)),
            (&enclave, &[Part::Enclave], Ok(())),
            (
                &enclave,
                &PLAIN,
                missing(Board::NitroEnclave, Part::Enclave),
            ),
            (
                &plain,
                &[Part::Kernel, Part::Initramfs, Part::Enclave],
                Err(DescriptionError::Surplus {
                    board: Board::Q35,
                    part: Part::Enclave,
                }),
            ),
            (
                &plain,
                &[Part::Kernel, Part::Kernel],
                Err(DescriptionError::Twice { part: Part::Kernel }),
            ),
        ];
        for (description, parts, expected) in cases {
            assert_eq!(
                with(parts, |parts| description.check(parts)),
                expected,
                "{parts:?}"
            );
        }
    }

    #[test]
    fn numbers_and_words_have_bounds() {
        let plain = Description::microvm();
        let memory = |memory| Description {
            memory,
            ..plain.clone()
        };
        for found in [0, MEBIBYTE, 100 * MEBIBYTE + 1, u64::MAX] {
            let refused = with(&PLAIN, |parts| memory(found).check(parts));
            assert_eq!(refused, Err(DescriptionError::Memory { found }));
        }
        for found in [0, 65] {
            let many = Description {
                processors: found,
                ..plain.clone()
            };
            let refused = with(&PLAIN, |parts| many.check(parts));
            assert_eq!(refused, Err(DescriptionError::Processors { found }));
        }
        for kind in ["", "Micro", "a/b", &"a".repeat(33)] {
            let named = Description {
                kind: kind.into(),
                ..plain.clone()
            };
            assert_eq!(
                with(&PLAIN, |parts| named.check(parts)),
                Err(DescriptionError::Kind)
            );
        }
    }

    #[test]
    fn a_command_line_is_one_line_of_ascii() {
        for (line, found) in [("a\nb", '\n'), ("a\0", '\0'), ("ä", 'ä')] {
            assert_eq!(
                check_command_line(line),
                Err(DescriptionError::CommandLine { found })
            );
        }
        let long = "a".repeat(MAX_COMMAND_LINE);
        let refused = Err(DescriptionError::CommandLineTooLong {
            found: MAX_COMMAND_LINE,
        });
        assert_eq!(check_command_line(&long), refused);
    }

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let plain = Description::microvm();
        let bytes = minicbor::to_vec(&plain).unwrap();
        assert_eq!(minicbor::decode::<Description>(&bytes).unwrap(), plain);
    }
}
