//! Machines measured by a TPM 2.0, physical or virtual.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{KeyDigest, SevSnpIsolate, Sha256, TdxIsolate};

/// What PCRs of the SHA-256 bank must hold: index (0 to 23) to values, any of which will do.
/// Neither the map nor a list in it is empty.
pub type Pcrs = BTreeMap<u8, Vec<Sha256>>;

/// What a quote of a TPM 2.0 must say. At least one of the anchors is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TpmIsolate {
    /// What was measured. All of it must be in the quote.
    pub pcrs: Pcrs,
    /// Attestation keys, by the SHA-256 of their SPKI: trust anchors.
    pub aks: Vec<KeyDigest>,
    /// Keys of authorities that certify attestation keys (as Google does for its vTPMs), by the
    /// SHA-256 of the root's SPKI: trust anchors.
    pub ak_roots: Vec<KeyDigest>,
    /// Keys of authorities that certify endorsement keys (manufacturers of TPMs), by the SHA-256 of
    /// the root's SPKI: trust anchors. That an attestation key is in the TPM of an endorsement key
    /// is shown on a live connection, by activation of a credential, and by no file.
    pub ek_roots: Vec<KeyDigest>,
}

/// What evidence about a confidential virtual machine of Azure must say: a quote of its vTPM, whose
/// key is in a report of the hardware. The report's measurement is that of Microsoft's paravisor;
/// what runs above it stands in the PCRs. At least one kind of hardware is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AzureVtpmIsolate {
    /// What was measured. All of it must be in the quote.
    pub pcrs: Pcrs,
    /// The report of SEV-SNP hardware.
    pub sev_snp: Option<SevSnpIsolate>,
    /// The report of TDX hardware. The paravisor extends no RTMR: where a list of 1 to 3 is empty,
    /// which only happens here, that one must be zero.
    pub tdx: Option<TdxIsolate>,
}
