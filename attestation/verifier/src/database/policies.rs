//! Policies whose isolates are the reference values for evidence that comes without a policy.

use sqlx::Row as _;
use veracruz_policy::{Policy, PolicyHash, Timestamp};

use super::{Database, DatabaseError};

/// The most that are stored: each is tried.
const MAX_POLICIES: usize = 64;

/// A policy that an administrator stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencePolicy {
    /// Its hash.
    pub policy: PolicyHash,
    /// Its name, as the document has it.
    pub name: String,
    /// When it was stored.
    pub enrolled_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Database {
    /// Stores a policy; one that was revoked is good again.
    ///
    /// # Errors
    /// `TooManyPolicies`, and where the database fails.
    pub async fn store_policy(&self, policy: &Policy, now: Timestamp) -> Result<(), DatabaseError> {
        let stored: i64 =
            sqlx::query("SELECT COUNT(*) FROM reference_policies WHERE revoked_at IS NULL")
                .fetch_one(&self.pool)
                .await?
                .try_get(0)?;
        if usize::try_from(stored).is_ok_and(|stored| stored >= MAX_POLICIES) {
            let limit = MAX_POLICIES;
            return Err(DatabaseError::TooManyPolicies { limit });
        }
        // A policy's document is UTF-8: it was parsed.
        let document = String::from_utf8_lossy(policy.document()).into_owned();
        sqlx::query(
            "INSERT INTO reference_policies (policy, name, document, enrolled_at) \
             VALUES ($1, $2, $3, $4) \
             ON CONFLICT (policy) DO UPDATE SET revoked_at = NULL",
        )
        .bind(policy.hash().to_string())
        .bind(policy.name().to_owned())
        .bind(document)
        .bind(now.seconds())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes a policy back.
    ///
    /// # Errors
    /// `Unknown`, and where the database fails.
    pub async fn revoke_policy(
        &self,
        policy: &PolicyHash,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let changed = sqlx::query(
            "UPDATE reference_policies SET revoked_at = $2 \
             WHERE policy = $1 AND revoked_at IS NULL",
        )
        .bind(policy.to_string())
        .bind(now.seconds())
        .execute(&self.pool)
        .await?;
        if changed.rows_affected() == 0 {
            let what = format!("the policy {policy}");
            return Err(DatabaseError::Unknown { what });
        }
        Ok(())
    }

    /// All stored policies, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn policies(&self) -> Result<Vec<ReferencePolicy>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT policy, name, enrolled_at, revoked_at FROM reference_policies \
             ORDER BY enrolled_at, policy",
        )
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::any::AnyRow| {
            let policy: String = row.try_get(0)?;
            let damaged = DatabaseError::Damaged { what: "policies" };
            Ok(ReferencePolicy {
                policy: policy.parse().map_err(|_| damaged)?,
                name: row.try_get(1)?,
                enrolled_at: Timestamp::from_seconds(row.try_get(2)?),
                revoked_at: row
                    .try_get::<Option<i64>, _>(3)?
                    .map(Timestamp::from_seconds),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The documents that are not revoked, parsed anew: what stands in a database is not believed
    /// to have been checked.
    pub(crate) async fn reference_documents(&self) -> Result<Vec<Policy>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT document FROM reference_policies WHERE revoked_at IS NULL \
             ORDER BY enrolled_at, policy",
        )
        .fetch_all(&self.pool)
        .await?;
        let parse = |row: &sqlx::any::AnyRow| {
            let document: String = row.try_get(0)?;
            Policy::parse(document.as_bytes())
                .map_err(|_| DatabaseError::Damaged { what: "policies" })
        };
        rows.iter().map(parse).collect()
    }
}
