//! Media types of requests and answers.

use veracruz_evidence::Technology;

/// A session, as Veraison has it.
pub const SESSION: &str = "application/vnd.veraison.challenge-response-session+json";
/// What the service is and where its routes are, as Veraison has it.
pub const DISCOVERY: &str = "application/vnd.veraison.discovery+json";
/// Evidence in our envelope, of whatever technology (draft-ietf-rats-msg-wrap).
pub const CMW: &str = "application/cmw+cbor";
/// Evidence with the policy to hold it against and what it is bound to.
pub const APPRAISAL: &str = "application/vnd.veracruz.appraisal+json";

/// Every media type in which a session takes evidence.
pub(super) fn accepted() -> Vec<&'static str> {
    let technologies = Technology::ALL
        .iter()
        .map(|technology| technology.media_type());
    [APPRAISAL, CMW].into_iter().chain(technologies).collect()
}

/// Whether a `Content-Type` is this media type; white space between its parts does not matter.
pub(super) fn is(content_type: &str, media_type: &str) -> bool {
    let parts = |text: &str| -> String {
        let dense = text.chars().filter(|c| !c.is_ascii_whitespace());
        dense.collect()
    };
    parts(content_type) == parts(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_do_not_make_another_type_and_profiles_do() {
        let psa = Technology::Psa.media_type();
        assert!(is(&psa.replace("; ", ";"), psa));
        assert!(!is(psa, Technology::SoftwareRootOfTrust.media_type()));
        assert!(!is("application/eat+cwt", psa));
    }
}
