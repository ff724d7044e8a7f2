//! By how much recommendations are better together.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::logs::{Item, Logs};
use crate::model::Model;

/// Of every so many people of a shop, one has a click hidden.
const EVERY: u64 = 5;

/// How many hidden clicks a shop finds again, among its first recommendations to that person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// How many clicks were hidden.
    pub hidden: u64,
    /// How many of them are recommended by the shop's own log.
    pub found_alone: u64,
    /// How many by both logs.
    pub found_together: u64,
}

/// For each shop: hides one click of some people, learns from the rest alone and together with the
/// other log, and looks whether the hidden click is among `top` recommendations.
#[must_use]
pub fn evaluate(logs: &Logs, minimum: u64, top: usize) -> BTreeMap<String, Evaluation> {
    let shops = logs.shops.iter().enumerate();
    shops
        .map(|(shop, name)| (name.clone(), evaluate_shop(logs, shop, minimum, top)))
        .collect()
}

fn evaluate_shop(logs: &Logs, shop: usize, minimum: u64, top: usize) -> Evaluation {
    let mut hidden = Vec::new();
    let mut together = Vec::with_capacity(logs.people.len());
    for (person, items) in &logs.people {
        let mut items = items.clone();
        if let Some(item) = chosen(person, &items, shop) {
            items.remove(&item);
            hidden.push((together.len(), item));
        }
        together.push(items);
    }
    let own = |items: &BTreeSet<Item>| items.iter().filter(|i| i.shop == shop).copied().collect();
    let alone: Vec<BTreeSet<Item>> = together.iter().map(own).collect();

    let found = |people: &[BTreeSet<Item>]| {
        let model = Model::learn(people, minimum);
        let found = hidden.iter().filter(|(person, item)| {
            let clicked = people.get(*person);
            clicked.is_some_and(|clicked| {
                let recommended = model.recommend(clicked, logs.of_shop(shop), top);
                recommended.contains(item)
            })
        });
        found.count() as u64
    };
    Evaluation {
        hidden: hidden.len() as u64,
        found_alone: found(&alone),
        found_together: found(&together),
    }
}

/// The click of this person at this shop that is hidden, if one is: chosen by a hash of the name, so
/// that whoever has the logs can repeat it.
fn chosen(person: &str, items: &BTreeSet<Item>, shop: usize) -> Option<Item> {
    let own: Vec<Item> = items
        .iter()
        .filter(|item| item.shop == shop)
        .copied()
        .collect();
    let hash = fnv(person);
    let count = u64::try_from(own.len()).ok().filter(|count| *count > 0)?;
    let position = usize::try_from((hash / EVERY) % count).ok()?;
    own.get(position)
        .copied()
        .filter(|_| hash.is_multiple_of(EVERY))
}

/// FNV-1a, 64 bits.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
