//! Intersection-sum: how many keys two parties share, and sums of columns over the shared ones.
//! No key leaves, and no sum over fewer keys than the parties agreed on.
//!
//! ```
//! use psi_sum::{Question, Summary};
//! use veracruz_guest::{Arguments, Failure, Input, Origin};
//!
//! let arguments = Arguments::new(["--key", "email", "--sum", "spent", "--minimum", "2"]);
//! let question = Question::of(arguments)?;
//! let shop = "email,spent\na@x,10\nb@x,20\nc@x,40\n";
//! let paper = "email\nb@x\nc@x\nd@x\n";
//! let input = |path, text: &'static str| Input::new(Origin::at(path), text.as_bytes());
//! let inputs = [input("/input/paper.csv", paper), input("/input/shop.csv", shop)];
//! let summary = Summary::of(inputs, &question)?;
//! assert_eq!((summary.intersection, summary.sums["spent"]), (2, 60));
//! # Ok::<(), Failure>(())
//! ```

mod question;
mod summary;

pub use question::Question;
pub use summary::Summary;
