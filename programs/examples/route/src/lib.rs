//! Shortest routes by car on an OpenStreetMap extract. The rules (which roads, in which direction, where
//! a journey starts) stand in [`Roads`] and [`Network`], and in `README.md` as words.

mod geometry;
mod network;
mod roads;
mod routes;

pub use geometry::Point;
pub use network::Network;
pub use roads::Roads;
pub use routes::{CREDIT, Query, Route, Routes};
