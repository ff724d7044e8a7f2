//! A participant who speaks TLS properly and HTTP as it likes.

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use veracruz_protocol::header;
use veracruz_session::{Identity, client_config};

/// Longer than anything that is waited for here.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection, and what has been read of it.
pub(crate) struct Client {
    pub(crate) stream: StreamOwned<ClientConnection, UnixStream>,
    unread: Vec<u8>,
    host: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// A connection to `name` that has not done its handshake.
    pub(crate) fn new(stream: UnixStream, identity: &Identity, name: &str) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let config = Arc::new(client_config(identity).unwrap());
        let server = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(config, server).unwrap();
        Self {
            stream: StreamOwned::new(connection, stream),
            unread: Vec::new(),
            host: name.to_owned(),
        }
    }

    /// Sends these bytes.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// A request's head. `headers` are lines.
    pub(crate) fn head(&self, method: &str, path: &str, headers: &[String]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for header in headers {
            head += &format!("{header}\r\n");
        }
        head + "\r\n"
    }

    /// A request and its answer.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[String],
        body: &[u8],
    ) -> Response {
        let mut headers = headers.to_vec();
        if !body.is_empty() {
            headers.push(format!("Content-Length: {}", body.len()));
        }
        let head = self.head(method, path, &headers);
        self.write([head.as_bytes(), body].concat());
        self.answer(method)
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.ask("GET", path, &[], &[])
    }

    /// Asks for evidence, whose worth is not these tests' affair.
    pub(crate) fn attest(&mut self) -> Response {
        let json = vec!["Content-Type: application/json".to_owned()];
        let nonce = br#"{"nonce":"mOlWrP1RynSHNyNpjvlDNrTz6eH3eNaBEIsxkQRvNBA"}"#;
        self.ask("POST", "/v1/attestation", &json, nonce)
    }

    /// The next answer, to a request of this method.
    pub(crate) fn answer(&mut self, method: &str) -> Response {
        let head = self.head_of_answer();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: HashMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let status = status.parse().unwrap();
        let announced = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let none = method == "HEAD" || matches!(status, 100 | 204);
        let body = self.exactly(if none { 0 } else { announced });
        Response {
            status,
            headers,
            body,
        }
    }

    /// Up to and without the empty line.
    pub(crate) fn head_of_answer(&mut self) -> String {
        String::from_utf8(self.until(b"\r\n\r\n")).unwrap()
    }

    /// Up to and without these bytes, which are read too.
    pub(crate) fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self.unread.windows(end.len()).position(|part| part == end);
            if let Some(at) = found {
                let rest = self.unread.split_off(at + end.len());
                let mut before = std::mem::replace(&mut self.unread, rest);
                before.truncate(at);
                return before;
            }
            assert!(self.more(), "the connection ended: {:?}", self.unread);
        }
    }

    /// Whether the isolate has ended this connection, after whatever it still says.
    pub(crate) fn is_closed(&mut self) -> bool {
        while self.more() {}
        true
    }

    fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(self.more(), "the connection ended");
        }
        let rest = self.unread.split_off(length);
        std::mem::replace(&mut self.unread, rest)
    }

    fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer"),
            Err(_) => false,
        }
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The code of a problem document.
    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The headers of an upload of these contents, but its length.
pub(crate) fn provision(contents: &[u8]) -> Vec<String> {
    let digest = veracruz_policy::Sha256::from_bytes(Sha256::digest(contents).into());
    vec![
        format!("Repr-Digest: {}", header::repr_digest(&digest)),
        format!("Veracruz-Salt: {}", header::bytes(&[1; 32])),
        format!("Veracruz-Share: {}", header::bytes(&[2; 32])),
    ]
}
