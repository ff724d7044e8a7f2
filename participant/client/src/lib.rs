//! A participant: attest, provision, run, fetch.
