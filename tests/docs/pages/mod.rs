//! Executes every command of the pages, in order, each terminal with a folder and variables of its
//! own, and compares what is printed with what the page shows.
//!
//! A block is marked behind its opening fence:
//!
//! | mark | meaning |
//! |---|---|
//! | ` ```sh acme ` | typed in acme's terminal; the `text` block after it is what it prints |
//! | ` ```sh every ` | typed in every terminal of the page |
//! | ` ```sh acme refused=5 ` | ends with that exit code |
//! | ` ```sh host service ` | left running, once it has printed what is shown |
//! | ` ```sh acme meanwhile ` | left running; has printed what is shown when the page ends |
//! | ` ```sh host interrupt ` | Ctrl-C is pressed first, in a terminal that is busy |
//! | ` ```sh acme needs=curl ` | left out, which is said, where that program is not installed |
//! | ` ```sh acme needs=vectors ` | left out where there is no recorded evidence (`$VECTORS`) |
//! | ` ```sh host needs=microvm ` | left out where no virtual machine can be started |
//!
//! A page that says `<!-- starts: NAME -->` goes on where the part `<!-- beginning: NAME -->` of
//! `docs/beginnings.md` ends. In what is shown, `…` stands for what differs or was left out.

mod desk;
mod page;

use crate::markdown::blocks;
use crate::{files, read, root};
use desk::Desk;
use page::{Course, Page};
use std::collections::BTreeSet;
use std::path::PathBuf;
use veracruz_tests::Artifacts;

/// A test for each page, so that they run side by side.
macro_rules! pages {
    ($($test:ident: $path:literal,)*) => {
        /// The pages with commands, from the repository's root.
        const PAGES: &[&str] = &["docs/tutorial.md", $($path),*];

        $(
            #[test]
            fn $test() {
                follow($path);
            }
        )*
    };
}

pages! {
    the_beginnings: "docs/beginnings.md",
    drafting_policies: "docs/policies.md",
    developing_programs: "docs/developing-programs.md",
    attestation: "docs/attestation.md",
    you_provide_data: "docs/roles/data-provider.md",
    you_receive_the_result: "docs/roles/result-receiver.md",
    you_audit: "docs/roles/auditor.md",
    you_write_the_program: "docs/roles/program-author.md",
    you_lend_the_machine: "docs/roles/host.md",
    operating_a_host: "docs/guides/operating-a-host.md",
    choosing_isolates: "docs/guides/choosing-isolates.md",
    keeping_a_program_secret: "docs/guides/secret-program.md",
    large_files: "docs/guides/large-files.md",
    a_clean_room_for_two_companies: "docs/guides/two-retailers.md",
    a_consortium_of_hospitals: "docs/guides/hospitals.md",
    approving_offline: "docs/guides/approvals.md",
    two_isolates_that_must_agree: "docs/guides/quorum.md",
    what_to_tell_your_dpo: "docs/guides/for-your-dpo.md",
    running_a_verifier: "docs/verifier.md",
    approvals_withdrawals_and_the_status: "docs/reference/approvals.md",
    the_ledger: "docs/reference/ledger.md",
    the_participant_api: "docs/reference/api.md",
}

/// Follows a page; `None`, with the reason printed, where nothing was built.
fn follow(path: &str) -> Option<Desk> {
    let built = Artifacts::find()?;
    let page = Page::read(path);
    let mut desk = Desk::new(&built, &page);
    desk.follow(&page);
    Some(desk)
}

#[test]
fn the_tutorial_which_arrives_at_the_published_answers() {
    let Some(desk) = follow("docs/tutorial.md") else {
        return;
    };
    assert_eq!(desk.running(), 2, "attester and host");
    let read_json =
        |path: PathBuf| serde_json::from_str::<serde_json::Value>(&read(&path)).unwrap();
    let expected = read_json(root().join("programs/examples/psi/data/expected.json"));
    let got = read_json(desk.folder().join("target/tutorial/acme/summary.json"));
    for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
        assert_eq!(got[field], expected[field], "{field}");
    }
}

#[test]
fn the_tutorial_shows_five_terminals_and_what_is_refused() {
    let page = Page::read("docs/tutorial.md");
    let terminals = page.terminals();
    let names: Vec<&str> = terminals.iter().map(String::as_str).collect();
    assert_eq!(names, ["acme", "attester", "globex", "host", "lab"]);
    let is_refused = |course| matches!(course, Course::Ends(code) if code != 0);
    let refused = page.steps.iter().filter(|step| is_refused(step.course));
    assert!(refused.count() >= 6);
}

#[test]
fn every_page_with_commands_is_followed_by_a_test() {
    let mut with_commands = BTreeSet::new();
    for path in files(&root().join("docs"), "md") {
        let commands = |info: &str| info == "sh";
        if blocks(&read(&path))
            .iter()
            .any(|block| commands(&block.info.kind))
        {
            let path = path.strip_prefix(root()).unwrap();
            with_commands.insert(path.display().to_string());
        }
    }
    let followed: BTreeSet<String> = PAGES.iter().map(|&path| path.to_owned()).collect();
    assert_eq!(
        with_commands, followed,
        "pages with ```sh blocks, and those that `pages!` in tests/docs/pages/mod.rs names"
    );
}
