//! What outlives a restart: who is enrolled, and every verdict.
//!
//! SQLite unless an operator names a PostgreSQL; one set of statements and migrations for both. It
//! is asked anew for each verdict, so that a revocation holds from the next one on.

mod attesters;
mod policies;
mod verdicts;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyPool, AssertSqlSafe};

pub(crate) use attesters::Standing;
pub use attesters::{Attester, Enrolment};
pub use policies::ReferencePolicy;
pub(crate) use verdicts::Audit;
pub use verdicts::Audited;

/// Connections to the database at a time.
const CONNECTIONS: u32 = 8;
/// How long to wait for one of them.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every migration ever made, in order. One that was released is never changed.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "start", include_str!("../../migrations/0001_start.sql"))];

/// The database of a verifier.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
}

/// Why the database was of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the database: expected sqlite:PATH or postgres://…, found {found:?}")]
    Kind {
        /// How the URL begins.
        found: String,
    },
    /// A PostgreSQL on another machine: connections to it are not encrypted.
    #[error(
        "the database: expected a PostgreSQL on this machine (a Unix socket or loopback), since connections to it are not encrypted, found the host {found:?}"
    )]
    Remote {
        /// The host.
        found: String,
    },
    /// The database is made by a newer version, or was changed by hand.
    #[error("the database does not have the tables of this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Failed(#[from] sqlx::Error),
    /// What stands there is not what was written.
    #[error("the database holds something else than was written into it: {what}")]
    Damaged {
        /// What cannot be read.
        what: &'static str,
    },
    /// The key was revoked; a revocation is for ever.
    #[error("the key {attester} was revoked; it cannot be enrolled again")]
    WasRevoked {
        /// Its digest.
        attester: veracruz_policy::KeyDigest,
    },
    /// There is no such row.
    #[error("{what} is not enrolled here")]
    Unknown {
        /// What was asked for.
        what: String,
    },
    /// As many policies are stored as may.
    #[error("{limit} policies are stored as reference values, which is the limit")]
    TooManyPolicies {
        /// The limit.
        limit: usize,
    },
}

impl Database {
    /// Opens the database at `url`, makes it where it is a SQLite that is not there, and brings its
    /// tables up to this version.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn open(url: &str) -> Result<Self, DatabaseError> {
        check_url(url)?;
        install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect(url)
            .await?;
        migrator().run(&pool).await?;
        Ok(Self { pool })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The URL of a SQLite in this file, which is made where it is not there.
#[must_use]
pub fn file_url(path: &Path) -> String {
    let mut url = "sqlite:".to_owned();
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            other => url.push(other),
        }
    }
    url.push_str("?mode=rwc");
    url
}

fn migrator() -> Migrator {
    let migration = |(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            *version,
            (*description).into(),
            MigrationType::Simple,
            AssertSqlSafe(*sql).into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

fn check_url(url: &str) -> Result<(), DatabaseError> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" => Ok(()),
        "postgres" | "postgresql" => {
            let options = PgConnectOptions::from_str(url)?;
            let host = options.get_host();
            let local = options.get_socket().is_some()
                || host.starts_with('/')
                || host == "localhost"
                || host
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
            if local {
                Ok(())
            } else {
                Err(DatabaseError::Remote { found: host.into() })
            }
        }
        other => Err(DatabaseError::Kind {
            found: other.chars().take(32).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_database_that_would_be_talked_to_in_the_open() {
        for url in [
            "postgres://v@127.0.0.1:5432/v",
            "postgresql://v@localhost/v",
            "postgres:///v?host=/run/postgresql",
            "sqlite:v.db",
        ] {
            assert!(check_url(url).is_ok(), "{url}");
        }
        for url in ["postgres://v@db.example/v", "postgres://v@192.0.2.1/v"] {
            assert!(matches!(check_url(url), Err(DatabaseError::Remote { .. })));
        }
        for url in ["mysql://v@localhost/v", "v.db", ""] {
            assert!(matches!(check_url(url), Err(DatabaseError::Kind { .. })));
        }
    }
}
