//! Which isolates are acceptable, and what evidence about them must say.

mod arm;
mod chips;
mod intel;
mod keys;
mod kind;
mod microvm;
mod nitro;
mod process;
mod sev_snp;
mod tpm;

pub use arm::{CcaIsolate, CcaRealmMeasurement, PsaIsolate};
pub use chips::{ChipId, Chips, MAX_CHIP_ID_BYTES};
pub use intel::{SgxIsolate, TcbException, TcbStatus, TdxIsolate};
pub use keys::PublicKey;
pub use kind::IsolateKind;
pub use microvm::MicrovmIsolate;
pub use nitro::NitroIsolate;
pub use process::ProcessIsolate;
pub use sev_snp::{SevSnpIsolate, SnpSigningKey, SnpTcb};
pub use tpm::{AzureVtpmIsolate, Pcrs, TpmIsolate};

use crate::{
    PolicyErrors,
    decode::{decode_isolate, decode_isolates},
    json::parse,
};

/// The acceptable isolates. They are alternatives and the host chooses: protection is that of the
/// weakest. At least one is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Isolates {
    /// A sandboxed process, measured by a software root of trust. It does not protect from the host.
    pub process: Option<ProcessIsolate>,
    /// A virtual machine, measured by a software root of trust. It does not protect from the host.
    pub microvm: Option<MicrovmIsolate>,
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

impl Isolates {
    /// Reads a bare `isolates` object, as it stands in a policy: reference values for evidence that
    /// no policy is about. That kinds do not contradict each other is a policy's to see to.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, as [`crate::Policy::parse`] says it.
    pub fn parse(document: &[u8]) -> Result<Self, PolicyErrors> {
        decode_isolates(document, &parse(document)?)
    }

    /// Reads the bare object of one kind, as it stands in `isolates` under the kind's name.
    ///
    /// # Errors
    ///
    /// As [`Isolates::parse`].
    pub fn parse_kind(kind: IsolateKind, document: &[u8]) -> Result<Self, PolicyErrors> {
        decode_isolate(kind, document, &parse(document)?)
    }
}
