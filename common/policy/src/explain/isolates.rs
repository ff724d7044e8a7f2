//! Where it may run: what each kind of isolate protects from whom, and what evidence must say.

use alloc::vec::Vec;

use super::{
    Arg, Section, Subject, all, any, code, plain, say,
    subject::{each, segment},
};
use crate::{
    AzureVtpmIsolate, CcaIsolate, Chips, IsolateKind, Isolates, KeyDigest, MicrovmIsolate,
    NitroIsolate, Pcrs, ProcessIsolate, PsaIsolate, SevSnpIsolate, SgxIsolate, SnpSigningKey,
    TcbException, TdxIsolate, TpmIsolate,
};

pub(super) fn sections(subject: &Subject<'_>) -> Vec<Section> {
    let isolates = subject.policy.isolates();
    let mut section = Section::new("Where it may run");
    let kinds: Vec<Arg> = isolates.kinds().map(code).collect();
    let together = !subject.policy.quorum().is_empty();
    let several = kinds.len() > 1 && !together;
    let template = if together {
        "It runs in an isolate of each of these kinds, and in no other: {}."
    } else if several {
        "It may run in {}: the host chooses, and protection is that of the weakest."
    } else {
        "It runs in {} and nowhere else."
    };
    let kinds = match together {
        true => all(kinds, "nothing"),
        false => any(kinds, "nothing"),
    };
    section.add(say(template, &[kinds], &["isolates"]).caution_if(several));
    let mut sections = alloc::vec![section];
    for kind in isolates.kinds() {
        let mut section = Section::new(alloc::format!("In {kind}"));
        let at = ["isolates", kind.name()];
        let sentence = say("This is {}", &[plain(protects(kind))], &at);
        section.add(sentence.caution_if(!kind.protects_from_host()));
        let mut of_kind = Kind {
            at: at.to_vec(),
            section: &mut section,
            subject,
        };
        of_kind.fields(kind, isolates);
        sections.push(section);
    }
    sections
}

/// What a kind protects from whom.
const fn protects(kind: IsolateKind) -> &'static str {
    match kind {
        IsolateKind::Process => {
            "a sandboxed process. Programs cannot get out of it, and parties do not see each \
             other's data through it; whoever runs the machine sees and changes everything."
        }
        IsolateKind::Microvm => {
            "a virtual machine that nothing protects. Programs cannot get out of it, and parties do \
             not see each other's data through it; whoever runs the machine sees and changes \
             everything."
        }
        IsolateKind::Sgx => {
            "an enclave of Intel SGX. Neither the operating system nor the administrator of the \
             machine sees or changes its memory; Intel vouches for the processor."
        }
        IsolateKind::Tdx => {
            "a virtual machine of Intel TDX. Neither hypervisor nor administrator of the machine \
             sees or changes its memory; Intel vouches for the processor."
        }
        IsolateKind::SevSnp => {
            "a virtual machine of AMD SEV-SNP. Neither hypervisor nor administrator of the machine \
             sees or changes its memory; AMD vouches for the processor."
        }
        IsolateKind::Nitro => {
            "an enclave of AWS Nitro. The owner of the instance and its administrators do not see \
             or change its memory; Amazon makes the hypervisor, runs the machine and vouches for \
             both, so that it does not protect from Amazon."
        }
        IsolateKind::Cca => {
            "a realm of Arm CCA. Neither hypervisor nor administrator of the machine sees or \
             changes its memory; the makers whose keys are named vouch for the platform."
        }
        IsolateKind::Psa => {
            "a device with a PSA root of trust. The software outside its secure side does not see \
             or change the inside; those whose keys are named vouch for the device."
        }
        IsolateKind::Tpm => {
            "a machine whose TPM says what was started. Whoever runs the machine can still read \
             its memory."
        }
        IsolateKind::AzureVtpm => {
            "a confidential virtual machine of Azure. Neither hypervisor nor administrator of the \
             host sees or changes its memory; the maker of the processor vouches for Microsoft's \
             paravisor, and that for what runs above it."
        }
    }
}

