//! The model, and how it is found.

use serde::Serialize;
use veracruz_guest::Failure;

use crate::data::Rows;
use crate::linear::{dot, solve};

/// A newton step is the last one where no coefficient moves by more than this.
const CONVERGED: f64 = 1e-10;
const MAX_STEPS: usize = 100;

/// A logistic regression over standardised features.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Model {
    /// The features, in the order of all lists below.
    pub features: Vec<String>,
    /// The mean of each, in its unit.
    pub mean: Vec<f64>,
    /// The population standard deviation of each; 1 where a feature is constant.
    pub standard_deviation: Vec<f64>,
    /// The weight of each standardised feature.
    pub coefficients: Vec<f64>,
    /// What is added to the weighted sum.
    pub intercept: f64,
    /// How many rows it was trained on.
    pub rows: usize,
}

impl Model {
    /// Trains on all rows. `inverse_penalty` is scikit-learn's `C`.
    ///
    /// # Errors
    /// Where the rows do not determine a model: too few of them, or all of one class.
    pub fn train(rows: &Rows, inverse_penalty: f64) -> Result<Self, Failure> {
        let count = rows.values.len();
        if rows.features.is_empty() || !inverse_penalty.is_finite() || inverse_penalty <= 0.0 {
            return Err(Failure::usage("expected features, and a positive --c"));
        }
        let of_class_one = rows.labels.iter().filter(|label| **label).count();
        if of_class_one == 0 || of_class_one == count {
            return Err(Failure::withheld("all rows to train on are of one class"));
        }
        let (mean, standard_deviation) = moments(rows);
        let scaled = rows
            .values
            .iter()
            .map(|row| scale(row, &mean, &standard_deviation));
        // The last weight is the intercept, that of a feature which is always 1.
        let scaled: Vec<Vec<f64>> = scaled
            .map(|mut row| {
                row.push(1.0);
                row
            })
            .collect();
        let mut weights = minimise(&scaled, &rows.labels, inverse_penalty)
            .ok_or_else(|| Failure::withheld("the rows do not determine a model"))?;
        let intercept = weights.pop().unwrap_or_default();
        Ok(Self {
            features: rows.features.clone(),
            mean,
            standard_deviation,
            coefficients: weights,
            intercept,
            rows: count,
        })
    }

    /// The logarithm of the odds that a row is of class 1.
    #[must_use]
    pub fn decide(&self, row: &[f64]) -> f64 {
        let scaled = scale(row, &self.mean, &self.standard_deviation);
        dot(&scaled, &self.coefficients) + self.intercept
    }
}

/// Mean and population standard deviation of each feature.
fn moments(rows: &Rows) -> (Vec<f64>, Vec<f64>) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "fewer than 2^53 rows fit a memory"
    )]
    let count = rows.values.len() as f64;
    let column = |feature: usize| {
        let values = rows.values.iter();
        values.filter_map(move |row| row.get(feature).copied())
    };
    let moments = (0..rows.features.len()).map(|feature| {
        let mean = column(feature).sum::<f64>() / count;
        let squares: f64 = column(feature).map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / count).sqrt();
        (mean, if deviation > 0.0 { deviation } else { 1.0 })
    });
    moments.unzip()
}

fn scale(row: &[f64], mean: &[f64], deviation: &[f64]) -> Vec<f64> {
    let parts = row.iter().zip(mean).zip(deviation);
    parts
        .map(|((value, mean), deviation)| (value - mean) / deviation)
        .collect()
}

/// Newton's method; a step that does not lower the loss is halved until it does.
fn minimise(rows: &[Vec<f64>], labels: &[bool], c: f64) -> Option<Vec<f64>> {
    let size = rows.first()?.len();
    let mut weights = vec![0.0; size];
    let mut before = loss(&weights, rows, labels, c);
    for _ in 0..MAX_STEPS {
        let step = newton_step(&weights, rows, labels, c)?;
        let mut share = 1.0;
        let (next, after) = loop {
            let moved = weights.iter().zip(&step);
            let next: Vec<f64> = moved.map(|(weight, step)| weight - share * step).collect();
            let after = loss(&next, rows, labels, c);
            if after <= before || share < 1e-10 {
                break (next, after);
            }
            share /= 2.0;
        };
        weights = next;
        before = after;
        if step.iter().all(|step| step.abs() < CONVERGED) {
            break;
        }
    }
    weights
        .iter()
        .all(|weight| weight.is_finite())
        .then_some(weights)
}

/// The inverse of the second derivatives times the first ones.
fn newton_step(weights: &[f64], rows: &[Vec<f64>], labels: &[bool], c: f64) -> Option<Vec<f64>> {
    let size = weights.len();
    let mut gradient = vec![0.0; size];
    let mut hessian = vec![vec![0.0; size]; size];
    for (row, label) in rows.iter().zip(labels) {
        let probability = 1.0 / (1.0 + libm::exp(-dot(weights, row)));
        let error = c * (probability - f64::from(u8::from(*label)));
        let curvature = c * probability * (1.0 - probability);
        for ((value, slope), line) in row.iter().zip(&mut gradient).zip(&mut hessian) {
            *slope += error * value;
            let by = curvature * value;
            for (entry, other) in line.iter_mut().zip(row) {
                *entry += by * other;
            }
        }
    }
    // The penalty is on all weights but the intercept.
    for (index, weight) in weights.iter().enumerate().take(size - 1) {
        *gradient.get_mut(index)? += weight;
        *hessian.get_mut(index)?.get_mut(index)? += 1.0;
    }
    solve(hessian, gradient)
}

fn loss(weights: &[f64], rows: &[Vec<f64>], labels: &[bool], c: f64) -> f64 {
    let penalised = weights.split_last().map_or(weights, |(_, weights)| weights);
    let errors = rows.iter().zip(labels).map(|(row, label)| {
        let margin = if *label {
            dot(weights, row)
        } else {
            -dot(weights, row)
        };
        // log(1 + exp(-margin)) without overflow.
        libm::log1p(libm::exp(-margin.abs())) + (-margin).max(0.0)
    });
    dot(penalised, penalised) / 2.0 + c * errors.sum::<f64>()
}
