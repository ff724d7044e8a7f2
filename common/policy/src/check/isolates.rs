//! Warnings about isolates: what weakens the protection of those that protect.

use alloc::vec::Vec;

use super::Warnings;
use crate::{
    AzureVtpmIsolate, Chips, IsolateKind, SevSnpIsolate, SnpSigningKey, SnpTcb, TcbException,
    TdxIsolate, WarningCause,
    json::{Place, Pointer},
    policy::Content,
};

pub(super) fn warn(content: &Content, warnings: &mut Warnings<'_>) {
    let isolates = &content.isolates;
    let root = Pointer::Root;
    let mut section = Section {
        kind: "isolates",
        at: root.name("isolates"),
        warnings,
    };
    // The isolates of a quorum are no alternatives; what that means is warned about there.
    if content.quorum.is_empty() {
        section.weakest(isolates.kinds().collect());
    }
    for kind in isolates.kinds().filter(|kind| !kind.protects_from_host()) {
        section.below(kind).unprotected();
    }
    if let Some(sgx) = &isolates.sgx {
        let mut section = section.below(IsolateKind::Sgx);
        section.chips(&sgx.chips);
        section.exceptions(&sgx.tcb_exceptions);
    }
    if let Some(tdx) = &isolates.tdx {
        let mut section = section.below(IsolateKind::Tdx);
        section.tdx(tdx);
        if tdx.rtmr.first().is_none_or(Vec::is_empty) {
            section.add("mrtd", WarningCause::ConfigurationNotMeasured);
        }
    }
    if let Some(snp) = &isolates.sev_snp {
        section.below(IsolateKind::SevSnp).sev_snp(snp);
    }
    if isolates.nitro.is_some() {
        section.below(IsolateKind::Nitro).chips(&Chips::Any);
    }
    if let Some(cca) = &isolates.cca {
        section.below(IsolateKind::Cca).chips(&cca.chips);
    }
    if let Some(psa) = &isolates.psa {
        section.below(IsolateKind::Psa).chips(&psa.chips);
    }
    if let Some(azure) = &isolates.azure_vtpm {
        section.below(IsolateKind::AzureVtpm).azure(azure);
    }
}

/// `isolates`, or the object of one kind, and where it stands.
struct Section<'a, 'w> {
    kind: &'static str,
    at: Pointer<'a>,
    warnings: &'a mut Warnings<'w>,
}

impl<'w> Section<'_, 'w> {
    fn below(&mut self, kind: IsolateKind) -> Section<'_, 'w> {
        Section {
            kind: kind.name(),
            at: self.at.name(kind.name()),
            warnings: self.warnings,
        }
    }

    fn weakest(&mut self, kinds: Vec<IsolateKind>) {
        if kinds.len() > 1 {
            let kinds = kinds.into_iter().map(IsolateKind::name).collect();
            let cause = WarningCause::Weakest { kinds };
            self.warnings.add(&self.at, Place::Name, cause);
        }
    }

    fn unprotected(&mut self) {
        let cause = WarningCause::Unprotected { kind: self.kind };
        self.warnings.add(&self.at, Place::Name, cause);
    }

    fn chips(&mut self, chips: &Chips) {
        if *chips == Chips::Any {
            self.add("any_chip", WarningCause::AnyChip { kind: self.kind });
        }
    }

    fn exceptions(&mut self, exceptions: &[TcbException]) {
        let list = self.at.name("tcb_exceptions");
        for (index, exception) in exceptions.iter().enumerate() {
            let cause = WarningCause::TcbException {
                kind: self.kind,
                status: exception.status,
            };
            self.warnings.add(&list.index(index), Place::Value, cause);
        }
    }

    fn tdx(&mut self, tdx: &TdxIsolate) {
        self.chips(&tdx.chips);
        self.exceptions(&tdx.tcb_exceptions);
    }

    fn sev_snp(&mut self, snp: &SevSnpIsolate) {
        let kind = self.kind;
        self.chips(&snp.chips);
        if snp.signing_key != SnpSigningKey::Vcek {
            self.add("signing_key", WarningCause::ProviderKey { kind });
        }
        if snp.minimum_tcb == SnpTcb::default() {
            self.add("measurement", WarningCause::NoMinimumTcb { kind });
        }
    }

    fn azure(&mut self, azure: &AzureVtpmIsolate) {
        let snp = azure.sev_snp.as_ref().map(|_| IsolateKind::SevSnp);
        let tdx = azure.tdx.as_ref().map(|_| IsolateKind::Tdx);
        self.weakest(snp.into_iter().chain(tdx).collect());
        if let Some(snp) = &azure.sev_snp {
            self.below(IsolateKind::SevSnp).sev_snp(snp);
        }
        if let Some(tdx) = &azure.tdx {
            self.below(IsolateKind::Tdx).tdx(tdx);
        }
    }

    fn add(&mut self, field: &str, cause: WarningCause) {
        self.warnings.add(&self.at.name(field), Place::Name, cause);
    }
}
