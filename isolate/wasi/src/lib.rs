//! WASI preview 1 over in-memory files and a guest memory, without an engine.
