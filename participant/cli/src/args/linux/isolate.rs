//! Which kind of isolate, and what it is started from.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The kinds that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolateName {
    /// A sandboxed process
    Process,
    /// A virtual machine that the attester measures and starts
    Microvm,
    /// A virtual machine that firmware measures into a TPM, which this machine emulates
    MicrovmMeasured,
    /// A Nitro enclave, on a parent instance of AWS with `nitro-cli`
    Nitro,
    /// An emulation of a Nitro enclave, whose evidence proves nothing
    NitroEmulated,
    /// A virtual machine that AMD SEV-SNP protects
    SevSnp,
    /// A virtual machine that Intel TDX protects
    Tdx,
    /// A realm that Arm CCA protects, which no release of QEMU starts
    Cca,
}

impl IsolateName {
    /// The name on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Microvm => "microvm",
            Self::MicrovmMeasured => "microvm-measured",
            Self::Nitro => "nitro",
            Self::NitroEmulated => "nitro-emulated",
            Self::SevSnp => "sev-snp",
            Self::Tdx => "tdx",
            Self::Cca => "cca",
        }
    }

    /// The kind of image that it is started from, as `veracruz image build --kind` takes it.
    pub(crate) const fn image(self) -> &'static str {
        match self {
            Self::MicrovmMeasured => Self::Microvm.as_str(),
            Self::NitroEmulated => Self::Nitro.as_str(),
            Self::SevSnp | Self::Tdx | Self::Cca => Self::Microvm.as_str(),
            other => other.as_str(),
        }
    }
}

/// Isolates of one kind.
#[derive(Debug, Args)]
pub(crate) struct IsolateArgs {
    /// The kind of isolate to start
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        default_value = "process",
        env = "VERACRUZ_HOST_ISOLATE"
    )]
    pub(crate) isolate: IsolateName,
    /// The image that machines are started from, a folder made by `veracruz image build`
    /// (the one of its kind in the folder of images unless given)
    #[arg(long, value_name = "DIR", env = "VERACRUZ_HOST_IMAGE")]
    pub(crate) image: Option<PathBuf>,
    /// The folder with an image for each kind of machine
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/images",
        env = "VERACRUZ_IMAGES"
    )]
    pub(crate) images: PathBuf,
    /// The firmware of machines that sev-snp or tdx protects: OVMF as built for them; or of
    /// microvm-measured: OVMF_CODE_4M.fd, with OVMF_VARS_4M.fd beside it (in /usr/share/OVMF, or in
    /// the folder that VERACRUZ_OVMF names, unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_HOST_FIRMWARE")]
    pub(crate) firmware: Option<PathBuf>,
    /// The runtime's binary for processes (beside this program unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_RUNTIME")]
    pub(crate) runtime: Option<PathBuf>,
}
