//! `veracruz check`: what a program needs, and whether it can run here and under a policy.

use super::policy;
use crate::args::CheckArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::{FilePath, Policy, Sha256};
use veracruz_intake::{AtStart, Import, Kind, Memory, Need, Offer};
use veracruz_policy::File;

/// Says what it is, what it asks for, and every reason why it does not fit.
pub(crate) fn check(arguments: &CheckArgs) -> Result<Report, CliError> {
    let program = std::fs::read(&arguments.program)
        .map_err(|source| CliError::file(&arguments.program, source))?;
    let found = veracruz_intake::check(&program)
        .map_err(|error| CliError::unfit(vec![error.to_string()], Value::Null))?;
    let mut problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    if let Some(path) = &arguments.policy {
        let policy = policy::load(path)?;
        problems.extend(under_policy(
            &policy,
            arguments.path.as_deref(),
            &program,
            &found,
        )?);
    }
    let document = document(&found, &problems);
    if !problems.is_empty() {
        return Err(CliError::unfit(problems, document));
    }
    Ok(Report::new(document).lines(lines(&found)).line("it fits"))
}

/// Why it does not fit the policy. Whether it stays within its limits, only running it shows.
fn under_policy(
    policy: &Policy,
    path: Option<&str>,
    program: &[u8],
    found: &veracruz_intake::Report,
) -> Result<Vec<String>, CliError> {
    let digest = Sha256::of(program);
    let file = named(policy, path, &digest)?;
    let mut problems = Vec::new();
    if !file.accepts(&digest) {
        problems.push(format!("the policy pins another content for {}", file.path));
    }
    let length = program.len() as u64;
    if length > file.max_bytes {
        problems.push(format!(
            "it has {length} bytes, and the policy allows {} for {}",
            file.max_bytes, file.path
        ));
    }
    let AtStart {
        memory_bytes,
        table_elements,
        ..
    } = found.at_start;
    for (index, stage) in policy.pipeline().iter().enumerate() {
        if stage.program != file.path {
            continue;
        }
        let limits = &stage.limits;
        let place = format!("stage {}", index.saturating_add(1));
        if length > limits.module_bytes {
            problems.push(format!(
                "{place}: it has {length} bytes, at most {}",
                limits.module_bytes
            ));
        }
        if memory_bytes > limits.memory {
            problems.push(format!(
                "{place}: it starts with {memory_bytes} bytes of memory, at most {}",
                limits.memory
            ));
        }
        if table_elements > limits.tables {
            problems.push(format!(
                "{place}: it starts with {table_elements} elements in tables, at most {}",
                limits.tables
            ));
        }
    }
    Ok(problems)
}

/// The program's file in the policy: the one that is named, or the one whose pin it has.
fn named<'a>(
    policy: &'a Policy,
    path: Option<&str>,
    digest: &Sha256,
) -> Result<&'a File, CliError> {
    if let Some(path) = path {
        let parsed = FilePath::parse(path).ok();
        let file = parsed.and_then(|path| policy.file(&path));
        return file.ok_or_else(|| CliError::argument("a file of the policy", &path));
    }
    let programs: Vec<&File> = policy
        .programs()
        .filter_map(|path| policy.file(path))
        .collect();
    let pinned = programs
        .iter()
        .find(|file| file.is_pinned() && file.accepts(digest));
    match (pinned, programs.as_slice()) {
        (Some(file), _) | (None, [file]) => Ok(file),
        _ => Err(CliError::argument(
            "`--path`: which of the policy's programs it is",
            &"none",
        )),
    }
}

fn lines(found: &veracruz_intake::Report) -> Vec<String> {
    let mut lines = vec![match found.kind {
        Kind::Module => "a core module (WASI preview 1)".to_owned(),
        Kind::Component => "a component (WASI 0.2)".to_owned(),
    }];
    for import in &found.imports {
        lines.push(format!("imports   {}", shown(import)));
    }
    if found.imports_left_out > 0 {
        lines.push(format!("imports   and {} more", found.imports_left_out));
    }
    for Memory {
        initial, maximum, ..
    } in &found.memories
    {
        let most =
            maximum.map_or_else(|| "no maximum".to_owned(), |most| format!("at most {most}"));
        lines.push(format!("memory    {initial} bytes at its start, {most}"));
    }
    let AtStart {
        instances,
        memories,
        memory_bytes,
        tables,
        table_elements,
        ..
    } = found.at_start;
    if found.kind == Kind::Component {
        lines.push(format!(
            "starts    {instances} core instances with {memories} memories of {memory_bytes} bytes \
             and {tables} tables of {table_elements} elements"
        ));
    }
    let proposals: Vec<_> = found
        .proposals
        .iter()
        .map(|proposal| proposal.name)
        .collect();
    if !proposals.is_empty() {
        lines.push(format!("uses      {}", proposals.join(", ")));
    }
    let needs: Vec<_> = found.needs.iter().map(|need| name(*need)).collect();
    if !needs.is_empty() {
        lines.push(format!("may ask   for {}", needs.join(", ")));
    }
    lines
}

fn document(found: &veracruz_intake::Report, problems: &[String]) -> Value {
    json!({
        "fits": problems.is_empty(),
        "problems": problems,
        "kind": match found.kind { Kind::Module => "module", Kind::Component => "component" },
        "imports": found.imports.iter().map(|import| json!({
            "module": import.module,
            "name": import.name,
            "signature": import.signature,
            "offer": offer(&import.offer),
        })).collect::<Vec<_>>(),
        "imports_left_out": found.imports_left_out,
        "proposals": found.proposals.iter().map(|proposal| json!({
            "name": proposal.name, "on": proposal.on,
        })).collect::<Vec<_>>(),
        "memories": found.memories.iter().map(|memory| json!({
            "initial": memory.initial, "maximum": memory.maximum,
        })).collect::<Vec<_>>(),
        "tables": found.tables.iter().map(|table| json!({
            "initial": table.initial, "maximum": table.maximum,
        })).collect::<Vec<_>>(),
        "at_start": {
            "instances": found.at_start.instances,
            "memories": found.at_start.memories,
            "memory_bytes": found.at_start.memory_bytes,
            "tables": found.at_start.tables,
            "table_elements": found.at_start.table_elements,
        },
        "needs": found.needs.iter().map(|need| name(*need)).collect::<Vec<_>>(),
    })
}

/// An import on one line. Its names are the program's own words: nothing in them reaches the
/// terminal but printable characters.
fn shown(import: &Import) -> String {
    let signature = import.signature.as_deref().unwrap_or_default();
    let text = format!(
        "{} {} {signature} ({})",
        import.module,
        import.name,
        offer(&import.offer)
    );
    text.chars()
        .map(|character| {
            if character.is_control() {
                '?'
            } else {
                character
            }
        })
        .collect()
}

fn offer(offer: &Offer) -> &'static str {
    match offer {
        Offer::Offered => "offered",
        Offer::Trap => "ends the program when it is called",
        Offer::Missing => "not offered",
        _ => "offered under another type",
    }
}

fn name(need: Need) -> &'static str {
    match need {
        Need::Arguments => "arguments",
        Need::Environment => "environment",
        Need::Clock => "clock",
        Need::Randomness => "randomness",
        Need::Files => "files",
        Need::StandardInput => "standard input",
        Need::StandardOutput => "standard output",
        Need::StandardError => "standard error",
        Need::Network => "network",
        _ => "something new",
    }
}
