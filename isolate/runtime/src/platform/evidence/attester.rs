//! The software root of trust: the attester that measured and started this process.

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use veracruz_evidence::{Evidence, ReportData, channel, sw_rot};

use super::{EvidenceError, EvidenceSource};

/// How long the attester may take. It signs in well under a millisecond.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The most answers that are looked at for one question.
pub(super) const STALE: usize = 16;

/// The software root of trust, over the channel that it opened for this isolate alone
/// (`SOCK_SEQPACKET`).
pub(crate) struct Attester(Mutex<OwnedFd>);

impl Attester {
    /// The attester at the other end of `channel`.
    pub(crate) fn new(channel: OwnedFd) -> Self {
        Self(Mutex::new(channel))
    }
}

impl EvidenceSource for Attester {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        // One question at a time; a poisoned lock guards no state of ours.
        let channel = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&channel, report_data)
    }
}

fn ask(channel: &OwnedFd, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
    set_socket_timeout(channel, Timeout::Recv, Some(PATIENCE))
        .and_then(|()| set_socket_timeout(channel, Timeout::Send, Some(PATIENCE)))
        .map_err(|_| EvidenceError("its channel takes no time limit"))?;
    send(
        channel,
        &channel::encode_request(report_data),
        SendFlags::NOSIGNAL,
    )
    .map_err(|_| EvidenceError("the attester is gone"))?;
    let mut buffer = vec![0; channel::MAX_REPLY_BYTES];
    for _ in 0..STALE {
        let (_, length) = recv(channel, buffer.as_mut_slice(), RecvFlags::TRUNC)
            .map_err(|_| EvidenceError("the attester did not answer in time"))?;
        let reply = buffer
            .get(..length)
            .ok_or(EvidenceError("the answer is too long"))?;
        if let Some(evidence) = answer_to(report_data, reply)? {
            return Ok(evidence);
        }
    }
    Err(EvidenceError("the attester answers other questions"))
}

/// The evidence in an attester's reply; `None` where it is the answer to another question, which
/// came too late for whoever asked and was still in the channel.
pub(super) fn answer_to(
    report_data: &ReportData,
    reply: &[u8],
) -> Result<Option<Evidence>, EvidenceError> {
    match channel::Reply::parse(reply) {
        Ok(channel::Reply::Evidence(evidence)) => {
            Ok(is_over(&evidence, report_data).then_some(evidence))
        }
        Ok(channel::Reply::Refused(_class)) => Err(EvidenceError("the attester refused")),
        Err(_) => Err(EvidenceError("the answer is malformed")),
    }
}

fn is_over(evidence: &Evidence, report_data: &ReportData) -> bool {
    sw_rot::parse(evidence.content())
        .is_ok_and(|token| token.peek().claims().report_data == *report_data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use veracruz_policy::{PolicyHash, Sha256};

    fn channel() -> (OwnedFd, Attester) {
        let kind = SocketType::SEQPACKET;
        let (attester, isolate) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        (attester, Attester::new(isolate))
    }

    fn answer(attester: &OwnedFd, report_data: &ReportData) {
        let claims = sw_rot::SwRotClaims {
            report_data: *report_data,
            measured: sw_rot::Measured::Runtime(Sha256::of(b"the runtime")),
            launch_policy: PolicyHash::from_bytes([3; 32]),
        };
        let key = SigningKey::from_slice(&[9; 32]).unwrap();
        let reply = channel::Reply::Evidence(sw_rot::sign(&claims, &key));
        send(attester, &reply.encode(), SendFlags::empty()).unwrap();
    }

    #[test]
    fn an_answer_that_came_too_late_is_nobody_elses() {
        let (attester, source) = channel();
        let [late, asked] = [1, 2].map(|byte| ReportData::from_bytes([byte; 64]));
        answer(&attester, &late);
        answer(&attester, &asked);
        let evidence = source.evidence(&asked).unwrap();
        assert!(is_over(&evidence, &asked) && !is_over(&evidence, &late));
    }

    #[test]
    fn an_attester_that_refuses_errs_or_is_gone_gives_no_evidence() {
        let asked = ReportData::from_bytes([2; 64]);
        let refused = channel::Reply::Refused(7).encode();
        let endless = vec![0; channel::MAX_REPLY_BYTES + 1];
        for reply in [refused, vec![], vec![9], vec![0, 1, 2], endless] {
            let (attester, source) = channel();
            send(&attester, &reply, SendFlags::empty()).unwrap();
            assert!(source.evidence(&asked).is_err());
        }
        let (attester, source) = channel();
        drop(attester);
        assert!(source.evidence(&asked).is_err());
    }
}
