//! What the processes say to each other: CBOR, bounded, and accepted in one spelling only.

use minicbor::{Decode, Encode};
use veracruz_intake::{InvalidProgram, Problem, Unfit, cut};

use crate::{
    channel::Bounds,
    error::{Death, LimitName, Trap},
    settings::{MOST_FILES, ProgramSettings, StageSettings},
    wiped::Wiped,
};

/// What the spawner accepts.
pub(crate) const SPAWNER_REQUEST: Bounds = Bounds {
    bytes: 64,
    descriptors: 0,
};
/// What the runtime accepts from the spawner: the channel to a new process.
pub(crate) const SPAWNER_REPLY: Bounds = Bounds {
    bytes: 64,
    descriptors: 1,
};
/// What a program's process accepts: report, standard output and error, inputs and outputs.
pub(crate) const PROGRAM_REQUEST: Bounds = Bounds {
    bytes: 16 * 1024 * 1024,
    descriptors: MOST_FILES + 3,
};
/// What the runtime accepts from a program's process.
pub(crate) const PROGRAM_REPLY: Bounds = Bounds {
    bytes: 4096,
    descriptors: 0,
};
/// The longest report of a stage: a length for each output and a few numbers.
pub(crate) const REPORT_BYTES: usize = 10 * MOST_FILES + 4096;

/// From the runtime to the spawner.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) enum SpawnerRequest {
    /// Make a process for a program.
    #[n(0)]
    Fork,
    /// Kill this one with all that it started, and say how it ended.
    #[n(1)]
    Kill(#[n(0)] i32),
}

/// From the spawner to the runtime.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) enum SpawnerReply {
    /// Ready for requests.
    #[n(0)]
    Ready,
    /// Made; the channel to it comes along.
    #[n(1)]
    Forked(#[n(0)] i32),
    /// It is gone.
    #[n(2)]
    Killed(#[n(0)] Death),
    /// The kernel refused, with this `errno`.
    #[n(3)]
    Failed(#[n(0)] i32),
}

/// From the runtime to a program's process.
#[derive(Debug, PartialEq, Encode, Decode)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and never many in a row"
)]
pub(crate) enum ProgramRequest {
    /// Compile the module in the descriptor that comes along. With it comes a place for what is
    /// said where the process aborts.
    #[n(0)]
    Compile {
        #[n(0)]
        len: u64,
        #[n(1)]
        settings: ProgramSettings,
    },
    /// Run it once.
    #[n(1)]
    Run(#[n(0)] Order),
}

/// A run. With it come, in this order: the report, standard output, standard error, all inputs,
/// all outputs.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) struct Order {
    #[n(0)]
    pub(crate) settings: StageSettings,
    #[n(1)]
    pub(crate) inputs: Vec<Placed>,
    #[n(2)]
    pub(crate) outputs: Vec<Placed>,
}

/// A file's place, and its length or the most that it may have.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) struct Placed {
    #[n(0)]
    pub(crate) path: String,
    #[n(1)]
    pub(crate) bytes: u64,
}

/// From a program's process to the runtime.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) enum ProgramReply {
    /// Compiled and locked.
    #[n(0)]
    Compiled,
    /// It will not do.
    #[n(1)]
    Refused(#[n(0)] Refusal),
    /// The kernel refused something, with this `errno`.
    #[n(2)]
    Failed(#[n(0)] i32),
    /// The stage's process is dead and reaped; its report may be read.
    #[n(3)]
    Ended {
        #[n(0)]
        ending: Ending,
        #[n(1)]
        wall_ns: u64,
        #[n(2)]
        cpu_ns: u64,
    },
}

/// Why a program is not accepted.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) enum Refusal {
    #[n(0)]
    TooLarge,
    #[n(1)]
    Invalid(#[n(0)] String),
    #[n(2)]
    Import {
        #[n(0)]
        module: String,
        #[n(1)]
        name: String,
    },
    #[n(3)]
    Signature {
        #[n(0)]
        module: String,
        #[n(1)]
        name: String,
        #[n(2)]
        expected: String,
        #[n(3)]
        found: String,
    },
    #[n(4)]
    Export {
        #[n(0)]
        name: String,
        #[n(1)]
        expected: String,
    },
    /// More linear memories, or tables, than any program can have; or more memory to compile in.
    #[n(5)]
    TooMany(#[n(0)] Refused),
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Problem(Problem::Import { module, name }) => Self::Import { module, name },
            Unfit::Problem(Problem::Signature {
                module,
                name,
                expected,
                found,
            }) => Self::Signature {
                module,
                name,
                expected,
                found,
            },
            Unfit::Problem(Problem::Export { name, expected }) => Self::Export { name, expected },
            Unfit::Invalid(InvalidProgram { reason, .. }) => Self::Invalid(reason),
            other => Self::Invalid(cut(&other.to_string())),
        }
    }
}

