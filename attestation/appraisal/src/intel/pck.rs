//! What a PCK certificate says about its platform: Intel's extension 1.2.840.113741.1.13.1 ("Intel
//! SGX PCK Certificate and Certificate Revocation List Profile Specification", section 1.3.5).

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode as _, Tag, Tagged as _};

use super::der::pairs;
use crate::AppraisalError;

/// The extension's own name.
pub(super) const EXTENSION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");

/// A platform, as Intel certified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pck {
    /// Platform Provisioning ID: which machine (its first processor package) it is.
    pub(crate) ppid: [u8; 16],
    /// The patch level, component by component.
    pub(crate) components: [u8; 16],
    pub(crate) pce_svn: u16,
    /// The patch level as the processor writes it.
    pub(crate) cpu_svn: [u8; 16],
    pub(crate) pce_id: [u8; 2],
    /// Family, model, stepping, platform and custom SKU: which TCB info is the right one.
    pub(crate) fmspc: [u8; 6],
    /// 0 standard, 1 scalable, 2 scalable with integrity.
    pub(crate) sgx_type: u8,
    /// Platform CA only: which machine, of several packages.
    pub(crate) instance_id: Option<[u8; 16]>,
    /// Platform CA only. None of these is a flaw by itself: what they mean for an advisory stands
    /// in the TCB info.
    pub(crate) dynamic: Option<bool>,
    pub(crate) cached_keys: Option<bool>,
    pub(crate) smt: Option<bool>,
}

const PART: &str = "PCK certificate";

impl Pck {
    /// Reads the content of the extension.
    pub(super) fn parse(extension: &[u8]) -> Result<Self, AppraisalError> {
        let mut fields = Fields::default();
        let mut tcb = Tcb::default();
        for (name, value) in read(extension)? {
            match last_of(name, EXTENSION) {
                Some(1) => set(&mut fields.ppid, octets(value)?, "PPID")?,
                Some(2) => tcb.read(value)?,
                Some(3) => set(&mut fields.pce_id, octets(value)?, "PCEID")?,
                Some(4) => set(&mut fields.fmspc, octets(value)?, "FMSPC")?,
                Some(5) => set(&mut fields.sgx_type, small(value)?, "SGX type")?,
                Some(6) => set(
                    &mut fields.instance_id,
                    octets(value)?,
                    "platform instance id",
                )?,
                Some(7) => fields.configuration(value)?,
                // Later versions may add fields.
                _ => {}
            }
        }
        let tcb_components = tcb
            .components
            .iter()
            .map(|component| needed(*component, "TCB component"))
            .collect::<Result<Vec<u8>, _>>()?;
        Ok(Self {
            ppid: needed(fields.ppid, "PPID")?,
            components: tcb_components
                .try_into()
                .map_err(|_| malformed("not 16 TCB components".into()))?,
            pce_svn: needed(tcb.pce_svn, "PCESVN")?,
            cpu_svn: needed(tcb.cpu_svn, "CPUSVN")?,
            pce_id: needed(fields.pce_id, "PCEID")?,
            fmspc: needed(fields.fmspc, "FMSPC")?,
            sgx_type: needed(fields.sgx_type, "SGX type")?,
            instance_id: fields.instance_id,
            dynamic: fields.dynamic,
            cached_keys: fields.cached_keys,
            smt: fields.smt,
        })
    }
}

#[derive(Default)]
struct Fields {
    ppid: Option<[u8; 16]>,
    pce_id: Option<[u8; 2]>,
    fmspc: Option<[u8; 6]>,
    sgx_type: Option<u8>,
    instance_id: Option<[u8; 16]>,
    dynamic: Option<bool>,
    cached_keys: Option<bool>,
    smt: Option<bool>,
}

impl Fields {
    fn configuration(&mut self, sequence: AnyRef<'_>) -> Result<(), AppraisalError> {
        const CONFIGURATION: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1.7");
        for (name, value) in pairs(sequence).map_err(unreadable)? {
            let flag = || value.decode_as::<bool>().map_err(unreadable);
            match last_of(name, CONFIGURATION) {
                Some(1) => set(&mut self.dynamic, flag()?, "dynamic platform")?,
                Some(2) => set(&mut self.cached_keys, flag()?, "cached keys")?,
                Some(3) => set(&mut self.smt, flag()?, "SMT enabled")?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tcb {
    components: [Option<u8>; 16],
    pce_svn: Option<u16>,
    cpu_svn: Option<[u8; 16]>,
}

impl Tcb {
    fn read(&mut self, sequence: AnyRef<'_>) -> Result<(), AppraisalError> {
        const TCB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1.2");
        for (name, value) in pairs(sequence).map_err(unreadable)? {
            match last_of(name, TCB) {
                Some(17) => {
                    let svn = value.decode_as::<u16>().map_err(unreadable)?;
                    set(&mut self.pce_svn, svn, "PCESVN")?;
                }
                Some(18) => set(&mut self.cpu_svn, octets(value)?, "CPUSVN")?,
                Some(number) => {
                    let index = usize::try_from(number).unwrap_or(usize::MAX);
                    let component = index
                        .checked_sub(1)
                        .and_then(|index| self.components.get_mut(index));
                    if let Some(component) = component {
                        let svn = value.decode_as::<u8>().map_err(unreadable)?;
                        set(component, svn, "TCB component")?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn read(extension: &[u8]) -> Result<Vec<(ObjectIdentifier, AnyRef<'_>)>, AppraisalError> {
    AnyRef::from_der(extension)
        .and_then(pairs)
        .map_err(unreadable)
}

/// The last arc of `name`, where the others are those of `parent`.
fn last_of(name: ObjectIdentifier, parent: ObjectIdentifier) -> Option<u32> {
    if name.parent() != Some(parent) {
        return None;
    }
    name.arcs().last()
}

fn octets<const N: usize>(value: AnyRef<'_>) -> Result<[u8; N], AppraisalError> {
    value
        .tag()
        .assert_eq(Tag::OctetString)
        .map_err(unreadable)?;
    value.value().try_into().map_err(|_| {
        malformed(format!(
            "a field of {} bytes, expected {N}",
            value.value().len()
        ))
    })
}

/// An ENUMERATED of one byte.
fn small(value: AnyRef<'_>) -> Result<u8, AppraisalError> {
    match (value.tag(), value.value()) {
        (Tag::Enumerated | Tag::Integer, [number]) => Ok(*number),
        _ => Err(malformed("an SGX type that is no small number".into())),
    }
}

fn set<T>(field: &mut Option<T>, value: T, name: &str) -> Result<(), AppraisalError> {
    if field.is_some() {
        return Err(malformed(format!("{name} stands there twice")));
    }
    *field = Some(value);
    Ok(())
}

fn needed<T>(field: Option<T>, name: &str) -> Result<T, AppraisalError> {
    field.ok_or_else(|| malformed(format!("no {name} in Intel's extension")))
}

fn unreadable(error: x509_cert::der::Error) -> AppraisalError {
    malformed(format!("Intel's extension cannot be read: {error}"))
}

fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed { part: PART, reason }
}
