//! How good a model is on rows that it has not seen.

use serde::Serialize;

use crate::data::Rows;
use crate::model::Model;

/// How good a model is on rows that it has not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many rows were tried.
    pub rows: usize,
    /// How many of them it got right.
    pub correct: usize,
    /// The share that it got right.
    pub accuracy: f64,
    /// The chance that a random row of class 1 is ranked above a random one of class 0; none where
    /// there is but one class.
    pub auc: Option<f64>,
    /// By true class, then by predicted class: how many rows.
    pub confusion: [[usize; 2]; 2],
}

impl Evaluation {
    /// Tries the model on all rows.
    #[must_use]
    pub fn of(model: &Model, rows: &Rows) -> Self {
        let decisions = rows.values.iter().map(|row| model.decide(row));
        let decided: Vec<(f64, bool)> = decisions.zip(rows.labels.iter().copied()).collect();
        let count = |label, positive| {
            let matching = decided
                .iter()
                .filter(|(decision, truth)| *truth == label && (*decision > 0.0) == positive);
            matching.count()
        };
        let confusion = [false, true].map(|label| [count(label, false), count(label, true)]);
        let [[right_zero, _], [_, right_one]] = confusion;
        let correct = right_zero + right_one;
        Self {
            rows: decided.len(),
            correct,
            accuracy: ratio(correct, decided.len()).unwrap_or_default(),
            auc: auc(decided),
            confusion,
        }
    }
}

/// By ranks (Mann and Whitney): ties count half.
fn auc(mut decided: Vec<(f64, bool)>) -> Option<f64> {
    decided.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let of = |class| decided.iter().filter(|(_, label)| *label == class).count();
    let (zeros, ones) = (of(false), of(true));
    // Twice the number of pairs in order, so that ties stay whole numbers.
    let (mut below, mut in_order) = (0, 0);
    for tied in decided.chunk_by(|(left, _), (right, _)| left == right) {
        let ones = tied.iter().filter(|(_, label)| *label).count();
        let zeros = tied.len() - ones;
        in_order += ones * (2 * below + zeros);
        below += zeros;
    }
    ratio(in_order, 2 * zeros * ones)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows, squared, are exact up to 2^26 rows"
)]
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_one_where_all_pairs_are_in_order_and_ties_count_half() {
        assert_eq!(
            auc(vec![(0.1, false), (0.9, true), (0.5, false)]),
            Some(1.0)
        );
        assert_eq!(auc(vec![(0.5, false), (0.5, true)]), Some(0.5));
        assert_eq!(auc(vec![(0.9, false), (0.1, true)]), Some(0.0));
        assert_eq!(auc(vec![(0.9, true)]), None);
    }
}
