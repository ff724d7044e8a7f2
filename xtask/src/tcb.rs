//! `cargo xtask tcb`: how much code everyone has to trust, counted.
//!
//! Counted are lines that hold a token of Rust: neither comments and documentation nor blank lines
//! nor what is compiled for tests alone; and the keyword `unsafe`. Of code in C and assembly, lines
//! that are not blank. All of a crate's sources count, whether a feature switches them on or not, so
//! that the numbers bound what is in the binary from above.

mod count;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{self, Failure};
use count::Count;

/// The crate whose binary is measured, and the target that it is built for.
const RUNTIME: &str = "veracruz-runtime";
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Where the page is, and the limits that nobody passes unnoticed.
const PAGE: &str = "docs/reference/trusted-base.md";
const BUDGET: &str = "tests/trusted-budget.txt";

/// The lines of the page between which the table stands.
const BEGIN: &str = "<!-- Counted by `cargo xtask tcb --write`: do not edit. -->\n";
const END: &str = "<!-- End of what was counted. -->\n";

/// Prints the table, writes it into the page, or holds the counts against the budget.
pub(crate) fn tcb(words: &[String]) -> Result<(), Failure> {
    let base = Base::count()?;
    match words.first().map(String::as_str) {
        None => print!("{}", base.table()),
        Some("--write") => base.write()?,
        Some("--check") => {}
        Some(other) => return Err(Failure::new(format!("tcb: no option `{other}`"))),
    }
    base.check()
}

/// The trusted base.
struct Base {
    /// This project's crates, by name.
    own: BTreeMap<String, Count>,
    /// Everybody else's.
    others: BTreeMap<String, Count>,
}

impl Base {
    fn count() -> Result<Self, Failure> {
        let folders = folders()?;
        let mut base = Self {
            own: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        for name in linked()? {
            let folder = folders
                .get(&name)
                .ok_or_else(|| Failure::new(format!("cargo metadata does not know {name}")))?;
            let count = Count::of_crate(folder)?;
            let short = name.split(' ').next().unwrap_or(&name).to_owned();
            let crates = if short.starts_with("veracruz-") {
                &mut base.own
            } else {
                &mut base.others
            };
            // Two versions of one crate are both in the binary.
            crates.entry(short).or_default().add(count);
        }
        Ok(base)
    }

    /// Markdown: this project's crates one by one, the largest others, and sums.
    fn table(&self) -> String {
        let mut table = String::from(
            "| crate | lines of Rust | `unsafe` | lines of C and assembly |\n|---|--:|--:|--:|\n",
        );
        let mut line = |name: &str, count: &Count| {
            let Count {
                lines,
                unsafe_words,
                foreign,
            } = count;
            // Writing to a string does not fail.
            let _ = writeln!(table, "| {name} | {lines} | {unsafe_words} | {foreign} |");
        };
        for (name, count) in &self.own {
            line(&format!("`{name}`"), count);
        }
        line("**this project**", &sum(&self.own));
        let mut largest: Vec<_> = self.others.iter().collect();
        largest.sort_by_key(|(_, count)| std::cmp::Reverse(count.lines + count.foreign));
        let (shown, rest) = largest.split_at(largest.len().min(SHOWN));
        for (name, count) in shown {
            line(&format!("`{name}`"), count);
        }
        let mut more = Count::default();
        rest.iter().for_each(|(_, count)| more.add(**count));
        line(&format!("{} more", rest.len()), &more);
        line(
            &format!("**{} of others**", self.others.len()),
            &sum(&self.others),
        );
        table
    }

    fn write(&self) -> Result<(), Failure> {
        let path = crate::root().join(PAGE);
        let page = read(&path)?;
        let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some((before, after))
        });
        let (before, after) =
            parts.ok_or_else(|| Failure::new(format!("{PAGE} has no place for the table")))?;
        let page = format!("{before}{BEGIN}\n{}\n{END}{after}", self.table());
        std::fs::write(&path, page).map_err(|error| Failure::new(format!("{PAGE}: {error}")))
    }

    /// Every count within its budget; a budget that is far too large is none.
    fn check(&self) -> Result<(), Failure> {
        let (own, others) = (sum(&self.own), sum(&self.others));
        let counted = [
            ("own-lines", own.lines),
            ("own-unsafe", own.unsafe_words),
            ("other-crates", self.others.len()),
            ("other-lines", others.lines),
            ("other-unsafe", others.unsafe_words),
            ("foreign-lines", own.foreign + others.foreign),
        ];
        let budget = budget(&read(&crate::root().join(BUDGET))?)?;
        let mut faults = Vec::new();
        for (name, count) in counted {
            match budget.get(name) {
                None => faults.push(format!("{BUDGET} has no line for {name}, which is {count}")),
                Some(most) if count > *most => {
                    faults.push(format!("{name} is {count}; {BUDGET} allows {most}"));
                }
                Some(most) if *most > count.saturating_add(count / 5).saturating_add(10) => {
                    faults.push(format!(
                        "{name} is {count}; {BUDGET} allows {most}, which is more than a fifth too much"
                    ));
                }
                Some(_) => {}
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the trusted base: {}\nWhoever raises a budget says in the commit why everyone should \
             have to trust more.",
            faults.join("; ")
        )))
    }
}

