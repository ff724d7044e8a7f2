//! The state machine of one computation, pure.
