//! In-memory files with rights and quotas.