/// How many of others' crates have a line of their own.
const SHOWN: usize = 12;

fn sum(crates: &BTreeMap<String, Count>) -> Count {
    let mut sum = Count::default();
    crates.values().for_each(|count| sum.add(*count));
    sum
}

/// `name number` lines.
fn budget(text: &str) -> Result<BTreeMap<String, usize>, Failure> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, number) = line.split_once(' ').unwrap_or((line, ""));
            let number = number.trim().parse();
            number
                .map(|number| (name.to_owned(), number))
                .map_err(|_| Failure::new(format!("{BUDGET}: expected a number after {name}")))
        })
        .collect()
}

/// Name and version of every crate whose code is in the binary.
fn linked() -> Result<Vec<String>, Failure> {
    let tree = process::output(&mut process::cargo([
        "tree",
        "--locked",
        "--package",
        RUNTIME,
        "--target",
        TARGET,
        "--prefix=none",
        "--format={p}",
        "--edges=normal,no-proc-macro",
    ]))
    .ok_or_else(|| Failure::new("`cargo tree` failed"))?;
    let mut crates: Vec<_> = tree
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    crates.sort();
    crates.dedup();
    Ok(crates)
}

/// Name and version → where the crate's sources are.
fn folders() -> Result<BTreeMap<String, PathBuf>, Failure> {
    let metadata = process::output(&mut process::cargo([
        "metadata",
        "--format-version=1",
        "--locked",
    ]))
    .and_then(|text| serde_json::from_str::<Value>(&text).ok())
    .ok_or_else(|| Failure::new("`cargo metadata` failed"))?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let folder = |package: &Value| {
        let text = |field| package.get(field).and_then(Value::as_str);
        let manifest = Path::new(text("manifest_path")?);
        let name = format!("{} v{}", text("name")?, text("version")?);
        Some((name, manifest.parent()?.to_owned()))
    };
    Ok(packages.into_iter().flatten().filter_map(folder).collect())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(lines: usize) -> Base {
        let count = Count {
            lines,
            unsafe_words: 0,
            foreign: 0,
        };
        Base {
            own: BTreeMap::from([("veracruz-a".to_owned(), count)]),
            others: BTreeMap::new(),
        }
    }

    #[test]
    fn the_table_names_every_crate_of_ours() {
        let table = base(7).table();
        assert!(table.contains("| `veracruz-a` | 7 | 0 | 0 |\n"), "{table}");
        assert!(
            table.contains("| **this project** | 7 | 0 | 0 |\n"),
            "{table}"
        );
    }

    #[test]
    fn a_budget_is_a_name_and_a_number() {
        let read = budget("# why\n\nown-lines 12\n").unwrap();
        assert_eq!(read.get("own-lines"), Some(&12));
        assert!(budget("own-lines many").is_err());
    }
}
