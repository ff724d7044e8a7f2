//! The endorsement key: which TPM this is, by its maker's certificate.
//!
//! Found where TCG's EK Credential Profile puts it (sections 2.2.1.4 and B.3): the certificate in
//! the TPM's own memory, the key by the template that belongs to that place.

use veracruz_evidence::tpm::Endorsement;

use super::wire::{self, Bytes, Command};
use super::{EvidenceError, PASSWORD, Transmit, create_primary, transmit, unusable};

/// The most bytes of a certificate.
const MAX_CERTIFICATE_BYTES: usize = 4096;
/// How many bytes of it are read at a time: every TPM gives as many.
const PART_BYTES: u16 = 512;

/// fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt.
const ATTRIBUTES: u32 = 0x0003_00b2;
/// `PolicyA`: that of `TPM2_PolicySecret` with the endorsement hierarchy.
const POLICY: [u8; 32] = [
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
];

/// Where a certificate may be, and the key that it is of.
struct Place {
    /// The certificate, in the TPM's memory.
    index: u32,
    /// Where platforms keep the key, so that it need not be made at every start.
    handle: u32,
    /// `TPMT_PUBLIC` of the key up to `unique`, which the TPM fills in.
    template: fn() -> Bytes,
    /// `unique` as the template has it.
    unique: fn(Bytes) -> Bytes,
}

/// Templates L-1 and L-2.
const PLACES: [Place; 2] = [
    Place {
        index: 0x01c0_0002,
        handle: 0x8101_0001,
        // RSA with 2048 bits and the exponent 65537, no scheme.
        template: || template(wire::RSA).u16(wire::NULL).u16(2048).u32(0),
        unique: |template| template.sized(&[0; 256]),
    },
    Place {
        index: 0x01c0_000a,
        handle: 0x8101_0002,
        // P-256, no scheme, no key derivation.
        template: || {
            template(wire::ECC)
                .u16(wire::NULL)
                .u16(wire::P256)
                .u16(wire::NULL)
        },
        unique: |template| template.sized(&[0; 32]).sized(&[0; 32]),
    },
];

/// An endorsement key, ready for use, and its certificate.
pub(super) struct EndorsementKey {
    pub(super) handle: u32,
    public: Vec<u8>,
    certificate: Vec<u8>,
}

impl EndorsementKey {
    /// That of this TPM; `None` where it has no certificate in its memory.
    pub(super) fn find(device: &impl Transmit) -> Result<Option<Self>, EvidenceError> {
        for place in &PLACES {
            let Some(certificate) = certificate(device, place.index)? else {
                continue;
            };
            let kept = public(device, place.handle)?
                .filter(|public| public.starts_with(&(place.template)().done()));
            let (handle, public) = match kept {
                Some(public) => (place.handle, public),
                None => create_primary(device, &(place.unique)((place.template)()).done())?,
            };
            return Ok(Some(Self {
                handle,
                public,
                certificate,
            }));
        }
        Ok(None)
    }

    /// As it stands in evidence. The certificates of authorities are not in a TPM of this profile:
    /// whoever appraises has them.
    pub(super) fn evidence(&self) -> Endorsement {
        Endorsement {
            public: self.public.clone(),
            certificates: vec![self.certificate.clone()],
        }
    }
}

/// What both templates begin with.
fn template(kind: u16) -> Bytes {
    Bytes::default()
        .u16(kind)
        .u16(wire::SHA256)
        .u32(ATTRIBUTES)
        .sized(&POLICY)
        .u16(wire::AES)
        .u16(128)
        .u16(wire::CFB)
}

/// `TPMT_PUBLIC` of the key with this handle; `None` where there is none.
fn public(device: &impl Transmit, handle: u32) -> Result<Option<Vec<u8>>, EvidenceError> {
    let read = wire::command(Command::ReadPublic, &[handle], &[], &[]);
    let response = transmit(device, &read)?;
    let Ok(mut parser) = wire::response(&response) else {
        return Ok(None);
    };
    parser
        .sized()
        .map(|public| Some(public.to_vec()))
        .map_err(unusable)
}

/// The certificate in this place of the TPM's memory; `None` where there is none, or none that can
/// be read.
fn certificate(device: &impl Transmit, index: u32) -> Result<Option<Vec<u8>>, EvidenceError> {
    let read = wire::command(Command::NvReadPublic, &[index], &[], &[]);
    let response = transmit(device, &read)?;
    let Ok(mut parser) = wire::response(&response) else {
        return Ok(None);
    };
    // TPM2B_NV_PUBLIC ends in the size of what is there.
    let described = parser.sized().map_err(unusable)?;
    let size = described.last_chunk().map(|size| u16::from_be_bytes(*size));
    let size = size.filter(|size| usize::from(*size) <= MAX_CERTIFICATE_BYTES);
    let Some(size) = size else {
        return Ok(None);
    };
    let mut content = Vec::new();
    let mut offset = 0;
    while offset < size {
        let length = size.saturating_sub(offset).min(PART_BYTES);
        let part = part(device, index, length, offset)?;
        if part.len() != usize::from(length) {
            return Ok(None);
        }
        content.extend(part);
        offset = offset.saturating_add(length);
    }
    Ok(der(&content).map(Into::into))
}

/// So many bytes from there.
fn part(
    device: &impl Transmit,
    index: u32,
    length: u16,
    offset: u16,
) -> Result<Vec<u8>, EvidenceError> {
    let parameters = Bytes::default().u16(length).u16(offset).done();
    let handles = [index, index];
    let read = wire::command(Command::NvRead, &handles, &PASSWORD, &parameters);
    let response = transmit(device, &read)?;
    let part = wire::response(&response).and_then(|mut parser| {
        let _parameters = parser.u32()?;
        parser.sized().map(Into::into)
    });
    part.map_err(unusable)
}

/// The certificate at the beginning of `content`: some makers leave the rest of the place filled.
/// A certificate has more than 255 bytes, so that its length stands in two.
fn der(content: &[u8]) -> Option<&[u8]> {
    let (head, _) = content.split_first_chunk()?;
    let [0x30, 0x82, high, low] = *head else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low])).checked_add(head.len())?;
    content.get(..length)
}

/// `TPMT_PUBLIC` of the RSA key, made by its template.
#[cfg(test)]
pub(super) fn made_anew(device: &impl Transmit) -> Result<Vec<u8>, EvidenceError> {
    let [place, _] = &PLACES;
    let template = (place.unique)((place.template)()).done();
    create_primary(device, &template).map(|(_, public)| public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_that_of_policy_secret_with_the_endorsement_hierarchy() {
        use veracruz_policy::Sha256;
        // TPM2_PolicySecret extends with its command code and the hierarchy's name, which is its
        // handle, then with an empty reference (part 3, section 23.4).
        let start = [0; 32];
        let named = [
            &start[..],
            &(Command::PolicySecret as u32).to_be_bytes(),
            &wire::ENDORSEMENT.to_be_bytes(),
        ]
        .concat();
        let policy = Sha256::of(Sha256::of(&named).as_bytes());
        assert_eq!(*policy.as_bytes(), POLICY);
    }

    #[test]
    fn a_certificate_ends_where_it_says() {
        let mut content = vec![0x30, 0x82, 1, 2];
        content.resize(4 + 0x102, 7);
        assert_eq!(der(&content), Some(&content[..]));
        let filled = [&content[..], &[0xff; 100]].concat();
        assert_eq!(der(&filled), Some(&content[..]));
        for length in 0..content.len() {
            assert_eq!(der(&content[..length]), None, "{length} bytes");
        }
        assert_eq!(der(&[0; 300]), None);
    }
}
