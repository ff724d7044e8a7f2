//! `veracruz demo`: the whole system at work on real data, each role a process of its own.
//!
//! Here is the one for newcomers, with attacks; [`example`] plays any other. Two airlines' alliances
//! want to know which airports both serve. Nothing in here is special: it types the commands that the
//! parties would type, and plays the host that lies.

mod attacks;
mod example;
mod liar;
mod narrate;
mod result;

use crate::args::DemoArgs;
use crate::error::CliError;
use crate::find;
use crate::local::{Deployment, Isolates, Party, Target, call};
use crate::output::{Format, Report};
use crate::template::Template;
use narrate::Narrator;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What the demo is made of, and where.
struct Stage {
    executable: PathBuf,
    isolates: Isolates,
    program: PathBuf,
    example: PathBuf,
    data: PathBuf,
    folder: PathBuf,
    deployment: Deployment,
    acme: Party,
    globex: Party,
    lab: Party,
}

/// Runs the demo; an error is the demo's failure.
pub(crate) fn run(arguments: &DemoArgs, format: Format) -> Result<Report, CliError> {
    let isolates = find::isolates(&arguments.isolates)?;
    if let Isolates::Protected { kind, .. } = &isolates {
        // Its policy would need the measurement of firmware that this version does not come with.
        let expected = "an isolate whose measurement is computed from its image alone";
        return Err(CliError::argument(expected, kind));
    }
    if arguments.name != "psi" || arguments.example.is_some() {
        let folder = find::example(arguments.example.as_deref(), &arguments.name)?;
        return example::run(arguments, isolates, folder, format);
    }
    let mut narrator = Narrator::new(format);
    let protection = protection(&isolates);
    narrator.banner(
        "Veracruz demo: two companies compare lists, and neither shows its own",
        &protection,
    );

    let (folder, _temporary) = folder(arguments.keep.as_deref())?;
    let stage = Stage::set(arguments, isolates, folder, &mut narrator)?;
    let policy = stage.agree(&mut narrator)?;
    stage.provision(&policy, &mut narrator)?;
    stage.compute(&policy, &mut narrator)?;
    attacks::all(&stage, &mut narrator)?;
    stage.prove(&policy, &mut narrator)?;

    narrator.tell("\n");
    let seconds = narrator.seconds();
    narrator.banner(
        &format!("Done in {seconds:.1} seconds. Answers equal the published ones."),
        &protection,
    );
    if arguments.keep.is_some() {
        narrator.tell(&format!(
            "The files of all parties are in {}.\n",
            stage.folder.display()
        ));
    }
    narrator.end(&protection)
}

/// What the isolate of this demo protects from. Said first and last.
fn protection(isolates: &Isolates) -> [String; 2] {
    let what = match isolates {
        Isolates::Process { .. } => "A sandboxed process",
        Isolates::Microvm { .. } => {
            "A virtual machine in QEMU, measured and started by the attester"
        }
        Isolates::MicrovmMeasured { .. } => {
            "A virtual machine in QEMU, measured by its firmware into a TPM that the host runs and \
             certifies"
        }
        Isolates::Protected { .. } => "A virtual machine that its hardware protects",
        Isolates::Nitro { .. } => {
            return [
                "ISOLATE: nitro. An AWS Nitro enclave: it keeps the program away from this machine, \
                 the parties away from each other, and this machine's owner away from all of them."
                    .to_owned(),
                "Amazon, who made and runs the machine, is trusted.".to_owned(),
            ];
        }
        Isolates::NitroEmulated { .. } => {
            return [
                "ISOLATE: nitro-emulated. QEMU plays an AWS Nitro enclave. Nobody signs its \
                 evidence: anyone could write it, and IT PROVES NOTHING."
                    .to_owned(),
                format!(
                    "IT PROTECTS NOBODY: this shows that everything fits together, and is for no \
                     secret.{BELIEVED}"
                ),
            ];
        }
    };
    [
        format!(
            "ISOLATE: {}. {what}: it keeps the program away from this machine and the parties \
             away from each other.",
            isolates.kind()
        ),
        "IT PROTECTS NOBODY FROM THE HOST: whoever administers this machine can read its memory. \
         Confidential hardware changes that; nothing else in this demo would change with it."
            .to_owned(),
    ]
}

