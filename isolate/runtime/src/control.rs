//! The control channel: the policy comes in once, health goes out, certificates are carried.

use crate::fault::Fault;
use crate::platform::Line;
use veracruz_policy::KeyDigest;
use veracruz_protocol::control::{CertificateRequest, Decoder, Health, ToHost, ToIsolate, encode};

/// What the host can ask of an isolate with its policy installed.
pub(crate) trait Questions {
    /// How is it?
    fn health(&self) -> Health;
    /// What does a verifier need to certify it? `None` where the policy does not name that
    /// verifier, or no evidence can be had.
    fn certificate_request(
        &self,
        verifier: KeyDigest,
        nonce: [u8; 32],
    ) -> Option<CertificateRequest>;
    /// Will it show this certificate?
    fn install_certificate(&self, verifier: KeyDigest, certificate: &[u8]) -> bool;
}

/// Both directions of the channel to the host. What comes in is hostile.
pub(crate) struct Control {
    line: Line,
    decoder: Decoder,
}

impl Control {
    pub(crate) fn new(line: Line) -> Self {
        Self {
            line,
            decoder: Decoder::new(),
        }
    }

    /// Waits for the policy's bytes, which must come first. They are copied here once; what is
    /// hashed and parsed later is this copy.
    pub(crate) fn policy(&mut self) -> Result<Vec<u8>, Fault> {
        match self.next()? {
            Some(ToIsolate::Install { policy }) => Ok(policy),
            _ => Err(Fault::Control),
        }
    }

    /// Answers the host's questions until it is gone (`Ok`) or breaks the protocol. A second
    /// policy is fatal: whoever is let in later must not find another one than who came before.
    pub(crate) fn attend(mut self, isolate: &impl Questions) -> Result<(), Fault> {
        loop {
            let fault = match self.next() {
                Ok(Some(ToIsolate::Health)) => {
                    self.say(&ToHost::Health(isolate.health()))?;
                    continue;
                }
                Ok(Some(ToIsolate::Certify { verifier, nonce })) => {
                    let wanted = isolate.certificate_request(verifier, nonce);
                    self.say(&wanted.map_or(
                        ToHost::Certified { installed: false },
                        ToHost::CertificateRequest,
                    ))?;
                    continue;
                }
                Ok(Some(ToIsolate::Certificate {
                    verifier,
                    certificate,
                })) => {
                    let installed = isolate.install_certificate(verifier, &certificate);
                    self.say(&ToHost::Certified { installed })?;
                    continue;
                }
                Ok(None) => return Ok(()),
                Ok(Some(ToIsolate::Install { .. })) => Fault::SecondPolicy,
                Err(fault) => fault,
            };
            self.refuse(fault);
            return Err(fault);
        }
    }

    /// Says something to the host.
    pub(crate) fn say(&mut self, message: &ToHost) -> Result<(), Fault> {
        let frame = encode(message).ok_or(Fault::Internal)?;
        self.line.write(&frame).map_err(|_| Fault::Control)
    }

    /// Tells the host the class of what went wrong, if it still listens.
    pub(crate) fn refuse(&mut self, fault: Fault) {
        let _ = self.say(&ToHost::Refused {
            class: fault.refusal(),
        });
        self.line.part();
    }

    /// The next message; `None` when the host has closed the channel for good.
    fn next(&mut self) -> Result<Option<ToIsolate>, Fault> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            if let Some(message) = self.decoder.next().map_err(|_| Fault::Control)? {
                return Ok(Some(message));
            }
            match self.line.pick_up() {
                // What another host had begun to say is not continued.
                Some(true) => self.decoder = Decoder::new(),
                Some(false) => {}
                None => return Ok(None),
            }
            let read = self.line.read(&mut buffer).map_err(|_| Fault::Control)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            self.decoder.push(bytes).map_err(|_| Fault::Control)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use veracruz_protocol::ComputationState;

    struct Healthy;

    impl Questions for Healthy {
        fn health(&self) -> Health {
            Health {
                state: ComputationState::Awaiting,
                connections: 0,
            }
        }

        fn certificate_request(&self, _: KeyDigest, _: [u8; 32]) -> Option<CertificateRequest> {
            None
        }

        fn install_certificate(&self, _: KeyDigest, certificate: &[u8]) -> bool {
            certificate == b"good"
        }
    }

    fn pair() -> (UnixStream, Control) {
        let (host, isolate) = UnixStream::pair().unwrap();
        (host, Control::new(Line::once(isolate)))
    }

    fn send(host: &mut UnixStream, message: &ToIsolate) {
        host.write_all(&encode(message).unwrap()).unwrap();
    }

    fn answer(host: &mut UnixStream) -> ToHost {
        let mut decoder = Decoder::new();
        loop {
            let mut byte = [0];
            host.read_exact(&mut byte).unwrap();
            decoder.push(&byte).unwrap();
            if let Some(message) = decoder.next().unwrap() {
                return message;
            }
        }
    }

    #[test]
    fn a_second_policy_is_fatal() {
        let (mut host, mut control) = pair();
        let install = ToIsolate::Install {
            policy: b"{}".to_vec(),
        };
        send(&mut host, &install);
        assert_eq!(control.policy().unwrap(), b"{}");
        send(&mut host, &install);
        assert_eq!(control.attend(&Healthy), Err(Fault::SecondPolicy));
        assert_eq!(
            answer(&mut host),
            ToHost::Refused {
                class: Fault::SecondPolicy.refusal()
            }
        );
    }

    #[test]
    fn nothing_is_answered_before_the_policy() {
        let (mut host, mut control) = pair();
        send(&mut host, &ToIsolate::Health);
        assert_eq!(control.policy(), Err(Fault::Control));
    }

    #[test]
    fn health_is_answered_until_the_host_leaves() {
        let (mut host, control) = pair();
        send(&mut host, &ToIsolate::Health);
        host.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(control.attend(&Healthy), Ok(()));
        assert_eq!(answer(&mut host), ToHost::Health(Healthy.health()));
    }

    #[test]
    fn a_certificate_that_is_refused_ends_nothing() {
        let (mut host, control) = pair();
        let verifier = KeyDigest::from_bytes([1; 32]);
        let certificate = |bytes: &[u8]| ToIsolate::Certificate {
            verifier,
            certificate: bytes.to_vec(),
        };
        let nonce = [2; 32];
        send(&mut host, &ToIsolate::Certify { verifier, nonce });
        send(&mut host, &certificate(b"bad"));
        send(&mut host, &certificate(b"good"));
        host.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(control.attend(&Healthy), Ok(()));
        for installed in [false, false, true] {
            assert_eq!(answer(&mut host), ToHost::Certified { installed });
        }
    }

    #[test]
    fn frames_that_are_none_end_the_isolate() {
        let (mut host, control) = pair();
        host.write_all(&[0xff; 8]).unwrap();
        assert_eq!(control.attend(&Healthy), Err(Fault::Control));
    }
}
