//! The parties' rows.

use std::io::BufRead;

use veracruz_guest::{Column, Failure, Input, Row};

/// What columns mean.
#[derive(Debug, Clone)]
pub struct Data {
    /// The column with the class: 0 or 1.
    pub label: String,
    /// Columns that are neither: identifiers.
    pub ignored: Vec<String>,
}

/// Rows of one or several parties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The names of the features, in the order of the first file.
    pub features: Vec<String>,
    /// One number a feature.
    pub values: Vec<Vec<f64>>,
    /// The class of each row.
    pub labels: Vec<bool>,
}

impl Data {
    /// Reads a party's rows. Their features must be those of `rows`, in any order, unless there are
    /// none yet.
    ///
    /// # Errors
    /// Whose file is malformed, in which line, and why.
    pub fn read<R: BufRead>(&self, input: Input<R>, rows: &mut Rows) -> Result<(), Failure> {
        let mut table = input.table()?;
        let label = table.column(&self.label)?;
        let is_feature = |name: &str| name != self.label && !self.ignored.iter().any(|i| i == name);
        let found = table.names().iter().filter(|name| is_feature(name));
        if rows.features.is_empty() {
            rows.features = found.cloned().collect();
        } else if let Some(surplus) = found.into_iter().find(|name| !rows.features.contains(name)) {
            let reason = format!("the column `{surplus}` is not in the first file");
            return Err(table.origin().failure_in_line(1, reason));
        }
        let features = rows.features.iter();
        let features: Vec<Column> = features
            .map(|name| table.column(name))
            .collect::<Result<_, _>>()?;
        while let Some(row) = table.next_row()? {
            rows.labels.push(class(&row, label)?);
            let values = features.iter().map(|column| row.number(*column));
            rows.values.push(values.collect::<Result<_, _>>()?);
        }
        Ok(())
    }
}

fn class(row: &Row<'_>, label: Column) -> Result<bool, Failure> {
    match row.text(label) {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(row.failure_of(label, "should be 0 or 1")),
    }
}