/// What this build makes of an emulator's evidence.
#[cfg(feature = "test-evidence")]
const BELIEVED: &str = " This `veracruz` was built to take it all the same.";
#[cfg(not(feature = "test-evidence"))]
const BELIEVED: &str = " This `veracruz` will refuse it, as it should; `cargo xtask demo --isolate \
    nitro-emulated` builds one that does not.";

/// Gives a party the certificates of the authority that certifies the TPMs of the host's machines.
fn trust_maker(
    party: &mut Party,
    executable: &Path,
    deployment: &Deployment,
) -> Result<(), CliError> {
    let authority = deployment.tpm_authority()?;
    let folder = party.folder.join("collateral");
    let mut arguments = ["collateral", "add", "--collateral"]
        .map(OsStr::new)
        .to_vec();
    arguments.push(folder.as_os_str());
    let files = [
        ("root.pem", authority.root),
        ("issuer.pem", authority.issuer),
    ];
    let files = files.map(|(name, content)| (party.folder.join(name), content));
    for (path, content) in &files {
        std::fs::write(path, content).map_err(|source| CliError::file(path, source))?;
        arguments.push(path.as_os_str());
    }
    call(executable, arguments)?;
    party.collateral = Some(folder);
    Ok(())
}

impl Stage {
    /// Starts the machine and gives every party its key.
    fn set(
        arguments: &DemoArgs,
        isolates: Isolates,
        folder: PathBuf,
        narrator: &mut Narrator,
    ) -> Result<Self, CliError> {
        let executable = find::executable()?;
        let example = find::example(arguments.example.as_deref(), &arguments.name)?;
        let program = find::program(arguments.programs.as_deref(), "psi")?;

        narrator.step("A machine that nobody trusts");
        let deployment = Deployment::start_with(&executable, &isolates, &folder)?;
        narrator.says(
            "attester",
            &format!(
                "started as a process of its own; made a signing key, readable by it alone: {}",
                short(&deployment.attester_key)
            ),
        );
        narrator.says(
            "host",
            &format!(
                "started as a process of its own; takes connections at {} and has no key",
                deployment.participants
            ),
        );

        narrator.step("Three parties, each with a key that only it has");
        let party = |name| Party::new(&executable, &folder, name);
        let (mut acme, mut globex, mut lab) = (party("acme")?, party("globex")?, party("lab")?);
        narrator.says(
            "acme",
            "has a list of 7,884 airports, with the elevation of each",
        );
        narrator.says(
            "globex",
            "has a list of 3,376 airports, with the departures from each",
        );
        narrator.says(
            "lab",
            "wrote the program that compares them; it has no data",
        );
        if let Isolates::MicrovmMeasured { .. } = isolates {
            for party in [&mut acme, &mut globex, &mut lab] {
                trust_maker(party, &executable, &deployment)?;
            }
            narrator.says(
                "all three",
                "take the certificates of whoever certifies the TPMs. Here that is the host itself, \
                 so that a TPM shows nothing about the host",
            );
        }
        let data = example.join("data");
        Ok(Self {
            executable,
            isolates,
            program,
            example,
            data,
            folder,
            deployment,
            acme,
            globex,
            lab,
        })
    }

    /// The parties agree on a policy, and an isolate is started with it.
    fn agree(&self, narrator: &mut Narrator) -> Result<PathBuf, CliError> {
        narrator.step("They agree on a policy before anything starts");
        let policy = self.draft("airports-in-common", |_| {})?;
        let hash = self.call(&[OsStr::new("policy"), OsStr::new("hash"), policy.as_os_str()])?;
        narrator.says(
            "policy",
            "acme gives /input/acme.csv, globex gives /input/globex.csv; psi.wasm of lab (pinned by \
             its digest) may read these two and nothing else. acme and globex receive \
             /output/overlap.csv and /output/summary.json. lab receives nothing. One run.",
        );
        narrator.says(
            "policy",
            &format!("its hash, equal for all three: {}", text(&hash, "hash")),
        );

        narrator.step("The host starts an isolate with that policy");
        let launched = self.deployment.launch(&policy)?;
        narrator.says(
            "host",
            &format!(
                "instance {}, named by the key that it made just now",
                short(&text(&launched, "instance"))
            ),
        );
        Ok(policy)
    }

