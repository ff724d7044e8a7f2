//! Compiles and runs programs in worker processes, within limits.
