//! Opens credentials: a secret that somebody encrypted to the endorsement key, for the attestation
//! key by its name. The TPM gives it out where it holds both (TPM 2.0 Library, part 3, section
//! 12.5).

use veracruz_evidence::tpm::{Credential, MAX_CREDENTIAL_BLOB_BYTES, MAX_CREDENTIAL_SECRET_BYTES};

use super::endorsement::EndorsementKey;
use super::wire::{self, Authorization, Bytes, Command, WireError};
use super::{EvidenceError, PASSWORD, Transmit, transmit, unusable};

/// `TPM_SE_POLICY`.
const POLICY_SESSION: u8 = 1;
/// Bytes of the nonce that begins a session. It is for codes and encryption of parameters, which
/// this session has not.
const NONCE: [u8; 16] = [0; 16];

/// The secret in `credential`.
pub(super) fn activate(
    device: &impl Transmit,
    key: u32,
    endorsement: &EndorsementKey,
    credential: &Credential,
) -> Result<Vec<u8>, EvidenceError> {
    if credential.blob.len() > MAX_CREDENTIAL_BLOB_BYTES
        || credential.secret.len() > MAX_CREDENTIAL_SECRET_BYTES
    {
        return Err(EvidenceError("the credential is too long"));
    }
    let session = begin(device)?;
    let secret =
        allow(device, session).and_then(|()| open(device, key, endorsement, session, credential));
    if secret.is_err() {
        // The session ends with the last command, where that succeeds. A TPM has few of them.
        let parameters = Bytes::default().u32(session).done();
        let flush = wire::command(Command::FlushContext, &[], &[], &parameters);
        drop(transmit(device, &flush));
    }
    secret
}

/// Begins a session in which a policy can be satisfied.
fn begin(device: &impl Transmit) -> Result<u32, EvidenceError> {
    let parameters = Bytes::default()
        .sized(&NONCE)
        // No salt, no cipher.
        .sized(&[])
        .u8(POLICY_SESSION)
        .u16(wire::NULL)
        .u16(wire::SHA256)
        .done();
    let handles = [wire::NO_HANDLE, wire::NO_HANDLE];
    let start = wire::command(Command::StartAuthSession, &handles, &[], &parameters);
    let response = transmit(device, &start)?;
    let handle = wire::response(&response).and_then(|mut parser| parser.u32());
    handle.map_err(unusable)
}

/// Satisfies the policy of endorsement keys: whoever may use the endorsement hierarchy may use them.
fn allow(device: &impl Transmit, session: u32) -> Result<(), EvidenceError> {
    let parameters = Bytes::default()
        // Any nonce, any command, no reference, no end.
        .sized(&[])
        .sized(&[])
        .sized(&[])
        .u32(0)
        .done();
    let handles = [wire::ENDORSEMENT, session];
    let policy = wire::command(Command::PolicySecret, &handles, &PASSWORD, &parameters);
    let response = transmit(device, &policy)?;
    wire::response(&response).map(drop).map_err(unusable)
}

fn open(
    device: &impl Transmit,
    key: u32,
    endorsement: &EndorsementKey,
    session: u32,
    credential: &Credential,
) -> Result<Vec<u8>, EvidenceError> {
    let parameters = Bytes::default()
        .sized(&credential.blob)
        .sized(&credential.secret)
        .done();
    let handles = [key, endorsement.handle];
    let allowed = [
        Authorization::EmptyPassword,
        Authorization::Session(session),
    ];
    let activate = wire::command(Command::ActivateCredential, &handles, &allowed, &parameters);
    let response = transmit(device, &activate)?;
    let secret = wire::response(&response).and_then(|mut parser| {
        let _parameters = parser.u32()?;
        parser.sized().map(Into::into)
    });
    secret.map_err(|error| match error {
        WireError::Refused(_) => EvidenceError("the TPM does not open the credential"),
        WireError::Malformed => unusable(error),
    })
}
