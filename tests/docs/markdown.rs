//! As much of Markdown as the documents use.

/// A fenced block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// Where its first line of text stands, counted from 1.
    pub(crate) line: usize,
    /// What stands behind the opening fence.
    pub(crate) info: Info,
    /// What is between the fences.
    pub(crate) text: String,
}

/// What stands behind an opening fence: ` ```console not-run="needs the hardware" `.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Info {
    /// The language, or nothing.
    pub(crate) kind: String,
    /// The words behind it, and the value of those that have one.
    pub(crate) words: Vec<(String, Option<String>)>,
}

impl Info {
    /// Splits at white space; a value may be in double quotes, and has white space then.
    pub(crate) fn parse(text: &str) -> Self {
        let mut quoted = false;
        let words: Vec<&str> = text
            .split(|one: char| {
                quoted ^= one == '"';
                one.is_whitespace() && !quoted
            })
            .filter(|word| !word.is_empty())
            .collect();
        assert!(!quoted, "a quote that is never closed: {text}");
        let mut words = words.into_iter();
        Self {
            kind: words.next().unwrap_or_default().to_owned(),
            words: words
                .map(|word| match word.split_once('=') {
                    Some((name, value)) => (name.into(), Some(value.trim_matches('"').into())),
                    None => (word.into(), None),
                })
                .collect(),
        }
    }

    /// The value of a word that has one.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.words
            .iter()
            .find_map(|(word, value)| value.as_deref().filter(|_| word == name))
    }

    /// The names of all words, those with values included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|(name, _)| name.as_str())
    }
}

/// A part of a document that means something to the tests, in the order of the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// A fenced block.
    Block(Block),
    /// `<!-- name: value -->` alone on a line, which readers do not see.
    Note { name: String, value: String },
}

/// The blocks and notes of a document.
pub(crate) fn parts(document: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open = Some(Block {
                    line: index + 2,
                    info: Info::parse(info),
                    text: String::new(),
                });
            }
            (Some(_), Some(block)) => parts.push(Part::Block(block)),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => parts.extend(note(line)),
        }
    }
    assert_eq!(open, None, "a block that is never closed");
    parts
}

fn note(line: &str) -> Option<Part> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let (name, value) = inside.split_once(": ")?;
    Some(Part::Note {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// The fenced blocks of a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let block = |part| match part {
        Part::Block(block) => Some(block),
        Part::Note { .. } => None,
    };
    parts(document).into_iter().filter_map(block).collect()
}

/// The document without its fenced blocks.
pub(crate) fn prose(document: &str) -> String {
    let mut inside = false;
    document
        .lines()
        .filter(|line| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// What `[text](target)` leads to, for every link outside of fenced blocks and code.
pub(crate) fn links(document: &str) -> Vec<String> {
    let prose = prose(document);
    let without_code: String = prose
        .split('`')
        .enumerate()
        // A link's text may be code: then the parts around it still make the link.
        .map(|(index, part)| if index % 2 == 0 { part } else { "code" })
        .collect();
    without_code
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned)
        .collect()
}

/// The names by which `document#name` leads to a heading, as mdBook and GitHub make them.
pub(crate) fn anchors(document: &str) -> Vec<String> {
    prose(document)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|one| match one {
                    ' ' => Some('-'),
                    one if one.is_alphanumeric() || one == '-' || one == '_' => Some(one),
                    _ => None,
                })
                .collect()
        })
        .collect()
}

#[test]
fn finds_blocks_notes_links_and_anchors() {
    let document = "# A b, c\n<!-- starts: here -->\n[x](y.md#z) `[no](no)` [`code`](d.md)\n\
                    ```sh acme refused=5\n[n](o)\n<!-- no: note -->\n```\n";
    assert_eq!(links(document), ["y.md#z", "d.md"]);
    assert_eq!(anchors(document), ["a-b-c"]);
    let block = Block {
        line: 5,
        info: Info {
            kind: "sh".into(),
            words: vec![("acme".into(), None), ("refused".into(), Some("5".into()))],
        },
        text: "[n](o)\n<!-- no: note -->\n".into(),
    };
    let note = Part::Note {
        name: "starts".into(),
        value: "here".into(),
    };
    assert_eq!(parts(document), [note, Part::Block(block)]);
}

#[test]
fn a_reason_has_white_space_in_quotes() {
    let info = Info::parse("console not-run=\"needs the hardware\" x");
    assert_eq!(info.kind, "console");
    assert_eq!(info.value("not-run"), Some("needs the hardware"));
    assert_eq!(info.names().collect::<Vec<_>>(), ["not-run", "x"]);
}
