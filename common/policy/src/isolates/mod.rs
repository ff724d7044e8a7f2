//! Which isolates are acceptable, and what evidence about them must say.

mod arm;
mod chips;
mod intel;
mod keys;
mod nitro;
mod process;
mod sev_snp;
mod tpm;

pub use arm::{CcaIsolate, CcaRealmMeasurement, PsaIsolate};
pub use chips::{ChipId, Chips, MAX_CHIP_ID_BYTES};
pub use intel::{SgxIsolate, TcbException, TcbStatus, TdxIsolate};
pub use keys::PublicKey;
pub use nitro::NitroIsolate;
pub use process::ProcessIsolate;
pub use sev_snp::{SevSnpIsolate, SnpSigningKey, SnpTcb};
pub use tpm::{AzureVtpmIsolate, Pcrs, TpmIsolate};

/// The acceptable isolates. They are alternatives and the host chooses: protection is that of the
/// weakest. At least one is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Isolates {
    /// A sandboxed process, measured by a software root of trust. It does not protect from the host.
    pub process: Option<ProcessIsolate>,
    /// An Intel SGX enclave, attested by DCAP.
    pub sgx: Option<SgxIsolate>,
    /// An Intel TDX virtual machine.
    pub tdx: Option<TdxIsolate>,
    /// An AMD SEV-SNP virtual machine.
    pub sev_snp: Option<SevSnpIsolate>,
    /// An AWS Nitro enclave.
    pub nitro: Option<NitroIsolate>,
    /// An Arm CCA realm.
    pub cca: Option<CcaIsolate>,
    /// A device with a PSA root of trust.
    pub psa: Option<PsaIsolate>,
    /// A machine that a TPM 2.0 measured while it started. It does not protect from the host.
    pub tpm: Option<TpmIsolate>,
    /// A confidential virtual machine of Azure: its vTPM, vouched for by SEV-SNP or TDX.
    pub azure_vtpm: Option<AzureVtpmIsolate>,
}
