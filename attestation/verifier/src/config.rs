//! What an operator decides.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

/// Where the service listens, which keys it has, and how much it takes on.
///
/// As TOML it is a table with these names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name by which policies know this verifier.
    pub name: String,
    /// Where it listens, with TLS. Port 0 takes a free one. Default: `127.0.0.1:7445`.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Where its metrics are, plain HTTP: a loopback address. Default: nowhere.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
    /// The database: `sqlite:PATH`, or `postgres://…` on this machine.
    pub database: String,
    /// The key that signs results: PKCS #8 as PEM, ECDSA on P-256, mode 0600.
    pub ear_key: PathBuf,
    /// The key that signs certificates: as `ear_key`.
    pub ca_key: PathBuf,
    /// Its certificate, PEM: what policies name as `ca`.
    pub ca_certificate: PathBuf,
    /// The key of its TLS connections: PKCS #8 as PEM, mode 0600.
    pub tls_key: PathBuf,
    /// Its certificates, PEM, its own first.
    pub tls_certificate: PathBuf,
    /// A folder with collateral: what vendors publish about their hardware.
    #[serde(default)]
    pub collateral: Option<PathBuf>,
    /// How much it takes on.
    #[serde(default)]
    pub limits: Limits,
}

/// Bounds on what others can make the service do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time. Default: 256.
    pub connections: usize,
    /// Challenges that wait for their evidence. Default: 4,096.
    pub challenges: usize,
    /// Requests of one peer in a minute; a tenth of them at once. Default: 120.
    pub requests_a_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            challenges: 4096,
            requests_a_minute: 120,
        }
    }
}

fn listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 7445).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_and_database_have_no_default_and_unknown_names_are_refused() {
        let whole = json!({
            "name": "verifier.example", "database": "sqlite:v.db",
            "ear_key": "ear.key", "ca_key": "ca.key", "ca_certificate": "ca.crt",
            "tls_key": "tls.key", "tls_certificate": "tls.crt",
        });
        let config: Config = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(config.listen, listen());
        assert_eq!(config.limits, Limits::default());
        for name in whole.as_object().unwrap().keys() {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(serde_json::from_value::<Config>(less).is_err(), "{name}");
        }
        let mut more = whole;
        more["ear_secret"] = json!("x");
        assert!(serde_json::from_value::<Config>(more).is_err());
    }
}
