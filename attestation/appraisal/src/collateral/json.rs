//! JSON collateral: Intel's own form, and the bundles of other tools, which are taken apart.
//!
//! Intel signs the very bytes of `tcbInfo` and `enclaveIdentity`: they are kept as they stand, never
//! parsed and written anew.

use std::borrow::Cow;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Collateral;
use super::add::malformed;
use super::jwk::Jwk;
use crate::AppraisalError;

/// Adds JSON text of any known kind.
pub(super) fn add(collateral: &mut Collateral, text: &str) -> Result<(), AppraisalError> {
    if text.starts_with('[') {
        let anchors: Vec<Anchor<'_>> = read(text, "a list of objects with a JWK in `pkey`")?;
        return anchors
            .iter()
            .try_for_each(|anchor| collateral.add_key(anchor.pkey.public_key()?));
    }
    let kind: Kind = read(text, "an object")?;
    if kind.kty.is_some() {
        let jwk: Jwk<'_> = read(text, "a JWK")?;
        collateral.add_key(jwk.public_key()?)
    } else if kind.keys.is_some() {
        let set: JwkSet<'_> = read(text, "a JWK set")?;
        set.keys
            .iter()
            .try_for_each(|jwk| collateral.add_key(jwk.public_key()?))
    } else if kind.tcb_info.is_some() || kind.enclave_identity.is_some() {
        let _: Signed<'_> = read(text, "TCB info or a QE identity with its signature")?;
        collateral.add_document(text.to_owned())
    } else if kind.bundle.is_some() {
        read::<Bundle<'_>>(text, "a bundle of dcap-qvl")?.add_to(collateral)
    } else if kind.raw_tcb_info.is_some() || kind.raw_enclave_identity.is_some() {
        read::<Raw<'_>>(text, "TCB info or a QE identity of Fortanix' pcs")?.add_to(collateral)
    } else if kind.crl.is_some() {
        let list: List<'_> = read(text, "a revocation list of Fortanix' pcs")?;
        collateral.add_pem(&list.crl)?;
        add_chain(collateral, &list.ca_chain)
    } else {
        Err(malformed(
            "JSON that is neither of Intel's service, a bundle of it, nor a JWK".into(),
        ))
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, AppraisalError> {
    serde_json::from_str(text).map_err(|error| malformed(format!("not {what}: {error}")))
}

/// The fields that tell the kinds apart.
#[derive(Deserialize)]
struct Kind {
    kty: Option<Present>,
    keys: Option<Present>,
    #[serde(rename = "tcbInfo")]
    tcb_info: Option<Present>,
    #[serde(rename = "enclaveIdentity")]
    enclave_identity: Option<Present>,
    #[serde(rename = "tcb_info")]
    bundle: Option<Present>,
    raw_tcb_info: Option<Present>,
    raw_enclave_identity: Option<Present>,
    crl: Option<Present>,
}

/// Any value at all.
struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// What a trust anchor store of CCA tools has, one of these a platform.
#[derive(Deserialize)]
struct Anchor<'a> {
    #[serde(borrow)]
    pkey: Jwk<'a>,
}

#[derive(Deserialize)]
struct JwkSet<'a> {
    #[serde(borrow)]
    keys: Vec<Jwk<'a>>,
}

/// Intel's own form.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape is looked at here")]
struct Signed<'a> {
    #[serde(borrow, alias = "enclaveIdentity", rename = "tcbInfo")]
    body: &'a RawValue,
    signature: &'a str,
}

/// `QuoteCollateralV3` of the crate `dcap-qvl`, and of other tools that write the fields of Intel's
/// `sgx_ql_qve_collateral_t`: lists as hex, PEM or base64, documents as text or as JSON.
#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    pck_crl_issuer_chain: Option<Cow<'a, str>>,
    root_ca_crl: Option<Cow<'a, str>>,
    pck_crl: Option<Cow<'a, str>>,
    tcb_info_issuer_chain: Option<Cow<'a, str>>,
    tcb_info: &'a RawValue,
    tcb_info_signature: Cow<'a, str>,
    qe_identity_issuer_chain: Option<Cow<'a, str>>,
    qe_identity: &'a RawValue,
    qe_identity_signature: Cow<'a, str>,
    pck_certificate_chain: Option<Cow<'a, str>>,
}

impl Bundle<'_> {
    fn add_to(&self, collateral: &mut Collateral) -> Result<(), AppraisalError> {
        for text in [
            &self.pck_crl_issuer_chain,
            &self.tcb_info_issuer_chain,
            &self.qe_identity_issuer_chain,
            &self.pck_certificate_chain,
            &self.root_ca_crl,
            &self.pck_crl,
        ]
        .into_iter()
        .flatten()
        {
            collateral.add_text(text)?;
        }
        let documents = [
            ("tcbInfo", self.tcb_info, &self.tcb_info_signature),
            (
                "enclaveIdentity",
                self.qe_identity,
                &self.qe_identity_signature,
            ),
        ];
        for (name, written, signature) in documents {
            let written = written.get();
            let body: Cow<'_, str> = if written.starts_with('"') {
                read(written, "a document in a bundle")?
            } else {
                Cow::Borrowed(written)
            };
            add_signed(collateral, name, &body, signature)?;
        }
        Ok(())
    }
}

/// What Fortanix' `pcs` writes.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    raw_tcb_info: Option<Cow<'a, str>>,
    raw_enclave_identity: Option<Cow<'a, str>>,
    /// Hex, or the bytes of a DER signature.
    signature: &'a RawValue,
    #[serde(default)]
    ca_chain: Vec<Cow<'a, str>>,
}

impl Raw<'_> {
    fn add_to(&self, collateral: &mut Collateral) -> Result<(), AppraisalError> {
        let written = self.signature.get();
        let signature = if written.starts_with('"') {
            read(written, "a signature")?
        } else {
            let der: Vec<u8> = read(written, "a signature")?;
            let signature = p256::ecdsa::Signature::from_der(&der)
                .map_err(|_| malformed("a signature that is not ECDSA in DER".into()))?;
            HEXLOWER.encode(&signature.to_bytes())
        };
        if let Some(body) = &self.raw_tcb_info {
            add_signed(collateral, "tcbInfo", body, &signature)?;
        }
        if let Some(body) = &self.raw_enclave_identity {
            add_signed(collateral, "enclaveIdentity", body, &signature)?;
        }
        add_chain(collateral, &self.ca_chain)
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    crl: Cow<'a, str>,
    #[serde(default)]
    ca_chain: Vec<Cow<'a, str>>,
}

fn add_chain(collateral: &mut Collateral, chain: &[Cow<'_, str>]) -> Result<(), AppraisalError> {
    chain.iter().try_for_each(|pem| collateral.add_pem(pem))
}

/// Writes Intel's form around signed bytes.
fn add_signed(
    collateral: &mut Collateral,
    name: &str,
    body: &str,
    signature: &str,
) -> Result<(), AppraisalError> {
    let _: &RawValue = read(body, "JSON in a bundle")?;
    if HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).is_err() {
        return Err(malformed("a signature that is not hex".into()));
    }
    collateral.add_document(format!(
        "{{\"{name}\":{body},\"signature\":\"{signature}\"}}"
    ))
}
