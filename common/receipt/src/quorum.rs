//! What a receipt says of a quorum, and the receipts of a whole one.
//!
//! A combined receipt is CBOR `[1, [receipt, …]]`: the receipts of all isolates of one run, each a
//! byte string as that isolate signed it, in the policy's order. It adds nothing that anybody would
//! have to believe: whoever has the receipts makes it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use veracruz_evidence::cbor::{Reader, Writer};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{InstanceId, IsolateKind, MAX_QUORUM, Policy, QuorumMember, QuorumSet};

use crate::{
    EvidenceFindings, MAX_RECEIPT_BYTES, Opening, Outcome, ReceiptError, ReceiptPayload, Verified,
    verify,
};

/// The longest combined receipt that is read, in bytes: as many receipts as a quorum can have.
pub const MAX_COMBINED_BYTES: usize = MAX_QUORUM * (MAX_RECEIPT_BYTES + 16);

/// The version of the file.
const VERSION: u64 = 1;

/// What an isolate says of the quorum in which it made a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumClaim {
    /// The isolates, as everyone who must approve signed them, in the policy's order.
    pub members: Vec<QuorumMember>,
    /// Whether this isolate found that all of them agree with it. Outputs are released only then.
    pub agreed: bool,
}

/// The receipts of all isolates of a quorum, in the form in which they were signed. Nothing about
/// them was verified: see [`verify_combined`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedReceipt(Vec<Vec<u8>>);

/// What a combined receipt proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedQuorum {
    /// What each isolate's receipt proved by itself, in the policy's order.
    pub members: Vec<(IsolateKind, Verified)>,
    /// How the run ended: finished only where it did in all of them.
    pub outcome: Outcome,
    /// In what the receipts differ, where nothing was released: that can be why. Always empty where
    /// the run finished.
    pub differences: Vec<&'static str>,
}

impl CombinedReceipt {
    /// Puts receipts together, in the policy's order.
    #[must_use]
    pub const fn new(receipts: Vec<Vec<u8>>) -> Self {
        Self(receipts)
    }

    /// Whether bytes look like a combined receipt rather than one isolate's: the outermost list has
    /// two elements and not three.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.first() == Some(&0x82)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `TooLong` before anything is looked at; `UnsupportedVersion`, `Malformed`, `Value`.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_COMBINED_BYTES {
            return Err(ReceiptError::TooLong { found: bytes.len() });
        }
        let mut r = Reader::new(bytes)?;
        r.tuple(2)?;
        match r.unsigned()? {
            VERSION => {}
            found => return Err(ReceiptError::UnsupportedVersion { found }),
        }
        let count = r.array(MAX_QUORUM)?;
        let receipts = (0..count)
            .map(|_| Ok(r.bytes(MAX_RECEIPT_BYTES)?.to_vec()))
            .collect::<Result<_, ReceiptError>>()?;
        Ok(Self(receipts))
    }

    /// Writes the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.array(2);
            w.unsigned(VERSION);
            w.array(self.0.len());
            for receipt in &self.0 {
                w.bytes(receipt);
            }
        })
    }

    /// The receipts, as they were signed.
    #[must_use]
    pub fn receipts(&self) -> &[Vec<u8>] {
        &self.0
    }
}

/// Verifies the receipts of a whole quorum offline: each by itself, as [`verify`] does, and that they
/// are of one run of one quorum in which all found the same.
///
/// `appraise` is called for each receipt and says, beside what it found, of which kind the isolate
/// is: what its evidence proves, not what anybody says.
///
/// # Errors
/// Those of [`verify`] for the first receipt that does not hold, and
/// [`ReceiptError::QuorumIncomplete`], [`ReceiptError::QuorumDiffers`].
pub fn verify_combined<E>(
    combined: &CombinedReceipt,
    policy: &Policy,
    openings: &[Opening],
    mut appraise: impl FnMut(&Evidence, &ReportData) -> Result<(EvidenceFindings, IsolateKind), E>,
) -> Result<VerifiedQuorum, ReceiptError>
where
    E: core::error::Error + Send + Sync + 'static,
{
    let mut members: Vec<(IsolateKind, Verified)> = Vec::new();
    for receipt in combined.receipts() {
        let mut kind = None;
        let verified = verify(receipt, policy, openings, |evidence, report_data| {
            let (findings, found) = appraise(evidence, report_data)?;
            kind = Some(found);
            Ok::<_, E>(findings)
        })?;
        let Some(kind) = kind else {
            return Err(ReceiptError::Value("evidence"));
        };
        members.push((kind, verified));
    }
    let shown: Vec<QuorumMember> = members
        .iter()
        .map(|(kind, verified)| QuorumMember {
            instance: verified.payload.instance,
            kind: *kind,
        })
        .collect();
    let set = QuorumSet::new(policy, &shown).map_err(|reason| ReceiptError::QuorumIncomplete {
        reason: Box::new(reason),
    })?;
    let Some((_, first)) = members.first() else {
        return Err(ReceiptError::Value("number of receipts"));
    };
    let mut differences = Vec::new();
    for (_, verified) in &members {
        let payload = &verified.payload;
        let claim = payload.quorum.as_ref();
        if claim.is_none_or(|claim| claim.members != set.members()) {
            return Err(differs(verified, "the isolates of the quorum"));
        }
        if payload.run != first.payload.run {
            return Err(differs(verified, "the run"));
        }
        let found = between(&first.payload, payload);
        // Whoever released says that all agreed.
        let released = [&first.payload, payload]
            .iter()
            .any(|one| one.outcome == Outcome::Finished);
        match found.first() {
            Some(what) if released => return Err(differs(verified, what)),
            _ => differences.extend(found),
        }
    }
    differences.sort_unstable();
    differences.dedup();
    let of = |outcome| {
        members
            .iter()
            .any(|(_, one)| one.payload.outcome == outcome)
    };
    let outcome = match (of(Outcome::Failed), of(Outcome::Withheld)) {
        (true, _) => Outcome::Failed,
        (false, true) => Outcome::Withheld,
        (false, false) => first.payload.outcome,
    };
    Ok(VerifiedQuorum {
        members,
        outcome,
        differences,
    })
}

