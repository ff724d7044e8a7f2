//! Attested TLS, both ends, without I/O.
