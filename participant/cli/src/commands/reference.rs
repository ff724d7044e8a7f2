//! Reference values in the forms in which they are given away: JSON for a policy, and CoRIM.

use crate::error::CliError;
use crate::written;
use serde_json::{Map, Value, json};
use std::path::Path;
use veracruz_appraisal::corim;
use veracruz_policy::{Isolates, KeyDigest};

/// What isolates must measure to.
pub(crate) struct References {
    isolates: Isolates,
    /// What a CoRIM with them is called.
    id: String,
}

impl References {
    pub(crate) const fn new(isolates: Isolates, id: String) -> Self {
        Self { isolates, id }
    }

    /// The value of `isolates` in a policy, as far as measurements make it.
    pub(crate) fn json(&self) -> Value {
        let mut kinds = Map::new();
        let mut put = |kind: &str, fields| kinds.insert(kind.to_owned(), fields);
        if let Some(process) = &self.isolates.process {
            let runtime = texts(&process.runtime);
            put("process", vouched("runtime", runtime, &process.attesters));
        }
        if let Some(microvm) = &self.isolates.microvm {
            let image = texts(&microvm.image);
            put("microvm", vouched("image", image, &microvm.attesters));
        }
        if let Some(tpm) = &self.isolates.tpm {
            let pcrs = tpm.pcrs.iter();
            let pcrs = pcrs.map(|(index, values)| (index.to_string(), texts(values)));
            put("tpm", json!({ "pcrs": pcrs.collect::<Map<_, _>>() }));
        }
        if let Some(nitro) = &self.isolates.nitro {
            let fields = json!({
                "pcr0": texts(&nitro.pcr0),
                "pcr1": texts(&nitro.pcr1),
                "pcr2": texts(&nitro.pcr2),
                "any_chip": true,
            });
            put("nitro", fields);
        }
        if let Some(sev_snp) = &self.isolates.sev_snp {
            let fields = json!({ "measurement": texts(&sev_snp.measurement) });
            put("sev-snp", fields);
        }
        Value::Object(kinds)
    }

    /// What a policy needs beside that, a sentence each.
    pub(crate) fn needs(&self) -> Vec<String> {
        let isolates = &self.isolates;
        let process = isolates.process.as_ref().map(|kind| &kind.attesters);
        let microvm = isolates.microvm.as_ref().map(|kind| &kind.attesters);
        let unvouched = process.or(microvm).is_some_and(Vec::is_empty);
        let needs = [
            (
                unvouched,
                "an attester as well: `--attester`, with what `veracruz attester --show-key` prints",
            ),
            (
                isolates.tpm.is_some(),
                "an anchor as well: keys of TPMs or of those who certify them",
            ),
            (
                isolates.sev_snp.is_some(),
                "the chips as well: `chip_ids`, or `any_chip`",
            ),
        ];
        let needed = needs.into_iter().filter(|(needed, _)| *needed);
        needed
            .map(|(_, what)| format!("NOTE: a policy needs {what}"))
            .collect()
    }

    /// Writes a CoRIM to `out`, which has to be given.
    pub(crate) fn write_corim<'o>(
        &self,
        out: Option<&'o Path>,
        force: bool,
    ) -> Result<&'o Path, CliError> {
        let out = out.ok_or_else(|| CliError::argument("`--out FILE`", &"none"))?;
        let corim = corim::write(&self.isolates, &self.id);
        written::file(out, &corim, force)?;
        Ok(out)
    }
}

/// Keys of attesters, as the command line has them.
pub(crate) fn attesters(given: &[String]) -> Result<Vec<KeyDigest>, CliError> {
    let key = |text: &String| {
        text.parse()
            .map_err(|_| CliError::argument("the SHA-256 of an attester's key", text))
    };
    given.iter().map(key).collect()
}

fn vouched(field: &str, measurements: Value, attesters: &[KeyDigest]) -> Value {
    json!({ field: measurements, "attesters": texts(attesters) })
}

fn texts<T: ToString>(values: &[T]) -> Value {
    values.iter().map(ToString::to_string).collect()
}
