//! What a draft needs, and the questions that get it.

use super::ask::Ask;
use super::template;
use crate::args::{Named, PolicyNewArgs};
use crate::error::CliError;
use std::path::{Path, PathBuf};
use veracruz_client::draft::{TEMPLATES, Template};
use veracruz_policy::{KeyDigest, ParticipantName};

/// The arguments without which there is no draft, as one would write them.
///
/// # Errors
/// There is no such template.
pub(super) fn missing(arguments: &PolicyNewArgs) -> Result<Vec<String>, CliError> {
    let template = template(arguments.template.as_deref())?;
    let mut missing = Vec::new();
    if template.is_none() {
        missing.push(format!("TEMPLATE (one of {})", super::template_names()));
    }
    let least = template.map_or(0, |template| template.least_data);
    if arguments.data.len() < least {
        let found = arguments.data.len();
        missing.push(format!(
            "--data NAME=CERTIFICATE {least} times ({found} given)"
        ));
    }
    if arguments.program_by.is_none() {
        missing.push("--program-by NAME=CERTIFICATE".to_owned());
    }
    if let Some(given) = template.and_then(|template| template.given.as_ref())
        && arguments.receivers.is_empty()
    {
        let what = given.what;
        missing.push(format!("--receiver NAME=CERTIFICATE, who gives `{what}`"));
    }
    if arguments.isolates.is_empty() && arguments.attesters.is_empty() {
        let isolates = "--isolates FILE (or --attester KEY for isolates of kind `process`)";
        missing.push(isolates.to_owned());
    }
    Ok(missing)
}

/// Asks for everything that is not given.
///
/// # Errors
/// There is no such template, or nobody answers any more.
pub(super) fn complete(
    mut arguments: PolicyNewArgs,
    person: &mut dyn Ask,
) -> Result<PolicyNewArgs, CliError> {
    let template = match template(arguments.template.as_deref())? {
        Some(template) => template,
        None => choose_template(person)?,
    };
    arguments.template = Some(template.name.to_owned());
    if arguments.name.is_none() {
        let question = "What do the parties call it?";
        arguments.name = Some(person.line(question, Some(template.name), &some_text)?);
    }
    if arguments.data.is_empty() || arguments.data.len() < template.least_data {
        data(template, &mut arguments, person)?;
    }
    if arguments.program_by.is_none() {
        let question = "Who provides the program?";
        let known = known(&arguments);
        arguments.program_by = named(question, false, &known, person)?;
    }
    if arguments.program.is_none() {
        let question =
            "The program's file, to fix it by its digest (empty: its provider may give any)";
        let path = person.line(question, Some(""), &optional(&is_file))?;
        arguments.program = (!path.is_empty()).then(|| path.into());
    }
    if arguments.receivers.is_empty() {
        receivers(template, &mut arguments, person)?;
    }
    if arguments.isolates.is_empty() && arguments.attesters.is_empty() {
        isolates(&mut arguments, person)?;
    }
    if arguments.expires.is_none() {
        let question = "When does it end? (a day as 2027-01-01, `never`, or empty: in half a year)";
        let day = person.line(question, Some(""), &optional(&is_end))?;
        arguments.expires = day.parse().ok();
    }
    if arguments.out.is_none() {
        let force = arguments.force;
        let is_free = |path: &str| match Path::new(path).exists() {
            true if !force => Err(format!("{path} is there already")),
            _ => some_text(path),
        };
        let question = "Where does the draft go?";
        arguments.out = Some(person.line(question, Some("policy.json"), &is_free)?.into());
    }
    Ok(arguments)
}

fn choose_template(person: &mut dyn Ask) -> Result<&'static Template, CliError> {
    for template in TEMPLATES {
        let description = match template.description {
            "" => "Something else: one output, and nothing more",
            description => description,
        };
        person.say(&format!("  {:8} {description}", template.name))?;
    }
    let is_template = |name: &str| match Template::find(name) {
        Some(_) => Ok(()),
        None => Err(format!("one of {}", super::template_names())),
    };
    let name = person.line("What kind of computation?", None, &is_template)?;
    Template::find(&name).ok_or_else(|| CliError::argument("one of the templates", &name))
}

