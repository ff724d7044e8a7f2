//! Every verdict, written down before anything is signed.

use data_encoding::HEXLOWER;
use sqlx::Row as _;
use veracruz_policy::{KeyDigest, Measurement, PolicyHash, Sha256, Timestamp};

use super::{Database, DatabaseError};

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 1000;

/// A verdict as it goes into the table.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) given_at: Timestamp,
    pub(crate) peer: String,
    pub(crate) purpose: &'static str,
    pub(crate) technology: Option<&'static str>,
    pub(crate) policy: Option<PolicyHash>,
    pub(crate) measurement: Option<Measurement>,
    pub(crate) attester: Option<KeyDigest>,
    pub(crate) evidence: Sha256,
    /// Why it was refused; `None` where it was good.
    pub(crate) refused: Option<String>,
}

/// A verdict as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audited {
    /// When it was given.
    pub given_at: Timestamp,
    /// The address of who asked.
    pub peer: String,
    /// `challenge`, `session`, `key` or `certificate`.
    pub purpose: String,
    /// The technology of the evidence, where it could be told.
    pub technology: Option<String>,
    /// The policy that it was held against.
    pub policy: Option<String>,
    /// What the isolate runs, where it was good.
    pub measurement: Option<String>,
    /// Who vouched, where it was good and nobody's hardware did.
    pub attester: Option<String>,
    /// SHA-256 of the evidence.
    pub evidence: String,
    /// Why it was refused; `None` where it was good.
    pub refused: Option<String>,
}

impl Database {
    pub(crate) async fn write_down(&self, audit: &Audit) -> Result<(), DatabaseError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        let reason = audit.refused.as_ref();
        sqlx::query(
            "INSERT INTO verdicts (id, given_at, peer, purpose, technology, policy, measurement, \
             attester, evidence_sha256, good, reason) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(HEXLOWER.encode(&id))
        .bind(audit.given_at.seconds())
        .bind(audit.peer.clone())
        .bind(audit.purpose)
        .bind(audit.technology)
        .bind(audit.policy.map(|policy| policy.to_string()))
        .bind(audit.measurement.map(|measurement| measurement.to_string()))
        .bind(audit.attester.map(|attester| attester.to_string()))
        .bind(audit.evidence.to_string())
        .bind(i64::from(reason.is_none()))
        .bind(reason.map(|reason| {
            // PostgreSQL takes no NUL in a text.
            let printable = reason.chars().filter(|c| *c != '\0');
            printable.take(MAX_REASON).collect::<String>()
        }))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The latest verdicts, the latest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn verdicts(&self, limit: u32) -> Result<Vec<Audited>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT given_at, peer, purpose, technology, policy, measurement, attester, \
             evidence_sha256, reason FROM verdicts ORDER BY given_at DESC, id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Audited {
                given_at: Timestamp::from_seconds(row.try_get(0)?),
                peer: row.try_get(1)?,
                purpose: row.try_get(2)?,
                technology: row.try_get(3)?,
                policy: row.try_get(4)?,
                measurement: row.try_get(5)?,
                attester: row.try_get(6)?,
                evidence: row.try_get(7)?,
                refused: row.try_get(8)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
