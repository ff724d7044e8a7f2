//! What the headers of an upload say, held against the policy before the body is read.

use subtle::ConstantTimeEq;
use veracruz_policy::{File, Sha256, Trust};
use veracruz_protocol::{ErrorCode, Problem, header::ContentRange};
use zeroize::Zeroizing;

/// What the headers of a `PUT` say.
#[derive(Clone)]
pub struct Upload {
    /// `Content-Length`: how long the body is.
    pub body_length: Option<u64>,
    /// `Content-Range`: where the body belongs; absent where it is the whole file.
    pub range: Option<ContentRange>,
    /// `Repr-Digest`: SHA-256 of the whole file. A participant who relies on a verifier may leave it
    /// out of a whole upload: standard clients do not know it beforehand.
    pub digest: Option<Sha256>,
    /// `Veracruz-Salt`; for a participant who relies on a verifier the shell may have drawn it.
    pub salt: Option<Zeroizing<[u8; 32]>>,
    /// `Veracruz-Share`; as the salt.
    pub share: Option<Zeroizing<[u8; 32]>>,
}

/// What the headers said, after it was found good.
pub(super) struct Announced {
    pub(super) offset: u64,
    pub(super) body_length: u64,
    pub(super) length: u64,
    /// `None` where the provider did not say it: what arrives whole is what was meant.
    pub(super) digest: Option<Sha256>,
    pub(super) salt: Zeroizing<[u8; 32]>,
    pub(super) share: Zeroizing<[u8; 32]>,
}

/// Reads the headers against the policy. `trust` is the provider's.
pub(super) fn announced(
    upload: Upload,
    file: &File,
    largest: u64,
    trust: Trust,
) -> Result<Announced, Problem> {
    let body_length = upload
        .body_length
        .ok_or(Problem::new(ErrorCode::LengthRequired))?;
    let (offset, length) = match upload.range {
        None => (0, body_length),
        Some(range) if range.body_length() == body_length => (range.first(), range.length()),
        Some(range) => {
            return Err(Problem::new(ErrorCode::RangeMalformed)
                .expected(format_args!("a body of {} bytes", range.body_length()))
                .found(body_length));
        }
    };
    if length > largest {
        let problem = Problem::new(ErrorCode::FileTooLarge).detail(file.path.as_str());
        return Err(problem
            .expected(format_args!("at most {largest} bytes"))
            .found(length));
    }
    let digest = upload.digest;
    // Parts are put together by what they say they are parts of.
    if digest.is_none() && (trust != Trust::Verifier || upload.range.is_some()) {
        return Err(Problem::new(ErrorCode::DigestMissing));
    }
    if let Some(digest) = digest.filter(|digest| !file.accepts(digest)) {
        let mut problem = Problem::new(ErrorCode::PinMismatch).detail(file.path.as_str());
        if let [pin] = file.sha256.as_slice() {
            problem = problem.expected(pin);
        }
        return Err(problem.found(digest));
    }
    let missing = |name: &str| Problem::new(ErrorCode::SecretMissing).expected(name);
    let salt = upload
        .salt
        .filter(is_drawn)
        .ok_or_else(|| missing("veracruz-salt"))?;
    let share = upload
        .share
        .filter(is_drawn)
        .ok_or_else(|| missing("veracruz-share"))?;
    if bool::from(salt.ct_eq(&*share)) {
        return Err(missing("a share that is not the salt"));
    }
    Ok(Announced {
        offset,
        body_length,
        length,
        digest,
        salt,
        share,
    })
}

/// All zero is what a forgotten source of randomness gives.
fn is_drawn(secret: &Zeroizing<[u8; 32]>) -> bool {
    !bool::from(secret.ct_eq(&[0; 32]))
}
