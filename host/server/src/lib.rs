//! Routes connections to isolates and admits computations.
