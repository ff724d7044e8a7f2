//! Any example, by what its folder says of it: everybody does what the policy has them do, the
//! answers are compared with independent ones, and the receipt is checked.

mod answers;
mod manifest;

use super::narrate::Narrator;
use super::{assignment, attacks, folder, protection, short, text, texts, trust_maker};
use crate::args::DemoArgs;
use crate::error::CliError;
use crate::find;
use crate::local::{Deployment, Isolates, Party, Target, call};
use crate::output::{Format, Report};
use crate::template::Template;
use manifest::Manifest;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use veracruz_policy::{ParticipantName, Policy};

/// An example being played.
struct Play {
    executable: PathBuf,
    example: PathBuf,
    manifest: Manifest,
    /// By path of the policy.
    programs: BTreeMap<String, PathBuf>,
    folder: PathBuf,
    isolates: Isolates,
    deployment: Deployment,
    parties: Vec<Party>,
}

/// Plays the example; an error is its failure.
pub(super) fn run(
    arguments: &DemoArgs,
    isolates: Isolates,
    example: PathBuf,
    format: Format,
) -> Result<Report, CliError> {
    let manifest = Manifest::read(&example)?;
    let mut narrator = Narrator::new(format);
    let protection = protection(&isolates);
    narrator.banner(&manifest.title, &protection);

    let (folder, _temporary) = folder(arguments.keep.as_deref())?;
    let play = Play::set(
        arguments,
        isolates,
        example,
        manifest,
        folder,
        &mut narrator,
    )?;
    let (path, policy) = play.agree(&mut narrator)?;
    play.provision(&path, &policy, &mut narrator)?;
    play.compute(&path, &policy, &mut narrator)?;
    play.prove(&path, &policy, &mut narrator)?;

    narrator.tell("\n");
    let seconds = narrator.seconds();
    narrator.banner(
        &format!("Done in {seconds:.1} seconds. Answers equal the independent ones."),
        &protection,
    );
    if arguments.keep.is_some() {
        narrator.tell(&format!(
            "The files of all parties are in {}.\n",
            play.folder.display()
        ));
    }
    narrator.end(&protection)
}

impl Play {
    /// Starts the machine and gives every party its key.
    fn set(
        arguments: &DemoArgs,
        isolates: Isolates,
        example: PathBuf,
        manifest: Manifest,
        folder: PathBuf,
        narrator: &mut Narrator,
    ) -> Result<Self, CliError> {
        let executable = find::executable()?;
        let find_program = |(path, name): (&String, &String)| {
            let program = find::program(arguments.programs.as_deref(), name)?;
            Ok::<_, CliError>((path.clone(), program))
        };
        let programs = manifest.programs.iter().map(find_program);
        let programs = programs.collect::<Result<_, _>>()?;
        let deployment = Deployment::start_with(&executable, &isolates, &folder)?;

        narrator.step("The parties, each with a key that only it has");
        let template = Template::read(&example.join(&manifest.policy))?;
        let mut parties = Vec::new();
        for (name, has) in template.participants() {
            let mut party = Party::new(&executable, &folder, name)?;
            if let Isolates::MicrovmMeasured { .. } = isolates {
                trust_maker(&mut party, &executable, &deployment)?;
            }
            parties.push(party);
            narrator.says(name, if has.is_empty() { "takes part" } else { has });
        }
        Ok(Self {
            executable,
            example,
            manifest,
            programs,
            folder,
            isolates,
            deployment,
            parties,
        })
    }

    /// The policy is filled in, read to everybody from its own point of view, and an isolate is
    /// started with it.
    fn agree(&self, narrator: &mut Narrator) -> Result<(PathBuf, Policy), CliError> {
        narrator.step("They agree on a policy before anything starts");
        let path = self.draft()?;
        let document = std::fs::read(&path).map_err(|source| CliError::file(&path, source))?;
        let policy = Policy::parse(&document).map_err(|errors| CliError::Policy {
            path: path.clone(),
            document,
            errors,
        })?;
        for participant in policy.participants() {
            let explanation = policy.explain(Some(participant));
            let sentences = explanation.sections.iter().flat_map(|one| &one.sentences);
            let sentences = sentences.map(ToString::to_string);
            // "You give …", and "You, globex and … receive …".
            let concerns = |sentence: &String| {
                let told = ["give /", "receive "];
                sentence.starts_with("You") && told.iter().any(|words| sentence.contains(words))
            };
            for (index, sentence) in sentences.filter(concerns).enumerate() {
                let who = if index == 0 {
                    participant.name.as_str()
                } else {
                    ""
                };
                narrator.says(who, &sentence);
            }
        }
        narrator.says("policy", &format!("its hash: {}", policy.hash()));

        narrator.step("The host starts an isolate with that policy");
        let launched = self.deployment.launch(&path)?;
        let instance = text(&launched, "instance");
        narrator.says("host", &format!("instance {}", short(&instance)));
        Ok((path, policy))
    }

