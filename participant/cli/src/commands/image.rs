//! `veracruz image`.

#[cfg(target_os = "linux")]
mod launch_line;

use super::reference::{self, References};
use crate::args::{ImageBuildArgs, ImageCommand, ImageFormat, ImageMeasureArgs};
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use serde_json::{Value, json};
use std::path::Path;
use veracruz_images::snp::Launch;
use veracruz_images::tpm::{Firmware, GuestMemory};
use veracruz_images::{
    CommandLine, Image, ImageKind, KernelFolder, MachineImage, NitroImage, ProcessImage, Runtime,
};
use veracruz_policy::{
    Chips, Isolates, KeyDigest, MicrovmIsolate, NitroIsolate, ProcessIsolate, SevSnpIsolate,
    Sha256, SnpSigningKey, SnpTcb, TpmIsolate,
};

/// Runs one of the commands.
pub(crate) fn image(command: &ImageCommand) -> Result<Report, CliError> {
    match command {
        ImageCommand::Build(arguments) => build(arguments),
        ImageCommand::Measure(arguments) => measure(arguments),
        #[cfg(target_os = "linux")]
        ImageCommand::LaunchLine(arguments) => launch_line::launch_line(arguments),
        #[cfg(not(target_os = "linux"))]
        ImageCommand::LaunchLine(_) => Err(CliError::LinuxOnly {
            command: "image launch-line",
        }),
    }
}

/// Makes an image in a new folder.
fn build(arguments: &ImageBuildArgs) -> Result<Report, CliError> {
    let runtime = Runtime::read(&find::runtime(arguments.runtime.as_deref())?)?;
    let architecture = runtime.architecture();
    let kernel = || {
        let folder = arguments.kernel.as_deref();
        let folder = folder.ok_or_else(|| CliError::argument("`--kernel DIR`", &"none"))?;
        Ok::<_, CliError>(KernelFolder::read(folder, architecture)?)
    };
    let command_line = |default: CommandLine| match &arguments.command_line {
        Some(text) => CommandLine::parse(text),
        None => Ok(default),
    };
    let measurement = match arguments.kind {
        ImageKind::Process => {
            let image = ProcessImage::new(runtime);
            image.write(&arguments.out)?;
            image.measurement().to_string()
        }
        ImageKind::MicroVm => {
            let command_line = command_line(CommandLine::of_a_machine(architecture))?;
            let image = MachineImage::build(kernel()?, &runtime, command_line)?;
            image.write(&arguments.out)?;
            image.measurement().to_string()
        }
        ImageKind::Nitro => {
            let command_line = command_line(CommandLine::of_an_enclave(architecture))?;
            let image = NitroImage::build(&kernel()?, &runtime, command_line)?;
            image.write(&arguments.out)?;
            image.pcrs().image.to_string()
        }
        other => return Err(CliError::argument("process, microvm or nitro", &other)),
    };
    let document = json!({
        "kind": arguments.kind.name(),
        "architecture": architecture.name(),
        "folder": arguments.out,
        "measurement": measurement,
    });
    let line = format!(
        "{} {measurement} in {}",
        arguments.kind,
        arguments.out.display()
    );
    Ok(Report::new(document).line(line))
}

/// What an image measures to. Of what a policy names, the kind that was asked for alone: kinds that
/// protect from the host and kinds that do not have no place in one policy.
fn measure(arguments: &ImageMeasureArgs) -> Result<Report, CliError> {
    let attesters = reference::attesters(&arguments.attesters)?;
    let measured = match open(&arguments.path)? {
        Image::Process(image) => process(&image, attesters),
        Image::Machine(image) => machine(&image, arguments, attesters)?,
        Image::Nitro(image) => nitro(&image),
        _ => return Err(CliError::argument("an image", &arguments.path.display())),
    };
    let references = References::new(measured.isolates, measured.id);
    let isolates = references.json();
    let document = json!({
        "kind": measured.kind.name(),
        "runtime": measured.runtime.as_ref().map(ToString::to_string),
        "isolates": isolates,
    });
    match arguments.format {
        ImageFormat::Text => {
            let runtime = measured.runtime.as_ref().map(ToString::to_string);
            let runtime = runtime.unwrap_or_else(|| "of somebody else's making".to_owned());
            Ok(Report::new(document)
                .line(line("kind", measured.kind.name()))
                .line(line("runtime", &runtime))
                .lines(lines(&isolates)))
        }
        ImageFormat::Policy => {
            let text = serde_json::to_string_pretty(&isolates).unwrap_or_default();
            Ok(Report::new(document).line(text).lines(references.needs()))
        }
        ImageFormat::Corim => {
            let out = references.write_corim(arguments.out.as_deref(), arguments.force)?;
            let line = format!("{} as a CoRIM in {}", measured.kind, out.display());
            Ok(Report::new(document).line(line))
        }
    }
}

