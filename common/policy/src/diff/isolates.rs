//! What is accepted as an isolate: more of it weakens, less of it strengthens.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{Changes, Severity};
use crate::{
    Chips, IsolateKind, Isolates, Pcrs, SevSnpIsolate, SnpSigningKey, TcbException, TdxIsolate,
    explain::{Arg, all, any, code, plain, say},
};

pub(super) fn compare(changes: &mut Changes<'_>) {
    unprotected(changes);
    let (old, new) = changes.policies();
    let (before, after) = (old.isolates(), new.isolates());
    for kind in IsolateKind::ALL {
        let at = ["isolates", kind.name()];
        let name = [code(kind)];
        match (before.accepts(*kind), after.accepts(*kind)) {
            (false, true) => changes.all(
                Severity::Weakens,
                say("It may run in {} now: the host chooses.", &name, &at),
            ),
            (true, false) => changes.all(
                Severity::Strengthens,
                say("It may not run in {} any more.", &name, &at),
            ),
            (true, true) => {
                let (before, after) = (demands(before, *kind), demands(after, *kind));
                one_kind(changes, *kind, &before, &after);
            }
            (false, false) => {}
        }
    }
}

fn unprotected(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    let (severity, template) = match (old.unprotected(), new.unprotected()) {
        (false, true) => (
            Severity::Weakens,
            "Nothing protects from the host any more: whoever runs the machine sees and changes \
             everything.",
        ),
        (true, false) => (
            Severity::Strengthens,
            "The isolates protect from the host now.",
        ),
        (true, true) | (false, false) => return,
    };
    changes.all(severity, say(template, &[], &["unprotected"]));
}

fn one_kind(changes: &mut Changes<'_>, kind: IsolateKind, before: &Demands, after: &Demands) {
    let fields: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let anything = Accepted::Anything;
    for field in fields {
        // Hardware below a vTPM that is named on one side alone is a change of HARDWARE.
        if !(knows(before, field) && knows(after, field)) {
            continue;
        }
        let was = before.get(field).unwrap_or(&anything);
        let is = after.get(field).unwrap_or(&anything);
        let Some(severity) = was.to(is) else { continue };
        let path: Vec<&str> = field.iter().map(String::as_str).collect();
        let (last, above) = path.split_last().unwrap_or((&"", &[]));
        let mut at = vec!["isolates", kind.name()];
        at.extend(above);
        let below = |name| at.iter().copied().chain([name]).collect::<Vec<_>>();
        let args = [code(kind), code(path.join("/")), is.words(), was.words()];
        let template = "For {}, {} is {} instead of {}.";
        let sentence = match *last {
            HARDWARE => say(template, &args, &at),
            CHIPS => say(template, &args, &below(CHIPS)).and(&below("any_chip")),
            field => say(template, &args, &below(field)),
        };
        changes.all(severity, sentence);
    }
}

/// The kinds of hardware below a vTPM, as if they were a field.
const HARDWARE: &str = "hardware";

/// The field that names chips, where it is not said that any will do.
const CHIPS: &str = "chip_ids";

/// Does the side with these demands have the object in which the field stands?
fn knows(demands: &Demands, field: &[String]) -> bool {
    let is_below = |name: &str| field.len() > 1 && field.first().is_some_and(|first| first == name);
    let hardware = [IsolateKind::SevSnp.name(), IsolateKind::Tdx.name()];
    !hardware.into_iter().any(is_below)
        || demands
            .keys()
            .any(|other| other.len() > 1 && other.first() == field.first())
}

/// What evidence must say: fields, and what each may be.
type Demands = BTreeMap<Vec<String>, Accepted>;

/// What will do in one field.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Accepted {
    Anything,
    Zero,
    AnyOf(BTreeSet<String>),
    AtLeast(u64),
    /// Beside what is up to date: none of these, or some.
    Exceptions(BTreeSet<String>),
}