    /// Everybody attests; programs come before approvals, which may name them, and inputs after.
    fn provision(
        &self,
        path: &Path,
        policy: &Policy,
        narrator: &mut Narrator,
    ) -> Result<(), CliError> {
        let target = self.target(path);
        narrator.step("Each attests, approves, and provides its part");
        for (path, program) in &self.programs {
            self.upload(policy, &target, path, program, narrator)?;
        }
        for party in &self.parties {
            party.call(&target, &["approve"], &[])?;
        }
        narrator.says(
            "all",
            "attested the isolate, and approved this policy there",
        );
        for (path, file) in &self.manifest.inputs {
            self.upload(policy, &target, path, &self.example.join(file), narrator)?;
        }
        Ok(())
    }

    fn upload(
        &self,
        policy: &Policy,
        target: &Target<'_>,
        path: &str,
        file: &Path,
        narrator: &mut Narrator,
    ) -> Result<(), CliError> {
        let provider = policy
            .files()
            .iter()
            .find(|one| one.path.as_str() == path)
            .and_then(|one| one.provider.as_ref())
            .ok_or_else(|| CliError::demo("a provider in the policy", &path))?;
        let party = self.party(provider)?;
        let sent = party.call(target, &["upload"], &[&assignment(path, file)])?;
        let bytes = sent.pointer("/files/0/bytes").and_then(Value::as_u64);
        let bytes = bytes.unwrap_or_default();
        narrator.says(&party.name, &format!("gave {path}, {bytes} bytes"));
        Ok(())
    }

    /// The run, its outputs in the hands of those for whom they are, and the answers in them.
    fn compute(
        &self,
        path: &Path,
        policy: &Policy,
        narrator: &mut Narrator,
    ) -> Result<(), CliError> {
        let target = self.target(path);
        narrator.step("The program runs, in a worker without keys, files or network");
        let first = policy.approval().run_by.first();
        let starter = match &self.manifest.run_by {
            Some(name) => self.named(name)?,
            None => self.party(first.ok_or_else(|| CliError::demo("somebody in run_by", &0))?)?,
        };
        let run = starter.call(&target, &["run"], &[])?;
        let milliseconds = run.get("milliseconds").and_then(Value::as_u64);
        narrator.says(
            &starter.name,
            &format!(
                "started the run: {} after {} ms",
                text(&run, "outcome"),
                milliseconds.unwrap_or_default()
            ),
        );

        narrator.step("The right parties get the result, and nobody else");
        let outputs = policy.files().iter().filter(|file| file.is_written());
        for output in outputs.filter(|file| !file.receivers.is_empty()) {
            let path = output.path.as_str();
            let mut got: Option<Vec<u8>> = None;
            for receiver in &output.receivers {
                let bytes = self.download(self.party(receiver)?, &target, path)?;
                match &got {
                    Some(other) if *other != bytes => {
                        let expected = format!("the same {path} for all");
                        return Err(CliError::demo(&expected, &"two of them"));
                    }
                    _ => got = Some(bytes),
                }
            }
            let got = got.unwrap_or_default();
            let receivers: Vec<_> = output.receivers.iter().map(ToString::to_string).collect();
            narrator.says(
                &receivers.join(", "),
                &format!("got {path}, {} bytes", got.len()),
            );
            self.check(path, &got, narrator)?;
            let stranger = self.parties.iter().find(|party| {
                output
                    .receivers
                    .iter()
                    .all(|one| one.as_str() != party.name)
            });
            if let Some(stranger) = stranger {
                let refusal = attacks::refused(
                    "VC-0404",
                    stranger.call(&target, &["download"], &self.fetch(stranger, path).each()),
                )?;
                narrator.says(&stranger.name, &format!("asked for it too: {refusal}"));
            }
        }
        Ok(())
    }

