//! A second opinion: the crate `dcap-qvl` verifies the same quote with the same collateral.
//!
//! It is written by other people, and so are its mistakes. Its plain `verify` accepts any patch level
//! and hands the status on as text: only `verify_with_policy` is called, with its strict policy, in
//! which nothing is allowed beyond what was found here and accepted.

use std::time::Duration;

use data_encoding::BASE64;
use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::config::{Config, CryptoProvider};
use dcap_qvl::policy::QuotePolicy;
use dcap_qvl::tcb_info::TcbStatus;
use dcap_qvl::verify::QuoteVerifier;
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use veracruz_policy::{Sha256, Sha384, Timestamp};

use super::chain::Chain;
use super::document::Document;
use super::status::Shortcomings;
use crate::AppraisalError;
use crate::key::{Hash, Key, Scheme};
use crate::x509::Certificate;

/// What was verified here with, in the order in which it is needed there.
pub(super) struct Used<'c> {
    pub(super) chain: &'c Chain<'c>,
    pub(super) root_list: &'c [u8],
    pub(super) pck_list: &'c [u8],
    pub(super) tcb_info: (Document<'c>, &'c Certificate<'c>),
    pub(super) qe_identity: (Document<'c>, &'c Certificate<'c>),
}

/// Refuses what the other verifier refuses, and a platform that it takes for another one.
pub(super) fn check(
    quote: &[u8],
    used: &Used<'_>,
    accepted: &Shortcomings,
    now: Timestamp,
) -> Result<(), AppraisalError> {
    let root = used.chain.root.der();
    let (tcb_info, tcb_signer) = used.tcb_info;
    let (qe_identity, qe_signer) = used.qe_identity;
    let chain = |certificate: &Certificate<'_>| pem(&[certificate.der(), root]);
    let collateral = QuoteCollateralV3 {
        pck_crl_issuer_chain: chain(&used.chain.authority),
        root_ca_crl: used.root_list.to_vec(),
        pck_crl: used.pck_list.to_vec(),
        tcb_info_issuer_chain: chain(tcb_signer),
        tcb_info: tcb_info.body.to_owned(),
        tcb_info_signature: tcb_info.signature.to_vec(),
        qe_identity_issuer_chain: chain(qe_signer),
        qe_identity: qe_identity.body.to_owned(),
        qe_identity_signature: qe_identity.signature.to_vec(),
        pck_certificate_chain: Some(pem(&[used.chain.leaf.der(), used.chain.authority.der()])),
    };
    let refused = |reason: String| AppraisalError::BadChain {
        part: "quote",
        reason: format!("a second verifier (dcap-qvl) refuses it: {reason}"),
    };
    let seconds = u64::try_from(now.seconds()).map_err(|error| refused(error.to_string()))?;
    let claims = QuoteVerifier::<Cryptography>::new_with_config(root.to_vec())
        .verify_with_policy(quote, collateral, seconds, &policy(accepted, seconds))
        .map_err(|error| refused(format!("{error:#}")))?;
    let platform = &claims.platform.pck;
    if platform.ppid != used.chain.pck.ppid || platform.fmspc != used.chain.pck.fmspc {
        return Err(refused("it reads another platform in it".into()));
    }
    Ok(())
}

/// The strict policy, and what was accepted here by an exception of the parties.
///
/// SMT, cached keys and a dynamic platform are allowed: whether they matter for an advisory stands in
/// the TCB info, as `ConfigurationNeeded`; every multi-package server has the latter two.
fn policy(accepted: &Shortcomings, now: u64) -> QuotePolicy {
    use TcbStatus::{
        ConfigurationAndSWHardeningNeeded, ConfigurationNeeded, OutOfDate,
        OutOfDateConfigurationNeeded, SWHardeningNeeded, TDRelaunchAdvised,
        TDRelaunchAdvisedConfigurationNeeded,
    };
    let Shortcomings {
        hardening,
        configuration,
        out_of_date,
        ..
    } = *accepted;
    let mut policy = QuotePolicy::strict(now)
        .allow_smt(true)
        .allow_cached_keys(true)
        .allow_dynamic_platform(true);
    for (allowed, status) in [
        (hardening, SWHardeningNeeded),
        (configuration, ConfigurationNeeded),
        (
            configuration && hardening,
            ConfigurationAndSWHardeningNeeded,
        ),
        (out_of_date, OutOfDate),
        (out_of_date, TDRelaunchAdvised),
        (out_of_date && configuration, OutOfDateConfigurationNeeded),
        (
            out_of_date && configuration,
            TDRelaunchAdvisedConfigurationNeeded,
        ),
    ] {
        if allowed {
            policy = policy.allow_status(status);
        }
    }
    if out_of_date {
        // The parties named the status; how long ago it was good is no question of theirs.
        policy = policy
            .platform_grace_period(Duration::MAX)
            .qe_grace_period(Duration::MAX);
    }
    policy
}

fn pem(certificates: &[&[u8]]) -> String {
    let mut text = String::new();
    for der in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        BASE64.encode_append(der, &mut text);
        text.push_str("\n-----END CERTIFICATE-----\n");
    }
    text
}

/// Its parser of certificates, our cryptography: the one of the rest of this crate.
enum Cryptography {}

impl Config for Cryptography {
    type X509 = dcap_qvl::x509::X509CertBackend;
    type SigEncoder = dcap_qvl::signature::DerSigEncoder;
    type Crypto = Self;
}

impl CryptoProvider for Cryptography {
    fn sig_algo() -> &'static dyn SignatureVerificationAlgorithm {
        &EcdsaP256
    }

    fn sha256(data: &[u8]) -> [u8; 32] {
        *Sha256::of(data).as_bytes()
    }

    fn sha384(data: &[u8]) -> [u8; 48] {
        *Sha384::of(data).as_bytes()
    }
}

#[derive(Debug)]
struct EcdsaP256;

impl SignatureVerificationAlgorithm for EcdsaP256 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        Key::from_point(public_key)
            .map_err(|_| InvalidSignature)?
            .verify(Scheme::EcdsaDer(Hash::Sha256), message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}
