//! A participant that follows no rules but those of TLS: it sends what it likes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use veracruz_policy::PolicyHash;
use veracruz_session::{Channel, Identity, client_config, server_name};

/// One TLS connection to an isolate, and nothing between the caller and its bytes.
pub struct Raw {
    stream: TlsStream<TcpStream>,
    name: String,
    /// Who is at both ends.
    pub channel: Channel,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Raw {
    /// Connects to the isolate of `policy` as `identity`.
    ///
    /// # Errors
    /// What TCP or TLS say.
    ///
    /// # Panics
    /// Where the configuration itself is impossible.
    pub async fn connect(
        host: SocketAddr,
        policy: &PolicyHash,
        identity: &Identity,
    ) -> io::Result<Self> {
        let config = client_config(identity).expect("a configuration");
        let stream = Self::handshake(host, policy, config).await?;
        let channel =
            Channel::from_client(stream.get_ref().1, identity).map_err(io::Error::other)?;
        Ok(Self {
            stream,
            name: server_name(policy, None),
            channel,
        })
    }

    /// Shakes hands with any configuration.
    ///
    /// # Errors
    /// What TCP or TLS say.
    ///
    /// # Panics
    /// Never: the name is a DNS name.
    pub async fn handshake(
        host: SocketAddr,
        policy: &PolicyHash,
        config: rustls::ClientConfig,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = server_name(policy, None).try_into().expect("a DNS name");
        let tcp = TcpStream::connect(host).await?;
        TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await
    }

    /// Sends one request and reads its answer. `head` is the lines after the first, each ended.
    ///
    /// # Errors
    /// What the connection says, also that it was closed.
    pub async fn request(&mut self, line: &str, head: &str, body: &[u8]) -> io::Result<Answer> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{head}\r\n",
            self.name,
            body.len()
        );
        self.send(request.as_bytes()).await?;
        self.send(body).await?;
        self.answer(line.starts_with("HEAD")).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// What the connection says, also that it was closed.
    pub async fn answer(&mut self, without_body: bool) -> io::Result<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; if without_body { 0 } else { length }];
        self.stream.read_exact(&mut body).await?;
        Ok(Answer { status, head, body })
    }

    /// Asks for evidence over `nonce`, and gives it as it came.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn evidence(&mut self, nonce: [u8; 32]) -> io::Result<Vec<u8>> {
        let request = veracruz_protocol::AttestationRequest { nonce }.to_json();
        let head = "Content-Type: application/json\r\n";
        let answer = self
            .request("POST /v1/attestation", head, request.as_bytes())
            .await?;
        let response: veracruz_protocol::AttestationResponse =
            serde_json::from_slice(&answer.body).map_err(io::Error::other)?;
        Ok(response.evidence)
    }
}

impl Answer {
    /// The code of a problem document; empty for anything else.
    #[must_use]
    pub fn code(&self) -> String {
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        document
            .get("code")
            .and_then(|code| code.as_str())
            .unwrap_or_default()
            .to_owned()
    }
}
