//! The control channel between the host and an isolate.
//!
//! A frame is a length (4 bytes, big-endian, at most 2 MiB) and that many bytes of deterministic
//! CBOR (RFC 8949 section 4.2.1). Neither side trusts the other: the isolate takes one policy
//! and tells classes of failures; the host believes what it hears only for its own bookkeeping.
//!
//! ```
//! use veracruz_protocol::control::{Decoder, Health, ToIsolate, encode};
//!
//! let frame = encode(&ToIsolate::Health).ok_or("too long")?;
//! let mut decoder = Decoder::new();
//! decoder.push(&frame)?;
//! assert_eq!(decoder.next::<ToIsolate>()?, Some(ToIsolate::Health));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use alloc::{borrow::ToOwned, vec::Vec};

use minicbor::{Encoder, decode, encode::Error as EncodeError};
use veracruz_policy::{InstanceId, KeyDigest, PolicyHash};

use crate::{ComputationState, limits};

/// What the host says to an isolate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToIsolate {
    /// `[0, policy]`: install this policy. The first message; a second one is fatal.
    Install {
        /// The document, at most 1 MiB.
        policy: Vec<u8>,
    },
    /// `[1]`: how are you?
    Health,
    /// `[2, verifier, nonce]`: give a certificate request and evidence for this verifier of your
    /// policy. The host only carries them.
    Certify {
        /// Digest of the key of that verifier's results, as the policy names it.
        verifier: KeyDigest,
        /// The verifier's challenge.
        nonce: [u8; 32],
    },
    /// `[3, verifier, certificate]`: what came back from that verifier.
    Certificate {
        /// As in `Certify`.
        verifier: KeyDigest,
        /// DER, at most 8 KiB.
        certificate: Vec<u8>,
    },
}

/// What an isolate says to its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToHost {
    /// `[0, policy hash, instance]`: the policy is installed, connections are welcome.
    Installed {
        /// The hash that the isolate computed.
        policy: PolicyHash,
        /// SHA-256 of the isolate's SubjectPublicKeyInfo.
        instance: InstanceId,
    },
    /// `[1, class]`: the policy or the machine would not do; the isolate ends.
    Refused {
        /// An opaque class, see [`refusal`].
        class: u16,
    },
    /// `[2, state, connections]`: the answer to [`ToIsolate::Health`].
    Health(Health),
    /// `[3, request, evidence, policy]`: the answer to [`ToIsolate::Certify`].
    CertificateRequest(CertificateRequest),
    /// `[4, installed]`: the answer to [`ToIsolate::Certificate`]; `false` also to a
    /// [`ToIsolate::Certify`] that gives no request. Nothing secret hangs on why.
    Certified {
        /// Whether the isolate shows the certificate from now on.
        installed: bool,
    },
}

/// What a verifier needs to certify an isolate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// PKCS #10 in DER, for a key alone; at most 4 KiB.
    pub request: Vec<u8>,
    /// Evidence in its envelope over the key and the verifier's nonce, at most 64 KiB.
    pub evidence: Vec<u8>,
    /// The policy's document, at most 1 MiB: a host that adopted this isolate does not have it.
    pub policy: Vec<u8>,
}

/// How an isolate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Where its computation stands, in one word.
    pub state: ComputationState,
    /// How many connections are open.
    pub connections: u32,
}

/// Classes of [`ToHost::Refused`].
pub mod refusal {
    /// The policy is not valid.
    pub const POLICY: u16 = 1;
    /// A policy was installed before.
    pub const SECOND_POLICY: u16 = 2;
    /// The message was not understood.
    pub const MESSAGE: u16 = 3;
    /// No evidence can be had.
    pub const EVIDENCE: u16 = 4;
    /// No good randomness can be had.
    pub const RANDOMNESS: u16 = 5;
    /// Something else inside the isolate.
    pub const INTERNAL: u16 = 6;
}

/// Why a frame was refused. The other side is at fault; the channel is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The frame is too long.
    #[error("expected a frame of at most {expected} bytes, found {found}")]
    TooLong {
        /// The limit.
        expected: usize,
        /// The announced length.
        found: u32,
    },
    /// The frame is not one of the messages in deterministic CBOR.
    #[error("the frame is not a message in deterministic CBOR")]
    Malformed,
}