/// One kind and where it stands in the document.
struct Kind<'a, 's> {
    at: Vec<&'a str>,
    section: &'a mut Section,
    subject: &'a Subject<'s>,
}

impl Kind<'_, '_> {
    fn fields(&mut self, kind: IsolateKind, isolates: &Isolates) {
        match kind {
            IsolateKind::Process => isolates.process.iter().for_each(|one| self.process(one)),
            IsolateKind::Microvm => isolates.microvm.iter().for_each(|one| self.microvm(one)),
            IsolateKind::Sgx => isolates.sgx.iter().for_each(|one| self.sgx(one)),
            IsolateKind::Tdx => isolates.tdx.iter().for_each(|one| self.tdx(one)),
            IsolateKind::SevSnp => isolates.sev_snp.iter().for_each(|one| self.sev_snp(one)),
            IsolateKind::Nitro => isolates.nitro.iter().for_each(|one| self.nitro(one)),
            IsolateKind::Cca => isolates.cca.iter().for_each(|one| self.cca(one)),
            IsolateKind::Psa => isolates.psa.iter().for_each(|one| self.psa(one)),
            IsolateKind::Tpm => isolates.tpm.iter().for_each(|one| self.tpm(one)),
            IsolateKind::AzureVtpm => isolates.azure_vtpm.iter().for_each(|one| self.azure(one)),
        }
    }

    fn process(&mut self, process: &ProcessIsolate) {
        self.values("The runtime's SHA-256", "runtime", &process.runtime);
        self.attesters(&process.attesters);
    }

    fn microvm(&mut self, microvm: &MicrovmIsolate) {
        self.values("The image's SHA-256", "image", &microvm.image);
        self.attesters(&microvm.attesters);
    }

    fn attesters(&mut self, keys: &[KeyDigest]) {
        self.values(
            "The key of the attester that vouches for it, by SHA-256",
            "attesters",
            keys,
        );
    }

    fn sgx(&mut self, sgx: &SgxIsolate) {
        self.values(
            "What the enclave is (MRENCLAVE)",
            "mrenclave",
            &sgx.mrenclave,
        );
        self.say(
            "Its security version (ISVSVN) is at least {}{}.",
            &[
                plain(alloc::format!("{}", sgx.minimum_isv_svn)),
                self.default("minimum_isv_svn"),
            ],
            "minimum_isv_svn",
        );
        self.chips(&sgx.chips);
        self.exceptions(&sgx.tcb_exceptions);
    }

    fn tdx(&mut self, tdx: &TdxIsolate) {
        self.values("Its firmware (MRTD)", "mrtd", &tdx.mrtd);
        let [rtmr0, rtmr1, rtmr2, rtmr3] = &tdx.rtmr;
        if rtmr0.is_empty() {
            self.caution(
                "How the host configures the virtual machine (RTMR 0) is not looked at.",
                &[],
                "rtmr0",
            );
        } else {
            self.values("How the host configures it (RTMR 0)", "rtmr0", rtmr0);
        }
        let others = [
            ("What was started first (RTMR 1)", "rtmr1", rtmr1),
            ("What was started then (RTMR 2)", "rtmr2", rtmr2),
            ("What software added while it ran (RTMR 3)", "rtmr3", rtmr3),
        ];
        for (words, field, values) in others {
            self.values_or_zero(words, field, values);
        }
        self.chips(&tdx.chips);
        self.exceptions(&tdx.tcb_exceptions);
    }

