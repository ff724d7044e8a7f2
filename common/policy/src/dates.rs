//! What needs a clock.

use alloc::vec::Vec;

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
            let entry = participants.name(participant.name.as_str());
            let at = entry.name("certificate");
            if now > participant.not_after {
                let cause = WarningCause::CertificateExpired {
                    participant: participant.name.clone(),
                    not_after: participant.not_after,
                };
                warnings.add(&at, Place::Value, cause);
            } else if now < participant.not_before {
                let cause = WarningCause::CertificateNotYetValid {
                    participant: participant.name.clone(),
                    not_before: participant.not_before,
                };
                warnings.add(&at, Place::Value, cause);
            }
        }
        if let Some(expires) = self.expires().filter(|expires| now >= *expires) {
            let at = root.name("expires");
            warnings.add(&at, Place::Value, WarningCause::PolicyExpired { expires });
        }
        warnings.into_list()
    }
}
