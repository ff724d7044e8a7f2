-- One set for SQLite and PostgreSQL: digests are lower-case hex, times are seconds since 1970.

-- Keys that vouch for isolates and have no vendor behind them: of attesters, TPMs, platforms.
-- A row is never deleted, so that a revoked key stays revoked.
CREATE TABLE attesters (
    attester TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    evidence TEXT,
    enrolled_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Policies whose isolates are the reference values for evidence that comes without a policy.
CREATE TABLE reference_policies (
    policy TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Every verdict, good or not.
CREATE TABLE verdicts (
    id TEXT PRIMARY KEY,
    given_at BIGINT NOT NULL,
    peer TEXT NOT NULL,
    purpose TEXT NOT NULL,
    technology TEXT,
    policy TEXT,
    measurement TEXT,
    attester TEXT,
    evidence_sha256 TEXT NOT NULL,
    good BIGINT NOT NULL,
    reason TEXT
);

CREATE INDEX verdicts_by_time ON verdicts (given_at);
