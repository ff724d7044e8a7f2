//! Every cause of an error.

use alloc::{format, string::String, vec::Vec};

use veracruz_catalogue::ErrorCode;

use crate::{
    FilePath, ParticipantName, PathPattern,
    words::{bytes, duration, grouped},
};

/// Why a document is not a policy. The author of the document is at fault in all of them.
///
/// Texts in the fields are shortened copies of what the document says.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    // The document as JSON.
    /// The document is larger than a policy may be.
    #[error("the document has more than {limit} bytes")]
    DocumentTooLarge {
        /// Most bytes of a policy.
        limit: usize,
        /// Bytes of the document.
        found: usize,
    },
    /// The document is not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// The document starts with a byte order mark.
    #[error("the document starts with a byte order mark")]
    ByteOrderMark,
    /// Something else was expected here by the grammar of JSON.
    #[error("expected {expected}, found {found}")]
    Syntax {
        /// What the grammar allows here.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Objects and arrays are nested too deep.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// The document has too many values.
    #[error("more than {limit} values in one document")]
    TooManyValues {
        /// Most values, members of objects and elements of arrays included.
        limit: usize,
    },
    /// A name stands twice in one object.
    #[error("{name:?} stands twice in one object")]
    DuplicateKey {
        /// The name.
        name: String,
    },
    /// A number is not an integer between -(2^53 - 1) and 2^53 - 1 in its one spelling.
    #[error("{found} is not an integer between -(2^53 - 1) and 2^53 - 1")]
    NotAnInteger {
        /// The number as written.
        found: String,
    },
    /// A string has half of a surrogate pair, which is not text.
    #[error("\\u{found:04x} is half of a surrogate pair")]
    LoneSurrogate {
        /// The code unit.
        found: u32,
    },

    // Single fields.
    /// The field has a value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type that the field has.
        expected: &'static str,
        /// The type that is there.
        found: &'static str,
    },
    /// There is no such field.
    #[error("there is no field {name:?} here")]
    UnknownField {
        /// The field's name.
        name: String,
        /// The nearest name that there is.
        nearest: Option<&'static str>,
        /// All names that there are.
        known: &'static [&'static str],
    },
    /// A field without a default is missing.
    #[error("the field {name:?} is missing")]
    MissingField {
        /// The field's name.
        name: &'static str,
    },
    /// This is a policy's language, but not yet this version's.
    #[error("{what} is not supported by this version of veracruz")]
    NotSupported {
        /// The field or word.
        what: String,
    },
    /// The `veracruz` field names a version of the format that this program does not know.
    #[error("expected version {expected} of the policy format, found {found}")]
    UnknownVersion {
        /// The version that this program knows.
        expected: i64,
        /// The version of the document.
        found: i64,
    },
    /// The field takes one of a few words, and this is none of them.
    #[error("{found:?} is not one of {}", list(known))]
    UnknownWord {
        /// The text.
        found: String,
        /// The words.
        known: &'static [&'static str],
    },
    /// A number, size or duration is too small or too large.
    #[error("{found} is not between {} and {}", unit.words(*minimum), unit.words(*maximum))]
    OutOfRange {
        /// The least that is allowed.
        minimum: u64,
        /// The most that is allowed.
        maximum: u64,
        /// What the bounds count.
        unit: Unit,
        /// The number as written.
        found: String,
    },
    /// A list, an object or a text is too short or too long.
    #[error("expected {minimum} to {maximum} {unit}, found {found}")]
    WrongLength {
        /// What is counted.
        unit: &'static str,
        /// The least that is allowed.
        minimum: usize,
        /// The most that is allowed.
        maximum: usize,
        /// How many there are.
        found: usize,
    },
    /// A text has a character that it may not have.
    #[error("the text has the character U+{found:04X}, which is not allowed here")]
    ForbiddenCharacter {
        /// The character's number.
        found: u32,
    },
    /// A participant's or a variable's name has another form.
    #[error("{found:?} is not a name: expected {expected}")]
    InvalidName {
        /// The form.
        expected: &'static str,
        /// The text.
        found: String,
    },
    /// A path is not canonical.
    #[error("{found:?} is not a canonical path: {reason}")]
    InvalidPath {
        /// Which rule it breaks.
        reason: crate::PathError,
        /// The text.
        found: String,
    },
    /// A digest has another form.
    #[error("{found:?} is not {expected}: {reason}")]
    InvalidDigest {
        /// Which digest in which form, in words.
        expected: &'static str,
        /// What is wrong with it.
        reason: crate::DigestError,
        /// The text.
        found: String,
    },
    /// A size has another form.
    #[error("{found:?} is not a size")]
    InvalidSize {
        /// The text.
        found: String,
    },
    /// A duration has another form.
    #[error("{found:?} is not a duration")]
    InvalidDuration {
        /// The text.
        found: String,
    },
    /// A time has another form.
    #[error("{found:?} is not a time: {reason}")]
    InvalidTimestamp {
        /// What is wrong with it.
        reason: crate::TimestampError,
        /// The text.
        found: String,
    },
    /// An element stands twice in one list.
    #[error("{found:?} stands twice in one list")]
    DuplicateElement {
        /// The element.
        found: String,
    },
    /// A measurement or the id of a chip is all zeros, which stands for none.
    #[error("this is all zeros, which no measurement and no chip is")]
    AllZeros,
    /// The id of a chip has another form.
    #[error("{found:?} is not {bytes} bytes in lower-case hex")]
    InvalidChipId {
        /// Bytes of an id of this technology.
        bytes: usize,
        /// The text.
        found: String,
    },
    /// An isolate says neither which chips will do nor that any will.
    #[error("which chips will do is not said")]
    ChipsNotSaid,
    /// An isolate names chips, and says that any will do.
    #[error("\"any_chip\" is true beside \"chip_ids\"")]
    ChipsSaidTwice,
    /// None of several fields is there, of which one must be.
    #[error("{names} is missing")]
    MissingOneOf {
        /// The fields in words.
        names: &'static str,
    },
    /// A certificate is not exactly one PEM block with one X.509 certificate.
    #[error("this is not one X.509 certificate as PEM: {reason}")]
    InvalidCertificate {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A certificate has an old version of X.509.
    #[error("the certificate is X.509 v{found}, not v3")]
    CertificateVersion {
        /// Its version.
        found: u8,
    },
    /// A certificate has a critical extension that TLS would refuse, or an extension twice.
    #[error("the certificate's extension {oid} {reason}")]
    CertificateExtension {
        /// The extension's object identifier.
        oid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key, of a certificate or by itself, is of a kind that this version does not take.
    #[error("the key ({found}) is not supported by this version of veracruz")]
    KeyNotSupported {
        /// The kinds that are.
        expected: &'static str,
        /// The kind of key.
        found: String,
    },
    /// A key is not a point on its curve.
    #[error("the key is not an uncompressed point on its curve")]
    InvalidKey,
    /// A key is not exactly one PEM block with one public key.
    #[error("this is not one public key as PEM: {reason}")]
    InvalidPublicKey {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A verifier's certificate is not that of an authority.
    #[error("the certificate's basicConstraints do not say that it is an authority's")]
    NotAnAuthority,

    // What the fields mean together.
    /// Two participants have one key, so they are one.
    #[error("{second} has the key of {first}")]
    SharedKey {
        /// The one that comes first by name.
        first: ParticipantName,
        /// The other one.
        second: ParticipantName,
    },
    /// A name is not that of a participant.
    #[error("there is no participant {found:?}")]
    UnknownParticipant {
        /// The name.
        found: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// A stage's program is not a file of the policy.
    #[error("there is no file {found}")]
    UnknownFile {
        /// The path.
        found: FilePath,
        /// The nearest path that there is.
        nearest: Option<String>,
    },
    /// A stage's program is a file that stages write.
    #[error("the program {path} has no provider")]
    ProgramNotProvided {
        /// The program.
        path: FilePath,
    },
    /// A file has neither a provider nor receivers and is not intermediate: nobody would see it.
    #[error("{path} has neither a provider nor receivers, and is not intermediate")]
    FileWithoutRole {
        /// The file.
        path: FilePath,
    },
    /// An intermediate file has a provider or receivers.
    #[error("{path} is intermediate, so it has no {field:?}")]
    IntermediateWithParty {
        /// The file.
        path: FilePath,
        /// `provider` or `receivers`.
        field: &'static str,
    },
    /// A file that stages write has digests.
    #[error("{path} is not provided, so its content cannot be pinned")]
    PinnedOutput {
        /// The file.
        path: FilePath,
    },
    /// One file is a folder of another's path.
    #[error("{inner} is below {outer}, which is a file")]
    PathInsideFile {
        /// The file whose path is the shorter one.
        outer: FilePath,
        /// The file below it.
        inner: FilePath,
    },
    /// A stage reads what nothing has provided or written by then.
    #[error("nothing that stage {stage} could read at {pattern} was provided or written by then")]
    NothingToRead {
        /// The stage, from 1.
        stage: usize,
        /// The entry of `read`.
        pattern: PathPattern,
    },
    /// A stage writes where there is neither an output nor an intermediate file.
    #[error("there is no output or intermediate file at {pattern}")]
    NothingToWrite {
        /// The entry of `write`.
        pattern: PathPattern,
    },
    /// A stage writes what a participant provides.
    #[error("{path} is provided by {provider}, so no stage may write it")]
    ProvidedAndWritten {
        /// The file.
        path: FilePath,
        /// Its provider.
        provider: ParticipantName,
    },
    /// An isolate that does not protect from the host, and the policy does not say that it knows.
    #[error("the isolate {kind:?} does not protect from the host, and the policy does not say so")]
    UnprotectedNotSaid {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// The policy says that it is unprotected, and it is not.
    #[error("no isolate of this policy is unprotected")]
    UnprotectedSaidInVain,
    /// An isolate that does not protect from the host stands beside one that does: the host would
    /// choose it.
    #[error("the isolate {kind:?} does not protect from the host, and {beside:?} does")]
    UnprotectedBeside {
        /// The kind of isolate.
        kind: &'static str,
        /// The first kind that protects.
        beside: &'static str,
    },
    /// A participant's client is to believe a verifier, and the policy names none.
    #[error("{participant} is to trust a verifier, and the policy names none")]
    TrustWithoutVerifier {
        /// The participant.
        participant: ParticipantName,
    },
    /// A quorum has a kind of isolate that the policy does not describe.
    #[error("the quorum has the isolate {kind:?}, which \"isolates\" does not describe")]
    QuorumKindUnknown {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// An isolate is described that is not in the quorum, and so could never take part.
    #[error("the isolate {kind:?} is not in the quorum, and could never take part")]
    NotInQuorum {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// Whoever provides a file in a quorum must sign which isolates they are.
    #[error("{participant} provides a file, and does not sign which isolates are the quorum")]
    QuorumProviderSilent {
        /// The participant.
        participant: ParticipantName,
    },
    /// Whoever signs which isolates are the quorum must appraise them itself.
    #[error("{participant} signs which isolates are the quorum, and appraises none of them")]
    QuorumSignerRelies {
        /// The participant.
        participant: ParticipantName,
    },
    /// All files together are larger than a policy may allow.
    #[error("all files together may have {found} bytes, more than {limit}")]
    FilesTooLarge {
        /// Most bytes of all files.
        limit: u64,
        /// The sum of all `max_bytes`.
        found: u64,
    },
    /// A stage needs more than its own limit: it could never start.
    #[error("stage {stage} needs {found} {unit}, more than its {limit_name:?} of {limit}")]
    ExceedsOwnLimit {
        /// The stage, from 1.
        stage: usize,
        /// What is counted.
        unit: &'static str,
        /// The limit's field.
        limit_name: &'static str,
        /// The limit.
        limit: u64,
        /// What the stage needs.
        found: u64,
    },
    /// A file that a stage needs before it begins cannot exist by then.
    #[error(
        "stage {stage} has {path} as its {field:?}, and nothing has provided or written it by then"
    )]
    NotThereYet {
        /// The stage, from 1.
        stage: usize,
        /// `if_exists` or `stdin`.
        field: &'static str,
        /// The file.
        path: FilePath,
    },
    /// A stage's standard input is a file that it may not read.
    #[error("stage {stage} may not read {path}, its standard input")]
    StdinWithoutRight {
        /// The stage, from 1.
        stage: usize,
        /// The file.
        path: FilePath,
    },
    /// A stage may write the file itself that takes what it prints.
    #[error("stage {stage} may write {path} itself, which takes its {field}")]
    PrintedAndWritten {
        /// The stage, from 1.
        stage: usize,
        /// `stdout` or `stderr`.
        field: &'static str,
        /// The file.
        path: FilePath,
    },
    /// One file takes both standard output and standard error.
    #[error("stage {stage} has {path} for both its stdout and its stderr")]
    StreamsInOneFile {
        /// The stage, from 1.
        stage: usize,
        /// The file.
        path: FilePath,
    },
}

/// What a number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Things.
    Number,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// A number of it for people.
    pub(super) fn words(self, number: u64) -> String {
        match self {
            Self::Number => grouped(number),
            Self::Bytes => bytes(number),
            Self::Milliseconds => duration(number),
        }
    }
}

impl Cause {
    /// The entry of the catalogue. A code never changes its meaning.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::DocumentTooLarge { .. } => ErrorCode::PolicyTooLarge,
            Self::NotUtf8 => ErrorCode::PolicyNotUtf8,
            Self::ByteOrderMark => ErrorCode::PolicyByteOrderMark,
            Self::Syntax { .. } => ErrorCode::PolicySyntax,
            Self::TooDeep { .. } => ErrorCode::PolicyTooDeep,
            Self::TooManyValues { .. } => ErrorCode::PolicyTooManyValues,
            Self::DuplicateKey { .. } => ErrorCode::PolicyDuplicateName,
            Self::NotAnInteger { .. } => ErrorCode::PolicyNotAnInteger,
            Self::LoneSurrogate { .. } => ErrorCode::PolicyLoneSurrogate,
            Self::WrongType { .. } => ErrorCode::PolicyWrongType,
            Self::UnknownField { .. } => ErrorCode::PolicyUnknownField,
            Self::MissingField { .. } => ErrorCode::PolicyMissingField,
            Self::NotSupported { .. } => ErrorCode::PolicyNotSupported,
            Self::UnknownVersion { .. } => ErrorCode::PolicyUnknownVersion,
            Self::UnknownWord { .. } => ErrorCode::PolicyUnknownWord,
            Self::OutOfRange { .. } => ErrorCode::PolicyOutOfRange,
            Self::WrongLength { .. } => ErrorCode::PolicyWrongLength,
            Self::ForbiddenCharacter { .. } => ErrorCode::PolicyForbiddenCharacter,
            Self::InvalidName { .. } => ErrorCode::PolicyInvalidName,
            Self::InvalidPath { .. } => ErrorCode::PolicyInvalidPath,
            Self::InvalidDigest { .. } => ErrorCode::PolicyInvalidDigest,
            Self::InvalidSize { .. } => ErrorCode::PolicyInvalidSize,
            Self::InvalidDuration { .. } => ErrorCode::PolicyInvalidDuration,
            Self::InvalidTimestamp { .. } => ErrorCode::PolicyInvalidTime,
            Self::DuplicateElement { .. } => ErrorCode::PolicyDuplicateElement,
            Self::AllZeros => ErrorCode::PolicyAllZeros,
            Self::InvalidChipId { .. } => ErrorCode::PolicyInvalidChipId,
            Self::ChipsNotSaid => ErrorCode::PolicyChipsNotSaid,
            Self::ChipsSaidTwice => ErrorCode::PolicyChipsSaidTwice,
            Self::InvalidCertificate { .. } => ErrorCode::PolicyInvalidCertificate,
            Self::CertificateVersion { .. } => ErrorCode::PolicyCertificateVersion,
            Self::CertificateExtension { .. } => ErrorCode::PolicyCertificateExtension,
            Self::KeyNotSupported { .. } => ErrorCode::PolicyKeyNotSupported,
            Self::InvalidKey => ErrorCode::PolicyInvalidKey,
            Self::InvalidPublicKey { .. } => ErrorCode::PolicyInvalidPublicKey,
            Self::NotAnAuthority => ErrorCode::PolicyNotAnAuthority,
            Self::MissingOneOf { .. } => ErrorCode::PolicyMissingOneOf,
            Self::SharedKey { .. } => ErrorCode::PolicySharedKey,
            Self::UnknownParticipant { .. } => ErrorCode::PolicyUnknownParticipant,
            Self::UnknownFile { .. } => ErrorCode::PolicyUnknownFile,
            Self::ProgramNotProvided { .. } => ErrorCode::PolicyProgramNotProvided,
            Self::FileWithoutRole { .. } => ErrorCode::PolicyFileWithoutRole,
            Self::IntermediateWithParty { .. } => ErrorCode::PolicyIntermediateWithParty,
            Self::PinnedOutput { .. } => ErrorCode::PolicyPinnedOutput,
            Self::PathInsideFile { .. } => ErrorCode::PolicyPathInsideFile,
            Self::NothingToRead { .. } => ErrorCode::PolicyNothingToRead,
            Self::NothingToWrite { .. } => ErrorCode::PolicyNothingToWrite,
            Self::ProvidedAndWritten { .. } => ErrorCode::PolicyProvidedAndWritten,
            Self::UnprotectedNotSaid { .. } => ErrorCode::PolicyUnprotectedNotSaid,
            Self::UnprotectedSaidInVain => ErrorCode::PolicyUnprotectedInVain,
            Self::FilesTooLarge { .. } => ErrorCode::PolicyFilesTooLarge,
            Self::ExceedsOwnLimit { .. } => ErrorCode::PolicyExceedsOwnLimit,
            Self::UnprotectedBeside { .. } => ErrorCode::PolicyUnprotectedBeside,
            Self::TrustWithoutVerifier { .. } => ErrorCode::PolicyTrustWithoutVerifier,
            Self::NotThereYet { .. } => ErrorCode::PolicyNotThereYet,
            Self::StdinWithoutRight { .. } => ErrorCode::PolicyStdinWithoutRight,
            Self::PrintedAndWritten { .. } => ErrorCode::PolicyPrintedAndWritten,
            Self::StreamsInOneFile { .. } => ErrorCode::PolicyStreamsInOneFile,
            Self::QuorumKindUnknown { .. } => ErrorCode::PolicyQuorumKindUnknown,
            Self::NotInQuorum { .. } => ErrorCode::PolicyNotInQuorum,
            Self::QuorumProviderSilent { .. } => ErrorCode::PolicyQuorumProviderSilent,
            Self::QuorumSignerRelies { .. } => ErrorCode::PolicyQuorumSignerRelies,
        }
    }
}

/// Words in quotes, with commas.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    quoted.join(", ")
}
