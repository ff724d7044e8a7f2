//! A network whose edges several parties hold: its triangles, the pairs with most neighbours in
//! common, and the nodes that matter most (PageRank). Edges do not leave.
//!
//! ```
//! use graph::{Builder, Summary};
//! use veracruz_guest::{Failure, Input, Origin};
//!
//! let mut builder = Builder::default();
//! let input = |path, text: &'static str| Input::new(Origin::at(path), text.as_bytes());
//! builder.add(input("/input/alpha.csv", "u,v\nann,ben\nben,cat\n"))?;
//! builder.add(input("/input/beta.csv", "u,v\ncat,ann\n"))?;
//! let network = builder.build();
//! assert_eq!(network.triangles(), 1);
//! # Ok::<(), Failure>(())
//! ```

mod network;
mod pagerank;
mod read;
mod summary;

pub use network::Network;
pub use read::{Builder, Node};
pub use summary::Summary;
