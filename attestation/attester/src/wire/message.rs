//! Requests and replies.

use std::fmt;

use minicbor::{Decode, Decoder, Encode};
use veracruz_machine::{Description, Part};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256};

use super::{LENGTH, MAX_FRAME, Refusal};
use crate::Limits;

/// The version of this protocol; another one is refused at `Hello`.
pub(crate) const VERSION: u32 = 1;

/// What the host asks.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Request {
    /// Who are you?
    #[n(0)]
    Hello(#[n(0)] u32),
    /// Measure and keep the file whose descriptor comes along.
    #[n(1)]
    Register,
    /// Start an isolate.
    #[n(2)]
    Launch {
        #[cbor(n(0), with = "minicbor::bytes")]
        image: [u8; 32],
        #[cbor(n(1), with = "minicbor::bytes")]
        policy: Vec<u8>,
        #[n(2)]
        limits: Limits,
    },
    /// Give me the channels of a running isolate again.
    #[n(3)]
    Attach(#[n(0)] IsolateId),
    /// Which isolates are there?
    #[n(4)]
    List,
    /// End an isolate, or forget one that ended.
    #[n(5)]
    Stop(#[n(0)] IsolateId),
    /// Keep a note about a running isolate, to be given back by `Attach`.
    #[n(6)]
    Remember {
        #[n(0)]
        id: IsolateId,
        #[cbor(n(1), with = "minicbor::bytes")]
        note: Vec<u8>,
    },
    /// Measure and keep the files that a machine starts from, whose descriptors come along in this
    /// order.
    #[n(7)]
    RegisterMachine {
        #[n(0)]
        parts: Vec<Part>,
        #[n(1)]
        command_line: String,
    },
    /// Start a machine.
    #[n(8)]
    LaunchMachine {
        #[cbor(n(0), with = "minicbor::bytes")]
        image: [u8; 32],
        #[cbor(n(1), with = "minicbor::bytes")]
        policy: Vec<u8>,
        #[n(2)]
        description: Description,
        #[n(3)]
        limits: Limits,
    },
}

/// What the attester answers.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Reply {
    #[n(0)]
    Hello {
        #[cbor(n(0), with = "minicbor::bytes")]
        spki: Vec<u8>,
        #[n(1)]
        limited_by: LimitedBy,
    },
    #[n(1)]
    Registered(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// Comes with two descriptors: control and connections.
    #[n(2)]
    Running {
        #[n(0)]
        id: IsolateId,
        #[n(1)]
        pid: u32,
        #[n(2)]
        landlock: Landlock,
        #[cbor(n(3), with = "minicbor::bytes")]
        note: Vec<u8>,
    },
    #[n(3)]
    Listed(#[n(0)] Vec<Listed>),
    #[n(4)]
    Stopped(#[n(0)] Exit),
    #[n(5)]
    Refused(#[n(0)] Refusal),
    #[n(6)]
    Remembered,
    #[n(7)]
    Machine {
        #[n(0)]
        id: IsolateId,
        #[n(1)]
        pid: u32,
        #[n(2)]
        kvm: bool,
        #[cbor(n(3), with = "minicbor::bytes")]
        note: Vec<u8>,
        /// The bytes of its path.
        #[cbor(n(4), with = "minicbor::bytes")]
        folder: Vec<u8>,
    },
}

/// Names an isolate of one run of the attester: a random number, so that an old name never means a
/// new isolate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct IsolateId(#[n(0)] pub u64);

impl fmt::Display for IsolateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The attester, as it presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Its public key as DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The SHA-256 of that: what a policy names.
    pub key: KeyDigest,
    /// What keeps the limits of isolates here; so it is for each launch.
    pub limited_by: LimitedBy,
}

/// What keeps the limits of isolates, see [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LimitedBy {
    /// Memory.
    #[n(0)]
    pub memory: Keeper,
    /// Processes and threads.
    #[n(1)]
    pub processes: Keeper,
    /// Processor time.
    #[n(2)]
    pub cpu: Keeper,
}

impl fmt::Display for LimitedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory,
            processes,
            cpu,
        } = self;
        write!(f, "memory: {memory}, processes: {processes}, cpu: {cpu}")
    }
}

/// Who keeps a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Keeper {
    /// Resource limits: for each process, and not for the isolate as a whole (but for the number of
    /// processes).
    #[n(0)]
    ResourceLimits,
    /// A control group, version 2.
    #[n(1)]
    ControlGroupV2,
    /// A control group, version 1.
    #[n(2)]
    ControlGroupV1,
    /// Nobody: this limit has no effect here.
    #[n(3)]
    Nobody,
}

impl Keeper {
    /// The name in reports and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResourceLimits => "rlimit",
            Self::ControlGroupV2 => "cgroup-v2",
            Self::ControlGroupV1 => "cgroup-v1",
            Self::Nobody => "none",
        }
    }
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of the landlock layer this kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Landlock {
    /// All of it.
    #[n(0)]
    Full,
    /// What this kernel knows of it.
    #[n(1)]
    Partial,
    /// Nothing: the kernel has no landlock.
    #[n(2)]
    None,
}

