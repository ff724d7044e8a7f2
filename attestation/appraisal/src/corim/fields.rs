//! The fields of each kind of isolate, in both directions: what our own profile has for keys of
//! measured elements are the names that a policy has.
//!
//! Only measurements, ids and keys are here. A CoRIM has no place for what else a policy demands,
//! and reading one puts the strictest in: no exception, no debugging, VMPL 0, a VCEK; and any machine
//! where it names none.

use std::collections::BTreeMap;

use veracruz_policy::{
    AzureVtpmIsolate, CcaIsolate, ChipId, Chips, IsolateKind, Isolates, KeyDigest, Measurement,
    MicrovmIsolate, NitroIsolate, Pcrs, ProcessIsolate, PsaIsolate, PublicKey, SevSnpIsolate,
    SgxIsolate, Sha256, Sha384, SnpSigningKey, SnpTcb, TdxIsolate, TpmIsolate,
};

use super::document::malformed;
use crate::AppraisalError;

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldValue {
    Digest(Measurement),
    Id(Vec<u8>),
    Key(PublicKey),
    KeyDigest(KeyDigest),
}

/// Every PCR of a TPM that has no other name.
const PCRS: std::ops::Range<u8> = 0..24;
/// Before the fields of the hardware below an Azure vTPM.
const SEV_SNP: &str = "sev-snp.";
const TDX: &str = "tdx.";

/// The fields of one kind.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, Vec<FieldValue>>);

