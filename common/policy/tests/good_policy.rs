//! A policy that uses every supported field says what it should, and silence means the defaults.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use support::{GOOD, edited, edited_all, parse};
use veracruz_policy::{
    Approve, Clock, FilePath, KeyDigest, Nan, Policy, Random, Rights, Sha256, Strategy, Timestamp,
};

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn names<T: AsRef<str>>(list: &[T]) -> Vec<&str> {
    list.iter().map(AsRef::as_ref).collect()
}

#[test]
fn says_who_takes_part() {
    let policy = parse(GOOD);
    let participants: Vec<&str> = policy
        .participants()
        .iter()
        .map(|participant| participant.name.as_str())
        .collect();
    assert_eq!(participants, ["acme", "globex", "lab"]);
    // openssl x509 -in acme.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum
    let key: KeyDigest = "d7af32fb4d77d05c788622184a1dfb8066ec914013d5e3c25c915ddac57e8f6f"
        .parse()
        .unwrap();
    let acme = policy.participant("acme").unwrap();
    assert_eq!(acme.key, key);
    assert_eq!(KeyDigest::of_spki(&acme.spki), key);
    assert_eq!(policy.participant_by_key(&key), Some(acme));
    // openssl x509 -in acme.pem -noout -dates
    assert_eq!(acme.not_before.to_string(), "2026-11-20T08:34:40Z");
    assert_eq!(acme.not_after.to_string(), "2036-11-17T08:34:40Z");
    assert_eq!(policy.participant("initech"), None);
}

#[test]
fn says_what_the_files_are() {
    let policy = parse(GOOD);
    let paths: Vec<&str> = policy
        .files()
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert!(paths.is_sorted());
    assert_eq!(paths.len(), 6);
    let psi = policy.file(&path("/program/psi.wasm")).unwrap();
    assert_eq!(psi.provider.as_ref().unwrap().as_str(), "lab");
    assert_eq!(names(&psi.receivers), ["acme"]);
    assert_eq!(psi.max_bytes, 64 << 20);
    assert!(psi.is_pinned() && !psi.is_written());
    // printf '\0asm\1\0\0\0' | sha256sum
    assert!(psi.accepts(&Sha256::of(b"\0asm\x01\0\0\0")));
    assert!(!psi.accepts(&Sha256::of(b"")));
    let acme = policy.file(&path("/input/acme.csv")).unwrap();
    assert_eq!(acme.max_bytes, 2 << 30);
    assert!(!acme.is_pinned() && acme.accepts(&Sha256::of(b"anything")));
    let work = policy.file(&path("/temp/common.csv")).unwrap();
    assert!(work.intermediate && work.is_written() && work.receivers.is_empty());
    let output = policy.file(&path("/output/overlap.csv")).unwrap();
    assert_eq!(names(&output.receivers), ["globex", "acme"]);
    assert_eq!((output.max_bytes, &output.provider), (65_536, &None));
    assert_eq!(policy.file(&path("/input")), None);
}

