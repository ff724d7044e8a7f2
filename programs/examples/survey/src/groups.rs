//! Groups of answers, and which of them may be shown.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// How many numbers there were, their sum and their variance, kept without keeping them (Welford).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    rows: u64,
    sum: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes one more number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "fewer than 2^53 rows fit a file"
    )]
    pub fn add(&mut self, value: f64) {
        self.rows += 1;
        self.sum += value;
        let distance = value - self.mean;
        self.mean += distance / self.rows as f64;
        self.squares += distance * (value - self.mean);
    }
}

impl Serialize for Moments {
    #[expect(
        clippy::cast_precision_loss,
        reason = "fewer than 2^53 rows fit a file"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown {
            rows: u64,
            sum: f64,
            mean: f64,
            variance: f64,
        }
        let count = self.rows as f64;
        let shown = Shown {
            rows: self.rows,
            sum: self.sum,
            mean: self.sum / count,
            variance: self.squares / count,
        };
        shown.serialize(serializer)
    }
}

/// Groups by their name; those that are too small are hidden.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Groups<T> {
    /// The groups that may be shown.
    pub groups: BTreeMap<String, T>,
    /// How many answers are in those that may not.
    pub hidden_rows: u64,
}

/// Hides every group of fewer than `minimum` answers. Who knows the total can subtract what is
/// shown, so what is hidden must be large enough together, and be more than one group: as long
/// as it is not, the smallest group that is left is hidden too.
pub(crate) fn hide_small<T: Size>(all: BTreeMap<String, T>, minimum: u64) -> Groups<T> {
    let (mut groups, small): (BTreeMap<_, _>, BTreeMap<_, _>) = all
        .into_iter()
        .partition(|(_, group)| group.size() >= minimum);
    let mut hidden = small.len();
    let mut hidden_rows: u64 = small.values().map(Size::size).sum();
    while hidden > 0 && (hidden == 1 || hidden_rows < minimum) {
        let smallest = groups.iter().min_by_key(|(_, group)| group.size());
        let Some(smallest) = smallest.map(|(name, _)| name.clone()) else {
            break;
        };
        hidden_rows += groups.remove(&smallest).map_or(0, |group| group.size());
        hidden += 1;
    }
    Groups {
        groups,
        hidden_rows,
    }
}

/// How many answers a group has.
pub(crate) trait Size {
    fn size(&self) -> u64;
}

impl Size for u64 {
    fn size(&self) -> u64 {
        *self
    }
}

impl Size for Moments {
    fn size(&self) -> u64 {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that are shown, and how many answers are not.
    fn shown(sizes: &[u64]) -> (Vec<String>, u64) {
        let all = (b'a'..).zip(sizes);
        let all = all.map(|(name, size)| (char::from(name).to_string(), *size));
        let groups = hide_small(all.collect::<BTreeMap<_, u64>>(), 5);
        (groups.groups.into_keys().collect(), groups.hidden_rows)
    }

    fn names(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    #[test]
    fn a_hidden_group_is_not_alone_and_not_small_together() {
        assert_eq!(shown(&[9, 5, 7]), (names("abc"), 0));
        assert_eq!(shown(&[3, 9, 2]), (names("b"), 5));
        assert_eq!(shown(&[3, 9, 8]), (names("b"), 11));
        assert_eq!(shown(&[1, 1, 9, 8]), (names("c"), 10));
        assert_eq!(shown(&[4]), (names(""), 4));
    }
}
