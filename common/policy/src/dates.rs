//! What needs a clock.

use alloc::{borrow::ToOwned as _, vec::Vec};

use crate::{
    Policy, Timestamp, Warning, WarningCause,
    check::Warnings,
    json::{Place, Pointer, parse},
};

impl Policy {
    /// What is over, or has not begun, at `now`: certificates and the policy itself.
    ///
    /// For `policy check` and for clients, who have a clock that they believe. An isolate has none
    /// and does not call this: a participant is its key, not its certificate.
    #[must_use]
    pub fn check_dates(&self, now: Timestamp) -> Vec<Warning> {
        // The document was parsed before, so it parses.
        let Ok(tree) = parse(&self.document) else {
            return Vec::new();
        };
        let mut warnings = Warnings::new(&self.document, &tree);
        let root = Pointer::Root;
        let participants = root.name("participants");
        for participant in self.participants() {
            let name = participant.name.as_str();
            let entry = participants.name(name);
            let validity = (participant.not_before, participant.not_after);
            certificate(
                name,
                validity,
                now,
                &entry.name("certificate"),
                &mut warnings,
            );
        }
        let verifiers = root.name("verifiers");
        for (index, verifier) in self.verifiers().iter().enumerate() {
            let entry = verifiers.index(index);
            let validity = (verifier.not_before, verifier.not_after);
            certificate(
                &verifier.name,
                validity,
                now,
                &entry.name("ca"),
                &mut warnings,
            );
        }
        if let Some(expires) = self.expires().filter(|expires| now >= *expires) {
            let at = root.name("expires");
            warnings.add(&at, Place::Value, WarningCause::PolicyExpired { expires });
        }
        warnings.into_list()
    }
}

/// A certificate that is over, or has not begun.
fn certificate(
    of: &str,
    (not_before, not_after): (Timestamp, Timestamp),
    now: Timestamp,
    at: &Pointer<'_>,
    warnings: &mut Warnings<'_>,
) {
    let of = of.to_owned();
    let cause = if now > not_after {
        WarningCause::CertificateExpired { of, not_after }
    } else if now < not_before {
        WarningCause::CertificateNotYetValid { of, not_before }
    } else {
        return;
    };
    warnings.add(at, Place::Value, cause);
}
