//! The shops' click logs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use veracruz_guest::{Failure, Input};

/// An item of a shop, by the position of its name among all of that shop's, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Whose: the position of the shop.
    pub shop: usize,
    /// Which.
    pub number: usize,
}

/// What each person clicked on at each shop.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Names of the shops.
    pub shops: Vec<String>,
    /// Names of each shop's items, in order.
    pub items: Vec<Vec<String>>,
    /// People by name; of each, the items of all shops, in order.
    pub people: BTreeMap<String, BTreeSet<Item>>,
}

impl Logs {
    /// Adds a shop's log: columns `user_id` and `item_id`. Repeated clicks count once.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn add<R: BufRead>(&mut self, input: Input<R>) -> Result<(), Failure> {
        let mut table = input.table()?;
        let [user, item] = table.columns(["user_id", "item_id"])?;
        let mut clicks: BTreeMap<String, Vec<String>> = BTreeMap::new();
        while let Some(row) = table.next_row()? {
            let (user, item) = (row.required(user)?, row.required(item)?);
            clicks
                .entry(item.to_owned())
                .or_default()
                .push(user.to_owned());
        }
        let shop = self.shops.len();
        self.shops.push(table.origin().owner().to_owned());
        let mut names = Vec::new();
        for (number, (name, users)) in clicks.into_iter().enumerate() {
            names.push(name);
            for user in users {
                self.people
                    .entry(user)
                    .or_default()
                    .insert(Item { shop, number });
            }
        }
        self.items.push(names);
        Ok(())
    }

    /// The name of an item.
    #[must_use]
    pub fn name(&self, item: Item) -> &str {
        let shop = self.items.get(item.shop);
        let name = shop.and_then(|names| names.get(item.number));
        name.map_or("", String::as_str)
    }

    /// All items of a shop.
    pub fn of_shop(&self, shop: usize) -> impl Iterator<Item = Item> + use<> {
        let count = self.items.get(shop).map_or(0, Vec::len);
        (0..count).map(move |number| Item { shop, number })
    }
}
