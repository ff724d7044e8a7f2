//! Verifies attestation evidence against reference values, offline.
