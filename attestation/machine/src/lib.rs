//! Starts virtual machines from measured parts.
