//! What an operator decides.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use veracruz_launch::Resources;

use crate::verifier::VerifierAddress;

/// Where the host listens, and how much it takes on.
///
/// As TOML it is a table with these names; durations are not in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where participants connect. Port 0 takes a free one. Default: `0.0.0.0:8443`.
    pub participants: SocketAddr,
    /// Where computations are started and stopped: a loopback address, since it is plain HTTP.
    /// Port 0 takes a free one. Default: `127.0.0.1:8444`.
    pub management: SocketAddr,
    /// The bearer token of the management API; made at the first start, mode 0600.
    /// Default: `management.token` in the working directory.
    pub token_file: PathBuf,
    /// Verifiers to which isolates' requests for certificates are carried. Default: none.
    pub verifiers: Vec<VerifierAddress>,
    /// How much the host takes on.
    pub limits: Limits,
    /// What each isolate may use of the machine.
    #[serde(skip)]
    pub resources: Resources,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            participants: (Ipv4Addr::UNSPECIFIED, 8443).into(),
            management: (Ipv4Addr::LOCALHOST, 8444).into(),
            token_file: PathBuf::from("management.token"),
            verifiers: Vec::new(),
            limits: Limits::default(),
            resources: Resources::default(),
        }
    }
}

/// Bounds on what others can make the host do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Isolates that run at a time. Default: 16.
    pub isolates: usize,
    /// Isolates that are being started at a time. Default: 2.
    pub launches: usize,
    /// Bytes of memory that all isolates together may be promised: no isolate is started whose own
    /// limit does not fit. Default: no bound.
    pub memory: Option<u64>,
    /// Connections that have not yet said whom they want. Default: 256.
    pub handshakes: usize,
    /// Connections to one isolate at a time. Default: 128.
    pub connections_per_isolate: u32,
    /// Connections to all isolates at a time. Default: 1,024.
    pub connections: u32,
    /// How long a connection may take to say whom it wants. Default: 10 s.
    #[serde(skip, default = "handshake_time")]
    pub handshake_time: Duration,
    /// Between two questions to an isolate how it is. Default: 10 s.
    #[serde(skip, default = "health_interval")]
    pub health_interval: Duration,
    /// An isolate that has not answered for so long hangs, and is ended. Default: 60 s.
    #[serde(skip, default = "hangs_after")]
    pub hangs_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            isolates: 16,
            launches: 2,
            memory: None,
            handshakes: 256,
            connections_per_isolate: 128,
            connections: 1024,
            handshake_time: handshake_time(),
            health_interval: health_interval(),
            hangs_after: hangs_after(),
        }
    }
}

fn handshake_time() -> Duration {
    Duration::from_secs(10)
}

fn health_interval() -> Duration {
    Duration::from_secs(10)
}

fn hangs_after() -> Duration {
    Duration::from_secs(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        let config: Config =
            serde_json::from_str(r#"{"management": "[::1]:1", "limits": {"isolates": 3}}"#)
                .unwrap();
        assert_eq!(config.management, "[::1]:1".parse().unwrap());
        assert_eq!(config.participants, Config::default().participants);
        assert_eq!(
            config.limits,
            Limits {
                isolates: 3,
                ..Limits::default()
            }
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [r#"{"port": 1}"#, r#"{"limits": {"isolate": 1}}"#] {
            assert!(serde_json::from_str::<Config>(text).is_err(), "{text}");
        }
    }
}