impl Accepted {
    fn any_of<T: ToString>(values: &[T]) -> Self {
        Self::AnyOf(values.iter().map(ToString::to_string).collect())
    }

    /// What a change to `new` does to protection; none where nothing changes.
    fn to(&self, new: &Self) -> Option<Severity> {
        if self == new {
            return None;
        }
        let is_stricter = match (self, new) {
            (Self::Anything, _) => true,
            (Self::AnyOf(before), Self::AnyOf(after))
            | (Self::Exceptions(before), Self::Exceptions(after)) => after.is_subset(before),
            (Self::AtLeast(before), Self::AtLeast(after)) => after > before,
            // Zero is what an untouched register has: another value is another state.
            _ => false,
        };
        Some(if is_stricter {
            Severity::Strengthens
        } else {
            Severity::Weakens
        })
    }

    fn words(&self) -> Arg {
        let each = |values: &BTreeSet<String>| values.iter().map(code).collect::<Vec<_>>();
        match self {
            Self::Anything => plain("anything"),
            Self::Zero => plain("zero"),
            Self::AnyOf(values) => any(each(values), "nothing"),
            Self::AtLeast(value) => plain(format!("at least {value}")),
            Self::Exceptions(values) => all(each(values), "none"),
        }
    }
}

fn demands(isolates: &Isolates, kind: IsolateKind) -> Demands {
    let mut of = Collector::default();
    match kind {
        IsolateKind::Process => isolates.process.iter().for_each(|one| {
            of.any("runtime", &one.runtime);
            of.any("attesters", &one.attesters);
        }),
        IsolateKind::Microvm => isolates.microvm.iter().for_each(|one| {
            of.any("image", &one.image);
            of.any("attesters", &one.attesters);
        }),
        IsolateKind::Sgx => isolates.sgx.iter().for_each(|one| {
            of.any("mrenclave", &one.mrenclave);
            of.put(
                "minimum_isv_svn",
                Accepted::AtLeast(one.minimum_isv_svn.into()),
            );
            of.chips(&one.chips);
            of.exceptions(&one.tcb_exceptions);
        }),
        IsolateKind::Tdx => isolates.tdx.iter().for_each(|one| of.tdx(one)),
        IsolateKind::SevSnp => isolates.sev_snp.iter().for_each(|one| of.sev_snp(one)),
        IsolateKind::Nitro => isolates.nitro.iter().for_each(|one| {
            of.any("pcr0", &one.pcr0);
            of.any("pcr1", &one.pcr1);
            of.any("pcr2", &one.pcr2);
            of.any_or_anything("pcr3", &one.pcr3);
            of.any_or_anything("pcr4", &one.pcr4);
            of.any_or_anything("pcr8", &one.pcr8);
        }),
        IsolateKind::Cca => isolates.cca.iter().for_each(|one| {
            of.any("rim", &one.rim);
            for (field, values) in ["rem0", "rem1", "rem2", "rem3"].into_iter().zip(&one.rem) {
                of.any_or_zero(field, values);
            }
            of.any("platform_keys", &one.platform_keys);
            of.any("implementation_ids", &one.implementation_ids);
            of.any("platform_software", &one.platform_software);
            of.chips(&one.chips);
        }),
        IsolateKind::Psa => isolates.psa.iter().for_each(|one| {
            of.any("software", &one.software);
            of.any("keys", &one.keys);
            of.any("implementation_ids", &one.implementation_ids);
            of.chips(&one.chips);
        }),
        IsolateKind::Tpm => isolates.tpm.iter().for_each(|one| {
            of.pcrs(&one.pcrs);
            of.any("aks", &one.aks);
            of.any("ak_roots", &one.ak_roots);
            of.any("ek_roots", &one.ek_roots);
        }),
        IsolateKind::AzureVtpm => isolates.azure_vtpm.iter().for_each(|one| {
            of.pcrs(&one.pcrs);
            let hardware = [
                one.sev_snp.as_ref().map(|_| "sev-snp"),
                one.tdx.as_ref().map(|_| "tdx"),
            ];
            let hardware: Vec<_> = hardware.into_iter().flatten().collect();
            of.any(HARDWARE, &hardware);
            if let Some(snp) = &one.sev_snp {
                of.below("sev-snp", |of| of.sev_snp(snp));
            }
            if let Some(tdx) = &one.tdx {
                of.below("tdx", |of| of.tdx(tdx));
            }
        }),
    }
    of.demands
}

