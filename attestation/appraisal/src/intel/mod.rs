//! What SGX and TDX have in common: quotes by Intel's quoting enclaves (DCAP), and the collateral
//! that Intel publishes about platforms.
//!
//! A quote is the word of a chain: Intel's root certifies a platform's key (PCK), that key signs a
//! report of the quoting enclave, that report names the attestation key, and that signs the quote.
//! TCB info says what the platform's patch level is worth, the QE identity which quoting enclaves
//! are Intel's; both are signed under the same root.
//!
//! Every step is looked at here, so that a refusal says what was expected and what was found. Then
//! the crate `dcap-qvl` looks at the same evidence with the same collateral ([`second`]), under its
//! strict policy: what only one of the two accepts is refused.

pub(crate) mod ccel;
mod chain;
mod der;
mod document;
pub(crate) mod import;
mod module;
mod pck;
mod platform;
mod qe;
pub(crate) mod quote;
mod reader;
pub(crate) mod report;
mod second;
mod status;
mod tcb;
mod validity;

pub(crate) use platform::Platform;

use crate::x509::SignedWith;

/// How Intel signs certificates and lists.
const SIGNED_WITH: SignedWith = SignedWith::EcdsaSha256;

/// What is signed with, in words of the specification, where a quote is not signed with it.
const ALGORITHM: &str = "ECDSA-256-with-P-256 (2)";

/// The set bits of a field by name, `INIT MODE64BIT bit 40`; `none` where there are none.
pub(crate) fn words(bits: u64, names: &[(u64, &str)]) -> String {
    let set: Vec<String> = (0..64)
        .filter(|bit| bits >> bit & 1 == 1)
        .map(|bit| {
            let name = names.iter().find(|(mask, _)| *mask == 1 << bit);
            name.map_or_else(|| format!("bit {bit}"), |(_, name)| (*name).to_owned())
        })
        .collect();
    if set.is_empty() {
        return "none".into();
    }
    set.join(" ")
}