    /// Everybody attests, approves and provides.
    fn provision(&self, policy: &Path, narrator: &mut Narrator) -> Result<(), CliError> {
        let target = self.target(policy);
        narrator.step("Each checks what is at the far end of its own connection");
        for (index, party) in self.parties().into_iter().enumerate() {
            let attested = party.call(&target, &["attest"], &[])?;
            narrator.says(
                &party.name,
                &format!(
                    "attested instance {} in {} ms",
                    short(&text(&attested, "instance")),
                    attested
                        .get("milliseconds")
                        .and_then(Value::as_u64)
                        .unwrap_or_default()
                ),
            );
            if index == 0 {
                for words in texts(&attested, "words") {
                    narrator.says("", &format!("- {words}"));
                }
            }
        }
        narrator.step("Each signs that it agrees, at this instance and no other");
        for party in self.parties() {
            party.call(&target, &["approve"], &[])?;
            narrator.says(&party.name, "approved; the others can check its signature");
        }
        narrator.step("Each provides its part, encrypted to the isolate");
        for (party, path, file) in self.provisions() {
            let assignment = assignment(path, &file);
            let sent = party.call(&target, &["upload"], &[&assignment])?;
            let bytes = sent
                .get("files")
                .and_then(|files| files.get(0))
                .and_then(|file| file.get("bytes"))
                .and_then(Value::as_u64)
                .unwrap_or_default();
            narrator.says(&party.name, &format!("{path}, {bytes} bytes"));
        }
        narrator.says(
            "ledgers",
            "each client notes beside its identity what it gave to which instance, and goes to no \
             second one unless it is told to",
        );
        Ok(())
    }

    /// The run, and what came of it.
    fn compute(&self, policy: &Path, narrator: &mut Narrator) -> Result<(), CliError> {
        let target = self.target(policy);
        narrator.step("The program runs, in a worker without keys, files or network");
        let run = self.globex.call(&target, &["run"], &[])?;
        narrator.says(
            "globex",
            &format!(
                "started run {}: {} after {} ms",
                run.get("run").and_then(Value::as_u64).unwrap_or_default(),
                text(&run, "outcome"),
                run.get("milliseconds")
                    .and_then(Value::as_u64)
                    .unwrap_or_default()
            ),
        );
        narrator.step("The right parties get the result, and nobody else");
        for party in [&self.acme, &self.globex] {
            for (path, name) in OUTPUTS {
                let file = party.folder.join(name);
                let arguments = [OsStr::new(path), OsStr::new("--output"), file.as_os_str()];
                party.call(&target, &["download"], &arguments)?;
            }
        }
        let answer = result::check(&self.acme.folder, &self.globex.folder, &self.data)?;
        narrator.says(
            "acme",
            &format!(
                "got {} airports in common: {}",
                answer.airports, answer.sample
            ),
        );
        narrator.says(
            "globex",
            &format!(
                "got the same; these have {} departures a year",
                answer.departures
            ),
        );
        let nowhere = self.lab.folder.join("overlap.csv");
        let arguments = [
            OsStr::new("/output/overlap.csv"),
            OsStr::new("--output"),
            nowhere.as_os_str(),
        ];
        let asked = self.lab.call(&target, &["download"], &arguments);
        let refusal = attacks::refused("VC-0404", asked)?;
        narrator.says(
            "lab",
            &format!("asked for it too, and was refused: {refusal}"),
        );
        Ok(())
    }

