//! The receipt of a run: format, signature and offline verification.
