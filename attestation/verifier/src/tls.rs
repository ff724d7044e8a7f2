//! TLS of the service: 1.3 alone, with the operator's own certificate.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;

use crate::VerifierError;

pub(crate) fn config(
    key: PrivateKeyDer<'static>,
    certificates: &Path,
) -> Result<Arc<ServerConfig>, VerifierError> {
    let unreadable = |reason: String| VerifierError::TlsCertificates {
        path: certificates.to_path_buf(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(format!("{error:?}")))?;
    if chain.is_empty() {
        return Err(unreadable("none".into()));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(VerifierError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
