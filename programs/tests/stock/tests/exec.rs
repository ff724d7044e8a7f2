//! Stock crates work in an isolate as they are.

use veracruz_example::Guest;

#[test]
fn stock_crates_read_tables_and_draw_seeded_random_numbers() {
    let Some(guest) = Guest::find("guest-stock") else {
        return;
    };
    let names: Vec<String> = (0..1000).map(|number| format!("n{number}")).collect();
    let guest = guest.input("/input/acme.csv", format!("name\n{}\n", names.join("\n")));
    let first = guest.run().succeeded().text("/output/winner.txt");
    let (winner, salt) = first.trim().split_once(' ').unwrap();
    assert!(names.iter().any(|name| name == winner), "{winner}");
    assert_eq!(salt.len(), 32);
    assert!(salt.chars().any(|digit| digit != '0'));
    // The seed of `exec` is the same in every run, so the draw is too.
    assert_eq!(guest.run().succeeded().text("/output/winner.txt"), first);
}

#[test]
fn a_failure_goes_into_the_report_of_the_party_and_the_exit_code() {
    let Some(guest) = Guest::find("guest-stock") else {
        return;
    };
    let run = guest.input("/input/acme.csv", "id\n1\n").run();
    let message = "/input/acme.csv: should have a column `name`\n";
    assert_eq!((run.code, run.stderr.as_str()), (1, message));
    assert_eq!(run.text("/report/acme"), message);
    assert!(!run.wrote("/output/winner.txt"));
}

#[test]
fn an_argument_that_nobody_reads_is_refused() {
    let Some(guest) = Guest::find("guest-stock") else {
        return;
    };
    let run = guest.arguments(["--fair"]).run();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "--fair: unknown argument\n")
    );
}
