//! All that a receipt proves to someone who has files beside it, and what it does not; in words.

use std::fmt;

use veracruz_appraisal::Collateral;
use veracruz_evidence::Technology;
use veracruz_policy::{Policy, Timestamp};
use veracruz_receipt::{NotProved, Opening, Proved, Receipt, Verified};

use super::approvals::ApprovalAtHand;
use super::dated::DatedAppraisal;
use super::judge::verify_receipt;
use crate::error::Error;

/// Whose clock gave the date at which a receipt was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clock {
    /// That of the machine on which it is judged.
    Here,
    /// That of a participant, who signed the date when the receipt was fresh.
    Participant(String),
    /// Nobody's: the caller named a date.
    Named,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("this machine's clock"),
            Self::Participant(name) => write!(f, "{name}'s clock, as {name} signed beside it"),
            Self::Named => f.write_str("nobody's clock: the date was named by whoever asked"),
        }
    }
}

/// At what date a receipt is judged, and with what.
#[derive(Clone, Debug)]
pub struct JudgedBy<'a> {
    /// The date.
    pub at: Timestamp,
    /// Where that date is from.
    pub clock: Clock,
    /// What vendors published, as it was then.
    pub collateral: &'a Collateral,
    /// The date today, by this machine's clock: it is judged by that too, and the result is told.
    pub today: Timestamp,
}

/// What a receipt and the files beside it proved. Show [`proved`](Self::proved) and
/// [`not_proved`](Self::not_proved) together, or the first misleads.
#[derive(Clone, Debug)]
pub struct Verification {
    /// What the receipt alone proved, with the openings at hand.
    pub verified: Verified,
    /// The date at which its evidence was judged.
    pub at: Timestamp,
    /// Where that date is from.
    pub clock: Clock,
    /// What its evidence is.
    pub technology: Technology,
    /// The approvals at hand, all of them signed by those whom they name.
    pub approvals: Vec<ApprovalAtHand>,
    /// Why its evidence would not do if it were judged today, where it would not.
    pub refused_today: Option<String>,
}

/// Verifies a receipt with all that is at hand: openings of inputs and outputs, approvals (JWS in
/// compact form), the date and the collateral that were kept with it.
///
/// # Errors
/// As [`verify_receipt`](crate::verify_receipt); [`Error::ReceiptUnfit`] where an approval at hand is
/// not one of this policy. An approval that is good and did not count is no error: see
/// [`ApprovalAtHand::counted`].
pub fn verify_kept(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    approvals: &[String],
    by: JudgedBy<'_>,
) -> Result<Verification, Error> {
    let judge = |at| verify_receipt(receipt, policy, openings, by.collateral, at);
    let verified = judge(by.at)?;
    let refused_today = match by.at == by.today {
        true => None,
        false => judge(by.today).err().map(|error| error.to_string()),
    };
    let refused = |error| Error::ReceiptRefused(Box::new(error));
    let technology = Receipt::parse(receipt)
        .map_err(refused)?
        .evidence()
        .technology();
    Ok(Verification {
        approvals: ApprovalAtHand::check(approvals, &verified.payload, policy)?,
        verified,
        at: by.at,
        clock: by.clock,
        technology,
        refused_today,
    })
}

impl JudgedBy<'_> {
    /// The date of a participant's appraisal.
    #[must_use]
    pub fn dated(dated: &DatedAppraisal) -> (Timestamp, Clock) {
        let clock = Clock::Participant(dated.participant().to_owned());
        (dated.at(), clock)
    }
}

impl Verification {
    /// What is proved, a sentence each.
    #[must_use]
    pub fn proved(&self) -> Vec<String> {
        let mut proved: Vec<String> = self.verified.proved.iter().map(Proved::to_string).collect();
        proved.extend(self.counted().map(ApprovalAtHand::words));
        if let Clock::Participant(name) = &self.clock {
            proved.push(format!(
                "{name} signed that it verified this receipt at {}, so the run was before that, as \
                 far as {name}'s word and clock are good",
                self.at
            ));
        }
        proved
    }

    /// What is not, and might be thought to be.
    #[must_use]
    pub fn not_proved(&self) -> Vec<String> {
        let mut not_proved = Vec::new();
        for item in &self.verified.not_proved {
            match (item, &self.clock) {
                (NotProved::ApprovalsNotShown, _) => not_proved.extend(self.approvals_not_shown()),
                (NotProved::NotDated, Clock::Participant(name)) => not_proved.push(format!(
                    "when exactly the run was: an isolate has no clock that anyone trusts, and all \
                     that is known is {name}'s date, before which it was"
                )),
                (item, _) => not_proved.push(item.to_string()),
            }
        }
        if let Some(reason) = &self.refused_today {
            not_proved.push(format!(
                "that the evidence would be accepted today: {reason}. What vendors certify expires; \
                 judged at {} it holds, which rests on {}",
                self.at, self.clock
            ));
        }
        not_proved
    }

    /// Approvals that the receipt names and that are not at hand, in words.
    fn approvals_not_shown(&self) -> Option<String> {
        let named = self.verified.payload.approvals.keys();
        let missing: Vec<String> = named
            .filter(|name| self.counted().all(|shown| shown.participant != **name))
            .map(ToString::to_string)
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "the approvals of {}: the receipt has their digests, and their signatures were \
                 checked by the isolate, not here",
                missing.join(", ")
            )
        })
    }

    fn counted(&self) -> impl Iterator<Item = &ApprovalAtHand> {
        self.approvals.iter().filter(|approval| approval.counted)
    }
}

/// By whose hardware and keys a statement of this technology stands or falls.
#[must_use]
pub fn rests_on(technology: Technology) -> &'static str {
    match technology {
        Technology::SoftwareRootOfTrust => {
            "NO hardware: the word of an attester, a program on the host, whose key the policy names"
        }
        Technology::Sgx | Technology::Tdx => {
            "Intel's processors, and the keys that Intel certifies"
        }
        Technology::SevSnp => "AMD's processors, and the keys that AMD certifies",
        Technology::Nitro => "Amazon, who makes, runs and certifies the machine",
        Technology::Cca => "an Arm CCA platform, and whoever made it and certified its key",
        Technology::Psa => "a device whose key the policy names, and whoever holds that device",
        Technology::Tpm => {
            "a TPM, which says what was started: NO hardware keeps the host out of the isolate"
        }
        Technology::AzureVtpm => {
            "the processors' maker, and Microsoft, whose paravisor runs beside the isolate"
        }
        _ => "a technology that this version has no words for",
    }
}
