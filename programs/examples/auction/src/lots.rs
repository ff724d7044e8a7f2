//! The auction itself.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;

use veracruz_guest::{Failure, Input};

/// The lots, and the two best bids for each so far.
#[derive(Debug)]
pub struct Lots {
    /// In the seller's order.
    lots: Vec<Lot>,
    positions: HashMap<String, usize>,
}

/// A lot that was sold. This and nothing else leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The lot's name.
    pub lot: String,
    /// The bidder with the highest bid.
    pub winner: String,
    /// What the winner pays, in the unit of the bids.
    pub price: u64,
}

#[derive(Debug)]
struct Lot {
    name: String,
    reserve: u64,
    best: Option<(u64, String)>,
    second: u64,
}

impl Lots {
    /// Reads the seller's lots with their reserve prices.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn read<R: BufRead>(seller: Input<R>) -> Result<Self, Failure> {
        let mut table = seller.table()?;
        let [lot, reserve] = table.columns(["lot", "reserve"])?;
        let mut lots = Vec::new();
        let mut positions = HashMap::new();
        while let Some(row) = table.next_row()? {
            let name = row.required(lot)?.to_owned();
            let reserve = row.parse(reserve, "should be a whole number, 0 or more")?;
            if positions.insert(name.clone(), lots.len()).is_some() {
                return Err(row.failure_of(lot, "was there before"));
            }
            lots.push(Lot {
                name,
                reserve,
                best: None,
                second: 0,
            });
        }
        Ok(Self { lots, positions })
    }

    /// Takes the bids of the bidder whose file it is. Of equal bids the first one taken wins, so
    /// bidders should come in an order that all know: by name.
    ///
    /// # Errors
    /// In which line the file is malformed, and why: also where there is no such lot, or a second
    /// bid for it.
    pub fn bid<R: BufRead>(&mut self, bidder: Input<R>) -> Result<(), Failure> {
        let mut table = bidder.table()?;
        let bidder = table.origin().owner().to_owned();
        let [lot, bid] = table.columns(["lot", "bid"])?;
        let mut seen = HashSet::new();
        while let Some(row) = table.next_row()? {
            let position = self.positions.get(row.text(lot)).copied();
            let bid = row.parse(bid, "should be a whole number, 0 or more")?;
            let Some(found) = position.and_then(|position| self.lots.get_mut(position)) else {
                return Err(row.failure_of(lot, "is not for sale"));
            };
            if !seen.insert(position) {
                return Err(row.failure_of(lot, "was there before"));
            }
            found.take(bid, &bidder);
        }
        Ok(())
    }

    /// Who won what, and for how much, in the seller's order.
    #[must_use]
    pub fn sell(self) -> Vec<Sale> {
        let sold = self.lots.into_iter().filter_map(Lot::sell);
        sold.collect()
    }
}

impl Lot {
    fn take(&mut self, bid: u64, bidder: &str) {
        match &self.best {
            Some((best, _)) if bid <= *best => self.second = self.second.max(bid),
            _ => {
                let before = self.best.replace((bid, bidder.to_owned()));
                self.second = before.map_or(0, |(bid, _)| bid);
            }
        }
    }

    fn sell(self) -> Option<Sale> {
        let (bid, winner) = self.best?;
        (bid >= self.reserve).then(|| Sale {
            lot: self.name,
            winner,
            price: self.second.max(self.reserve),
        })
    }
}