/// A folder, or a file that is an image by itself.
fn open(path: &Path) -> Result<Image, CliError> {
    if path.is_dir() {
        return Ok(Image::open(path)?);
    }
    if path.extension().is_some_and(|extension| extension == "eif") {
        return Ok(Image::Nitro(NitroImage::read_eif(path)?));
    }
    Ok(Image::Process(ProcessImage::new(Runtime::read(path)?)))
}

/// What there is to say of an image.
struct Measured {
    kind: ImageKind,
    /// `None` where it cannot be found in the image.
    runtime: Option<Sha256>,
    isolates: Isolates,
    /// What a CoRIM with these values is called.
    id: String,
}

fn process(image: &ProcessImage, attesters: Vec<KeyDigest>) -> Measured {
    let runtime = image.measurement();
    let mut isolates = Isolates::default();
    isolates.process = Some(ProcessIsolate::new(vec![runtime], attesters));
    Measured {
        kind: ImageKind::Process,
        runtime: Some(runtime),
        isolates,
        id: format!("runtime/{runtime}"),
    }
}

fn machine(
    image: &MachineImage,
    arguments: &ImageMeasureArgs,
    attesters: Vec<KeyDigest>,
) -> Result<Measured, CliError> {
    let measurement = image.measurement();
    let mut isolates = Isolates::default();
    if let (Some(firmware), Some(memory)) = (&arguments.firmware, arguments.memory) {
        let mut firmware = Firmware::read(firmware)?;
        if let Some(pcr0) = arguments.pcr0 {
            firmware = firmware.measuring_to(pcr0);
        }
        let memory = GuestMemory::from_mebibytes(memory);
        isolates.tpm = Some(TpmIsolate {
            pcrs: image.tpm_pcrs(&firmware, memory)?,
            ..TpmIsolate::default()
        });
    } else if let Some(firmware) = &arguments.snp_firmware {
        let launch = Launch::new(arguments.processors, arguments.processor);
        let digest = image.snp_measurement(&Firmware::read(firmware)?, launch)?;
        isolates.sev_snp = Some(SevSnpIsolate {
            measurement: vec![digest],
            chips: Chips::Any,
            minimum_tcb: SnpTcb::default(),
            vmpl: 0,
            signing_key: SnpSigningKey::default(),
        });
    } else {
        isolates.microvm = Some(MicrovmIsolate::new(vec![measurement], attesters));
    }
    Ok(Measured {
        kind: ImageKind::MicroVm,
        runtime: image.runtime().ok(),
        isolates,
        id: format!("machine/{measurement}"),
    })
}

fn nitro(image: &NitroImage) -> Measured {
    let pcrs = image.pcrs();
    let mut isolates = Isolates::default();
    isolates.nitro = Some(NitroIsolate {
        pcr0: vec![pcrs.image],
        pcr1: vec![pcrs.kernel],
        pcr2: vec![pcrs.application],
        pcr3: Vec::new(),
        pcr4: Vec::new(),
        pcr8: Vec::new(),
    });
    Measured {
        kind: ImageKind::Nitro,
        runtime: image.runtime().ok(),
        isolates,
        id: format!("enclave/{}", pcrs.image),
    }
}

/// A line for each measurement in the value of `isolates`, by the path at which a policy has it.
fn lines(isolates: &Value) -> Vec<String> {
    fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(&format!("{path}{dot}{name}"), value, lines);
                }
            }
            Value::Array(values) => {
                for value in values {
                    walk(path, value, lines);
                }
            }
            Value::String(text) => lines.push(line(path, text)),
            _ => {}
        }
    }
    let mut lines = Vec::new();
    walk("", isolates, &mut lines);
    lines
}

fn line(label: &str, text: &str) -> String {
    format!("{label:<20}{text}")
}
