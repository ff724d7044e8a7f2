//! Who vouches for this runtime.

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use veracruz_evidence::{Evidence, ReportData, channel};

/// How long the attester may take. It signs in well under a millisecond.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives evidence over 64 bytes of report data. A closed set: a kind of isolate, a variant.
pub(crate) enum EvidenceSource {
    /// The software root of trust, over the channel that it opened for this isolate alone.
    Attester(Mutex<OwnedFd>),
}

/// Why there is no evidence. The host is at fault, or the attester is gone.
#[derive(Debug, Error)]
#[error("the platform gave no evidence: {0}")]
pub(crate) struct EvidenceError(&'static str);

impl EvidenceSource {
    /// Evidence from the attester at the other end of `channel` (`SOCK_SEQPACKET`).
    pub(crate) fn attester(channel: OwnedFd) -> Self {
        Self::Attester(Mutex::new(channel))
    }

    /// Evidence over `report_data`, in its envelope. Blocks for as long as the
    /// platform takes, ten seconds at most.
    pub(crate) fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        match self {
            Self::Attester(channel) => {
                // One question at a time; a poisoned lock guards no state of ours.
                let channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
                ask_attester(&channel, report_data)
            }
        }
    }
}

fn ask_attester(channel: &OwnedFd, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
    set_socket_timeout(channel, Timeout::Recv, Some(PATIENCE))
        .map_err(|_| EvidenceError("its channel takes no time limit"))?;
    send(
        channel,
        &channel::encode_request(report_data),
        SendFlags::NOSIGNAL,
    )
    .map_err(|_| EvidenceError("the attester is gone"))?;
    let mut reply = vec![0; channel::MAX_REPLY_BYTES];
    let (_, length) = recv(channel, reply.as_mut_slice(), RecvFlags::TRUNC)
        .map_err(|_| EvidenceError("the attester did not answer in time"))?;
    let reply = reply
        .get(..length)
        .ok_or(EvidenceError("the answer is too long"))?;
    match channel::Reply::parse(reply) {
        Ok(channel::Reply::Evidence(evidence)) => Ok(evidence),
        Ok(channel::Reply::Refused(_class)) => Err(EvidenceError("the attester refused")),
        Err(_) => Err(EvidenceError("the answer is malformed")),
    }
}