impl Fields {
    pub(super) fn add(&mut self, field: &str, value: FieldValue) {
        let values = self.0.entry(field.to_owned()).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = (String, FieldValue)> {
        let flat = |(field, values): (String, Vec<FieldValue>)| {
            values.into_iter().map(move |value| (field.clone(), value))
        };
        self.0.into_iter().flat_map(flat)
    }

    fn add_all<T>(&mut self, field: &str, items: &[T], value: impl Fn(&T) -> FieldValue) {
        for item in items {
            self.add(field, value(item));
        }
    }

    fn add_sha256(&mut self, field: &str, items: &[Sha256]) {
        self.add_all(field, items, |digest| FieldValue::Digest((*digest).into()));
    }

    /// Of a kind that a software root of trust vouches for.
    fn vouched(field: &str, digests: &[Sha256], attesters: &[KeyDigest]) -> Self {
        let mut fields = Self::default();
        fields.add_sha256(field, digests);
        fields.add_all("attesters", attesters, |key| FieldValue::KeyDigest(*key));
        fields
    }

    fn add_sha384(&mut self, field: &str, items: &[Sha384]) {
        self.add_all(field, items, |digest| FieldValue::Digest((*digest).into()));
    }

    fn add_measurements(&mut self, field: &str, items: &[Measurement]) {
        self.add_all(field, items, |digest| FieldValue::Digest(*digest));
    }

    fn add_ids(&mut self, field: &str, items: &[Sha256]) {
        self.add_all(field, items, |id| FieldValue::Id(id.as_bytes().to_vec()));
    }

    fn add_chips(&mut self, field: &str, chips: &Chips) {
        if let Chips::Named(ids) = chips {
            self.add_all(field, ids, |id| FieldValue::Id(id.as_bytes().to_vec()));
        }
    }

    fn add_pcrs(&mut self, pcrs: &Pcrs) {
        for (index, values) in pcrs {
            self.add_sha256(&format!("pcr{index}"), values);
        }
    }

    fn add_sev_snp(&mut self, prefix: &str, isolate: &SevSnpIsolate) {
        self.add_sha384(&format!("{prefix}measurement"), &isolate.measurement);
        self.add_chips(&format!("{prefix}chip_ids"), &isolate.chips);
    }

    fn add_tdx(&mut self, prefix: &str, isolate: &TdxIsolate) {
        self.add_sha384(&format!("{prefix}mrtd"), &isolate.mrtd);
        for (index, values) in isolate.rtmr.iter().enumerate() {
            self.add_sha384(&format!("{prefix}rtmr{index}"), values);
        }
        self.add_chips(&format!("{prefix}chip_ids"), &isolate.chips);
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Takes the values of a field out, each as `read` reads it.
    fn take<T>(
        &mut self,
        field: &str,
        read: impl Fn(FieldValue) -> Option<T>,
    ) -> Result<Vec<T>, AppraisalError> {
        let values = self.0.remove(field).unwrap_or_default();
        let read =
            |value| read(value).ok_or_else(|| malformed(format!("{field} is of another type")));
        values.into_iter().map(read).collect()
    }

    fn sha256(&mut self, field: &str) -> Result<Vec<Sha256>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::Digest(Measurement::Sha256(digest)) => Some(digest),
            _ => None,
        })
    }

    fn sha384(&mut self, field: &str) -> Result<Vec<Sha384>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::Digest(Measurement::Sha384(digest)) => Some(digest),
            _ => None,
        })
    }

    fn measurements(&mut self, field: &str) -> Result<Vec<Measurement>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::Digest(digest) => Some(digest),
            _ => None,
        })
    }

    fn ids(&mut self, field: &str) -> Result<Vec<Sha256>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::Id(id) => id.try_into().ok().map(Sha256::from_bytes),
            _ => None,
        })
    }

    fn keys(&mut self, field: &str) -> Result<Vec<PublicKey>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::Key(key) => Some(key),
            _ => None,
        })
    }

    fn key_digests(&mut self, field: &str) -> Result<Vec<KeyDigest>, AppraisalError> {
        self.take(field, |value| match value {
            FieldValue::KeyDigest(digest) => Some(digest),
            FieldValue::Key(key) => Some(key.digest()),
            _ => None,
        })
    }

    fn chips(&mut self, field: &str) -> Result<Chips, AppraisalError> {
        let ids = self.take(field, |value| match value {
            FieldValue::Id(id) => ChipId::new(id),
            _ => None,
        })?;
        Ok(if ids.is_empty() {
            Chips::Any
        } else {
            Chips::Named(ids)
        })
    }

    fn pcrs(&mut self) -> Result<Pcrs, AppraisalError> {
        let mut pcrs = Pcrs::new();
        for index in PCRS {
            let values = self.sha256(&format!("pcr{index}"))?;
            if !values.is_empty() {
                pcrs.insert(index, values);
            }
        }
        Ok(pcrs)
    }

    fn sev_snp(&mut self, prefix: &str) -> Result<SevSnpIsolate, AppraisalError> {
        Ok(SevSnpIsolate {
            measurement: self.sha384(&format!("{prefix}measurement"))?,
            chips: self.chips(&format!("{prefix}chip_ids"))?,
            minimum_tcb: SnpTcb::default(),
            vmpl: 0,
            signing_key: SnpSigningKey::default(),
        })
    }

    fn tdx(&mut self, prefix: &str) -> Result<TdxIsolate, AppraisalError> {
        let mut rtmr = |index| self.sha384(&format!("{prefix}rtmr{index}"));
        let rtmr = [rtmr(0)?, rtmr(1)?, rtmr(2)?, rtmr(3)?];
        Ok(TdxIsolate {
            mrtd: self.sha384(&format!("{prefix}mrtd"))?,
            rtmr,
            chips: self.chips(&format!("{prefix}chip_ids"))?,
            tcb_exceptions: Vec::new(),
        })
    }

    /// Puts the isolate of `kind` into `isolates`.
    ///
    /// # Errors
    /// `Malformed`: a field that the kind does not have, or one missing without which nothing would
    /// be compared or nobody trusted.
    pub(super) fn put(
        mut self,
        kind: IsolateKind,
        isolates: &mut Isolates,
    ) -> Result<(), AppraisalError> {
        for alternatives in required(kind) {
            if !alternatives.iter().any(|field| self.has(field)) {
                return Err(malformed(format!(
                    "it names no {} for {}",
                    alternatives.join(" and no "),
                    kind.name()
                )));
            }
        }
        let missing = || malformed(format!("isolates of kind {}", kind.name()));
        match kind {
            IsolateKind::Process => {
                let isolate =
                    ProcessIsolate::new(self.sha256("runtime")?, self.key_digests("attesters")?);
                isolates.process = Some(isolate);
            }
            IsolateKind::Microvm => {
                let isolate =
                    MicrovmIsolate::new(self.sha256("image")?, self.key_digests("attesters")?);
                isolates.microvm = Some(isolate);
            }
            IsolateKind::Sgx => {
                isolates.sgx = Some(SgxIsolate {
                    mrenclave: self.sha256("mrenclave")?,
                    minimum_isv_svn: 0,
                    chips: self.chips("chip_ids")?,
                    tcb_exceptions: Vec::new(),
                });
            }
            IsolateKind::Tdx => isolates.tdx = Some(self.tdx("")?),
            IsolateKind::SevSnp => isolates.sev_snp = Some(self.sev_snp("")?),
            IsolateKind::Nitro => {
                isolates.nitro = Some(NitroIsolate {
                    pcr0: self.sha384("pcr0")?,
                    pcr1: self.sha384("pcr1")?,
                    pcr2: self.sha384("pcr2")?,
                    pcr3: self.sha384("pcr3")?,
                    pcr4: self.sha384("pcr4")?,
                    pcr8: self.sha384("pcr8")?,
                });
            }
            IsolateKind::Cca => {
                isolates.cca = Some(CcaIsolate {
                    rim: self.measurements("rim")?,
                    rem: [
                        self.measurements("rem0")?,
                        self.measurements("rem1")?,
                        self.measurements("rem2")?,
                        self.measurements("rem3")?,
                    ],
                    platform_keys: self.keys("platform_keys")?,
                    implementation_ids: self.ids("implementation_ids")?,
                    platform_software: self.measurements("platform_software")?,
                    chips: self.chips("chip_ids")?,
                });
            }
            IsolateKind::Psa => {
                isolates.psa = Some(PsaIsolate {
                    software: self.measurements("software")?,
                    keys: self.keys("keys")?,
                    implementation_ids: self.ids("implementation_ids")?,
                    chips: self.chips("chip_ids")?,
                });
            }
            IsolateKind::Tpm => {
                isolates.tpm = Some(TpmIsolate {
                    pcrs: self.pcrs()?,
                    aks: self.key_digests("aks")?,
                    ak_roots: self.key_digests("ak_roots")?,
                    ek_roots: self.key_digests("ek_roots")?,
                });
            }
            IsolateKind::AzureVtpm => {
                let pcrs = self.pcrs()?;
                let sev_snp = self.has("sev-snp.measurement");
                let tdx = self.has("tdx.mrtd");
                isolates.azure_vtpm = Some(AzureVtpmIsolate {
                    pcrs,
                    sev_snp: sev_snp.then(|| self.sev_snp(SEV_SNP)).transpose()?,
                    tdx: tdx.then(|| self.tdx(TDX)).transpose()?,
                });
            }
            _ => return Err(missing()),
        }
        match self.0.keys().next() {
            None => Ok(()),
            Some(field) => Err(malformed(format!("{} has no field {field:?}", kind.name()))),
        }
    }
}

