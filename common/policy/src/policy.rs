//! The policy itself.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use crate::{
    Approval, Execution, File, FilePath, IsolateKind, Isolates, KeyDigest, Participant,
    PathPattern, PolicyErrors, PolicyHash, Stage, Timestamp, Verifier, Warning,
    check::{StageRights, check, warn},
    decode::decode,
    file::covered,
    json::{canonical, parse},
};

/// A policy that was read strictly and checked completely.
///
/// Participants and files are in the order of their names, whatever order the document has them
/// in: documents with one hash are one policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    pub(crate) document: Vec<u8>,
    pub(crate) hash: PolicyHash,
    pub(crate) content: Content,
    pub(crate) warnings: Vec<Warning>,
}

/// What the document says, with defaults filled in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Content {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) files: Vec<File>,
    pub(crate) pipeline: Vec<Stage>,
    pub(crate) execution: Execution,
    pub(crate) isolates: Isolates,
    pub(crate) unprotected: bool,
    pub(crate) approval: Approval,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) verifiers: Vec<Verifier>,
    pub(crate) quorum: Vec<IsolateKind>,
}

impl Policy {
    /// Reads and checks a document of at most [`crate::MAX_DOCUMENT_BYTES`].
    ///
    /// Times are not compared with a clock: see [`Policy::check_dates`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, each with its line and column: the first error
    /// of syntax; or else all errors of single fields; or else all of what the fields mean
    /// together.
    pub fn parse(document: &[u8]) -> Result<Self, PolicyErrors> {
        let tree = parse(document)?;
        let content = decode(document, &tree)?;
        let rights = StageRights::of(&content);
        check(document, &tree, &content, &rights)?;
        Ok(Self {
            document: document.to_owned(),
            hash: PolicyHash::of_canonical(canonical(&tree).as_bytes()),
            warnings: warn(document, &tree, &content, &rights),
            content,
        })
    }

    /// The document as it was given.
    #[must_use]
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// SHA-256 over the canonical form (RFC 8785) of the document as written, without the defaults.
    #[must_use]
    pub fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// What the parties call this computation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.content.name
    }

    /// What the authors say about it; nothing depends on it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.content.description.as_deref()
    }

    /// Who takes part, in the order of their names; at least one.
    #[must_use]
    pub fn participants(&self) -> &[Participant] {
        &self.content.participants
    }

    /// The participant of that name.
    #[must_use]
    pub fn participant(&self, name: &str) -> Option<&Participant> {
        self.participants()
            .iter()
            .find(|participant| participant.name.as_str() == name)
    }

    /// The participant that *is* that key.
    #[must_use]
    pub fn participant_by_key(&self, key: &KeyDigest) -> Option<&Participant> {
        self.participants()
            .iter()
            .find(|participant| participant.key == *key)
    }

    /// All files, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.content.files
    }

    /// The file of that path.
    #[must_use]
    pub fn file(&self, path: &FilePath) -> Option<&File> {
        self.content.file(path)
    }

    /// The stages in the order in which they run; at least one.
    #[must_use]
    pub fn pipeline(&self) -> &[Stage] {
        &self.content.pipeline
    }

    /// How every stage runs.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.content.execution
    }

    /// The acceptable isolates.
    #[must_use]
    pub fn isolates(&self) -> &Isolates {
        &self.content.isolates
    }

    /// Who must agree, and who may start a run.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.content.approval
    }

    /// Does the policy accept isolates that do not protect from the host (and says so)?
    #[must_use]
    pub fn unprotected(&self) -> bool {
        self.content.unprotected
    }

    /// When it ends: clients refuse to attest, approve and upload after that.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.content.expires
    }

    /// The services whose certificates and attestation results are believed, in the order of the
    /// document.
    #[must_use]
    pub fn verifiers(&self) -> &[Verifier] {
        &self.content.verifiers
    }

    /// The kinds of which one isolate each carries out every run, in the order of the document:
    /// outputs are released only if all of them agree. Empty where one isolate is enough.
    #[must_use]
    pub fn quorum(&self) -> &[IsolateKind] {
        &self.content.quorum
    }

    /// The files that are a stage's program, each once, in the order of their first stage.
    pub fn programs(&self) -> impl Iterator<Item = &FilePath> {
        let stages = self.pipeline();
        stages.iter().enumerate().filter_map(move |(index, stage)| {
            let earlier = stages.get(..index).unwrap_or_default();
            earlier
                .iter()
                .all(|other| other.program != stage.program)
                .then_some(&stage.program)
        })
    }

    /// What is allowed and probably not meant, in the order of the document.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl Content {
    /// The files that a pattern covers.
    pub(crate) fn covered(&self, pattern: &PathPattern) -> &[File] {
        covered(&self.files, pattern)
    }

    pub(crate) fn file(&self, path: &FilePath) -> Option<&File> {
        // Files are sorted by path.
        self.files
            .binary_search_by(|file| file.path.cmp(path))
            .ok()
            .and_then(|index| self.files.get(index))
    }
}
