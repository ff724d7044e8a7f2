//! Machines measured by a TPM 2.0: quotes through the kernel's resource manager, `/dev/tpmrm0`.
//!
//! The attestation key is a restricted signing key that the TPM derives from its endorsement seed
//! and the template below: the same on every start, so that a policy can name it.

mod activate;
mod endorsement;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use veracruz_evidence::tpm::{self, Credential, TpmContent};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{Measurement, PolicyHash, Sha256};

use super::files;
use super::{EvidenceError, EvidenceSource};
use endorsement::EndorsementKey;
use wire::{Authorization, Bytes, Command, Parser, WireError};

/// What is quoted: what firmware, boot loader and kernel measured, and the policy.
const REGISTERS: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, POLICY_REGISTER];

/// The register that holds the policy's hash, extended once at start.
const POLICY_REGISTER: u8 = 15;

/// The most bytes of a response: TPMs have buffers of 4 KiB.
const MAX_RESPONSE_BYTES: usize = 4096;

/// The most bytes of an event log that is sent along. A longer one is left out: policies name
/// registers, and the log only explains them.
const MAX_LOG_BYTES: usize = 40 * 1024;

/// Where the kernel keeps the firmware's log of what it measured.
const LOG: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";

/// `TPM_RC_RETRY` and `TPM_RC_YIELDED`: the same command again will do.
const AGAIN: [u32; 2] = [0x922, 0x908];
/// How often.
const ATTEMPTS: usize = 5;

/// The TPM of this machine, with its attestation key loaded.
pub(crate) struct Tpm<Device: Transmit = DevTpm> {
    device: Mutex<Device>,
    key: u32,
    /// `TPMT_PUBLIC` of the key.
    public: Vec<u8>,
    /// The key with which this TPM was made, where it has a certificate of that.
    endorsement: Option<EndorsementKey>,
    log: Vec<u8>,
}

impl Tpm {
    /// The TPM of the machine on which this process runs; `None` where there is none that can
    /// sign.
    pub(crate) fn here() -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/tpmrm0");
        let log = files::read(Path::new(LOG), MAX_LOG_BYTES).unwrap_or_default();
        Self::open(DevTpm(device.ok()?), log).ok()
    }
}

impl<Device: Transmit> Tpm<Device> {
    /// Makes the key. Resource managers forget it when the device is closed.
    fn open(device: Device, log: Vec<u8>) -> Result<Self, EvidenceError> {
        let (key, public) = create_primary(&device, &template())?;
        // Without it there is evidence all the same, for policies that name the key itself.
        let endorsement = EndorsementKey::find(&device).ok().flatten();
        Ok(Self {
            device: Mutex::new(device),
            key,
            public,
            endorsement,
            log,
        })
    }

    fn ask(&self, command: &[u8]) -> Result<Vec<u8>, EvidenceError> {
        // One command at a time; a poisoned lock guards no state of ours.
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        transmit(&*device, command)
    }

    /// The quoted registers, in the SHA-256 bank.
    fn registers(&self) -> Result<BTreeMap<u8, Sha256>, EvidenceError> {
        let mut values = BTreeMap::new();
        for index in REGISTERS {
            let command = wire::command(Command::PcrRead, &[], &[], &selection(&[index]));
            let value = register(&self.ask(&command)?).map_err(unusable)?;
            values.insert(index, value);
        }
        Ok(values)
    }
}

impl<Device: Transmit> EvidenceSource for Tpm<Device> {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        // TPMs take at most the length of a digest.
        let question = Sha256::of(report_data.as_bytes());
        let parameters = Bytes::default()
            .sized(question.as_bytes())
            // The scheme of the key.
            .u16(wire::NULL)
            .raw(&selection(&REGISTERS))
            .done();
        let registers = self.registers()?;
        let handles = [self.key];
        let quote = wire::command(Command::Quote, &handles, &PASSWORD, &parameters);
        let response = self.ask(&quote)?;
        let (attest, signature) = quoted(&response).map_err(unusable)?;
        Ok(tpm::evidence(&TpmContent {
            attest,
            signature,
            public: self.public.clone(),
            registers,
            log: self.log.clone(),
            certificates: Vec::new(),
            endorsement: self.endorsement.as_ref().map(EndorsementKey::evidence),
        }))
    }

    fn activate(&self, credential: &Credential) -> Result<Vec<u8>, EvidenceError> {
        let endorsement = self.endorsement.as_ref().ok_or(EvidenceError(
            "the TPM has no certificate of its endorsement key",
        ))?;
        // Several commands in a row, with nobody else's between them.
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        activate::activate(&*device, self.key, endorsement, credential)
    }

    fn fix_policy(&self, policy: &PolicyHash) -> Result<(), EvidenceError> {
        let digests = Bytes::default()
            .u32(1)
            .u16(wire::SHA256)
            .raw(policy.as_bytes())
            .done();
        let register = u32::from(POLICY_REGISTER);
        let extend = wire::command(Command::PcrExtend, &[register], &PASSWORD, &digests);
        let response = self.ask(&extend)?;
        wire::response(&response).map(drop).map_err(unusable)
    }

    /// The digest that a quote has of its registers.
    fn measurement(&self) -> Result<Measurement, EvidenceError> {
        let values: Vec<u8> = self
            .registers()?
            .values()
            .flat_map(|value| *value.as_bytes())
            .collect();
        Ok(Sha256::of(&values).into())
    }
}

