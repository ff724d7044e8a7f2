//! `veracruz image launch-line`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ImageLaunchLineArgs {
    /// The folder of a microvm image
    #[arg(value_name = "DIR")]
    pub(crate) image: PathBuf,
    /// The hardware
    #[arg(long, value_enum)]
    pub(crate) kind: ProtectedKind,
    /// The policy of the isolate: its hash is fixed at the launch
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// For sev-snp and tdx: OVMF as built for them, as OVMF.amdsev.fd
    #[arg(long, value_name = "FILE")]
    pub(crate) firmware: Option<PathBuf>,
    /// The guest's memory in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(64..=1_048_576))]
    pub(crate) memory: u64,
    /// How many processors it has
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) processors: u32,
    /// For sev-snp: what they say that they are, which is measured
    #[arg(long, value_name = "NAME", default_value = "EPYC-v4")]
    pub(crate) processor: String,
    /// The program
    #[arg(
        long,
        value_name = "FILE",
        default_value = "qemu-system-x86_64",
        default_value_if("kind", "cca", "qemu-system-aarch64")
    )]
    pub(crate) qemu: PathBuf,
    /// The socket on which `vhost-device-vsock` waits for QEMU
    #[arg(long, value_name = "FILE", default_value = "vsock.sock")]
    pub(crate) vsock: PathBuf,
}

/// Hardware that protects a virtual machine from its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProtectedKind {
    /// AMD SEV-SNP
    SevSnp,
    /// Intel TDX
    Tdx,
    /// Arm CCA, which no release of QEMU starts
    Cca,
}