#[test]
fn says_what_runs_and_with_which_rights() {
    let policy = parse(GOOD);
    let [first, second] = policy.pipeline() else {
        panic!("two stages")
    };
    assert_eq!(first.args, ["--key", "e-mail"]);
    assert_eq!(
        second.env,
        [("COLUMN", "amount"), ("LANG", "C")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let read = Rights {
        read: true,
        write: false,
    };
    let write = Rights {
        read: false,
        write: true,
    };
    assert_eq!(first.rights(&path("/input/acme.csv")), read);
    assert_eq!(first.rights(&path("/temp/common.csv")), write);
    assert_eq!(first.rights(&path("/output/overlap.csv")), Rights::NONE);
    assert_eq!(second.rights(&path("/input/acme.csv")), Rights::NONE);
    assert_eq!(second.rights(&path("/temp/common.csv")), read);
    let programs: Vec<&str> = policy.programs().map(FilePath::as_str).collect();
    assert_eq!(programs, ["/program/psi.wasm", "/program/sum.wasm"]);
}

#[test]
fn a_program_of_two_stages_is_one_program() {
    let policy = parse(&edited(
        "\"program\": \"/program/sum.wasm\"",
        "\"program\": \"/program/psi.wasm\"",
    ));
    assert_eq!(policy.programs().count(), 1);
}

#[test]
fn says_within_which_limits() {
    let policy = parse(GOOD);
    let general = policy.execution().limits;
    assert_eq!(
        (general.memory, general.stack, general.time),
        (2 << 30, 1 << 20, 60_000)
    );
    assert_eq!(general.written_bytes, (1 << 20) + (64 << 10));
    let [first, second] = policy.pipeline() else {
        panic!("two stages")
    };
    assert_eq!(
        (first.limits.memory, first.limits.written_bytes),
        (2 << 30, 1 << 20)
    );
    let limits = second.limits;
    assert_eq!((limits.memory, limits.stack), (64 << 20, 1 << 20));
    assert_eq!((limits.time, limits.cpu_time), (300_000, 300_000));
    assert_eq!(limits.written_bytes, 64 << 10);
    let policy = parse(&edited(
        "\"stack\": \"1MiB\"",
        "\"cpu_time\": \"30s\", \"written_bytes\": 7",
    ));
    let second = policy.pipeline()[1].limits;
    assert_eq!(
        (second.cpu_time, second.written_bytes, second.time),
        (30_000, 7, 300_000)
    );
}

#[test]
fn says_the_rest() {
    let policy = parse(GOOD);
    assert_eq!(policy.document(), GOOD.as_bytes());
    assert_eq!(policy.name(), "customer-overlap-2026-11");
    assert!(policy.description().unwrap().contains("– and"));
    assert_eq!(policy.execution().nan, Nan::Canonical);
    let process = policy.isolates().process.as_ref().unwrap();
    assert_eq!((process.runtime.len(), process.attesters.len()), (1, 1));
    assert!(policy.unprotected());
    let approval = policy.approval();
    assert_eq!(names(&approval.required), ["acme", "globex"]);
    assert_eq!(names(&approval.run_by), ["acme", "lab"]);
    assert_eq!((approval.runs, approval.approve), (3, Approve::Once));
    // date -u -d 2027-01-01T00:00:00Z +%s
    assert_eq!(
        policy.expires(),
        Some(Timestamp::from_seconds(1_798_761_600))
    );
}

#[test]
fn programs_may_be_interpreted() {
    let policy = parse(&edited("\"compiled\"", "\"interpreted\""));
    assert_eq!(policy.execution().strategy, Strategy::Interpreted);
}

#[test]
fn a_stage_has_its_own_fuel_or_that_of_all() {
    let fuel = |document: &str| {
        let policy = parse(document);
        let stages = policy.pipeline().iter();
        stages.map(|stage| stage.limits.fuel).collect::<Vec<_>>()
    };
    let one = edited("\"time\": \"5min\"", "\"fuel\": 1000");
    assert_eq!(fuel(GOOD), [None, None]);
    assert_eq!(fuel(&one), [None, Some(1000)]);
    let both = one.replace("\"stack\": \"1MiB\"", "\"fuel\": 7");
    assert_eq!(fuel(&both), [Some(7), Some(1000)]);
}

#[test]
fn silence_means_the_defaults_of_version_1() {
    let start = GOOD.find("  \"execution\"").unwrap();
    let end = GOOD.find("  \"isolates\"").unwrap();
    let mut document = GOOD.replace(&GOOD[start..end], "");
    let start = document.find(",\n  \"approval\"").unwrap();
    document.replace_range(start.., "}");
    let policy = parse(&document);
    let execution = policy.execution();
    assert_eq!(execution.strategy, Strategy::Compiled);
    assert_eq!(execution.random, Random::Seeded);
    assert_eq!(execution.clock, Clock::Fixed);
    assert_eq!(execution.nan, Nan::Native);
    let limits = execution.limits;
    assert_eq!(
        (limits.memory, limits.time, limits.cpu_time),
        (1 << 30, 60_000, 60_000)
    );
    assert_eq!(
        (limits.stack, limits.tables, limits.module_bytes),
        (524_288, 1_000_000, 64 << 20)
    );
    assert_eq!((limits.files, limits.open_files), (100_000, 1024));
    assert_eq!((limits.args_bytes, limits.env_bytes), (65_536, 65_536));
    assert_eq!(limits.fuel, None);
    let approval = policy.approval();
    assert_eq!(names(&approval.required), ["acme", "globex", "lab"]);
    assert_eq!(approval.run_by, approval.required);
    assert_eq!((approval.runs, approval.approve), (1, Approve::EachRun));
    assert_eq!(policy.expires(), None);
}

#[test]
fn the_hash_is_what_python_says() {
    // python3 data/hash.py data/overlap.json
    let expected = include_str!("data/overlap.hash").trim_end();
    assert_eq!(parse(GOOD).hash().to_string(), expected);
}

#[test]
fn the_hash_is_over_the_document_as_written() {
    // The same meaning, with a default written out: another document.
    let explicit = edited(
        "\"intermediate\": true,",
        "\"intermediate\": true, \"description\": \"\",",
    );
    assert_ne!(parse(&explicit).hash(), parse(GOOD).hash());
    let sizes = edited(
        "true, \"max_bytes\": \"1MiB\"",
        "true, \"max_bytes\": 1048576",
    );
    assert_ne!(parse(&sizes).hash(), parse(GOOD).hash());
    // Order, white space and escapes are not the document.
    let moved = edited_all(&[
        (
            "\"LANG\": \"C\", \"COLUMN\": \"amount\"",
            "\"COLUMN\" :\t\"\\u0061mount\",\r\n\"LANG\":\"C\"",
        ),
        ("\"veracruz\": 1,", ""),
        (
            "\"unprotected\": true,",
            "\"veracruz\": 1, \"unprotected\": true,",
        ),
    ]);
    let moved = parse(&moved);
    let policy = parse(GOOD);
    assert_eq!(moved.hash(), policy.hash());
    assert_eq!(moved.participants(), policy.participants());
    assert_eq!(moved.pipeline(), policy.pipeline());
}

#[test]
fn dates_are_reported_to_those_who_have_a_clock() {
    let policy = parse(GOOD);
    let codes = |time: &str| -> Vec<&str> {
        let warnings = policy.check_dates(time.parse().unwrap());
        warnings.iter().map(|warning| warning.code()).collect()
    };
    assert!(codes("2026-12-31T23:59:59Z").is_empty());
    assert_eq!(codes("2027-01-01T00:00:00Z"), ["VC-0192"]);
    assert_eq!(codes("2026-11-20T08:34:39Z"), ["VC-0191"; 3]);
    assert_eq!(codes("2036-11-17T08:34:40Z"), ["VC-0192"]);
    assert_eq!(
        codes("2036-11-17T08:34:41Z"),
        ["VC-0190", "VC-0190", "VC-0190", "VC-0192"]
    );
    let expired = policy.check_dates("2027-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        (expired[0].line(), expired[0].column(), expired[0].pointer()),
        (46, 14, "/expires")
    );
}

#[test]
fn takes_a_single_digest_where_a_list_may_stand() {
    let policy = parse(&edited(
        "[\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"]",
        "\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
    ));
    assert_eq!(policy.isolates().process.as_ref().unwrap().runtime.len(), 1);
}

#[test]
fn takes_certificates_whose_critical_extensions_tls_understands() {
    let document = support::with_certificate("lab", include_str!("data/critical-known.pem"));
    assert!(Policy::parse(document.as_bytes()).is_ok());
}

#[test]
fn takes_certificates_that_end_after_2049() {
    let policy = parse(&support::with_certificate(
        "lab",
        include_str!("data/long-lived.pem"),
    ));
    // openssl x509 -in long-lived.pem -noout -dates
    let lab = policy.participant("lab").unwrap();
    assert_eq!(lab.not_after.to_string(), "2126-10-27T08:42:31Z");
}

#[test]
fn a_verifiers_certificate_has_dates_too() {
    let policy = parse(include_str!("data/hardware.json"));
    // openssl x509 -in authority.pem -noout -dates
    let verifier = &policy.verifiers()[0];
    assert_eq!(verifier.not_before.to_string(), "2026-11-20T11:45:28Z");
    let last = verifier.not_after;
    let about_it = |now: Timestamp| {
        let warnings = policy.check_dates(now);
        let pointers: Vec<_> = warnings
            .iter()
            .map(|one| one.pointer().to_owned())
            .collect();
        pointers.contains(&"/verifiers/0/ca".to_owned())
    };
    assert!(!about_it(last));
    assert!(about_it(Timestamp::from_seconds(last.seconds() + 1)));
    assert!(about_it("2026-11-20T11:45:27Z".parse().unwrap()));
}
