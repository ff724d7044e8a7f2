//! The computation itself.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Column, Failure, Input, Row, Table};

use crate::groups::{Groups, Moments, hide_small};
use crate::question::{Grouping, Questions};

/// What the parties publish.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answers {
    /// How many answers there are.
    pub rows: u64,
    /// By question: the groups.
    pub means: BTreeMap<String, Groups<Moments>>,
    /// By question: how many answers are in each group.
    pub histograms: BTreeMap<String, Groups<u64>>,
    /// By question: between -1 and 1; none where too few answered both, or a column is constant.
    pub correlations: BTreeMap<String, Option<f64>>,
}

/// What was collected so far.
#[derive(Debug)]
pub struct Survey<'questions> {
    questions: &'questions Questions,
    rows: u64,
    means: Vec<BTreeMap<String, Moments>>,
    histograms: Vec<BTreeMap<String, u64>>,
    pairs: Vec<Pairs>,
}

impl<'questions> Survey<'questions> {
    /// Nothing yet.
    #[must_use]
    pub fn new(questions: &'questions Questions) -> Self {
        Self {
            questions,
            rows: 0,
            means: vec![BTreeMap::new(); questions.means.len()],
            histograms: vec![BTreeMap::new(); questions.histograms.len()],
            pairs: vec![Pairs::default(); questions.correlations.len()],
        }
    }

    /// Adds a party's answers. Who did not answer (an empty field) is left out of the questions about
    /// that column.
    ///
    /// # Errors
    /// Whose file is malformed, in which line, and why.
    pub fn add<R: BufRead>(&mut self, input: Input<R>) -> Result<(), Failure> {
        let mut table = input.table()?;
        let means = self.questions.means.iter();
        let means: Vec<(Column, Keys)> = means
            .map(|mean| Ok((table.column(&mean.value)?, Keys::find(&table, &mean.by)?)))
            .collect::<Result<_, Failure>>()?;
        let histograms = self.questions.histograms.iter();
        let histograms: Vec<Keys> = histograms
            .map(|grouping| Keys::find(&table, grouping))
            .collect::<Result<_, _>>()?;
        let pairs = self.questions.correlations.iter();
        let pairs: Vec<[Column; 2]> = pairs
            .map(|pair| table.columns(pair.columns.each_ref().map(String::as_str)))
            .collect::<Result<_, _>>()?;

        while let Some(row) = table.next_row()? {
            self.rows += 1;
            for ((value, keys), groups) in means.iter().zip(&mut self.means) {
                if let (Some(value), Some(key)) = (number(&row, *value)?, keys.of(&row)?) {
                    groups.entry(key).or_default().add(value);
                }
            }
            for (keys, groups) in histograms.iter().zip(&mut self.histograms) {
                if let Some(key) = keys.of(&row)? {
                    *groups.entry(key).or_default() += 1;
                }
            }
            for ([left, right], pairs) in pairs.iter().zip(&mut self.pairs) {
                if let (Some(left), Some(right)) = (number(&row, *left)?, number(&row, *right)?) {
                    pairs.add(left, right);
                }
            }
        }
        Ok(())
    }

    /// What may be shown of it.
    ///
    /// # Errors
    /// Where there are fewer answers altogether than a group must have.
    pub fn publish(self) -> Result<Answers, Failure> {
        let questions = self.questions;
        let minimum = questions.minimum;
        if self.rows < minimum {
            let reason = format!("there are fewer than {minimum} answers");
            return Err(Failure::withheld(reason));
        }
        let means = questions.means.iter().zip(self.means);
        let histograms = questions.histograms.iter().zip(self.histograms);
        let correlations = questions.correlations.iter().zip(self.pairs);
        Ok(Answers {
            rows: self.rows,
            means: means
                .map(|(mean, groups)| (mean.name.clone(), hide_small(groups, minimum)))
                .collect(),
            histograms: histograms
                .map(|(by, groups)| (by.name.clone(), hide_small(groups, minimum)))
                .collect(),
            correlations: correlations
                .map(|(pair, pairs)| (pair.name.clone(), pairs.correlation(minimum)))
                .collect(),
        })
    }
}

/// The columns that make a group's name.
struct Keys(Vec<(Column, Option<u32>)>);

impl Keys {
    fn find<R: BufRead>(table: &Table<R>, grouping: &Grouping) -> Result<Self, Failure> {
        let columns = grouping.columns.iter();
        let columns = columns.map(|(name, width)| Ok((table.column(name)?, *width)));
        columns.collect::<Result<_, _>>().map(Self)
    }

    /// The name of the row's group, unless a field of it is empty.
    fn of(&self, row: &Row<'_>) -> Result<Option<String>, Failure> {
        let mut parts = Vec::with_capacity(self.0.len());
        for (column, width) in &self.0 {
            let Some(text) = row.present(*column) else {
                return Ok(None);
            };
            parts.push(match width {
                None => text.to_owned(),
                Some(width) => {
                    let width = f64::from(*width);
                    let start = (row.number(*column)? / width).floor() * width;
                    start.to_string()
                }
            });
        }
        Ok(Some(parts.join("+")))
    }
}

fn number(row: &Row<'_>, column: Column) -> Result<Option<f64>, Failure> {
    row.present(column).map(|_| row.number(column)).transpose()
}

/// Pairs of numbers, kept without keeping them.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    rows: u64,
    mean: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

impl Pairs {
    #[expect(
        clippy::cast_precision_loss,
        reason = "fewer than 2^53 rows fit a file"
    )]
    fn add(&mut self, left: f64, right: f64) {
        self.rows += 1;
        let count = self.rows as f64;
        let [left_mean, right_mean] = &mut self.mean;
        let [left_squares, right_squares] = &mut self.squares;
        let (from_left, from_right) = (left - *left_mean, right - *right_mean);
        *left_mean += from_left / count;
        *right_mean += from_right / count;
        *left_squares += from_left * (left - *left_mean);
        *right_squares += from_right * (right - *right_mean);
        self.products += from_left * (right - *right_mean);
    }

    fn correlation(&self, minimum: u64) -> Option<f64> {
        let [left, right] = self.squares;
        let correlation = self.products / (left * right).sqrt();
        (self.rows >= minimum && correlation.is_finite()).then_some(correlation)
    }
}