/// A message of the control channel.
pub trait Message: Sized {
    /// Writes its CBOR.
    #[doc(hidden)]
    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Result<(), WriteError>;
    /// Reads its CBOR, leniently: [`Decoder::next`] adds strictness.
    #[doc(hidden)]
    fn read(decoder: &mut minicbor::Decoder<'_>) -> Result<Self, decode::Error>;
}

type WriteError = EncodeError<core::convert::Infallible>;

/// A message as a frame; `None` where it would be too long.
#[must_use]
pub fn encode<M: Message>(message: &M) -> Option<Vec<u8>> {
    let body = body(message)?;
    let length = u32::try_from(body.len()).ok()?;
    let mut frame = Vec::with_capacity(body.len().checked_add(4)?);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&body);
    Some(frame)
}

/// Puts frames together from the bytes that arrive.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    /// One that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: Vec::new() }
    }

    /// Takes bytes that arrived. Call [`Decoder::next`] until it gives `None` before the next
    /// push, so that no more than a frame and a push is kept.
    ///
    /// # Errors
    /// [`ControlError::TooLong`] as soon as a length says so.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ControlError> {
        self.buffer.extend_from_slice(bytes);
        self.length().map(|_| ())
    }

    /// The next whole message, if it has arrived.
    ///
    /// # Errors
    /// [`ControlError`]; nothing after it can be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "the kind of message is the caller's to say"
    )]
    pub fn next<M: Message>(&mut self) -> Result<Option<M>, ControlError> {
        let Some(length) = self.length()? else {
            return Ok(None);
        };
        let end = length.saturating_add(4);
        let Some(frame) = self.buffer.get(4..end) else {
            return Ok(None);
        };
        let message = parse(frame)?;
        self.buffer.drain(..end);
        Ok(Some(message))
    }

    /// How many bytes wait for the rest of their frame.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    fn length(&self) -> Result<Option<usize>, ControlError> {
        let Some(bytes) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let found = u32::from_be_bytes(*bytes);
        let expected = limits::CONTROL_FRAME_BYTES;
        match usize::try_from(found) {
            Ok(length) if length <= expected => Ok(Some(length)),
            _ => Err(ControlError::TooLong { expected, found }),
        }
    }
}

/// Reads a frame's body. What does not encode to the same bytes again is not deterministic.
fn parse<M: Message>(frame: &[u8]) -> Result<M, ControlError> {
    let mut decoder = minicbor::Decoder::new(frame);
    let message = M::read(&mut decoder).map_err(|_| ControlError::Malformed)?;
    if body(&message).as_deref() != Some(frame) {
        return Err(ControlError::Malformed);
    }
    Ok(message)
}

fn body<M: Message>(message: &M) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    message.write(&mut Encoder::new(&mut body)).ok()?;
    (body.len() <= limits::CONTROL_FRAME_BYTES).then_some(body)
}

impl Message for ToIsolate {
    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Result<(), WriteError> {
        match self {
            Self::Install { policy } => encoder.array(2)?.u8(0)?.bytes(policy)?,
            Self::Health => encoder.array(1)?.u8(1)?,
            Self::Certify { verifier, nonce } => encoder
                .array(3)?
                .u8(2)?
                .bytes(verifier.as_bytes())?
                .bytes(nonce)?,
            Self::Certificate {
                verifier,
                certificate,
            } => encoder
                .array(3)?
                .u8(3)?
                .bytes(verifier.as_bytes())?
                .bytes(certificate)?,
        };
        Ok(())
    }

    fn read(decoder: &mut minicbor::Decoder<'_>) -> Result<Self, decode::Error> {
        match (decoder.array()?, decoder.u8()?) {
            (Some(2), 0) => Ok(Self::Install {
                policy: bytes(decoder, limits::POLICY_BYTES)?,
            }),
            (Some(1), 1) => Ok(Self::Health),
            (Some(3), 2) => Ok(Self::Certify {
                verifier: KeyDigest::from_bytes(array(decoder)?),
                nonce: array(decoder)?,
            }),
            (Some(3), 3) => Ok(Self::Certificate {
                verifier: KeyDigest::from_bytes(array(decoder)?),
                certificate: bytes(decoder, limits::CERTIFICATE_BYTES)?,
            }),
            _ => Err(decode::Error::message("unknown message")),
        }
    }
}

