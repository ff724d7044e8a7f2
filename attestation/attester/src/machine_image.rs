//! What machines start from: each file measured once and copied into sealed memory, from which every
//! machine starts.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::Mode;
use veracruz_evidence::sw_rot::machine_measurement;
use veracruz_machine::{Part, PartFile, Parts};
use veracruz_policy::Sha256;

use crate::image::{Digested, copy_and_measure, data_memory, seal};
use crate::wire::Refusal;

/// The parts of a machine in sealed memory, and one digest of them all.
#[derive(Debug)]
pub(crate) struct MachineImage {
    files: Vec<(Part, OwnedFd)>,
    command_line: String,
    digest: Sha256,
}

impl MachineImage {
    /// Copies the files and measures the copies, so that it does not matter what happens to the
    /// files meanwhile.
    pub(crate) fn copy(
        sources: Vec<(Part, OwnedFd)>,
        command_line: String,
    ) -> Result<Self, Refusal> {
        let mut files = Vec::new();
        let mut digests = Vec::new();
        for (part, source) in sources {
            let memory = data_memory(c"veracruz-machine")?;
            let (memory, digest) = copy_and_measure(source, memory, |_| Ok(()))?;
            seal(&memory, Mode::RUSR | Mode::RGRP | Mode::ROTH)?;
            files.push((part, memory));
            digests.push((part, digest));
        }
        let digest = measurement(&digests, &command_line);
        Ok(Self {
            files,
            command_line,
            digest,
        })
    }

    /// All that a machine starts from.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let files = self.files.iter().map(|(part, memory)| PartFile {
            part: *part,
            file: memory.as_fd(),
        });
        Parts {
            command_line: self.command_line.clone(),
            files: files.collect(),
        }
    }
}

impl Digested for MachineImage {
    fn digest(&self) -> Sha256 {
        self.digest
    }
}

/// Of a plain machine, what policies name. Of any other, a name for these parts that no plain
/// machine has; nobody vouches for it here.
fn measurement(digests: &[(Part, Sha256)], command_line: &str) -> Sha256 {
    let find = |wanted| digests.iter().find(|(part, _)| *part == wanted);
    if let ([_, _], Some((_, kernel)), Some((_, initramfs))) =
        (digests, find(Part::Kernel), find(Part::Initramfs))
    {
        return machine_measurement(kernel, initramfs, command_line.as_bytes());
    }
    let mut input = Vec::from(*b"veracruz-machine-parts");
    for (part, digest) in digests {
        input.extend_from_slice(part.as_str().as_bytes());
        input.extend_from_slice(digest.as_bytes());
    }
    input.extend_from_slice(command_line.as_bytes());
    Sha256::of(&input)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    fn file(content: &[u8]) -> OwnedFd {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.into()
    }

    fn plain(kernel: &[u8], initramfs: &[u8], command_line: &str) -> MachineImage {
        let sources = vec![
            (Part::Initramfs, file(initramfs)),
            (Part::Kernel, file(kernel)),
        ];
        MachineImage::copy(sources, command_line.into()).unwrap()
    }

    #[test]
    fn a_plain_machine_has_the_measurement_that_policies_name() {
        let image = plain(b"kernel", b"initramfs", "quiet -- guest");
        // printf kernel | sha256sum, and so on; then of "veracruz-machine-v1" and the three.
        let parts = [&b"kernel"[..], b"initramfs", b"quiet -- guest"].map(Sha256::of);
        let mut input = b"veracruz-machine-v1".to_vec();
        parts.iter().for_each(|part| input.extend(part.as_bytes()));
        assert_eq!(image.digest(), Sha256::of(&input));
    }

    #[test]
    fn every_part_counts() {
        let digest = |image: MachineImage| image.digest();
        let one = digest(plain(b"k", b"i", "c"));
        for other in [
            plain(b"x", b"i", "c"),
            plain(b"k", b"x", "c"),
            plain(b"k", b"i", "x"),
        ] {
            assert_ne!(digest(other), one);
        }
        let with_firmware = vec![
            (Part::Kernel, file(b"k")),
            (Part::Initramfs, file(b"i")),
            (Part::Firmware, file(b"f")),
        ];
        assert_ne!(
            digest(MachineImage::copy(with_firmware, "c".into()).unwrap()),
            one
        );
    }

    #[test]
    fn the_copies_are_sealed_and_readable() {
        let image = plain(b"kernel", b"initramfs", "c");
        let parts = image.parts();
        let kernel = parts
            .find(Part::Kernel)
            .unwrap()
            .try_clone_to_owned()
            .unwrap();
        let mut kernel = File::from(kernel);
        assert!(kernel.write_all(b"x").is_err());
        std::io::Seek::rewind(&mut kernel).unwrap();
        let mut found = Vec::new();
        kernel.read_to_end(&mut found).unwrap();
        assert_eq!(found, b"kernel");
    }
}
