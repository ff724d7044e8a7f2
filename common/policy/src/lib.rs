//! The policy that all parties of a computation agreed on.
