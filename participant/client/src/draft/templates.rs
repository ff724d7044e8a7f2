//! What a draft starts from: kinds of computations that people agree on again and again.

/// Bytes in a KiB and a MiB.
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A kind of computation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Template {
    /// One word.
    pub name: &'static str,
    /// What the policy says of it.
    pub description: &'static str,
    /// Fewest participants who provide data.
    pub least_data: usize,
    /// What each of them provides.
    pub input: Input,
    /// What somebody who provides no data gives beside the program.
    pub given: Option<Given>,
    /// What comes out.
    pub outputs: &'static [Output],
}

/// A file that each of those who have data provides: folder, participant's name and ending.
#[derive(Debug)]
pub struct Input {
    /// Where it is, as `/input/`.
    pub folder: &'static str,
    /// What its path ends in, as `.csv`.
    pub ending: &'static str,
    /// What it is, after the provider's name.
    pub what: &'static str,
    /// Most bytes of it.
    pub max_bytes: u64,
}

/// A model, a query or what is for sale: it comes from the first of the receivers.
#[derive(Debug)]
pub struct Given {
    /// Where it is.
    pub path: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Most bytes of it.
    pub max_bytes: u64,
}

/// A file that the program writes.
#[derive(Debug)]
pub struct Output {
    /// Where it is.
    pub path: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Most bytes of it: what it can carry out at most.
    pub max_bytes: u64,
    /// Who gets it.
    pub to: To,
}

/// Who receives an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Those who provide data, and all other receivers.
    Everyone,
    /// The receivers, or, where there are none, those who provide data.
    Receivers,
    /// Everyone but whoever gives the model: it is not to see what the model says of others' data.
    AllButGiver,
}

/// How many there are and such: a few numbers.
const SUMMARY: Output = Output {
    path: "/output/summary.json",
    what: "The number of common entries, and sums over them",
    max_bytes: 4 * KIB,
    to: To::Everyone,
};

const CSV: Input = Input {
    folder: "/input/",
    ending: ".csv",
    what: "entries as CSV, with a header",
    max_bytes: 256 * MIB,
};

/// All templates, in the order in which they are shown. `psi`, `psi-sum`, `train`, `auction` and
/// `survey` name files as the programs of these examples (`programs/examples`) do.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "psi",
        description: "Which entries all lists have in common, and sums over those; no other entry.",
        least_data: 2,
        input: CSV,
        given: None,
        outputs: &[
            Output {
                path: "/output/overlap.csv",
                what: "The entries that all lists have",
                max_bytes: 16 * MIB,
                to: To::Everyone,
            },
            SUMMARY,
        ],
    },
    Template {
        name: "psi-sum",
        description: "How many entries all lists have in common, and sums over those; no entry.",
        least_data: 2,
        input: CSV,
        given: None,
        outputs: &[SUMMARY],
    },
    Template {
        name: "train",
        description: "A model trained on everybody's data. A model can remember what it was \
                      trained on: its size is the bound.",
        least_data: 1,
        input: Input {
            folder: "/train/",
            ..CSV
        },
        given: None,
        outputs: &[
            Output {
                path: "/output/model.json",
                what: "The model",
                max_bytes: 64 * MIB,
                to: To::Receivers,
            },
            Output {
                path: "/output/evaluation.json",
                what: "How well the model does",
                max_bytes: 4 * KIB,
                to: To::Everyone,
            },
        ],
    },
    Template {
        name: "infer",
        description: "What a model says of somebody's data: its owner does not see the data, and \
                      who has the data does not see the model.",
        least_data: 1,
        input: CSV,
        given: Some(Given {
            path: "/input/model.bin",
            what: "The model",
            max_bytes: 1024 * MIB,
        }),
        outputs: &[Output {
            path: "/output/predictions.csv",
            what: "What the model says of each entry",
            max_bytes: 16 * MIB,
            to: To::AllButGiver,
        }],
    },
    Template {
        name: "query",
        description: "The answer to one query over somebody's data, for whoever asks.",
        least_data: 1,
        input: CSV,
        given: Some(Given {
            path: "/input/query.sql",
            what: "The query",
            max_bytes: 16 * KIB,
        }),
        outputs: &[Output {
            path: "/output/answer.csv",
            what: "The answer to the query",
            max_bytes: MIB,
            to: To::Receivers,
        }],
    },
    Template {
        name: "auction",
        description: "Who wins what is for sale, and the price; no other bid is shown.",
        least_data: 2,
        input: Input {
            folder: "/bids/",
            ending: ".csv",
            what: "sealed bids",
            max_bytes: MIB,
        },
        given: Some(Given {
            path: "/reserve/seller.csv",
            what: "What is for sale, with its reserve prices",
            max_bytes: MIB,
        }),
        outputs: &[Output {
            path: "/output/result.csv",
            what: "The winners and the prices",
            max_bytes: MIB,
            to: To::Everyone,
        }],
    },
    Template {
        name: "survey",
        description: "Statistics over everybody's answers, and no single answer.",
        least_data: 3,
        input: Input {
            what: "answers as CSV, with a header",
            ..CSV
        },
        given: None,
        outputs: &[Output {
            path: "/output/answers.json",
            what: "Statistics over all answers",
            max_bytes: MIB,
            to: To::Receivers,
        }],
    },
    Template {
        name: "blank",
        description: "",
        least_data: 0,
        input: Input {
            folder: "/input/",
            ending: "",
            what: "data",
            max_bytes: 256 * MIB,
        },
        given: None,
        outputs: &[Output {
            path: "/output/result",
            what: "The result",
            max_bytes: MIB,
            to: To::Receivers,
        }],
    },
];

impl Template {
    /// The template of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }
}