    /// The receipt, checked offline.
    fn prove(&self, policy: &Path, narrator: &mut Narrator) -> Result<(), CliError> {
        narrator.step("Everybody keeps a receipt, which can be checked offline for years");
        let receipt = self.acme.folder.join("receipt.cbor");
        let arguments = [OsStr::new("--output"), receipt.as_os_str()];
        self.acme
            .call(&self.target(policy), &["receipt", "fetch"], &arguments)?;
        if let Isolates::MicrovmMeasured { .. } = self.isolates {
            narrator.says(
                "acme",
                "has judged its receipt on the connection on which the TPM answered, and signed that \
                 it did",
            );
            narrator.says(
                "NOT",
                "whoever judges it later cannot ask that TPM, and is told so (VC-0227)",
            );
            return Ok(());
        }
        let overlap = self.acme.folder.join("overlap.csv");
        let verified = self.call(&[
            OsStr::new("receipt"),
            OsStr::new("verify"),
            receipt.as_os_str(),
            OsStr::new("--policy"),
            policy.as_os_str(),
            OsStr::new("--output"),
            overlap.as_os_str(),
        ])?;
        for words in texts(&verified, "proved") {
            narrator.says("proved", &words);
        }
        for words in texts(&verified, "not_proved") {
            narrator.says("NOT", &words);
        }
        Ok(())
    }

    /// Writes the example's policy under another name, after `edit`.
    fn draft(&self, name: &str, edit: impl FnOnce(&mut Value)) -> Result<PathBuf, CliError> {
        let mut document = Template::of_example(&self.example)?.fill_with(
            name,
            &self.parties(),
            &find::digest(&self.program)?,
            self.isolates
                .in_policy(&self.executable, &self.deployment)?,
        );
        edit(&mut document);
        let path = self.folder.join(format!("{name}.json"));
        std::fs::write(&path, format!("{document:#}\n"))
            .map_err(|source| CliError::file(&path, source))?;
        Ok(path)
    }

    fn call(&self, arguments: &[&OsStr]) -> Result<Value, CliError> {
        Ok(call(&self.executable, arguments.iter().copied())?)
    }

    fn target<'a>(&self, policy: &'a Path) -> Target<'a> {
        Target {
            policy,
            host: self.deployment.participants,
        }
    }

    fn parties(&self) -> [&Party; 3] {
        [&self.acme, &self.globex, &self.lab]
    }

    /// Who provides what.
    fn provisions(&self) -> [(&Party, &'static str, PathBuf); 3] {
        [
            (&self.lab, "/program/psi.wasm", self.program.clone()),
            (
                &self.acme,
                "/input/acme.csv",
                self.data.join("acme_airports.csv"),
            ),
            (
                &self.globex,
                "/input/globex.csv",
                self.data.join("globex_airports.csv"),
            ),
        ]
    }
}

/// Outputs of the example, and the names under which the receivers keep them.
const OUTPUTS: [(&str, &str); 2] = [
    ("/output/overlap.csv", "overlap.csv"),
    ("/output/summary.json", "summary.json"),
];

/// `PATH=FILE`, as `veracruz upload` takes it.
fn assignment(path: &str, file: &Path) -> std::ffi::OsString {
    let mut assignment = std::ffi::OsString::from(path);
    assignment.push("=");
    assignment.push(file);
    assignment
}

/// Where the demo's files go: a folder to keep, or one that is gone at the end.
fn folder(keep: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), CliError> {
    match keep {
        Some(path) => {
            std::fs::create_dir_all(path).map_err(|source| CliError::file(path, source))?;
            Ok((path.to_owned(), None))
        }
        None => {
            let temporary = tempfile::tempdir()
                .map_err(|source| CliError::file(&std::env::temp_dir(), source))?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

fn text(document: &Value, field: &str) -> String {
    document
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn texts(document: &Value, field: &str) -> Vec<String> {
    let list = document
        .get(field)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The first characters of a digest or an instance, enough to compare by eye.
fn short(digest: &str) -> String {
    digest.chars().take(12).chain("…".chars()).collect()
}
