//! What `policy new` starts from: kinds of computations that people agree on again and again.

/// Bytes in a KiB and a MiB.
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A kind of computation.
pub(super) struct Template {
    pub(super) name: &'static str,
    /// What the policy says of it.
    pub(super) description: &'static str,
    /// Fewest participants who provide data.
    pub(super) least_data: usize,
    /// What each of them provides: the end of a path below `/input/<name>`.
    pub(super) input: Input,
    /// What somebody who is no data provider gives beside the program, and what for.
    pub(super) other: Option<Input>,
    /// What comes out.
    pub(super) outputs: &'static [Output],
}

/// A file that somebody provides.
pub(super) struct Input {
    /// What its path ends in: `.csv`.
    pub(super) ending: &'static str,
    pub(super) max_bytes: u64,
}

/// A file that the program writes.
pub(super) struct Output {
    pub(super) path: &'static str,
    pub(super) max_bytes: u64,
    pub(super) to: To,
}

/// Who receives an output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// Those who provide data, and `--receiver`s.
    Everyone,
    /// `--receiver`s, or, where there are none, those who provide data.
    Receivers,
}

const CSV: Input = Input {
    ending: ".csv",
    max_bytes: 256 * MIB,
};

/// All templates, in the order in which they are shown.
pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "psi",
        description: "Which entries all lists have in common, and nothing else.",
        least_data: 2,
        input: CSV,
        other: None,
        outputs: &[output("/output/overlap.csv", 16 * MIB, To::Everyone)],
    },
    Template {
        name: "psi-sum",
        description: "How many entries all lists have in common, and sums over those; no entry.",
        least_data: 2,
        input: CSV,
        other: None,
        outputs: &[output("/output/summary.json", 4 * KIB, To::Everyone)],
    },
    Template {
        name: "train",
        description: "A model trained on everybody's data. A model can remember what it was \
                      trained on: its size is the bound.",
        least_data: 1,
        input: CSV,
        other: None,
        outputs: &[
            output("/output/model.bin", 64 * MIB, To::Receivers),
            output("/output/metrics.json", 4 * KIB, To::Everyone),
        ],
    },
    Template {
        name: "infer",
        description: "What a model says of somebody's data: its owner does not see the data, and \
                      who has the data does not see the model.",
        least_data: 1,
        input: CSV,
        other: Some(Input {
            ending: "model.bin",
            max_bytes: 1024 * MIB,
        }),
        outputs: &[output("/output/predictions.csv", 16 * MIB, To::Everyone)],
    },
    Template {
        name: "query",
        description: "The answer to one query over somebody's data, for whoever asks.",
        least_data: 1,
        input: CSV,
        other: Some(Input {
            ending: "query.sql",
            max_bytes: 16 * KIB,
        }),
        outputs: &[output("/output/answer.csv", MIB, To::Receivers)],
    },
    Template {
        name: "auction",
        description: "Who bids most, and the price; no other bid is shown.",
        least_data: 2,
        input: Input {
            ending: ".json",
            max_bytes: 4 * KIB,
        },
        other: None,
        outputs: &[output("/output/result.json", 4 * KIB, To::Everyone)],
    },
    Template {
        name: "survey",
        description: "Statistics over everybody's answers, and no single answer.",
        least_data: 3,
        input: Input {
            ending: ".csv",
            max_bytes: 16 * MIB,
        },
        other: None,
        outputs: &[output("/output/statistics.json", 64 * KIB, To::Receivers)],
    },
    Template {
        name: "blank",
        description: "",
        least_data: 0,
        input: CSV,
        other: None,
        outputs: &[output("/output/result", MIB, To::Receivers)],
    },
];

const fn output(path: &'static str, max_bytes: u64, to: To) -> Output {
    Output {
        path,
        max_bytes,
        to,
    }
}