/// Fields of a kind without which nothing would be compared, or nobody trusted; one of each list.
const fn required(kind: IsolateKind) -> &'static [&'static [&'static str]] {
    match kind {
        IsolateKind::Process => &[&["runtime"], &["attesters"]],
        IsolateKind::Microvm => &[&["image"], &["attesters"]],
        IsolateKind::Sgx => &[&["mrenclave"]],
        IsolateKind::Tdx => &[&["mrtd"], &["rtmr1"], &["rtmr2"]],
        IsolateKind::SevSnp => &[&["measurement"]],
        IsolateKind::Nitro => &[&["pcr0"], &["pcr1"], &["pcr2"]],
        IsolateKind::Cca => &[
            &["rim"],
            &["platform_keys"],
            &["implementation_ids"],
            &["platform_software"],
        ],
        IsolateKind::Psa => &[&["software"], &["keys"], &["implementation_ids"]],
        IsolateKind::Tpm => &[ANY_PCR, &["aks", "ak_roots", "ek_roots"]],
        IsolateKind::AzureVtpm => &[ANY_PCR, &["sev-snp.measurement", "tdx.mrtd"]],
        _ => &[],
    }
}

const ANY_PCR: &[&str] = &[
    "pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr5", "pcr6", "pcr7", "pcr8", "pcr9", "pcr10",
    "pcr11", "pcr12", "pcr13", "pcr14", "pcr15", "pcr16", "pcr17", "pcr18", "pcr19", "pcr20",
    "pcr21", "pcr22", "pcr23",
];

