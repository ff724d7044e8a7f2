//! Attestation evidence: envelope, report data, strict CBOR and COSE_Sign1.