fn differs(verified: &Verified, what: &'static str) -> ReceiptError {
    ReceiptError::QuorumDiffers {
        instance: verified.payload.instance,
        what,
    }
}

/// In what the receipts of two isolates of one run differ. Measurement and resources may, and the
/// digests of approvals: of one statement there is more than one valid signature, and whoever carries
/// it could choose. That all signed this quorum is what each receipt says by itself.
fn between(one: &ReceiptPayload, other: &ReceiptPayload) -> Vec<&'static str> {
    let pairs = [
        (one.outcome == other.outcome, "the outcome"),
        (one.quorum == other.quorum, "whether all agreed"),
        (one.programs == other.programs, "the programs"),
        (one.inputs == other.inputs, "the inputs"),
        (one.outputs == other.outputs, "the outputs"),
        (one.randomness == other.randomness, "the randomness"),
    ];
    let differing = pairs.iter().filter(|(same, _)| !same);
    differing.map(|(_, what)| *what).collect()
}

/// What one receipt says of a quorum against what the policy demands.
pub(crate) fn check(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    let claim = match (&payload.quorum, policy.quorum().is_empty()) {
        (None, true) => return Ok(()),
        (Some(claim), false) => claim,
        (None, false) => return Err(ReceiptError::Value("quorum, which the policy demands")),
        (Some(_), true) => return Err(ReceiptError::Value("quorum, which the policy has not")),
    };
    let set = QuorumSet::new(policy, &claim.members).map_err(|reason| {
        ReceiptError::QuorumIncomplete {
            reason: Box::new(reason),
        }
    })?;
    if !set.contains(&payload.instance) {
        return Err(ReceiptError::QuorumWithout {
            instance: payload.instance,
        });
    }
    // Released, and agreed: one is not without the other.
    if claim.agreed != (payload.outcome == Outcome::Finished) {
        return Err(ReceiptError::Value(
            "agreement, which does not fit its outcome",
        ));
    }
    Ok(())
}

const MEMBERS: i64 = 1;
const AGREED: i64 = 2;
const MAX_KIND_BYTES: usize = 16;

pub(crate) fn write(claim: &QuorumClaim, w: &mut Writer) {
    w.map(|m| {
        m.int(MEMBERS, |w| {
            w.array(claim.members.len());
            for member in &claim.members {
                w.array(2);
                w.text(member.kind.name());
                w.bytes(member.instance.as_bytes());
            }
        });
        m.int(AGREED, |w| w.boolean(claim.agreed));
    });
}

pub(crate) fn read(r: &mut Reader<'_>) -> Result<QuorumClaim, ReceiptError> {
    let count = r.map(2)?;
    r.key(MEMBERS, "key 1 (members)")?;
    let members = (0..r.array(MAX_QUORUM)?)
        .map(|_| {
            r.tuple(2)?;
            let kind = IsolateKind::from_name(r.text(MAX_KIND_BYTES)?);
            let kind = kind.ok_or(ReceiptError::Value("kind of isolate"))?;
            let instance = InstanceId::from_bytes(r.byte_array()?);
            Ok(QuorumMember { instance, kind })
        })
        .collect::<Result<_, ReceiptError>>()?;
    r.key(AGREED, "key 2 (agreed)")?;
    let agreed = r.boolean()?;
    if count != 2 {
        return Err(ReceiptError::Value("quorum"));
    }
    Ok(QuorumClaim { members, agreed })
}