/// What hierarchies, registers and the attestation key are used with.
const PASSWORD: [Authorization; 1] = [Authorization::EmptyPassword];

/// A key that the TPM derives from the seed of its endorsement hierarchy and `template`: its
/// handle, and its `TPMT_PUBLIC`.
fn create_primary(
    device: &impl Transmit,
    template: &[u8],
) -> Result<(u32, Vec<u8>), EvidenceError> {
    let parameters = Bytes::default()
        // No password, and nothing sealed.
        .sized(&[0; 4])
        .sized(template)
        // Nothing to certify about the creation.
        .sized(&[])
        .u32(0)
        .done();
    let handles = [wire::ENDORSEMENT];
    let create = wire::command(Command::CreatePrimary, &handles, &PASSWORD, &parameters);
    created(&transmit(device, &create)?).map_err(unusable)
}

/// `TPMT_PUBLIC` of the attestation key: ECDSA on P-256 with SHA-256, which signs nothing but what
/// the TPM itself states.
fn template() -> Vec<u8> {
    // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign.
    const ATTRIBUTES: u32 = 0x0005_0472;
    Bytes::default()
        .u16(wire::ECC)
        .u16(wire::SHA256)
        .u32(ATTRIBUTES)
        // No policy, no symmetric cipher.
        .sized(&[])
        .u16(wire::NULL)
        .u16(wire::ECDSA)
        .u16(wire::SHA256)
        .u16(wire::P256)
        // No key derivation; the TPM fills in the point.
        .u16(wire::NULL)
        .sized(&[])
        .sized(&[])
        .done()
}

/// `TPML_PCR_SELECTION` of some registers of the SHA-256 bank.
fn selection(registers: &[u8]) -> Vec<u8> {
    let mut bitmap = 0_u32;
    for register in registers {
        bitmap |= 1_u32.checked_shl((*register).into()).unwrap_or(0);
    }
    let [a, b, c, _] = bitmap.to_le_bytes();
    Bytes::default()
        .u32(1)
        .u16(wire::SHA256)
        .u8(3)
        .raw(&[a, b, c])
        .done()
}

/// Handle and `TPMT_PUBLIC` from the response to `CreatePrimary`.
fn created(response: &[u8]) -> Result<(u32, Vec<u8>), WireError> {
    let mut parser = wire::response(response)?;
    let handle = parser.u32()?;
    let _parameters = parser.u32()?;
    Ok((handle, parser.sized()?.to_vec()))
}

/// `TPMS_ATTEST` and `TPMT_SIGNATURE` from the response to `Quote`.
fn quoted(response: &[u8]) -> Result<(Vec<u8>, Vec<u8>), WireError> {
    let mut parser = wire::response(response)?;
    let _parameters = parser.u32()?;
    let attest = parser.sized()?.to_vec();
    let signature = parser.span(|parser| {
        if (parser.u16()?, parser.u16()?) != (wire::ECDSA, wire::SHA256) {
            return Err(WireError::Malformed);
        }
        parser.sized()?;
        parser.sized().map(drop)
    })?;
    Ok((attest, signature.to_vec()))
}

/// The one register that was asked for, from the response to `PCR_Read`.
fn register(response: &[u8]) -> Result<Sha256, WireError> {
    let mut parser = wire::response(response)?;
    let _update_counter = parser.u32()?;
    one_selection(&mut parser)?;
    // A TPM without this bank answers with an empty list.
    if parser.u32()? != 1 {
        return Err(WireError::Malformed);
    }
    let value = parser.sized()?.try_into();
    value
        .map(Sha256::from_bytes)
        .map_err(|_| WireError::Malformed)
}

fn one_selection(parser: &mut Parser<'_>) -> Result<(), WireError> {
    if parser.u32()? != 1 || parser.u16()? != wire::SHA256 {
        return Err(WireError::Malformed);
    }
    let length = parser.u8()?;
    parser.take(length.into()).map(drop)
}

fn transmit(device: &impl Transmit, command: &[u8]) -> Result<Vec<u8>, EvidenceError> {
    for _ in 0..ATTEMPTS {
        let response = device
            .transmit(command)
            .map_err(|_| EvidenceError("the TPM does not answer"))?;
        match wire::response(&response) {
            Err(WireError::Refused(code)) if AGAIN.contains(&code) => {}
            _ => return Ok(response),
        }
    }
    Err(EvidenceError("the TPM is busy"))
}

fn unusable(error: WireError) -> EvidenceError {
    match error {
        WireError::Refused(_) => EvidenceError("the TPM refuses a command"),
        WireError::Malformed => EvidenceError("the TPM's answer is malformed"),
    }
}

/// A TPM that takes commands.
pub(crate) trait Transmit: Send {
    /// Sends a command and returns the response.
    fn transmit(&self, command: &[u8]) -> io::Result<Vec<u8>>;
}

/// The kernel's device: a write is a command, the next read its response.
pub(crate) struct DevTpm(File);

impl Transmit for DevTpm {
    fn transmit(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        exchange(&self.0, &self.0, command)
    }
}

fn exchange(
    mut to: impl io::Write,
    mut from: impl io::Read,
    command: &[u8],
) -> io::Result<Vec<u8>> {
    to.write_all(command)?;
    let mut response = vec![0; MAX_RESPONSE_BYTES];
    let length = from.read(&mut response)?;
    response.truncate(length);
    Ok(response)
}

#[cfg(test)]
mod tests;
