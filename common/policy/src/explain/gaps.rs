//! What is not protected.

use super::{Arg, Section, Subject, all, code, plain, say, sentence::Sentence};
use crate::{Chips, Isolates, Trust};

pub(super) fn section(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("What is not protected");
    let policy = subject.policy;
    if policy.unprotected() {
        section.add(say(
            "All parties accept an isolate that does not protect from the host: whoever runs the \
             machine can read and change everything.",
            &[],
            &["unprotected"],
        ));
    } else {
        section.add(say(
            "Every isolate of this policy protects from the host, as far as its maker is right.",
            &[],
            &["unprotected"],
        ));
    }
    programs(subject, &mut section);
    for text in [
        "Whoever receives a file can do with it what they like.",
        "The host sees who connects, when, how many bytes go which way, and how long a run takes.",
        "This policy does not say who runs the machine, nor in which country it stands: that is \
         for your agreement with them.",
        "Everyone who takes part sees who approved and who withdrew, which files are there, \
         whether a run has failed, and the digest of every program.",
        "The host can stop the computation at any time, and no result comes then.",
        "Isolates keep other software out. They are weaker against whoever has the machine in \
         hand, and side channels of the processor may tell more than its maker says.",
    ] {
        section.add(Sentence::new(text, &[]));
    }
    if policy.isolates().nitro.is_some() {
        section.add(say(
            "Nitro does not protect from Amazon, which makes it and runs the machine.",
            &[],
            &["isolates", "nitro"],
        ));
    }
    if any_chip(policy.isolates()) {
        section.add(say(
            "Evidence can be forged with the key of one broken chip of a kind that this policy \
             accepts without naming machines.",
            &[],
            &["isolates"],
        ));
    }
    section.add(say(
        "Each instance counts its own runs, and no isolate knows of another: whoever approves a \
         second instance allows as many runs again.",
        &[],
        &["approval", "runs"],
    ));
    if policy.expires().is_some() {
        section.add(say(
            "The host sets the isolate's clock, so that what holds after the end of this policy \
             is what clients refuse.",
            &[],
            &["expires"],
        ));
    }
    let relying = policy
        .participants()
        .iter()
        .filter(|one| one.trust == Trust::Verifier)
        .map(|one| code(&one.name));
    let relying: alloc::vec::Vec<Arg> = relying.collect();
    if !relying.is_empty() {
        section.add(say(
            "A verifier that errs or lies deceives {}, who see no evidence themselves.",
            &[all(relying, "")],
            &["verifiers"],
        ));
    }
    for sentence in &mut section.sentences {
        sentence.caution = policy.unprotected()
            || sentence
                .pointers
                .first()
                .is_none_or(|at| at != "/unprotected");
    }
    section
}

/// What programs may do with what they read is for people to judge.
fn programs(subject: &Subject<'_>, section: &mut Section) {
    let policy = subject.policy;
    section.add(say(
        "What outputs tell about inputs is up to the programs: nothing here limits it but the \
         sizes of the outputs.",
        &[],
        &["pipeline"],
    ));
    for file in policy.programs().filter_map(|path| policy.file(path)) {
        let path = file.path.as_str();
        let provider = file.provider.as_ref().map_or_else(|| plain("nobody"), code);
        if file.is_pinned() {
            section.add(say(
                "{} is fixed by its digest, which says which program runs and not what it does: \
                 let somebody whom you trust read its source and build it.",
                &[code(path)],
                &["files", path],
            ));
        } else {
            section.add(say(
                "{} is not fixed: {} can give any program, and the others see its digest before \
                 they approve, but not what it does.",
                &[code(path), provider],
                &["files", path],
            ));
        }
    }
}

fn any_chip(isolates: &Isolates) -> bool {
    let azure = isolates.azure_vtpm.as_ref();
    let chips = [
        isolates.sgx.as_ref().map(|one| &one.chips),
        isolates.tdx.as_ref().map(|one| &one.chips),
        isolates.sev_snp.as_ref().map(|one| &one.chips),
        isolates.nitro.as_ref().map(|_| &Chips::Any),
        isolates.cca.as_ref().map(|one| &one.chips),
        isolates.psa.as_ref().map(|one| &one.chips),
        azure
            .and_then(|one| one.sev_snp.as_ref())
            .map(|one| &one.chips),
        azure.and_then(|one| one.tdx.as_ref()).map(|one| &one.chips),
    ];
    chips.contains(&Some(&Chips::Any))
}
