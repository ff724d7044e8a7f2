//! The command line of every role.