    fn sev_snp(&mut self, snp: &SevSnpIsolate) {
        self.values(
            "What was started (launch digest)",
            "measurement",
            &snp.measurement,
        );
        self.chips(&snp.chips);
        let tcb = &snp.minimum_tcb;
        let levels = [
            ("fmc", tcb.fmc),
            ("bootloader", tcb.bootloader),
            ("tee", tcb.tee),
            ("snp", tcb.snp),
            ("microcode", tcb.microcode),
        ];
        if levels.iter().all(|(_, level)| *level == 0) {
            self.caution(
                "Any patch level of its firmware will do, a faulty one too.",
                &[],
                "minimum_tcb",
            );
        } else {
            let levels = levels
                .iter()
                .map(|(name, level)| plain(alloc::format!("{name} {level}")));
            let mut sentence = say(
                "Patch levels are at least {}.",
                &[all(levels, "")],
                &self.pointer(&["minimum_tcb"]),
            );
            for field in ["fmc", "bootloader", "tee", "snp", "microcode"] {
                sentence = sentence.and(&self.pointer(&["minimum_tcb", field]));
            }
            self.section.add(sentence);
        }
        self.say(
            "The evidence was asked for at privilege level (VMPL) {}{}.",
            &[plain(alloc::format!("{}", snp.vmpl)), self.default("vmpl")],
            "vmpl",
        );
        let note = self.default("signing_key");
        match snp.signing_key {
            SnpSigningKey::Vcek => {
                self.say("The chip's own key (VCEK) signs{}.", &[note], "signing_key");
            }
            SnpSigningKey::Vlek => self.caution(
                "A key that AMD gave to the cloud provider (VLEK) signs: the provider must be \
                 trusted with it.",
                &[],
                "signing_key",
            ),
            SnpSigningKey::Any => self.caution(
                "Either the chip's own key (VCEK) signs, or one that AMD gave to the cloud \
                 provider (VLEK).",
                &[],
                "signing_key",
            ),
        }
    }

    fn nitro(&mut self, nitro: &NitroIsolate) {
        let required = [
            ("The image (PCR 0)", "pcr0", &nitro.pcr0),
            ("Kernel and first ramdisk (PCR 1)", "pcr1", &nitro.pcr1),
            ("The application (PCR 2)", "pcr2", &nitro.pcr2),
        ];
        for (words, field, values) in required {
            self.values(words, field, values);
        }
        let optional = [
            (
                "The role of the parent instance (PCR 3)",
                "pcr3",
                &nitro.pcr3,
            ),
            ("The parent instance (PCR 4)", "pcr4", &nitro.pcr4),
            ("Who signed the image (PCR 8)", "pcr8", &nitro.pcr8),
        ];
        for (words, field, values) in optional {
            if values.is_empty() {
                self.say("{} is not looked at.", &[plain(words)], field);
            } else {
                self.values(words, field, values);
            }
        }
        self.chips(&Chips::Any);
    }

    fn cca(&mut self, cca: &CcaIsolate) {
        self.values("What the realm started with (RIM)", "rim", &cca.rim);
        let rems = [
            ("What was added to the realm (REM 0)", "rem0"),
            ("What was added to the realm (REM 1)", "rem1"),
            ("What was added to the realm (REM 2)", "rem2"),
            ("What was added to the realm (REM 3)", "rem3"),
        ];
        for ((words, field), values) in rems.into_iter().zip(&cca.rem) {
            self.values_or_zero(words, field, values);
        }
        let keys: Vec<_> = cca.platform_keys.iter().map(|key| key.digest()).collect();
        self.values("The platform's key, by SHA-256", "platform_keys", &keys);
        self.values(
            "The platform's kind",
            "implementation_ids",
            &cca.implementation_ids,
        );
        self.values(
            "Each part of the platform's firmware",
            "platform_software",
            &cca.platform_software,
        );
        self.chips(&cca.chips);
    }

    fn psa(&mut self, psa: &PsaIsolate) {
        self.values(
            "Each part of the device's software",
            "software",
            &psa.software,
        );
        let keys: Vec<_> = psa.keys.iter().map(|key| key.digest()).collect();
        self.values("The device's key, by SHA-256", "keys", &keys);
        self.values(
            "The device's kind",
            "implementation_ids",
            &psa.implementation_ids,
        );
        self.chips(&psa.chips);
    }

