//! A page as the test reads it: steps, in the order in which a reader takes them.

use crate::markdown::{Block, Part, parts};
use crate::{read, root};
use std::collections::BTreeSet;

/// Where the beginnings stand that several pages share.
const BEGINNINGS: &str = "docs/beginnings.md";

/// What is typed on one page, after what it begins with.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) steps: Vec<Step>,
}

/// A block of commands, and what they print where the page shows it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The page, from the repository's root, for messages.
    pub(crate) page: String,
    pub(crate) line: usize,
    /// The terminal, or `every`.
    pub(crate) terminal: String,
    pub(crate) commands: String,
    /// What becomes of it.
    pub(crate) course: Course,
    /// Ctrl-C is pressed in the terminal first, in which something was left running.
    pub(crate) interrupts: bool,
    /// Without which it cannot be done here: programs of this machine, `vectors`, or `microvm`.
    pub(crate) needs: Option<String>,
    pub(crate) shown: Option<String>,
}

/// How a step goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Course {
    /// It ends, with this exit code.
    Ends(i32),
    /// It is left running once it has printed what is shown.
    Service,
    /// It is left running at once, and has printed what is shown when the page ends, or when it is
    /// interrupted.
    Meanwhile,
}

impl Page {
    /// The page at this path from the repository's root, and before it what it starts from.
    pub(crate) fn read(path: &str) -> Self {
        let mut page = Self::default();
        page.take(path, None);
        page
    }

    /// The names of all terminals.
    pub(crate) fn terminals(&self) -> BTreeSet<String> {
        self.steps
            .iter()
            .map(|step| step.terminal.clone())
            .filter(|terminal| terminal != "every")
            .collect()
    }

    /// Takes the steps of a page; of one section only where a beginning is asked for.
    fn take(&mut self, path: &str, beginning: Option<&str>) {
        let mut found = beginning.is_none();
        let mut inside = found;
        // Output belongs to the commands right before it.
        let mut after_commands = false;
        for part in parts(&read(&root().join(path))) {
            match part {
                Part::Note { name, value } if name == "beginning" && beginning.is_some() => {
                    inside = Some(value.as_str()) == beginning;
                    found |= inside;
                }
                // Read as a whole, that page goes through its parts one after the other.
                Part::Note { name, value }
                    if inside
                        && name == "starts"
                        && (path != BEGINNINGS || beginning.is_some()) =>
                {
                    self.take(BEGINNINGS, Some(&value));
                }
                Part::Block(block) if inside => {
                    match block.info.kind.as_str() {
                        "sh" => self.steps.push(Step::of(path, &block)),
                        "text" if after_commands => {
                            let step = self.steps.last_mut().expect("commands");
                            step.shown = Some(block.text);
                        }
                        _ => {}
                    }
                    after_commands = block.info.kind == "sh";
                }
                Part::Block(_) | Part::Note { .. } => {}
            }
        }
        assert!(found, "{path} has no beginning {beginning:?}");
    }
}

impl Step {
    fn of(page: &str, block: &Block) -> Self {
        let mut words = block.info.words.iter();
        let terminal = match words.next() {
            Some((terminal, None)) => terminal.clone(),
            other => panic!(
                "{page}:{}: commands are typed in a terminal, as in ```sh acme; not in {other:?}",
                block.line
            ),
        };
        let mut step = Self {
            page: page.to_owned(),
            line: block.line,
            terminal,
            commands: block.text.clone(),
            course: Course::Ends(0),
            interrupts: false,
            needs: None,
            shown: None,
        };
        for (word, value) in words {
            match (word.as_str(), value.as_deref()) {
                ("service", None) => step.course = Course::Service,
                ("meanwhile", None) => step.course = Course::Meanwhile,
                ("interrupt", None) => step.interrupts = true,
                ("needs", Some(what)) => step.needs = Some(what.to_owned()),
                ("refused", Some(code)) => {
                    step.course = Course::Ends(code.parse().expect("an exit code"));
                }
                other => panic!("{page}:{}: {other:?}", step.line),
            }
        }
        step
    }
}
