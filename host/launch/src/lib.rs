//! Starts, feeds, limits and stops isolates.