/// How a stage's process ended, as its parent saw it.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub(crate) enum Ending {
    #[n(0)]
    Died(#[n(0)] Death),
    #[n(1)]
    OutOfTime,
    #[n(2)]
    OutOfCpuTime,
}

/// What a stage's process says about itself. It may be a lie.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) struct Report {
    #[n(0)]
    pub(crate) outcome: Outcome,
    #[n(1)]
    pub(crate) stdout: u64,
    #[n(2)]
    pub(crate) stderr: u64,
    /// For each output its length, or nothing where the program has not made it.
    #[n(3)]
    pub(crate) outputs: Vec<Option<u64>>,
    #[n(4)]
    pub(crate) peak_memory: u64,
    /// The first growth of memory or tables that was refused; or else another limit that it met.
    #[n(5)]
    pub(crate) refused: Option<Refused>,
    /// What it took of it, where that was counted.
    #[n(6)]
    pub(crate) fuel: Option<u64>,
}

impl Report {
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            stdout: 0,
            stderr: 0,
            outputs: Vec::new(),
            peak_memory: 0,
            refused: None,
            fuel: None,
        }
    }
}

/// Something that a limit forbade.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub(crate) struct Refused {
    #[n(0)]
    pub(crate) limit: LimitName,
    #[n(1)]
    pub(crate) wanted: Option<u64>,
}

/// How the program ended.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(crate) enum Outcome {
    #[n(0)]
    Exited(#[n(0)] u32),
    #[n(1)]
    Trapped(#[n(0)] Trap),
    #[n(2)]
    StackOverflow,
    /// One of the outputs is longer than agreed.
    #[n(3)]
    OutputTooLarge {
        #[n(0)]
        output: u32,
        #[n(1)]
        found: u64,
    },
    /// What the order asks for cannot be done.
    #[n(4)]
    InvalidOrder(#[n(0)] String),
    /// The kernel refused something, with this `errno`.
    #[n(5)]
    Failed(#[n(0)] i32),
    #[n(6)]
    OutOfFuel,
    /// It was ended at this limit.
    #[n(7)]
    Beyond(#[n(0)] Refused),
}

pub(crate) fn encode<T: Encode<()>>(message: &T) -> Wiped {
    let mut bytes = Wiped::default();
    // Writing to memory cannot fail, and an empty message decodes as nothing.
    let _ = minicbor::encode(message, &mut bytes);
    bytes
}

/// Reads a message that takes up all of `bytes`, in the spelling in which it would be written.
pub(crate) fn decode<T>(bytes: &[u8]) -> Option<T>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let message: T = minicbor::decode(bytes).ok()?;
    (*encode(&message) == *bytes).then_some(message)
}

/// Spans of time as nanoseconds, cut at 584 years.
pub(crate) mod nanoseconds {
    use std::time::Duration;

    use minicbor::{Decoder, Encoder, encode::Write};

    pub(crate) fn count(span: Duration) -> u64 {
        u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn encode<C, W: Write>(
        span: &Duration,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u64(count(*span))?.ok()
    }

    pub(crate) fn decode<C>(
        decoder: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Duration, minicbor::decode::Error> {
        decoder.u64().map(Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order() -> ProgramRequest {
        let mut settings = StageSettings::new([7; 32].into());
        settings.args = vec!["a".into(), "b".into()];
        settings.env = vec![("K".into(), "V".into())];
        ProgramRequest::Run(Order {
            settings,
            inputs: vec![Placed {
                path: "/in".into(),
                bytes: 5,
            }],
            outputs: vec![],
        })
    }

    #[test]
    fn a_message_reads_as_it_was_written() {
        assert_eq!(decode(&encode(&order())), Some(order()));
        let report = Report {
            outputs: vec![None, Some(3)],
            refused: Some(Refused {
                limit: LimitName::Memory,
                wanted: Some(9),
            }),
            ..Report::of(Outcome::Exited(3))
        };
        assert_eq!(decode(&encode(&report)), Some(report));
    }

    #[test]
    fn a_message_cut_anywhere_or_with_more_behind_it_is_refused() {
        let bytes = encode(&order());
        for length in 0..bytes.len() {
            assert_eq!(decode::<ProgramRequest>(&bytes[..length]), None);
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(decode::<ProgramRequest>(&longer), None);
    }

    #[test]
    fn another_spelling_of_the_same_message_is_refused() {
        // `Fork` is [0, []]; the same with the number in two bytes.
        assert_eq!(
            decode(&encode(&SpawnerRequest::Fork)),
            Some(SpawnerRequest::Fork)
        );
        assert_eq!(decode::<SpawnerRequest>(&[0x82, 0x18, 0, 0x80]), None);
    }

    proptest! {
        #[test]
        fn random_bytes_do_no_harm(bytes: Vec<u8>) {
            let _ = decode::<ProgramRequest>(&bytes);
            let _ = decode::<ProgramReply>(&bytes);
            let _ = decode::<Report>(&bytes);
        }
    }
}
