//! ATTRIBUTES of an enclave (Intel SDM, volume 3D, section 35.7.1).

use crate::AppraisalError;

const INIT: u64 = 1 << 0;
const DEBUG: u64 = 1 << 1;
const MODE64BIT: u64 = 1 << 2;
const PROVISIONKEY: u64 = 1 << 4;
const EINITTOKENKEY: u64 = 1 << 5;
const CET: u64 = 1 << 6;
pub(super) const KSS: u64 = 1 << 7;
const AEXNOTIFY: u64 = 1 << 10;

const TRUSTED: u64 = INIT | MODE64BIT | CET | KSS | AEXNOTIFY;

const NAMES: &[(u64, &str)] = &[
    (INIT, "INIT"),
    (DEBUG, "DEBUG"),
    (MODE64BIT, "MODE64BIT"),
    (PROVISIONKEY, "PROVISIONKEY"),
    (EINITTOKENKEY, "EINITTOKENKEY"),
    (CET, "CET"),
    (KSS, "KSS"),
    (AEXNOTIFY, "AEXNOTIFY"),
];

/// Refuses what the table in the module's documentation does not accept.
pub(super) fn check(flags: u64) -> Result<(), AppraisalError> {
    if flags & DEBUG != 0 {
        return Err(AppraisalError::DebugNotAllowed {
            claim: "ATTRIBUTES.DEBUG",
        });
    }
    if flags & INIT == 0 || flags & !TRUSTED != 0 {
        return Err(AppraisalError::ConfigurationNotAllowed {
            claim: "ATTRIBUTES",
            expected: format!("INIT, and of the others at most {}", words(TRUSTED & !INIT)),
            found: words(flags),
        });
    }
    Ok(())
}

/// The bits by name, `INIT MODE64BIT`.
pub(super) fn words(flags: u64) -> String {
    crate::intel::words(flags, NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_the_verdict_of_the_table() {
        for bit in 0..64 {
            let verdict = check(INIT | 1 << bit);
            match bit {
                0 | 2 | 6 | 7 | 10 => assert_eq!(verdict, Ok(()), "bit {bit}"),
                1 => assert!(matches!(
                    verdict,
                    Err(AppraisalError::DebugNotAllowed {
                        claim: "ATTRIBUTES.DEBUG"
                    })
                )),
                _ => assert!(
                    matches!(
                        verdict,
                        Err(AppraisalError::ConfigurationNotAllowed {
                            claim: "ATTRIBUTES",
                            ..
                        })
                    ),
                    "bit {bit}"
                ),
            }
        }
        assert!(check(MODE64BIT).is_err(), "not initialised");
    }

    #[test]
    fn unknown_bits_have_words_too() {
        assert_eq!(words(INIT | 1 << 40), "INIT bit 40");
        assert_eq!(words(0), "none");
    }
}
