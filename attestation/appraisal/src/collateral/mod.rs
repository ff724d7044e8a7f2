//! What evidence is verified with besides itself: certificates, revocation lists, TCB information.

mod add;
mod json;
mod jwk;
pub(crate) mod text;

use std::fmt;

use veracruz_policy::{PublicKey, Sha256};

use crate::Root;

/// Most bytes of one file of collateral.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// Most items of each kind. More are refused, so that no folder makes an appraisal slow.
pub const MAX_ITEMS: usize = 1024;

/// Collateral: what vendors publish about their hardware. It comes from anywhere, the host
/// included: each piece is believed only as far as its own signature leads to a pinned root, at the
/// time of the appraisal.
///
/// Pieces are told apart by what is in them, never by a file's name. Each technology picks what it
/// needs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Collateral {
    certificates: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    documents: Vec<Vec<u8>>,
    keys: Vec<PublicKey>,
    event_logs: Vec<Vec<u8>>,
    #[cfg(feature = "test-evidence")]
    test_roots: Vec<(Root, Sha256)>,
    #[cfg(feature = "test-evidence")]
    emulated: bool,
}

impl Collateral {
    /// No collateral: enough for evidence that brings its own chain and needs no TCB information.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Also takes `certificate` (DER) as the root of a vendor. For tests of verifiers: whoever calls
    /// this trusts evidence that anyone can make.
    #[cfg(feature = "test-evidence")]
    #[must_use]
    pub fn with_test_root(mut self, root: Root, certificate: &[u8]) -> Self {
        self.test_roots.push((root, Sha256::of(certificate)));
        self
    }

    /// Also takes documents of emulators, which nobody signed. For tests of everything around them:
    /// whoever calls this trusts evidence that anyone can write.
    #[cfg(feature = "test-evidence")]
    #[must_use]
    pub const fn with_emulated(mut self) -> Self {
        self.emulated = true;
        self
    }

    /// Whether unsigned documents of emulators will do. Without the feature they never do.
    pub(crate) const fn accepts_emulated(&self) -> bool {
        #[cfg(feature = "test-evidence")]
        let accepts = self.emulated;
        #[cfg(not(feature = "test-evidence"))]
        let accepts = false;
        accepts
    }

    /// Whether this is the digest of a test root. Without the feature there are none.
    pub(crate) fn has_test_root(&self, root: Root, digest: &Sha256) -> bool {
        #[cfg(feature = "test-evidence")]
        let has = self.test_roots.contains(&(root, *digest));
        #[cfg(not(feature = "test-evidence"))]
        let has = {
            let _ = (root, digest);
            false
        };
        has
    }

    /// X.509 certificates, DER.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// Certificate revocation lists (RFC 5280), DER.
    #[must_use]
    pub fn revocation_lists(&self) -> &[Vec<u8>] {
        &self.revocation_lists
    }

    /// JSON documents, in the form of Intel's Provisioning Certification Service:
    /// `{"tcbInfo":…,"signature":…}` and `{"enclaveIdentity":…,"signature":…}`.
    #[must_use]
    pub fn documents(&self) -> &[Vec<u8>] {
        &self.documents
    }

    /// Bare public keys. They are **no** trust anchors where a reference names some; where
    /// genuineness alone is judged, they are what the caller vouches for.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Every piece by itself, in a form that [`add`](Self::add) takes: for keeping what an appraisal
    /// was made with.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        let bytes = [
            &self.certificates,
            &self.revocation_lists,
            &self.documents,
            &self.event_logs,
        ];
        let keys = self.keys.iter().map(|key| key.spki().to_vec());
        bytes.into_iter().flatten().cloned().chain(keys)
    }

    /// Event logs of virtual machines (CCEL), as firmware wrote them. Nobody signs a log: it is
    /// believed where it leads to registers that are signed.
    #[must_use]
    pub fn event_logs(&self) -> &[Vec<u8>] {
        &self.event_logs
    }
}

impl fmt::Debug for Collateral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Collateral({} certificates, {} revocation lists, {} documents, {} keys, \
             {} event logs)",
            self.certificates.len(),
            self.revocation_lists.len(),
            self.documents.len(),
            self.keys.len(),
            self.event_logs.len()
        )
    }
}