impl Message for ToHost {
    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Result<(), WriteError> {
        match self {
            Self::Installed { policy, instance } => encoder
                .array(3)?
                .u8(0)?
                .bytes(policy.as_bytes())?
                .bytes(instance.as_bytes())?,
            Self::Refused { class } => encoder.array(2)?.u8(1)?.u16(*class)?,
            Self::Health(health) => encoder
                .array(3)?
                .u8(2)?
                .str(health.state.as_str())?
                .u32(health.connections)?,
            Self::CertificateRequest(wanted) => encoder
                .array(4)?
                .u8(3)?
                .bytes(&wanted.request)?
                .bytes(&wanted.evidence)?
                .bytes(&wanted.policy)?,
            Self::Certified { installed } => encoder.array(2)?.u8(4)?.bool(*installed)?,
        };
        Ok(())
    }

    fn read(decoder: &mut minicbor::Decoder<'_>) -> Result<Self, decode::Error> {
        match (decoder.array()?, decoder.u8()?) {
            (Some(3), 0) => Ok(Self::Installed {
                policy: PolicyHash::from_bytes(array(decoder)?),
                instance: InstanceId::from_bytes(array(decoder)?),
            }),
            (Some(2), 1) => Ok(Self::Refused {
                class: decoder.u16()?,
            }),
            (Some(3), 2) => {
                let state = ComputationState::parse(decoder.str()?)
                    .ok_or_else(|| decode::Error::message("unknown state"))?;
                Ok(Self::Health(Health {
                    state,
                    connections: decoder.u32()?,
                }))
            }
            (Some(4), 3) => Ok(Self::CertificateRequest(CertificateRequest {
                request: bytes(decoder, limits::CERTIFICATE_REQUEST_BYTES)?,
                evidence: bytes(decoder, limits::EVIDENCE_BYTES)?,
                policy: bytes(decoder, limits::POLICY_BYTES)?,
            })),
            (Some(2), 4) => Ok(Self::Certified {
                installed: decoder.bool()?,
            }),
            _ => Err(decode::Error::message("unknown message")),
        }
    }
}

fn bytes(decoder: &mut minicbor::Decoder<'_>, most: usize) -> Result<Vec<u8>, decode::Error> {
    match decoder.bytes()? {
        bytes if bytes.len() <= most => Ok(bytes.to_owned()),
        _ => Err(decode::Error::message("longer than it may be")),
    }
}

