//! Counting the code of one crate.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::process::Failure;

/// What there is to read of a crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Lines with a token of Rust.
    pub(super) lines: usize,
    /// The keyword `unsafe`.
    pub(super) unsafe_words: usize,
    /// Lines of C and assembly that are not blank.
    pub(super) foreign: usize,
}

impl Count {
    /// Everything below the crate's folder that can end up in a binary.
    pub(super) fn of_crate(folder: &Path) -> Result<Self, Failure> {
        let mut count = Self::default();
        count.folder(folder)?;
        Ok(count)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.unsafe_words += other.unsafe_words;
        self.foreign += other.foreign;
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let told = |error| Failure::new(format!("{}: {error}", folder.display()));
        for entry in std::fs::read_dir(folder).map_err(told)? {
            let path = entry.map_err(told)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !NOT_LINKED.contains(&name.as_ref()) {
                    self.folder(&path)?;
                }
                continue;
            }
            match path.extension().and_then(|extension| extension.to_str()) {
                // Tests beside the code in files of their own, and what runs while building.
                Some("rs") if name != "tests.rs" && name != "build.rs" => {
                    self.rust(&String::from_utf8_lossy(&contents(&path)?), &path)?;
                }
                Some("c" | "h" | "S" | "s" | "cc" | "asm") => {
                    self.foreign += filled(&String::from_utf8_lossy(&contents(&path)?));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn rust(&mut self, source: &str, path: &Path) -> Result<(), Failure> {
        // Some crates carry templates that only look like Rust: such are counted as other code is.
        let Ok(tokens) = source.parse::<TokenStream>() else {
            if path.components().any(|part| part.as_os_str() == "src") {
                self.lines += filled(source);
            }
            return Ok(());
        };
        let mut lines = BTreeSet::new();
        self.tokens(tokens, &mut lines);
        self.lines += lines.len();
        Ok(())
    }

    fn tokens(&mut self, tokens: TokenStream, lines: &mut BTreeSet<usize>) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if let TokenTree::Punct(punct) = &token
                && punct.as_char() == '#'
            {
                // Documentation is an attribute: `#[doc = …]`, inner ones with `!`.
                let inner =
                    matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!');
                if inner {
                    tokens.next();
                }
                let Some(TokenTree::Group(group)) = tokens.peek().cloned() else {
                    continue;
                };
                tokens.next();
                let attribute = group.stream().to_string();
                if attribute.starts_with("doc") {
                    continue;
                }
                if !inner && attribute == "cfg (test)" {
                    skip_item(&mut tokens);
                    continue;
                }
                lines.insert(group.span_open().start().line);
                continue;
            }
            lines.insert(token.span().start().line);
            match token {
                TokenTree::Group(group) => {
                    lines.insert(group.span_close().start().line);
                    self.tokens(group.stream(), lines);
                }
                TokenTree::Ident(ident) if ident == "unsafe" => self.unsafe_words += 1,
                _ => {}
            }
        }
    }
}

/// Folders of a crate that are in no binary that uses it.
const NOT_LINKED: [&str; 8] = [
    "tests", "benches", "examples", "fuzz", "target", "docs", ".git", "build",
];

/// Over the rest of an item: until its braces or its semicolon.
fn skip_item(tokens: &mut std::iter::Peekable<proc_macro2::token_stream::IntoIter>) {
    for token in tokens.by_ref() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn filled(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(source: &str) -> Count {
        let mut count = Count::default();
        count.rust(source, Path::new("src/lib.rs")).unwrap();
        count
    }

    #[test]
    fn comments_documentation_and_blank_lines_do_not_count() {
        let source =
            "//! Crate.\n\n/// Says.\nfn a() {\n    // unsafe\n    let b = \"unsafe\";\n}\n";
        let expected = Count {
            lines: 3,
            ..Count::default()
        };
        assert_eq!(counted(source), expected);
    }

    #[test]
    fn what_is_compiled_for_tests_alone_does_not_count() {
        let source =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { unsafe {} }\n}\nfn c() {}\n";
        assert_eq!(counted(source).lines, 2);
        assert_eq!(counted(source).unsafe_words, 0);
        assert_eq!(counted("#[cfg(test)]\nmod tests;\nfn c() {}\n").lines, 1);
    }

    #[test]
    fn every_unsafe_counts_wherever_it_stands() {
        let source = "unsafe fn a() { unsafe { b() } }\nunsafe impl C for D {}\nmacro_rules! m { () => { unsafe {} } }";
        assert_eq!(counted(source).unsafe_words, 4);
    }
}