/// One isolate, as `list` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: IsolateId,
    /// What kind of isolate it is: `process`, or what the description of its machine says.
    pub kind: String,
    /// The measurement of what it started from.
    pub image: Sha256,
    /// The policy that it was launched for.
    pub policy: PolicyHash,
    /// Whether it runs.
    pub state: IsolateState,
}

/// Whether an isolate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum IsolateState {
    /// It runs.
    #[n(0)]
    Running {
        /// Its process, as the attester's machine numbers it.
        #[n(0)]
        pid: u32,
    },
    /// It ended, and was not stopped by the host.
    #[n(1)]
    Ended(#[n(0)] Exit),
}

/// How an isolate's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Exit {
    /// By itself, with this exit code.
    #[n(0)]
    Code(#[n(0)] i32),
    /// By this signal.
    #[n(1)]
    Signal(#[n(0)] i32),
    /// Nobody knows.
    #[n(2)]
    Unknown,
}

impl<C> Encode<C> for Listed {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(5)?.encode_with(self.id, context)?;
        e.str(&self.kind)?;
        e.bytes(self.image.as_bytes())?
            .bytes(self.policy.as_bytes())?;
        e.encode_with(self.state, context)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Listed {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.array()? != Some(5) {
            return Err(minicbor::decode::Error::message("expected five items"));
        }
        let id = d.decode_with(context)?;
        let kind = d.decode_with(context)?;
        let image: minicbor::bytes::ByteArray<32> = d.decode_with(context)?;
        let policy: minicbor::bytes::ByteArray<32> = d.decode_with(context)?;
        Ok(Self {
            id,
            kind,
            image: Sha256::from_bytes(image.into()),
            policy: PolicyHash::from_bytes(policy.into()),
            state: d.decode_with(context)?,
        })
    }
}

/// Makes the frame of a message, or `None` where it is too long for one.
pub(crate) fn encode(message: &impl Encode<()>) -> Option<Vec<u8>> {
    let mut frame = vec![0; LENGTH];
    minicbor::encode(message, &mut frame).ok()?;
    let length = frame
        .len()
        .checked_sub(LENGTH)
        .filter(|length| *length <= MAX_FRAME)?;
    let length = u32::try_from(length).ok()?.to_be_bytes();
    frame.get_mut(..LENGTH)?.copy_from_slice(&length);
    Some(frame)
}

/// Reads the content of a frame: one message, and nothing after it.
pub(crate) fn decode<'b, T: Decode<'b, ()>>(content: &'b [u8]) -> Option<T> {
    let mut decoder = Decoder::new(content);
    let message = decoder.decode().ok()?;
    (decoder.position() == content.len()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Vec<Request> {
        let limits = Limits::default();
        vec![
            Request::Hello(VERSION),
            Request::Register,
            Request::Launch {
                image: [7; 32],
                policy: b"{}".to_vec(),
                limits,
            },
            Request::Attach(IsolateId(u64::MAX)),
            Request::List,
            Request::Stop(IsolateId(0)),
            Request::Remember {
                id: IsolateId(1),
                note: vec![1, 2],
            },
            Request::RegisterMachine {
                parts: vec![Part::Kernel, Part::Initramfs],
                command_line: "quiet".into(),
            },
            Request::LaunchMachine {
                image: [7; 32],
                policy: b"{}".to_vec(),
                description: Description::microvm(),
                limits: Limits::default(),
            },
        ]
    }

    #[test]
    fn reads_what_it_wrote_and_nothing_shorter_or_longer() {
        for request in requests() {
            let frame = encode(&request).unwrap();
            let content = &frame[LENGTH..];
            assert_eq!(decode::<Request>(content).as_ref(), Some(&request));
            for length in 0..content.len() {
                assert_eq!(
                    decode::<Request>(&content[..length]),
                    None,
                    "cut at {length}"
                );
            }
            assert_eq!(decode::<Request>(&[content, b"\0"].concat()), None);
        }
    }

    #[test]
    fn reads_a_list_as_it_was_written() {
        let listed = Listed {
            id: IsolateId(3),
            kind: "process".into(),
            image: Sha256::of(b"image"),
            policy: PolicyHash::from_bytes([9; 32]),
            state: IsolateState::Ended(Exit::Signal(9)),
        };
        let reply = Reply::Listed(vec![listed.clone(), listed]);
        let frame = encode(&reply).unwrap();
        assert_eq!(decode(&frame[LENGTH..]), Some(reply));
    }

    #[test]
    fn does_not_make_a_frame_that_would_be_refused() {
        let limits = Limits::default();
        let policy = vec![0; MAX_FRAME];
        assert_eq!(
            encode(&Request::Launch {
                image: [0; 32],
                policy,
                limits
            }),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn random_bytes_do_no_harm(bytes: Vec<u8>) {
            let _ = decode::<Request>(&bytes);
            let _ = decode::<Reply>(&bytes);
        }
    }
}
