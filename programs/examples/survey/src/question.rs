//! What the parties agreed to ask.

use veracruz_guest::{Arguments, Failure};

/// What the parties agreed to ask: it stands in the policy, as the program's arguments.
#[derive(Debug, Clone)]
pub struct Questions {
    /// `--mean income:educ`: sum, mean and variance of a column, by groups.
    pub means: Vec<Mean>,
    /// `--histogram age/10+vote`: how many answers are in each group.
    pub histograms: Vec<Grouping>,
    /// `--correlation educ:income`: of two columns (Pearson's).
    pub correlations: Vec<Correlation>,
    /// `--minimum`: groups of fewer answers are hidden.
    pub minimum: u64,
}

/// A column's mean, by groups.
#[derive(Debug, Clone)]
pub struct Mean {
    /// The question as it was asked.
    pub name: String,
    /// The column of numbers.
    pub value: String,
    /// What makes groups.
    pub by: Grouping,
}

/// What makes groups: a column, or several of them together.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// The question as it was asked.
    pub name: String,
    /// Each column, and how wide a group is where it is one of numbers: with 10, ages from 20 to
    /// less than 30 are the group `20`.
    pub columns: Vec<(String, Option<u32>)>,
}

/// The correlation of two columns.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The question as it was asked.
    pub name: String,
    /// Both columns.
    pub columns: [String; 2],
}

impl Questions {
    /// Reads `--mean age:vote --histogram age/10 --correlation educ:income --minimum 5`.
    ///
    /// # Errors
    /// Where a question is none, or there is something else.
    pub fn of(mut arguments: Arguments) -> Result<Self, Failure> {
        let means = arguments.all("mean")?;
        let histograms = arguments.all("histogram")?;
        let correlations = arguments.all("correlation")?;
        let minimum = arguments.parse("minimum", 10)?;
        arguments.finish()?;
        Ok(Self {
            means: means
                .iter()
                .map(|text| mean(text))
                .collect::<Result<_, _>>()?,
            histograms: histograms
                .iter()
                .map(|text| grouping(text))
                .collect::<Result<_, _>>()?,
            correlations: correlations
                .iter()
                .map(|text| correlation(text))
                .collect::<Result<_, _>>()?,
            minimum,
        })
    }
}

fn mean(text: &str) -> Result<Mean, Failure> {
    let parts = text.split_once(':');
    let (value, by) =
        parts.ok_or_else(|| Failure::usage(format!("--mean {text}: expected COLUMN:GROUPS")))?;
    Ok(Mean {
        name: text.to_owned(),
        value: value.to_owned(),
        by: grouping(by)?,
    })
}

fn grouping(text: &str) -> Result<Grouping, Failure> {
    let columns = text.split('+').map(|column| match column.split_once('/') {
        None => Ok((column.to_owned(), None)),
        Some((column, width)) => match width.parse() {
            Ok(width) if width > 0 => Ok((column.to_owned(), Some(width))),
            _ => Err(Failure::usage(format!(
                "{text}: expected COLUMN/WIDTH with a whole number above 0"
            ))),
        },
    });
    Ok(Grouping {
        name: text.to_owned(),
        columns: columns.collect::<Result<_, _>>()?,
    })
}

fn correlation(text: &str) -> Result<Correlation, Failure> {
    let parts = text.split_once(':');
    let (left, right) = parts
        .ok_or_else(|| Failure::usage(format!("--correlation {text}: expected COLUMN:COLUMN")))?;
    Ok(Correlation {
        name: text.to_owned(),
        columns: [left.to_owned(), right.to_owned()],
    })
}
