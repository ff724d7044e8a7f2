//! The computation itself.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Column, Failure, Input, Row, Table};

use crate::question::Question;

/// What both parties learn.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many keys are in both files.
    pub intersection: usize,
    /// For each column that was asked for: its sum over the shared keys, in units of the column.
    pub sums: BTreeMap<String, i64>,
}

/// A row of the first file.
struct Kept {
    values: Box<[i64]>,
    shared: bool,
}

impl Summary {
    /// Keeps the keys and numbers of the first file in memory, and streams the second past them.
    ///
    /// # Errors
    /// Whose file is malformed, in which line, and why; or that too few keys are shared to answer.
    pub fn of<R: BufRead>(inputs: [Input<R>; 2], question: &Question) -> Result<Self, Failure> {
        let [first, second] = inputs;
        let mut first = Columns::find(first, question)?;
        let mut second = Columns::find(second, question)?;
        first.check(&second, question)?;
        let mut kept = keep(&mut first)?;

        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        let mut intersection = 0_usize;
        while let Some(row) = second.table.next_row()? {
            let values = numbers(&row, &second.sums)?;
            let Some(found) = kept.get_mut(row.required(second.key)?) else {
                continue;
            };
            if found.shared {
                return Err(row.failure_of(second.key, "was there before"));
            }
            found.shared = true;
            intersection += 1;
            let named = names(&first.sums).zip(found.values.iter());
            for (name, value) in named.chain(names(&second.sums).zip(values.iter())) {
                let total = totals.entry(name.to_owned()).or_default();
                *total = total
                    .checked_add(*value)
                    .ok_or_else(|| row.failure("a sum does not fit 63 bits"))?;
            }
        }
        if intersection < question.minimum {
            return Err(Failure::withheld(format!(
                "fewer than {} keys are shared",
                question.minimum
            )));
        }
        Ok(Self {
            intersection,
            sums: totals,
        })
    }
}

/// The columns of a file that were asked for.
struct Columns<R> {
    table: Table<R>,
    key: Column,
    sums: Vec<(String, Column)>,
}

impl<R: BufRead> Columns<R> {
    fn find(input: Input<R>, question: &Question) -> Result<Self, Failure> {
        let table = input.table()?;
        let key = table.column(&question.key)?;
        let wanted = question.sums.iter();
        let sums = wanted
            .filter_map(|name| Some((name.clone(), table.find(name)?)))
            .collect();
        Ok(Self { table, key, sums })
    }

    /// Each column must be in one of the files, or it would not be clear what was added up.
    fn check(&self, other: &Self, question: &Question) -> Result<(), Failure> {
        for name in &question.sums {
            let owners = names(&self.sums).chain(names(&other.sums));
            match owners.filter(|found| found == name).count() {
                1 => {}
                0 => return Err(Failure::usage(format!("--sum {name}: neither file has it"))),
                _ => return Err(Failure::usage(format!("--sum {name}: both files have it"))),
            }
        }
        Ok(())
    }
}

fn names(columns: &[(String, Column)]) -> impl Iterator<Item = &str> {
    columns.iter().map(|(name, _)| name.as_str())
}

fn keep<R: BufRead>(columns: &mut Columns<R>) -> Result<HashMap<Box<str>, Kept>, Failure> {
    let mut kept = HashMap::new();
    while let Some(row) = columns.table.next_row()? {
        let values = numbers(&row, &columns.sums)?;
        let shared = false;
        let before = kept.insert(row.required(columns.key)?.into(), Kept { values, shared });
        if before.is_some() {
            return Err(row.failure_of(columns.key, "was there before"));
        }
    }
    Ok(kept)
}

/// The numbers of a row. What stands after a point is dropped, so that sums are exact and the same
/// in every order.
fn numbers(row: &Row<'_>, columns: &[(String, Column)]) -> Result<Box<[i64]>, Failure> {
    let number = |column| {
        let text = row.text(column);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let whole = whole.parse().ok().filter(|_| digits);
        whole.ok_or_else(|| row.failure_of(column, "should be a number"))
    };
    columns.iter().map(|(_, column)| number(*column)).collect()
}
