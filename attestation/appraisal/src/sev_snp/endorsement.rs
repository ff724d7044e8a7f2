//! The certificate of the key that signs reports: VCEK or VLEK, and what AMD says in it about the
//! platform (AMD 57230, VCEK certificate and KDS interface specification, section 3.1).

use veracruz_policy::SnpTcb;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, OctetStringRef};

use super::product::{Product, parts};
use super::report::{Report, SigningKey};
use crate::AppraisalError;
use crate::x509::Certificate;

const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const HARDWARE_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const PROVIDER_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");

/// The patch levels for which the key was made, in the order of [`parts`].
const PATCH_LEVELS: [(&str, ObjectIdentifier); 5] = [
    (
        "fmcSPL",
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9"),
    ),
    (
        "blSPL",
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1"),
    ),
    (
        "teeSPL",
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2"),
    ),
    (
        "snpSPL",
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3"),
    ),
    (
        "ucodeSPL",
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8"),
    ),
];

/// Which of AMD's keys a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Versioned chip endorsement key: of one chip, at one patch level.
    Vcek,
    /// Versioned loaded endorsement key: of one cloud provider, at one patch level.
    Vlek,
}

impl Kind {
    /// By the name that AMD gives to the certificate's subject.
    pub(super) fn of(certificate: &Certificate<'_>) -> Option<Self> {
        match certificate.common_name().as_str() {
            "SEV-VCEK" => Some(Self::Vcek),
            "SEV-VLEK" => Some(Self::Vlek),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Vcek => "VCEK",
            Self::Vlek => "VLEK",
        }
    }

    /// The authority that issues it, in AMD's words.
    pub(super) const fn authority(self) -> &'static str {
        match self {
            Self::Vcek => "ASK",
            Self::Vlek => "ASVK",
        }
    }

    pub(super) const fn signing_key(self) -> SigningKey {
        match self {
            Self::Vcek => SigningKey::Vcek,
            Self::Vlek => SigningKey::Vlek,
        }
    }
}

/// The product that a certificate names: `Milan-B0`, `Genoa`.
pub(super) fn product_name(certificate: &Certificate<'_>) -> Option<String> {
    ia5(certificate, PRODUCT_NAME)
}

/// The cloud provider that a VLEK was given to: `CN=cc-us-east-2.amazonaws.com`.
pub(super) fn provider(certificate: &Certificate<'_>) -> Option<String> {
    ia5(certificate, PROVIDER_ID)
}

/// The chip of a VCEK as CHIP_ID has it, with zeros to 64 bytes. Certificates have it bare or, newer
/// ones, inside an OCTET STRING; 8 bytes on Turin, 64 before.
pub(super) fn hardware_id(certificate: &Certificate<'_>) -> Option<[u8; 64]> {
    let content = certificate.extension(HARDWARE_ID)?;
    let id = match content.len() {
        8 | 64 => content,
        _ => <&OctetStringRef>::from_der(content).ok()?.as_bytes(),
    };
    if ![8, 64].contains(&id.len()) {
        return None;
    }
    let mut padded = [0; 64];
    for (to, from) in padded.iter_mut().zip(id) {
        *to = *from;
    }
    Some(padded)
}

/// One patch level of a certificate.
fn patch_level(certificate: &Certificate<'_>, id: ObjectIdentifier) -> Option<u8> {
    u8::from_der(certificate.extension(id)?).ok()
}

/// The patch levels of a certificate; `None` where one is missing. Only Turin has an FMC.
fn patch_levels(certificate: &Certificate<'_>, product: Product) -> Option<SnpTcb> {
    let [fmc, bootloader, tee, snp, microcode] =
        PATCH_LEVELS.map(|(_, id)| patch_level(certificate, id));
    Some(SnpTcb {
        fmc: match product {
            Product::Turin => fmc?,
            Product::Milan | Product::Genoa => fmc.unwrap_or_default(),
        },
        bootloader: bootloader?,
        tee: tee?,
        snp: snp?,
        microcode: microcode?,
    })
}

/// How well a certificate fits a report, to choose among several: the right key first, then the
/// right chip, then the right patch levels. Nothing is believed for it: the signature decides.
pub(super) fn fit(certificate: &Certificate<'_>, kind: Kind, report: &Report<'_>) -> u8 {
    let right_key = report.signing_key() == kind.signing_key();
    let right_chip = hardware_id(certificate) == Some(report.chip_id());
    let right_levels = Product::ALL.into_iter().any(|product| {
        let reported = product.tcb("REPORTED_TCB", report.reported_tcb()).ok();
        reported.is_some() && reported == patch_levels(certificate, product)
    });
    u8::from(right_key) * 4 + u8::from(right_chip) * 2 + u8::from(right_levels)
}

/// Compares what AMD says about the platform with what the platform says. A key belongs to one chip
/// and to one patch level: where they differ, the report claims what its signer is not.
///
/// # Errors
/// `TcbMismatch`, `BadChain`.
pub(super) fn check(
    certificate: &Certificate<'_>,
    kind: Kind,
    report: &Report<'_>,
    product: Product,
) -> Result<(), AppraisalError> {
    let part = certificate.part();
    let bad_chain = |reason: String| AppraisalError::BadChain { part, reason };
    if report.signing_key() != kind.signing_key() {
        return Err(bad_chain(format!(
            "the report says that its SIGNING_KEY is {}, and it is signed by a {}",
            report.signing_key().name(),
            kind.name()
        )));
    }
    if let Some(name) = product_name(certificate) {
        let other = Product::ALL
            .into_iter()
            .find(|other| name.starts_with(other.name()));
        if other.is_some_and(|other| other != product) {
            return Err(bad_chain(format!(
                "it is for {name}, under the root of {}",
                product.name()
            )));
        }
    }
    check_levels(certificate, report, product)?;
    if kind == Kind::Vcek {
        check_chip(certificate, report)?;
    }
    Ok(())
}

fn check_levels(
    certificate: &Certificate<'_>,
    report: &Report<'_>,
    product: Product,
) -> Result<(), AppraisalError> {
    let reported = product.tcb("REPORTED_TCB", report.reported_tcb())?;
    let Some(certified) = patch_levels(certificate, product) else {
        return Err(AppraisalError::Malformed {
            part: certificate.part(),
            reason: "a patch level is missing among its extensions".into(),
        });
    };
    let pairs = parts(&certified).into_iter().zip(parts(&reported));
    for ((name, _), ((_, certified), (_, reported))) in PATCH_LEVELS.into_iter().zip(pairs) {
        if certified != reported {
            return Err(AppraisalError::TcbMismatch {
                part: name,
                expected: format!("{reported} as in REPORTED_TCB"),
                found: format!("{certified} in the {}", certificate.part()),
            });
        }
    }
    Ok(())
}

fn check_chip(certificate: &Certificate<'_>, report: &Report<'_>) -> Result<(), AppraisalError> {
    let hex = |id: &[u8]| data_encoding::HEXLOWER.encode(id);
    let found = hardware_id(certificate);
    let hidden = report.chip_id() == [0; 64];
    if hidden || found == Some(report.chip_id()) {
        return Ok(());
    }
    Err(AppraisalError::TcbMismatch {
        part: "hwID",
        expected: hex(&report.chip_id()),
        found: found.map_or_else(|| "none".into(), |id| hex(&id)),
    })
}

fn ia5(certificate: &Certificate<'_>, id: ObjectIdentifier) -> Option<String> {
    let text = Ia5StringRef::from_der(certificate.extension(id)?).ok()?;
    Some(text.as_str().to_owned())
}
