//! What CCA platform tokens and PSA tokens have in common: claims, components, lifecycle.

mod claims;
mod component;

pub(crate) use claims::{Claims, check_chip, check_secured};
pub(crate) use component::Component;
