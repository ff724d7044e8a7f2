//! The options of `veracruz image`.

use super::ImageLaunchLineArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use veracruz_images::ImageKind;
use veracruz_images::snp::Processor;
use veracruz_policy::Sha256;

#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Make an image: the same bytes from the same parts, wherever it is made
    Build(ImageBuildArgs),
    /// Print what an image measures to, computed from the image alone
    Measure(ImageMeasureArgs),
    /// Print how QEMU starts a machine image that the hardware protects from the host
    LaunchLine(ImageLaunchLineArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImageBuildArgs {
    /// What it is for: process, microvm, nitro
    #[arg(long)]
    pub(crate) kind: ImageKind,
    /// The runtime's binary (beside this program unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_RUNTIME")]
    pub(crate) runtime: Option<PathBuf>,
    /// The folder that `cargo xtask kernel` prints, for all kinds but process
    #[arg(long, value_name = "DIR", required_if_eq_any([("kind", "microvm"), ("kind", "nitro")]))]
    pub(crate) kernel: Option<PathBuf>,
    /// What the kernel is started with, instead of what it is started with by default
    #[arg(long, value_name = "TEXT", requires = "kernel")]
    pub(crate) command_line: Option<String>,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImageMeasureArgs {
    /// The folder of an image, or a file: a runtime or an EIF
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = ImageFormat::Text)]
    pub(crate) format: ImageFormat,
    /// The key of an attester that may vouch for it (`veracruz attester --show-key`)
    #[arg(long = "attester", value_name = "KEY")]
    pub(crate) attesters: Vec<String>,
    /// For a machine that its TPM measures: OVMF's code, as OVMF_CODE_4M.fd
    #[arg(long, value_name = "FILE", requires = "memory")]
    pub(crate) firmware: Option<PathBuf>,
    /// The guest's memory in MiB: QEMU puts things elsewhere with more of it, and firmware measures
    /// where
    #[arg(long, value_name = "MIB", requires = "firmware")]
    pub(crate) memory: Option<u32>,
    /// What that firmware measures to, where it is a build that this version does not know
    #[arg(long, value_name = "HEX", requires = "firmware")]
    pub(crate) pcr0: Option<Sha256>,
    /// For a machine that SEV-SNP protects: OVMF as built for it, as OVMF.amdsev.fd
    #[arg(long, value_name = "FILE", conflicts_with = "firmware")]
    pub(crate) snp_firmware: Option<PathBuf>,
    /// How many processors that machine has
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        requires = "snp_firmware"
    )]
    pub(crate) processors: u32,
    /// What QEMU says that they are (`-cpu`)
    #[arg(
        long,
        value_name = "NAME",
        default_value = "EPYC-v4",
        requires = "snp_firmware"
    )]
    pub(crate) processor: Processor,
    /// Where the CoRIM goes; it is CBOR, which no terminal shows
    #[arg(long, value_name = "FILE", required_if_eq("format", "corim"))]
    pub(crate) out: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// Forms of what an image measures to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImageFormat {
    /// Every value with its name
    Text,
    /// The value of `isolates` in a policy, JSON
    Policy,
    /// Reference values as a CoRIM (draft-ietf-rats-corim), CBOR
    Corim,
}
