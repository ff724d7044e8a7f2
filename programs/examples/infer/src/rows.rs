//! The user's rows, and what the model says of each.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Column, Failure, Input, Output, Row, quoted};

use crate::graph::Model;

/// How many rows go through the model at a time.
const BATCH: usize = 256;

/// What the rows were taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many rows there were.
    pub rows: u64,
    /// How many had their largest output at each position.
    pub predicted: BTreeMap<usize, u64>,
}

/// Reads rows of numbers, and writes for each its name (the column `id`), the position of the largest
/// output, and all outputs. The other columns are the model's inputs, in order.
///
/// # Errors
/// In which line the rows are malformed, or what of the model is not supported.
pub fn infer<R: BufRead>(
    model: &Model,
    rows: Input<R>,
    id: &str,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let mut table = rows.table()?;
    let name = table.column(id)?;
    let others = table.all_columns().map(|(column, _)| column);
    let columns: Vec<Column> = others.filter(|column| *column != name).collect();
    if columns.len() != model.width() {
        let expected = model.width();
        let reason = format!(
            "expected {expected} columns besides `{id}`, found {}",
            columns.len()
        );
        return Err(table.origin().failure_in_line(1, reason));
    }
    let limit = if model.is_batched() { BATCH } else { 1 };
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    let mut has_header = false;
    loop {
        let row = table.next_row()?;
        let ended = row.is_none();
        if let Some(row) = row {
            names.push(row.text(name).to_owned());
            for column in &columns {
                numbers.push(single(&row, *column)?);
            }
        }
        if names.len() == limit || (ended && !names.is_empty()) {
            let results = model.run(names.len(), std::mem::take(&mut numbers))?;
            let width = results.len() / names.len();
            if !has_header {
                write!(output, "{},predicted", quoted(id))?;
                (0..width).try_for_each(|index| write!(output, ",output{index}"))?;
                writeln!(output)?;
                has_header = true;
            }
            for (name, result) in names.drain(..).zip(results.chunks(width.max(1))) {
                let predicted = largest(result);
                summary.rows += 1;
                *summary.predicted.entry(predicted).or_default() += 1;
                write!(output, "{},{predicted}", quoted(&name))?;
                result
                    .iter()
                    .try_for_each(|number| write!(output, ",{number:.5}"))?;
                writeln!(output)?;
            }
        }
        if ended {
            return Ok(summary);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded to what the model computes with"
)]
fn single(row: &Row<'_>, column: Column) -> Result<f32, Failure> {
    row.number(column).map(|number| number as f32)
}

/// The position of the largest number; of several, the first.
fn largest(numbers: &[f32]) -> usize {
    let mut best = (0, f32::MIN);
    for (index, number) in numbers.iter().enumerate() {
        if *number > best.1 {
            best = (index, *number);
        }
    }
    best.0
}
