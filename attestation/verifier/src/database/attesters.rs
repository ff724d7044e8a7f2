//! Keys that vouch for isolates.

use sqlx::Row as _;
use sqlx::any::AnyRow;
use veracruz_policy::{KeyDigest, Timestamp};

use super::{Database, DatabaseError};

/// What an administrator says of a key that vouches for isolates: an attester's, a TPM's, a
/// platform's. It takes nobody's evidence for good that the policy does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// SHA-256 of its SubjectPublicKeyInfo: what policies name.
    pub attester: KeyDigest,
    /// Which machine that is, for people.
    pub name: String,
    /// What native evidence of that machine said when the key was enrolled, in words; without it,
    /// the key is there by the administrator's word.
    pub evidence: Option<String>,
}

/// An enrolled key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attester {
    /// What was enrolled.
    pub enrolment: Enrolment,
    /// When.
    pub enrolled_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Enrolled,
    Revoked,
    Unknown,
}

impl Database {
    /// Enrols a key. One that is enrolled gets the new name and evidence.
    ///
    /// # Errors
    /// `WasRevoked`, and where the database fails.
    pub async fn enrol(&self, enrolment: &Enrolment, now: Timestamp) -> Result<(), DatabaseError> {
        let changed = sqlx::query(
            "INSERT INTO attesters (attester, name, evidence, enrolled_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (attester) DO UPDATE SET name = excluded.name, \
             evidence = excluded.evidence WHERE attesters.revoked_at IS NULL",
        )
        .bind(enrolment.attester.to_string())
        .bind(enrolment.name.clone())
        .bind(enrolment.evidence.clone())
        .bind(now.seconds())
        .execute(&self.pool)
        .await?;
        if changed.rows_affected() == 0 {
            let attester = enrolment.attester;
            return Err(DatabaseError::WasRevoked { attester });
        }
        Ok(())
    }

    /// Revokes a key, for ever. A key that was never enrolled can be revoked too. Says whether that
    /// changed anything.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn revoke(&self, attester: KeyDigest, now: Timestamp) -> Result<bool, DatabaseError> {
        let changed = sqlx::query(
            "INSERT INTO attesters (attester, name, enrolled_at, revoked_at) \
             VALUES ($1, '', $2, $2) ON CONFLICT (attester) DO UPDATE \
             SET revoked_at = excluded.revoked_at WHERE attesters.revoked_at IS NULL",
        )
        .bind(attester.to_string())
        .bind(now.seconds())
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// All keys, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn attesters(&self) -> Result<Vec<Attester>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT attester, name, evidence, enrolled_at, revoked_at FROM attesters \
             ORDER BY enrolled_at, attester",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(attester).collect()
    }

    pub(crate) async fn standing(&self, attester: &KeyDigest) -> Result<Standing, DatabaseError> {
        let row = sqlx::query("SELECT revoked_at FROM attesters WHERE attester = $1")
            .bind(attester.to_string())
            .fetch_optional(&self.pool)
            .await?;
        Ok(match row {
            None => Standing::Unknown,
            Some(row) if row.try_get::<Option<i64>, _>(0)?.is_some() => Standing::Revoked,
            Some(_) => Standing::Enrolled,
        })
    }
}

fn attester(row: &AnyRow) -> Result<Attester, DatabaseError> {
    let digest: String = row.try_get(0)?;
    let digest = digest
        .parse()
        .map_err(|_| DatabaseError::Damaged { what: "attesters" })?;
    Ok(Attester {
        enrolment: Enrolment {
            attester: digest,
            name: row.try_get(1)?,
            evidence: row.try_get(2)?,
        },
        enrolled_at: Timestamp::from_seconds(row.try_get(3)?),
        revoked_at: row
            .try_get::<Option<i64>, _>(4)?
            .map(Timestamp::from_seconds),
    })
}