    fn tpm(&mut self, tpm: &TpmIsolate) {
        self.pcrs(&tpm.pcrs);
        let anchors = [
            ("The TPM's key, by SHA-256", "aks", &tpm.aks),
            (
                "The authority that vouches for the TPM's key, by SHA-256",
                "ak_roots",
                &tpm.ak_roots,
            ),
            (
                "The maker of the TPM, whose root certifies its endorsement key, by SHA-256",
                "ek_roots",
                &tpm.ek_roots,
            ),
        ];
        for (words, field, values) in anchors {
            if !values.is_empty() {
                self.values(words, field, values);
            }
        }
    }

    fn azure(&mut self, azure: &AzureVtpmIsolate) {
        self.pcrs(&azure.pcrs);
        if let Some(snp) = &azure.sev_snp {
            self.say(
                "The paravisor may run on SEV-SNP, with evidence as follows.",
                &[],
                "sev-snp",
            );
            self.below("sev-snp").sev_snp(snp);
        }
        if let Some(tdx) = &azure.tdx {
            self.say(
                "The paravisor may run on TDX, with evidence as follows.",
                &[],
                "tdx",
            );
            self.below("tdx").tdx(tdx);
        }
    }

    fn below<'b>(&'b mut self, name: &'b str) -> Kind<'b, 'b> {
        let mut at = self.at.clone();
        at.push(name);
        Kind {
            at,
            section: self.section,
            subject: self.subject,
        }
    }

    fn pcrs(&mut self, pcrs: &Pcrs) {
        for (index, values) in pcrs {
            let number = segment(usize::from(*index));
            let values = any(each(values), "");
            let sentence = say(
                "What was started (PCR {}): {}.",
                &[plain(number.clone()), values],
                &self.pointer(&["pcrs", &number]),
            );
            self.section.add(sentence);
        }
    }

    fn chips(&mut self, chips: &Chips) {
        match chips {
            Chips::Any => self.caution(
                "Any genuine machine of this kind will do, and so will evidence forged with the \
                 key of a broken one.",
                &[],
                "any_chip",
            ),
            Chips::Named(ids) => self.values("The machine", "chip_ids", ids),
        }
    }

    fn exceptions(&mut self, exceptions: &[TcbException]) {
        if exceptions.is_empty() {
            self.say(
                "Its firmware and microcode must be up to date.",
                &[],
                "tcb_exceptions",
            );
        }
        for (index, exception) in exceptions.iter().enumerate() {
            let index = segment(index);
            let at = |field| ["tcb_exceptions", index.as_str(), field];
            let args = [
                code(exception.status),
                all(each(&exception.advisories), "none"),
            ];
            let sentence = say(
                "A machine that Intel calls {} is accepted, with these advisories: {}.",
                &args,
                &self.pointer(&at("status")),
            )
            .and(&self.pointer(&at("advisories")))
            .caution();
            self.section.add(sentence);
        }
    }

    /// 'The firmware (MRTD): a or b.'
    fn values<T: alloc::string::ToString>(&mut self, words: &str, field: &str, values: &[T]) {
        let args = [plain(words), any(each(values), "nothing")];
        self.say("{}: {}.", &args, field);
    }

    fn values_or_zero<T: alloc::string::ToString>(
        &mut self,
        words: &str,
        field: &str,
        values: &[T],
    ) {
        if values.is_empty() {
            self.say("{}: nothing.", &[plain(words)], field);
        } else {
            self.values(words, field, values);
        }
    }

    fn say(&mut self, template: &str, args: &[Arg], field: &str) {
        let sentence = say(template, args, &self.pointer(&[field]));
        self.section.add(sentence);
    }

    fn caution(&mut self, template: &str, args: &[Arg], field: &str) {
        let sentence = say(template, args, &self.pointer(&[field])).caution();
        self.section.add(sentence);
    }

    fn default(&self, field: &str) -> Arg {
        self.subject.default(&self.pointer(&[field]))
    }

    fn pointer<'b>(&'b self, fields: &[&'b str]) -> Vec<&'b str> {
        self.at.iter().chain(fields).copied().collect()
    }
}