/// Those who provide data: as many as the template needs, and more.
fn data(
    template: &Template,
    arguments: &mut PolicyNewArgs,
    person: &mut dyn Ask,
) -> Result<(), CliError> {
    loop {
        let count = arguments.data.len();
        let may_end = count >= template.least_data;
        let question = match (count, may_end) {
            (0, false) => "Who provides data?",
            (0, true) => "Who provides data? (empty: nobody)",
            (_, false) => "Who else provides data?",
            (_, true) => "Who else provides data? (empty: nobody)",
        };
        let known = known(arguments);
        match named(question, may_end, &known, person)? {
            Some(party) => arguments.data.push(party),
            None => return Ok(()),
        }
    }
}

/// Others who receive something; for a model or a query, first who gives it.
fn receivers(
    template: &Template,
    arguments: &mut PolicyNewArgs,
    person: &mut dyn Ask,
) -> Result<(), CliError> {
    if let Some(given) = &template.given {
        let question = format!("{}: who gives that?", given.what);
        let known = known(arguments);
        arguments
            .receivers
            .extend(named(&question, false, &known, person)?);
    }
    loop {
        let question = "Who else receives results? (empty: nobody)";
        let known = known(arguments);
        match named(question, true, &known, person)? {
            Some(party) => arguments.receivers.push(party),
            None => return Ok(()),
        }
    }
}

fn isolates(arguments: &mut PolicyNewArgs, person: &mut dyn Ask) -> Result<(), CliError> {
    let question = "The acceptable isolates: files of `veracruz measure --format policy`, or an \
                    attester's key for isolates of kind `process` (several with commas)";
    let check = |answer: &str| {
        parts(answer).try_for_each(|part| match is_key(part) {
            true => Ok(()),
            false => is_file(part),
        })
    };
    let answer = person.line(question, None, &|answer| {
        some_text(answer)?;
        check(answer)
    })?;
    for part in parts(&answer) {
        if is_key(part) {
            arguments.attesters.push(part.to_owned());
        } else {
            arguments.isolates.push(part.into());
        }
    }
    Ok(())
}

/// A participant by name and certificate; none where the name is left empty and that is allowed.
/// Who was named before has a certificate.
fn named(
    question: &str,
    may_be_empty: bool,
    known: &[Named],
    person: &mut dyn Ask,
) -> Result<Option<Named>, CliError> {
    let is_name = |text: &str| match text {
        "" if may_be_empty => Ok(()),
        text => ParticipantName::parse(text)
            .map(|_| ())
            .map_err(|error| error.to_string()),
    };
    let default = may_be_empty.then_some("");
    let name = person.line(question, default, &is_name)?;
    if name.is_empty() {
        return Ok(None);
    }
    if let Some(known) = known.iter().find(|known| known.name == name) {
        return Ok(Some(known.clone()));
    }
    let beside = format!("{name}.crt");
    let default = Path::new(&beside).is_file().then_some(beside.as_str());
    let question = format!("The file of {name}'s certificate");
    let file: PathBuf = person.line(&question, default, &is_certificate)?.into();
    Ok(Some(Named { name, file }))
}

/// Everybody who was named so far.
fn known(arguments: &PolicyNewArgs) -> Vec<Named> {
    let data = arguments.data.iter().chain(&arguments.program_by);
    data.chain(&arguments.receivers).cloned().collect()
}

fn parts(answer: &str) -> impl Iterator<Item = &str> {
    let parts = answer.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

fn some_text(text: &str) -> Result<(), String> {
    match text {
        "" => Err("there must be something".to_owned()),
        _ => Ok(()),
    }
}

fn is_key(text: &str) -> bool {
    text.parse::<KeyDigest>().is_ok()
}

fn is_end(text: &str) -> Result<(), String> {
    let end: Result<crate::args::Ends, _> = text.parse();
    end.map(|_| ()).map_err(str::to_owned)
}

fn is_file(path: &str) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(file) if file.is_file() => Ok(()),
        Ok(_) => Err(format!("{path} is no file")),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

fn is_certificate(path: &str) -> Result<(), String> {
    is_file(path)?;
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    match text.contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(()),
        false => Err(format!("{path} is no certificate as PEM")),
    }
}

/// A check that takes an empty answer, too.
fn optional<'a>(
    check: &'a dyn Fn(&str) -> Result<(), String>,
) -> impl Fn(&str) -> Result<(), String> + 'a {
    move |text| match text {
        "" => Ok(()),
        text => check(text),
    }
}

#[cfg(test)]
mod tests;
