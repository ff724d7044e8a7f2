//! A client of one verifier. Each call is a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, LOCATION};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use veracruz_launch::CertificateRequest;
use veracruz_policy::{KeyDigest, Timestamp};
use veracruz_protocol::{limits, media};

use super::{VerifierAddress, VerifierError};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const DEFAULT_PORT: u16 = 443;

/// A verifier, and how to reach it.
pub(crate) struct Client {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
}

/// A verifier's challenge.
#[derive(Debug)]
pub(crate) struct Challenge {
    session: String,
    pub(crate) nonce: [u8; 32],
    /// Digest of the key of its results: which of a policy's verifiers it is.
    pub(crate) verifier: KeyDigest,
}

/// A certificate as it came.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) expires: Timestamp,
}

/// Why a verifier gave nothing.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("it does not answer")]
    Silent,
    #[error("it does not speak HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("it refuses with status {status}: {said}")]
    Refused { status: StatusCode, said: String },
    #[error("its answer cannot be understood: {what}")]
    Confused { what: &'static str },
}

#[derive(Deserialize)]
struct Session {
    nonce: String,
    #[serde(rename = "ear-key")]
    ear_key: String,
}

#[derive(Deserialize)]
struct Issued {
    certificate: String,
    expires: String,
}

impl Client {
    /// # Errors
    /// See [`VerifierError`].
    pub(crate) fn new(address: &VerifierAddress) -> Result<Self, VerifierError> {
        let wrong = || VerifierError::Url {
            found: address.url.clone(),
        };
        let authority = address
            .url
            .strip_prefix("https://")
            .map(|rest| rest.trim_end_matches('/'))
            .filter(|rest| !rest.contains(['/', '@', '?', '#']))
            .ok_or_else(wrong)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (authority, DEFAULT_PORT),
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
        let unusable = |reason: String| VerifierError::Certificates {
            path: address.ca.clone(),
            reason,
        };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(&address.ca)
            .map_err(|error| unusable(format!("{error:?}")))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(format!("{error:?}")))?;
            let added = roots.add(certificate);
            added.map_err(|error| unusable(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| unusable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            host: host.to_owned(),
            port,
            name,
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Where it is, for logs.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Has it draw a challenge.
    pub(crate) async fn challenge(&self) -> Result<Challenge, CallError> {
        let path = "/challenge-response/v1/newSession?nonceSize=32";
        let (headers, body) = self.call(path, Bytes::new()).await?;
        let confused = |what| CallError::Confused { what };
        let session: Session = serde_json::from_slice(&body).map_err(|_| confused("no session"))?;
        let location = headers
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| location.rsplit('/').next())
            .ok_or(confused("no location"))?;
        let nonce = BASE64
            .decode(session.nonce.as_bytes())
            .ok()
            .and_then(|nonce| nonce.try_into().ok())
            .ok_or(confused("no nonce of 32 bytes"))?;
        Ok(Challenge {
            session: location.to_owned(),
            nonce,
            verifier: session
                .ear_key
                .parse()
                .map_err(|_| confused("no digest of its key"))?,
        })
    }

    /// Answers a challenge with what the isolate gave.
    pub(crate) async fn certify(
        &self,
        challenge: &Challenge,
        wanted: &CertificateRequest,
    ) -> Result<Certificate, CallError> {
        let body = json!({
            "session": challenge.session,
            "policy": BASE64.encode(&wanted.policy),
            "csr": BASE64.encode(&wanted.request),
            "evidence": BASE64.encode(&wanted.evidence),
        });
        let (_, body) = self
            .call("/v1/certificates", body.to_string().into())
            .await?;
        let confused = |what| CallError::Confused { what };
        let issued: Issued =
            serde_json::from_slice(&body).map_err(|_| confused("no certificate"))?;
        let der = BASE64
            .decode(issued.certificate.as_bytes())
            .ok()
            .filter(|der| der.len() <= limits::CERTIFICATE_BYTES)
            .ok_or(confused("no certificate in base64"))?;
        let expires = issued.expires.parse();
        Ok(Certificate {
            der,
            expires: expires.map_err(|_| confused("no time of expiry"))?,
        })
    }

    async fn call(&self, path: &str, body: Bytes) -> Result<(HeaderMap, Bytes), CallError> {
        timeout(PATIENCE, self.exchange(path, body))
            .await
            .map_err(|_| CallError::Silent)?
    }

    async fn exchange(&self, path: &str, body: Bytes) -> Result<(HeaderMap, Bytes), CallError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let stream = self.connector.connect(self.name.clone(), stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, media::JSON)
            .body(Full::new(body))
            .map_err(|_| CallError::Confused {
                what: "our own request",
            })?;
        let answered = async {
            let response = sender.send_request(request).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|_| CallError::Confused {
                what: "it is too long, or broke off",
            })?;
            Ok((head, body.to_bytes()))
        };
        let answered: Result<_, CallError> = answered.await;
        connection.abort();
        let (head, body) = answered?;
        if !head.status.is_success() {
            let said = String::from_utf8_lossy(&body);
            // It goes to the operator's log.
            let said = said.chars().filter(|c| !c.is_control()).take(500).collect();
            let status = head.status;
            return Err(CallError::Refused { status, said });
        }
        Ok((head.headers, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_addresses_that_are_not_https_and_files_without_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let client = |url: &str| {
            Client::new(&VerifierAddress {
                url: url.into(),
                ca: ca.clone(),
            })
        };
        for url in [
            "http://verifier.example",
            "verifier.example:7445",
            "https://verifier.example/path",
            "https://user@verifier.example",
            "https://verifier.example:port",
            "https://",
        ] {
            assert!(
                matches!(client(url), Err(VerifierError::Url { .. })),
                "{url}"
            );
        }
        assert!(matches!(
            client("https://verifier.example"),
            Err(VerifierError::Certificates { .. })
        ));
        std::fs::write(&ca, "").unwrap();
        let client = client("https://127.0.0.1:7445/").unwrap();
        assert_eq!((client.host(), client.port), ("127.0.0.1", 7445));
    }
}
