//! A sealed-bid auction of many lots, at the second price (Vickrey's): the highest bid wins and pays
//! the second highest, or the reserve where that is higher. Nothing else leaves: no losing bid's
//! bidder, and no bid for a lot that is not sold.
//!
//! ```
//! use auction::{Lots, Sale};
//! use veracruz_guest::{Failure, Input, Origin};
//!
//! let input = |path, text: &'static str| Input::new(Origin::at(path), text.as_bytes());
//! let mut lots = Lots::read(input("/reserve/seller.csv", "lot,reserve\nvase,100\nlamp,80\n"))?;
//! lots.bid(input("/bids/anna.csv", "lot,bid\nvase,150\nlamp,60\n"))?;
//! lots.bid(input("/bids/bert.csv", "lot,bid\nvase,120\n"))?;
//! let sale = Sale { lot: "vase".into(), winner: "anna".into(), price: 120 };
//! assert_eq!(lots.sell(), [sale]);
//! # Ok::<(), Failure>(())
//! ```

mod lots;

pub use lots::{Lots, Sale};