/// Collects demands, some of them below others.
#[derive(Default)]
struct Collector {
    above: Vec<String>,
    demands: Demands,
}

impl Collector {
    fn put(&mut self, field: &str, accepted: Accepted) {
        let mut at = self.above.clone();
        at.extend(field.split('/').map(String::from));
        self.demands.insert(at, accepted);
    }

    fn below(&mut self, name: &str, collect: impl FnOnce(&mut Self)) {
        self.above.push(name.into());
        collect(self);
        self.above.pop();
    }

    fn any<T: ToString>(&mut self, field: &str, values: &[T]) {
        self.put(field, Accepted::any_of(values));
    }

    fn any_or_anything<T: ToString>(&mut self, field: &str, values: &[T]) {
        if !values.is_empty() {
            self.any(field, values);
        }
    }

    fn any_or_zero<T: ToString>(&mut self, field: &str, values: &[T]) {
        if values.is_empty() {
            self.put(field, Accepted::Zero);
        } else {
            self.any(field, values);
        }
    }

    fn chips(&mut self, chips: &Chips) {
        match chips {
            Chips::Any => self.put(CHIPS, Accepted::Anything),
            Chips::Named(ids) => self.any(CHIPS, ids),
        }
    }

    fn exceptions(&mut self, exceptions: &[TcbException]) {
        // Each advisory by itself, so that less of them is less.
        let each = exceptions.iter().flat_map(|exception| {
            let status = exception.status;
            let with = move |advisory| format!("{status} with {advisory}");
            let advisories = exception.advisories.iter().map(with);
            advisories.chain([status.name().into()])
        });
        self.put("tcb_exceptions", Accepted::Exceptions(each.collect()));
    }

    fn pcrs(&mut self, pcrs: &Pcrs) {
        for (index, values) in pcrs {
            self.any(&format!("pcrs/{index}"), values);
        }
    }

    fn tdx(&mut self, tdx: &TdxIsolate) {
        self.any("mrtd", &tdx.mrtd);
        let [rtmr0, rtmr1, rtmr2, rtmr3] = &tdx.rtmr;
        self.any_or_anything("rtmr0", rtmr0);
        self.any_or_zero("rtmr1", rtmr1);
        self.any_or_zero("rtmr2", rtmr2);
        self.any_or_zero("rtmr3", rtmr3);
        self.chips(&tdx.chips);
        self.exceptions(&tdx.tcb_exceptions);
    }

    fn sev_snp(&mut self, snp: &SevSnpIsolate) {
        self.any("measurement", &snp.measurement);
        self.chips(&snp.chips);
        let tcb = &snp.minimum_tcb;
        let levels = [
            ("minimum_tcb/fmc", tcb.fmc),
            ("minimum_tcb/bootloader", tcb.bootloader),
            ("minimum_tcb/tee", tcb.tee),
            ("minimum_tcb/snp", tcb.snp),
            ("minimum_tcb/microcode", tcb.microcode),
        ];
        for (field, level) in levels {
            self.put(field, Accepted::AtLeast(level.into()));
        }
        self.any("vmpl", &[snp.vmpl]);
        let keys: &[&str] = match snp.signing_key {
            SnpSigningKey::Vcek => &["vcek"],
            SnpSigningKey::Vlek => &["vlek"],
            SnpSigningKey::Any => &["vcek", "vlek"],
        };
        self.any("signing_key", keys);
    }
}
