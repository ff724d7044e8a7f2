//! A quorum: what would keep its isolates from agreeing, or from being what they are taken for.

use alloc::vec::Vec;

use super::{Report, Warnings};
use crate::{
    Cause, Clock, IsolateKind, Nan, ParticipantName, Random, Trust, WarningCause,
    json::{Place, Pointer},
    policy::Content,
};

pub(super) fn check(content: &Content, report: &mut Report<'_>) {
    if content.quorum.is_empty() {
        return;
    }
    // Equal in all isolates. A source of another kind is to be refused here: without that, this does
    // not compile.
    let (Random::Seeded, Clock::Fixed) = (content.execution.random, content.execution.clock);
    kinds(content, report);
    providers_sign(content, report);
    signers_appraise(content, report);
}

/// Every kind of the quorum is described, and there is no isolate beside the quorum.
fn kinds(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let quorum = root.name("quorum");
    for (index, kind) in content.quorum.iter().enumerate() {
        if !content.isolates.accepts(*kind) {
            let kind = kind.name();
            report.value(&quorum.index(index), Cause::QuorumKindUnknown { kind });
        }
    }
    let isolates = root.name("isolates");
    for kind in content.isolates.kinds() {
        if !content.quorum.contains(&kind) {
            let kind = kind.name();
            report.name(&isolates.name(kind), Cause::NotInQuorum { kind });
        }
    }
}

/// The outputs are compared under a key that is made of the providers' shares: whoever has a part
/// in it says which isolates may have it.
fn providers_sign(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let files = root.name("files");
    for file in &content.files {
        let Some(provider) = &file.provider else {
            continue;
        };
        if !content.approval.required.contains(provider) {
            let cause = Cause::QuorumProviderSilent {
                participant: provider.clone(),
            };
            report.value(&files.name(file.path.as_str()).name("provider"), cause);
        }
    }
}

/// Whoever signs which isolates they are has appraised every one of them.
fn signers_appraise(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let participants = root.name("participants");
    let relying = |name: &&ParticipantName| {
        let mut all = content.participants.iter();
        all.any(|one| one.name == **name && one.trust == Trust::Verifier)
    };
    for participant in content.approval.required.iter().filter(relying) {
        let cause = Cause::QuorumSignerRelies {
            participant: participant.clone(),
        };
        let entry = participants.name(participant.as_str());
        report.value(&entry.name("trust"), cause);
    }
}

pub(super) fn warn(content: &Content, warnings: &mut Warnings<'_>) {
    if content.quorum.is_empty() {
        return;
    }
    let root = Pointer::Root;
    let at = root.name("quorum");
    let kinds: Vec<_> = content.quorum.iter().map(|kind| kind.name()).collect();
    warnings.add(&at, Place::Name, WarningCause::QuorumSharesAll { kinds });
    if content.execution.nan == Nan::Native && !one_instruction_set(&content.quorum) {
        warnings.add(&at, Place::Name, WarningCause::QuorumNativeNan);
    }
}

/// Whether isolates of these kinds are sure to have one instruction set.
fn one_instruction_set(kinds: &[IsolateKind]) -> bool {
    let x86_64 = |kind: &IsolateKind| {
        matches!(
            kind,
            IsolateKind::Sgx | IsolateKind::Tdx | IsolateKind::SevSnp | IsolateKind::AzureVtpm
        )
    };
    let arm = |kind: &IsolateKind| matches!(kind, IsolateKind::Cca | IsolateKind::Psa);
    kinds.iter().all(x86_64) || kinds.iter().all(arm)
}
