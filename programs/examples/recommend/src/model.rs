//! Which items are alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::logs::Item;

/// Which items are alike, and how popular each is.
#[derive(Debug, Clone, Default)]
pub struct Model {
    popularity: BTreeMap<Item, u64>,
    similar: BTreeMap<Item, BTreeMap<Item, Similar>>,
}

#[derive(Debug, Clone, Copy)]
struct Similar {
    people: u64,
    cosine: f64,
}

/// Two items of different shops that the same people clicked on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The item of the first shop.
    pub first: Item,
    /// The item of the second one.
    pub second: Item,
    /// How many people clicked on both.
    pub people: u64,
    /// The cosine.
    pub similarity: f64,
}

impl Model {
    /// Learns from what each person clicked on. Two items are not alike at all where fewer than
    /// `minimum` people clicked on both.
    pub fn learn<'person>(
        people: impl IntoIterator<Item = &'person BTreeSet<Item>>,
        minimum: u64,
    ) -> Self {
        let mut popularity: BTreeMap<Item, u64> = BTreeMap::new();
        let mut together: HashMap<(Item, Item), u64> = HashMap::new();
        for items in people {
            for (position, item) in items.iter().enumerate() {
                *popularity.entry(*item).or_default() += 1;
                for other in items.iter().skip(position + 1) {
                    *together.entry((*item, *other)).or_default() += 1;
                }
            }
        }
        let mut similar: BTreeMap<Item, BTreeMap<Item, Similar>> = BTreeMap::new();
        for ((one, other), people) in together {
            if people >= minimum {
                let [a, b] = [one, other].map(|item| popularity.get(&item).copied());
                let cosine = cosine(people, a.unwrap_or(1), b.unwrap_or(1));
                let entry = Similar { people, cosine };
                similar.entry(one).or_default().insert(other, entry);
                similar.entry(other).or_default().insert(one, entry);
            }
        }
        Self {
            popularity,
            similar,
        }
    }

    /// Of the `candidates` that a person has not clicked on, the `top` with the highest score; of
    /// equal ones the more popular, then the first.
    #[must_use]
    pub fn recommend(
        &self,
        clicked: &BTreeSet<Item>,
        candidates: impl Iterator<Item = Item>,
        top: usize,
    ) -> Vec<Item> {
        let mut scores: BTreeMap<Item, f64> = BTreeMap::new();
        for item in clicked {
            for (other, similar) in self.similar.get(item).into_iter().flatten() {
                *scores.entry(*other).or_default() += similar.cosine;
            }
        }
        let popularity = |item| self.popularity.get(&item).copied().unwrap_or_default();
        let mut ranked: Vec<_> = candidates
            .filter(|item| !clicked.contains(item))
            .map(|item| {
                let score = scores.get(&item).copied().unwrap_or_default();
                (rounded(score), popularity(item), item)
            })
            .collect();
        ranked.sort_by(|(score, popularity, item), (score2, popularity2, item2)| {
            let by_score = score2.total_cmp(score);
            by_score
                .then(popularity2.cmp(popularity))
                .then(item.cmp(item2))
        });
        ranked
            .into_iter()
            .take(top)
            .map(|(_, _, item)| item)
            .collect()
    }

    /// All pairs of items of two different shops, the most similar first.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self
            .similar
            .iter()
            .flat_map(|(first, others)| others.iter().map(move |(second, by)| (first, second, by)))
            .filter(|(first, second, _)| first.shop < second.shop)
            .map(|(first, second, by)| Pair {
                first: *first,
                second: *second,
                people: by.people,
                similarity: by.cosine,
            })
            .collect();
        pairs.sort_by(|left, right| {
            let by_similarity = rounded(right.similarity).total_cmp(&rounded(left.similarity));
            let items = |pair: &Pair| (pair.first, pair.second);
            by_similarity.then_with(|| items(left).cmp(&items(right)))
        });
        pairs
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of people")]
fn cosine(both: u64, one: u64, other: u64) -> f64 {
    both as f64 / (one as f64 * other as f64).sqrt()
}

/// Scores that are equal but for rounding are equal.
fn rounded(score: f64) -> f64 {
    (score * 1e9).round()
}