fn array(decoder: &mut minicbor::Decoder<'_>) -> Result<[u8; 32], decode::Error> {
    decoder
        .bytes()?
        .try_into()
        .map_err(|_| decode::Error::message("expected 32 bytes"))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_the_bytes_of_rfc_8949() {
        let install = encode(&ToIsolate::Install {
            policy: b"{}".to_vec(),
        })
        .unwrap();
        assert_eq!(install, [0, 0, 0, 5, 0x82, 0x00, 0x42, b'{', b'}']);
        let health = Health {
            state: ComputationState::Ready,
            connections: 300,
        };
        let health = encode(&ToHost::Health(health)).unwrap();
        assert_eq!(health, b"\0\0\0\x0b\x83\x02\x65ready\x19\x01\x2c");
    }

    #[test]
    fn a_frame_cut_at_any_byte_is_no_message_yet() {
        let frame = encode(&ToIsolate::Install {
            policy: vec![7; 40],
        })
        .unwrap();
        for cut in 0..frame.len() {
            let mut decoder = Decoder::new();
            decoder.push(&frame[..cut]).unwrap();
            assert_eq!(decoder.next::<ToIsolate>(), Ok(None));
            decoder.push(&frame[cut..]).unwrap();
            assert!(decoder.next::<ToIsolate>().unwrap().is_some());
            assert_eq!(decoder.pending(), 0);
        }
    }

    #[test]
    fn refuses_a_length_beyond_the_limit_before_the_body_arrives() {
        let mut decoder = Decoder::new();
        let found = 2 * 1024 * 1024 + 1;
        assert_eq!(
            decoder.push(&u32::to_be_bytes(found)),
            Err(ControlError::TooLong {
                expected: limits::CONTROL_FRAME_BYTES,
                found
            })
        );
    }

    #[test]
    fn refuses_cbor_that_is_not_deterministic() {
        let malformed: [&[u8]; 8] = [
            &[0x81, 0x18, 0x01],             // a number longer than needed
            &[0x9f, 0x01, 0xff],             // an array without a length
            &[0x81, 0x01, 0x00],             // something after the message
            &[0x82, 0x01, 0x00],             // one item too many
            &[0x82, 0x00, 0x5f, 0x40, 0xff], // bytes without a length
            &[0x82, 0x00, 0x61, 0x41],       // text for bytes
            &[0x81, 0x05],                   // no such message
            &[],
        ];
        for body in malformed {
            let mut decoder = Decoder::new();
            decoder
                .push(&u32::to_be_bytes(body.len().try_into().unwrap()))
                .unwrap();
            decoder.push(body).unwrap();
            assert_eq!(
                decoder.next::<ToIsolate>(),
                Err(ControlError::Malformed),
                "{body:02x?}"
            );
        }
    }

    #[test]
    fn what_a_verifier_needs_goes_there_and_back() {
        let verifier = KeyDigest::from_bytes([1; 32]);
        let ask = encode(&ToIsolate::Certify {
            verifier,
            nonce: [2; 32],
        })
        .unwrap();
        let (one, two) = ([1; 32], [2; 32]);
        let body = [b"\x83\x02\x58\x20".as_slice(), &one, b"\x58\x20", &two].concat();
        assert_eq!(ask, [b"\0\0\0\x46".as_slice(), &body].concat());
        let give = ToIsolate::Certificate {
            verifier,
            certificate: vec![3; limits::CERTIFICATE_BYTES],
        };
        let mut decoder = Decoder::new();
        decoder.push(&encode(&give).unwrap()).unwrap();
        assert_eq!(decoder.next(), Ok(Some(give)));
        let whole = ToHost::CertificateRequest(CertificateRequest {
            request: vec![4; limits::CERTIFICATE_REQUEST_BYTES],
            evidence: vec![5; limits::EVIDENCE_BYTES],
            policy: vec![6; limits::POLICY_BYTES],
        });
        for message in [whole, ToHost::Certified { installed: true }] {
            let mut decoder = Decoder::new();
            decoder.push(&encode(&message).unwrap()).unwrap();
            assert_eq!(decoder.next(), Ok(Some(message)));
        }
    }

    #[test]
    fn refuses_a_policy_beyond_its_limit() {
        let frame = encode(&ToIsolate::Install {
            policy: vec![0; limits::POLICY_BYTES + 1],
        });
        let mut decoder = Decoder::new();
        decoder.push(&frame.unwrap()).unwrap();
        assert_eq!(decoder.next::<ToIsolate>(), Err(ControlError::Malformed));
        assert_eq!(
            encode(&ToIsolate::Install {
                policy: vec![0; 3 << 20]
            }),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::new();
            if decoder.push(&bytes).is_ok() {
                while let Ok(Some(_)) = decoder.next::<ToHost>() {}
            }
            let _ = parse::<ToIsolate>(&bytes);
        }

        #[test]
        fn messages_come_back(hash: [u8; 32], instance: [u8; 32], class: u16) {
            for message in [
                ToHost::Installed {
                    policy: PolicyHash::from_bytes(hash),
                    instance: InstanceId::from_bytes(instance),
                },
                ToHost::Refused { class },
            ] {
                let mut decoder = Decoder::new();
                decoder.push(&encode(&message).unwrap()).unwrap();
                prop_assert_eq!(decoder.next::<ToHost>().unwrap(), Some(message));
            }
        }
    }
}