    fn download(
        &self,
        party: &Party,
        target: &Target<'_>,
        path: &str,
    ) -> Result<Vec<u8>, CliError> {
        let fetch = self.fetch(party, path);
        party.call(target, &["download"], &fetch.each())?;
        std::fs::read(&fetch.file).map_err(|source| CliError::file(&fetch.file, source))
    }

    /// Where `party` keeps the file at `path`.
    fn fetch(&self, party: &Party, path: &str) -> Fetch {
        let name = path.trim_start_matches('/').replace('/', "-");
        Fetch {
            path: path.into(),
            file: party.folder.join(name),
        }
    }

    /// Compares an output with its answer, and shows it where it is short.
    fn check(&self, path: &str, got: &[u8], narrator: &mut Narrator) -> Result<(), CliError> {
        if let Some(answer) = self.manifest.answers.get(path) {
            answers::check(path, got, answer, &self.example)?;
        }
        if let Ok(text) = std::str::from_utf8(got)
            && text.len() <= SHOWN
        {
            narrator.says("", text);
        }
        Ok(())
    }

    /// A receipt, fetched and checked offline.
    fn prove(&self, path: &Path, policy: &Policy, narrator: &mut Narrator) -> Result<(), CliError> {
        let is_output = |path: &String| {
            let of_it = |file: &&veracruz_policy::File| file.path.as_str() == path;
            policy
                .files()
                .iter()
                .filter(of_it)
                .any(veracruz_policy::File::is_written)
        };
        if let Some(path) = self.manifest.answers.keys().find(|path| !is_output(path)) {
            return Err(CliError::demo("an output of the policy", path));
        }
        narrator.step("Everybody keeps a receipt, which can be checked offline for years");
        let Some(party) = self.parties.first() else {
            return Err(CliError::demo("parties", &0));
        };
        let receipt = party.folder.join("receipt.cbor");
        let arguments = [OsStr::new("--output"), receipt.as_os_str()];
        party.call(&self.target(path), &["receipt", "fetch"], &arguments)?;
        if let Isolates::MicrovmMeasured { .. } = self.isolates {
            narrator.says(&party.name, "has judged it while the TPM answered");
            return Ok(());
        }
        let verified = call(
            &self.executable,
            [
                OsStr::new("receipt"),
                OsStr::new("verify"),
                receipt.as_os_str(),
                OsStr::new("--policy"),
                path.as_os_str(),
            ],
        )?;
        for words in texts(&verified, "proved") {
            narrator.says("proved", &words);
        }
        for words in texts(&verified, "not_proved") {
            narrator.says("NOT", &words);
        }
        Ok(())
    }

    /// Writes the example's policy, filled in.
    fn draft(&self) -> Result<PathBuf, CliError> {
        let mut digests = Vec::new();
        for (path, program) in &self.programs {
            let digest = find::digest(program)?;
            let name = self.manifest.programs.get(path);
            digests.extend(name.map(|name| (format!("{name}_sha256"), digest.clone())));
            if self.programs.len() == 1 {
                digests.push(("program_sha256".to_owned(), digest));
            }
        }
        let template = Template::read(&self.example.join(&self.manifest.policy))?;
        let name = template.name().unwrap_or("example").to_owned();
        let isolates = self
            .isolates
            .in_policy(&self.executable, &self.deployment)?;
        let parties: Vec<_> = self.parties.iter().collect();
        let document = template.fill_programs(&name, &parties, &digests, isolates);
        let path = self.folder.join("policy.json");
        std::fs::write(&path, format!("{document:#}\n"))
            .map_err(|source| CliError::file(&path, source))?;
        Ok(path)
    }

    fn target<'a>(&self, policy: &'a Path) -> Target<'a> {
        Target {
            policy,
            host: self.deployment.participants,
        }
    }

    fn party(&self, name: &ParticipantName) -> Result<&Party, CliError> {
        self.named(name.as_str())
    }

    fn named(&self, name: &str) -> Result<&Party, CliError> {
        let party = self.parties.iter().find(|party| party.name == name);
        party.ok_or_else(|| CliError::demo("a party of example.json", &name))
    }
}

/// Bytes of the longest output that is shown.
const SHOWN: usize = 200;

/// What to fetch, and where to.
struct Fetch {
    path: OsString,
    file: PathBuf,
}

impl Fetch {
    /// As `veracruz download` takes it.
    fn each(&self) -> [&OsStr; 3] {
        [&self.path, OsStr::new("--output"), self.file.as_os_str()]
    }
}