/// The fields of every kind in `isolates`.
pub(super) fn of(isolates: &Isolates) -> Vec<(IsolateKind, Fields)> {
    let mut all = Vec::new();
    if let Some(isolate) = &isolates.process {
        let fields = Fields::vouched("runtime", &isolate.runtime, &isolate.attesters);
        all.push((IsolateKind::Process, fields));
    }
    if let Some(isolate) = &isolates.microvm {
        let fields = Fields::vouched("image", &isolate.image, &isolate.attesters);
        all.push((IsolateKind::Microvm, fields));
    }
    if let Some(isolate) = &isolates.sgx {
        let mut fields = Fields::default();
        fields.add_sha256("mrenclave", &isolate.mrenclave);
        fields.add_chips("chip_ids", &isolate.chips);
        all.push((IsolateKind::Sgx, fields));
    }
    if let Some(isolate) = &isolates.tdx {
        let mut fields = Fields::default();
        fields.add_tdx("", isolate);
        all.push((IsolateKind::Tdx, fields));
    }
    if let Some(isolate) = &isolates.sev_snp {
        let mut fields = Fields::default();
        fields.add_sev_snp("", isolate);
        all.push((IsolateKind::SevSnp, fields));
    }
    if let Some(isolate) = &isolates.nitro {
        let mut fields = Fields::default();
        for (field, values) in [
            ("pcr0", &isolate.pcr0),
            ("pcr1", &isolate.pcr1),
            ("pcr2", &isolate.pcr2),
            ("pcr3", &isolate.pcr3),
            ("pcr4", &isolate.pcr4),
            ("pcr8", &isolate.pcr8),
        ] {
            fields.add_sha384(field, values);
        }
        all.push((IsolateKind::Nitro, fields));
    }
    if let Some(isolate) = &isolates.cca {
        let mut fields = Fields::default();
        fields.add_measurements("rim", &isolate.rim);
        for (index, values) in isolate.rem.iter().enumerate() {
            fields.add_measurements(&format!("rem{index}"), values);
        }
        let key = |key: &PublicKey| FieldValue::Key(key.clone());
        fields.add_all("platform_keys", &isolate.platform_keys, key);
        fields.add_ids("implementation_ids", &isolate.implementation_ids);
        fields.add_measurements("platform_software", &isolate.platform_software);
        fields.add_chips("chip_ids", &isolate.chips);
        all.push((IsolateKind::Cca, fields));
    }
    if let Some(isolate) = &isolates.psa {
        let mut fields = Fields::default();
        fields.add_measurements("software", &isolate.software);
        let key = |key: &PublicKey| FieldValue::Key(key.clone());
        fields.add_all("keys", &isolate.keys, key);
        fields.add_ids("implementation_ids", &isolate.implementation_ids);
        fields.add_chips("chip_ids", &isolate.chips);
        all.push((IsolateKind::Psa, fields));
    }
    if let Some(isolate) = &isolates.tpm {
        let mut fields = Fields::default();
        fields.add_pcrs(&isolate.pcrs);
        let key = |key: &KeyDigest| FieldValue::KeyDigest(*key);
        fields.add_all("aks", &isolate.aks, key);
        fields.add_all("ak_roots", &isolate.ak_roots, key);
        fields.add_all("ek_roots", &isolate.ek_roots, key);
        all.push((IsolateKind::Tpm, fields));
    }
    if let Some(isolate) = &isolates.azure_vtpm {
        let mut fields = Fields::default();
        fields.add_pcrs(&isolate.pcrs);
        if let Some(sev_snp) = &isolate.sev_snp {
            fields.add_sev_snp(SEV_SNP, sev_snp);
        }
        if let Some(tdx) = &isolate.tdx {
            fields.add_tdx(TDX, tdx);
        }
        all.push((IsolateKind::AzureVtpm, fields));
    }
    all
}
