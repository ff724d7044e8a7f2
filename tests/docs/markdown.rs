//! As much of Markdown as the documents use.

/// A fenced block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// Where its first line of text stands, counted from 1.
    pub(crate) line: usize,
    /// What stands behind the opening fence, word by word.
    pub(crate) info: Vec<String>,
    /// What is between the fences.
    pub(crate) text: String,
}

/// The fenced blocks of a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open = Some(Block {
                    line: index + 2,
                    info: info.split_whitespace().map(str::to_owned).collect(),
                    text: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block that is never closed");
    blocks
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
fn finds_blocks_links_and_anchors() {
    let document =
        "# A b, c\n[x](y.md#z) `[no](no)` [`code`](d.md)\n```sh acme refused=5\n[n](o)\n```\n";
    assert_eq!(links(document), ["y.md#z", "d.md"]);
    assert_eq!(anchors(document), ["a-b-c"]);
    let expected = Block {
        line: 4,
        info: vec!["sh".into(), "acme".into(), "refused=5".into()],
        text: "[n](o)\n".into(),
    };
    assert_eq!(blocks(document), [expected]);
}
