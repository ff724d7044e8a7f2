//! `veracruz image launch-line`: how QEMU starts a machine image that the hardware protects from the
//! host.

use crate::args::{ImageLaunchLineArgs, ProtectedKind};
use crate::commands::policy;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use std::path::Path;
use veracruz_images::{Architecture, MachineImage};
use veracruz_launch::{cca, sev_snp, tdx};
use veracruz_machine::{Confidential, Epyc, Named, Part, shown};

/// Prints the line. Nothing is started, and nothing here must be able to.
pub(crate) fn launch_line(arguments: &ImageLaunchLineArgs) -> Result<Report, CliError> {
    let image = MachineImage::open(&arguments.image)?;
    let policy = policy::load(&arguments.policy)?.hash();
    let (architecture, kernel) = match arguments.kind {
        ProtectedKind::SevSnp | ProtectedKind::Tdx => (Architecture::X86_64, "kernel.bzimage"),
        ProtectedKind::Cca => (Architecture::Aarch64, "kernel.image"),
    };
    if image.architecture() != architecture {
        let expected = match architecture {
            Architecture::X86_64 => "an image for x86_64",
            Architecture::Aarch64 => "an image for aarch64",
        };
        return Err(CliError::argument(expected, &image.architecture().name()));
    }
    let mut description = match arguments.kind {
        ProtectedKind::SevSnp => sev_snp::description(&policy),
        ProtectedKind::Tdx => tdx::description(&policy),
        ProtectedKind::Cca => cca::description(&policy),
    };
    description.memory = arguments.memory << 20;
    description.processors = arguments.processors;
    if let Some(Confidential::SevSnp(guest)) = &mut description.confidential {
        guest.processor = arguments.processor.parse::<Epyc>().map_err(|()| {
            CliError::argument("EPYC-v4, EPYC-Milan or EPYC-Genoa", &arguments.processor)
        })?;
    }
    let (kernel, initramfs) = (
        arguments.image.join(kernel),
        arguments.image.join("initramfs"),
    );
    let mut parts: Vec<(Part, &Path)> =
        vec![(Part::Kernel, &kernel), (Part::Initramfs, &initramfs)];
    parts.extend(firmware(arguments, &description)?.map(|path| (Part::Firmware, path)));
    let named = Named {
        qemu: &arguments.qemu,
        parts: &parts,
        vsock: &arguments.vsock,
    };
    let line = shown(&description, image.command_line().as_str(), &named);
    let document = json!({
        "kind": description.kind,
        "policy": policy.to_string(),
        "line": line,
    });
    Ok(Report::new(document).line(line))
}

/// Firmware where the kind starts in it, and none elsewhere.
fn firmware<'a>(
    arguments: &'a ImageLaunchLineArgs,
    description: &veracruz_machine::Description,
) -> Result<Option<&'a Path>, CliError> {
    let needed = description
        .confidential
        .as_ref()
        .is_some_and(Confidential::has_firmware);
    match (needed, arguments.firmware.as_deref()) {
        (true, None) => Err(CliError::argument("`--firmware FILE`", &"none")),
        (false, Some(_)) => Err(CliError::argument("no `--firmware`", &"one")),
        (_, firmware) => Ok(firmware),
    }
}
