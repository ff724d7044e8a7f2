//! What every kind of isolate offers to the host.

use std::fmt;
use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;

use veracruz_policy::{InstanceId, IsolateKind, KeyDigest, PolicyHash};
pub use veracruz_protocol::control::{CertificateRequest, Health};

use crate::LaunchError;

/// A boxed future, so that launchers and isolates of different kinds fit behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts isolates of one kind.
///
/// The set of kinds is open (launchers for clusters will come), hence a trait; nothing in it
/// assumes that the isolate runs on this machine.
pub trait Launcher: Send + Sync {
    /// The kind that this launcher starts.
    fn kind(&self) -> Kind;

    /// Starts an isolate, installs `policy` (the bytes of the policy document) in it, and waits
    /// until it has answered.
    ///
    /// # Errors
    ///
    /// An isolate that cannot be started, that refuses the policy, or that does not answer within
    /// the launcher's deadline; the latter two are stopped before the error is returned.
    fn launch(
        &self,
        policy: Arc<[u8]>,
        resources: Resources,
    ) -> BoxFuture<'_, Result<Arc<dyn Isolate>, LaunchError>>;

    /// Who keeps the limits of its isolates; none where nobody said.
    fn limited_by(&self) -> Option<LimitedBy> {
        None
    }

    /// Takes over the isolates that are still running from before a restart of the host.
    ///
    /// # Errors
    ///
    /// Only where the list itself cannot be had: an isolate that does not answer is left out.
    fn adopt(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Isolate>>, LaunchError>>;
}

/// One running isolate with its policy installed.
pub trait Isolate: Send + Sync {
    /// Its kind.
    fn kind(&self) -> Kind;

    /// What it answered when the policy was installed. The host's word: participants believe only
    /// the evidence.
    fn installed(&self) -> Installed;

    /// Hands it an accepted connection; waits (without end: put a deadline around it) while the
    /// isolate has too many waiting.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Lost`] where the isolate is dead. The connection is closed then.
    fn connect(&self, accepted: TcpStream) -> BoxFuture<'_, Result<(), LaunchError>>;

    /// Asks how it is.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Lost`] where it is dead, [`LaunchError::Silent`] where it does not answer in
    /// time.
    fn health(&self) -> BoxFuture<'_, Result<Health, LaunchError>>;

    /// Asks what `verifier` (the digest of its key of results) needs to certify it, over that
    /// verifier's challenge; `None` where its policy does not name that verifier, or where it has
    /// no evidence.
    ///
    /// # Errors
    ///
    /// As [`Isolate::health`].
    fn certificate_request(
        &self,
        verifier: KeyDigest,
        nonce: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<CertificateRequest>, LaunchError>>;

    /// Gives it a certificate (DER) that `verifier` issued; false where it does not take it.
    ///
    /// # Errors
    ///
    /// As [`Isolate::health`].
    fn install_certificate(
        &self,
        verifier: KeyDigest,
        certificate: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, LaunchError>>;

    /// Waits until it is dead, and says how it died. Any number may wait.
    fn lost(&self) -> BoxFuture<'_, Loss>;

    /// Ends it and waits until it is gone. Stopping a dead one is no error.
    ///
    /// # Errors
    ///
    /// Where whoever started it cannot be reached.
    fn stop(&self) -> BoxFuture<'_, Result<(), LaunchError>>;
}

/// The kinds of isolate that this version can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A sandboxed process. Protects nobody from the host.
    Process,
    /// A virtual machine that the attester measured and started. Protects nobody from the host.
    Microvm,
    /// A virtual machine measured by its firmware into a TPM, which the host emulates. Protects
    /// nobody from the host.
    MicrovmMeasured,
    /// A Nitro enclave on AWS.
    Nitro,
    /// QEMU's emulation of a Nitro enclave. Protects nobody from the host.
    NitroEmulated,
    /// A virtual machine that AMD SEV-SNP protects.
    SevSnp,
    /// A virtual machine that Intel TDX protects.
    Tdx,
    /// A realm that Arm CCA protects.
    Cca,
}

impl Kind {
    /// Whether this kind protects the participants from the host.
    #[must_use]
    pub fn protects_from_host(self) -> bool {
        match self {
            Self::Process | Self::Microvm | Self::MicrovmMeasured | Self::NitroEmulated => false,
            Self::Nitro | Self::SevSnp | Self::Tdx | Self::Cca => true,
        }
    }

    /// The name that operators use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Microvm => "microvm",
            Self::MicrovmMeasured => "microvm-measured",
            Self::Nitro => "nitro",
            Self::NitroEmulated => "nitro-emulated",
            Self::SevSnp => "sev-snp",
            Self::Tdx => "tdx",
            Self::Cca => "cca",
        }
    }

    /// What policies call isolates of this kind: by their evidence.
    #[must_use]
    pub fn in_policies(self) -> IsolateKind {
        match self {
            Self::Process => IsolateKind::Process,
            Self::Microvm => IsolateKind::Microvm,
            Self::MicrovmMeasured => IsolateKind::Tpm,
            Self::Nitro | Self::NitroEmulated => IsolateKind::Nitro,
            Self::SevSnp => IsolateKind::SevSnp,
            Self::Tdx => IsolateKind::Tdx,
            Self::Cca => IsolateKind::Cca,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an isolate said when its policy was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The hash of the policy as the isolate computed it.
    pub policy: PolicyHash,
    /// The name of the isolate: the digest of its fresh key.
    pub instance: InstanceId,
}

/// How an isolate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The process ended by itself, with this exit code.
    Exited(i32),
    /// The process was ended by this signal.
    Signalled(i32),
    /// It did not answer for too long, and the host ended it.
    Hung,
    /// It was stopped on request.
    Stopped,
    /// It is gone, and nobody knows how.
    Unknown,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "it exited with code {code}"),
            Self::Signalled(signal) => write!(f, "it was ended by signal {signal}"),
            Self::Hung => f.write_str("it did not answer any more, and was ended"),
            Self::Stopped => f.write_str("it was stopped on request"),
            Self::Unknown => f.write_str("it is gone, and how it ended is not known"),
        }
    }
}

/// What an isolate may use of the machine.
pub type Resources = veracruz_attester::Limits;
pub use veracruz_attester::LimitedBy;
