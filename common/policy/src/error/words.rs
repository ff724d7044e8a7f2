//! What an error says beside its one line: expected, found, and what to do.

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString},
};

use super::{Cause, cause::list};

impl Cause {
    /// What should have been there, in words, where that can be said.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        let text = match self {
            Self::DocumentTooLarge { limit, .. } => format!("at most {limit} bytes"),
            Self::NotUtf8 => "UTF-8".to_owned(),
            Self::ByteOrderMark => "the policy's opening brace".to_owned(),
            Self::Syntax { expected, .. }
            | Self::WrongType { expected, .. }
            | Self::InvalidName { expected, .. }
            | Self::InvalidDigest { expected, .. }
            | Self::KeyNotSupported { expected, .. } => (*expected).to_owned(),
            Self::TooDeep { limit } => format!("at most {limit} levels"),
            Self::TooManyValues { limit } => format!("at most {limit} values"),
            Self::DuplicateKey { .. } => "each name once".to_owned(),
            Self::NotAnInteger { .. } => "an integer below 2^53".to_owned(),
            Self::LoneSurrogate { .. } => "a surrogate pair".to_owned(),
            Self::UnknownField { known, .. } | Self::UnknownWord { known, .. } => {
                format!("one of {}", list(known))
            }
            Self::MissingField { name } => format!("a field {name:?}"),
            Self::UnknownVersion { expected, .. } => expected.to_string(),
            Self::OutOfRange {
                minimum,
                maximum,
                unit,
                ..
            } => format!("{} to {}", unit.words(*minimum), unit.words(*maximum)),
            Self::WrongLength {
                unit,
                minimum,
                maximum,
                ..
            } => format!("{minimum} to {maximum} {unit}"),
            Self::InvalidPath { .. } => "a canonical absolute path".to_owned(),
            Self::InvalidChipId { bytes, .. } => {
                format!("{} characters 0-9 a-f", bytes.saturating_mul(2))
            }
            Self::ChipsNotSaid | Self::ChipsSaidTwice => {
                "either \"chip_ids\" or \"any_chip\": true".to_owned()
            }
            Self::MissingOneOf { names } => (*names).to_owned(),
            Self::InvalidPublicKey { .. } => "one PEM block PUBLIC KEY".to_owned(),
            Self::NotAnAuthority => "the certificate of an authority".to_owned(),
            Self::InvalidSize { .. } => "bytes, or a text as \"64MiB\"".to_owned(),
            Self::InvalidDuration { .. } => "a text as \"60s\"".to_owned(),
            Self::InvalidTimestamp { .. } => "a time as \"2027-01-01T00:00:00Z\"".to_owned(),
            Self::DuplicateElement { .. } => "each element once".to_owned(),
            Self::InvalidCertificate { .. } => "one PEM block CERTIFICATE".to_owned(),
            Self::CertificateVersion { .. } => "X.509 v3".to_owned(),
            Self::CertificateExtension { .. } => {
                "subjectAltName, keyUsage, basicConstraints and extKeyUsage alone critical, \
                 and each extension once"
                    .to_owned()
            }
            Self::InvalidKey => "an uncompressed point".to_owned(),
            Self::SharedKey { .. } => "a key of its own for each participant".to_owned(),
            Self::UnknownParticipant { .. } => "the name of a participant".to_owned(),
            Self::UnknownFile { .. } => "a path of \"files\"".to_owned(),
            Self::ProgramNotProvided { .. } => "a file with a provider".to_owned(),
            Self::FilesTooLarge { limit, .. } => format!("at most {limit} bytes"),
            Self::ExceedsOwnLimit { limit, unit, .. } => format!("at most {limit} {unit}"),
            Self::UnprotectedNotSaid { .. } => "\"unprotected\": true".to_owned(),
            // What would be right depends on what the author meant: the hint says the ways.
            Self::NotSupported { .. }
            | Self::ForbiddenCharacter { .. }
            | Self::AllZeros
            | Self::UnprotectedBeside { .. }
            | Self::TrustWithoutVerifier { .. }
            | Self::FileWithoutRole { .. }
            | Self::IntermediateWithParty { .. }
            | Self::PinnedOutput { .. }
            | Self::PathInsideFile { .. }
            | Self::NothingToRead { .. }
            | Self::NothingToWrite { .. }
            | Self::ProvidedAndWritten { .. }
            | Self::NotThereYet { .. }
            | Self::StdinWithoutRight { .. }
            | Self::PrintedAndWritten { .. }
            | Self::StreamsInOneFile { .. }
            | Self::QuorumKindUnknown { .. }
            | Self::NotInQuorum { .. }
            | Self::QuorumProviderSilent { .. }
            | Self::QuorumSignerRelies { .. }
            | Self::UnprotectedSaidInVain => return None,
        };
        Some(text)
    }

    /// What was there instead, shortened, where that can be said.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        let text = match self {
            Self::Syntax { found, .. }
            | Self::NotAnInteger { found }
            | Self::UnknownWord { found, .. }
            | Self::OutOfRange { found, .. }
            | Self::InvalidName { found, .. }
            | Self::InvalidPath { found, .. }
            | Self::InvalidDigest { found, .. }
            | Self::InvalidChipId { found, .. }
            | Self::InvalidSize { found }
            | Self::InvalidDuration { found }
            | Self::InvalidTimestamp { found, .. }
            | Self::DuplicateElement { found }
            | Self::KeyNotSupported { found, .. }
            | Self::UnknownParticipant { found, .. } => found.clone(),
            Self::DocumentTooLarge { found, .. } | Self::WrongLength { found, .. } => {
                found.to_string()
            }
            Self::ByteOrderMark => "a byte order mark".to_owned(),
            Self::DuplicateKey { name } | Self::UnknownField { name, .. } => name.clone(),
            Self::LoneSurrogate { found } => format!("\\u{found:04x}"),
            Self::WrongType { found, .. } => (*found).to_owned(),
            Self::NotSupported { what } => what.clone(),
            Self::UnknownVersion { found, .. } => found.to_string(),
            Self::ForbiddenCharacter { found } => format!("U+{found:04X}"),
            Self::CertificateVersion { found } => format!("X.509 v{found}"),
            Self::CertificateExtension { oid, .. } => oid.clone(),
            Self::SharedKey { first, .. } => format!("the key of {first}"),
            Self::UnknownFile { found, .. } => found.to_string(),
            Self::ProgramNotProvided { path }
            | Self::FileWithoutRole { path }
            | Self::IntermediateWithParty { path, .. }
            | Self::PinnedOutput { path }
            | Self::ProvidedAndWritten { path, .. }
            | Self::NotThereYet { path, .. }
            | Self::StdinWithoutRight { path, .. }
            | Self::PrintedAndWritten { path, .. }
            | Self::StreamsInOneFile { path, .. } => path.to_string(),
            Self::PathInsideFile { inner, .. } => inner.to_string(),
            Self::NothingToRead { pattern, .. } | Self::NothingToWrite { pattern } => {
                pattern.to_string()
            }
            Self::UnprotectedNotSaid { kind }
            | Self::UnprotectedBeside { kind, .. }
            | Self::QuorumKindUnknown { kind }
            | Self::NotInQuorum { kind } => (*kind).to_owned(),
            Self::TrustWithoutVerifier { participant }
            | Self::QuorumProviderSilent { participant }
            | Self::QuorumSignerRelies { participant } => participant.to_string(),
            Self::AllZeros => "zeros".to_owned(),
            Self::FilesTooLarge { found, .. } | Self::ExceedsOwnLimit { found, .. } => {
                found.to_string()
            }
            // Nothing is there, or it is not text.
            Self::NotUtf8
            | Self::TooDeep { .. }
            | Self::TooManyValues { .. }
            | Self::MissingField { .. }
            | Self::MissingOneOf { .. }
            | Self::ChipsNotSaid
            | Self::ChipsSaidTwice
            | Self::InvalidCertificate { .. }
            | Self::InvalidPublicKey { .. }
            | Self::NotAnAuthority
            | Self::InvalidKey
            | Self::UnprotectedSaidInVain => return None,
        };
        Some(text)
    }

    /// What to do about it: one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        let nearest = match self {
            Self::UnknownField { nearest, .. } => nearest.map(ToString::to_string),
            Self::UnknownParticipant { nearest, .. } | Self::UnknownFile { nearest, .. } => {
                nearest.clone()
            }
            _ => None,
        };
        match (nearest, self) {
            (Some(name), _) => format!("did you mean {name:?}?"),
            (None, Self::UnknownField { known, .. }) => {
                format!("the fields here are {}", list(known))
            }
            _ => self.code().hint().to_owned(),
        }
    }
}
