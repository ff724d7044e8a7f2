//! Command lines of kernels.

use std::fmt;

use crate::ImageError;

/// What Linux takes on x86-64, with the zero byte at its end: 2048.
pub const MAX_COMMAND_LINE_BYTES: usize = 2047;

/// What a kernel is started with: printable ASCII, one line, without what a loader would act upon.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandLine(String);

impl CommandLine {
    /// Checks a command line.
    ///
    /// # Errors
    /// `TooLarge`; `Differs` for a character that is not printable ASCII; `NotSupported` for what
    /// QEMU does not hand on as it is.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        const PART: &str = "command line";
        if text.len() > MAX_COMMAND_LINE_BYTES {
            return Err(ImageError::TooLarge {
                part: PART,
                limit: MAX_COMMAND_LINE_BYTES as u64,
                found: text.len() as u64,
            });
        }
        if let Some(found) = text.chars().find(|c| !matches!(c, ' '..='~')) {
            return Err(ImageError::differs(
                PART,
                "printable ASCII",
                found.escape_default(),
            ));
        }
        // QEMU looks for it, and writes what it says into the kernel's header.
        if text.contains("vga=") {
            return Err(ImageError::NotSupported {
                what: "`vga=` in a command line",
                reason: "the loader would change the kernel, and with it the measurement",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// That of a virtual machine. The word at the end is an argument of `/init`: it runs in a
    /// guest. A seed from the loader counts for nothing, because the host would choose it.
    #[must_use]
    pub fn of_a_machine(architecture: crate::Architecture) -> Self {
        let console = match architecture {
            crate::Architecture::X86_64 => "console=ttyS0 reboot=t no_timer_check",
            crate::Architecture::Aarch64 => "console=ttyAMA0",
        };
        Self(format!(
            "{console} quiet panic=-1 random.trust_cpu=on random.trust_bootloader=off -- guest"
        ))
    }

    /// That of a Nitro enclave. The hypervisor adds its devices at the end, so nothing here may end
    /// the kernel's own parameters; a word that the kernel does not know goes to `/init` all the
    /// same.
    #[must_use]
    pub fn of_an_enclave(architecture: crate::Architecture) -> Self {
        let keyboard = match architecture {
            crate::Architecture::X86_64 => " i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd",
            crate::Architecture::Aarch64 => "",
        };
        Self(format!(
            "reboot=k panic=-1 pci=off console=ttyS0{keyboard} quiet random.trust_cpu=on \
             random.trust_bootloader=off guest"
        ))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;

    #[test]
    fn what_we_start_machines_with_is_a_command_line() {
        for architecture in Architecture::ALL {
            for ours in [
                CommandLine::of_a_machine(architecture),
                CommandLine::of_an_enclave(architecture),
            ] {
                assert_eq!(CommandLine::parse(ours.as_str()).unwrap(), ours);
            }
        }
    }

    #[test]
    fn refuses_what_a_loader_would_act_upon_or_nobody_could_read() {
        for (text, what) in [
            ("quiet vga=0x318", "NotSupported"),
            ("quiet\n", "Differs"),
            ("größe", "Differs"),
            ("a\0b", "Differs"),
        ] {
            let error = CommandLine::parse(text).unwrap_err();
            assert!(format!("{error:?}").starts_with(what), "{text:?}: {error}");
        }
        let long = "x".repeat(MAX_COMMAND_LINE_BYTES + 1);
        assert!(matches!(
            CommandLine::parse(&long),
            Err(ImageError::TooLarge { found: 2048, .. })
        ));
    }
}
