//! Quotes of TDX virtual machines: recorded ones, and those of a small Intel of our own. What they
//! have in common with SGX is tested there.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

#[path = "support/cost.rs"]
mod cost;
#[path = "support/intel.rs"]
mod intel;
#[path = "support/mutations.rs"]
mod mutations;
#[path = "support/vectors.rs"]
mod vectors;

use intel::{COMPONENTS, MR_TD, NOW, PPID, TEE_TCB_SVN, World, event_log, isv_level, level, put};
use serde_json::json;
use veracruz_appraisal::{AppraisalError, Collateral, Examined, Technology, tdx};
use veracruz_evidence::{Evidence, Nonce, ReportData, report_data};
use veracruz_policy::{
    ChipId, Chips, PolicyHash, Sha384, TcbException, TcbStatus, TdxIsolate, Timestamp,
};

fn register(fill: u8) -> Sha384 {
    Sha384::from_bytes([fill; 48])
}

fn reference() -> TdxIsolate {
    TdxIsolate {
        mrtd: vec![Sha384::from_bytes(MR_TD)],
        rtmr: [
            vec![],
            vec![register(0x41)],
            vec![register(9), register(0x42)],
            vec![],
        ],
        chips: Chips::Any,
        tcb_exceptions: Vec::new(),
    }
}

fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

fn expected(nonce: u8) -> ReportData {
    report_data::session(
        &policy(),
        b"server",
        b"client",
        &[1; 32],
        &Nonce::from_bytes([nonce; 32]),
    )
}

fn examine(world: &World) -> Result<Examined, AppraisalError> {
    tdx::examine(&world.quote(), &world.collateral(), Some(&reference()), NOW)
}

fn changed(mut world: World, change: impl FnOnce(&mut World)) -> World {
    change(&mut world);
    world
}

fn refusal(change: impl FnOnce(&mut World)) -> AppraisalError {
    examine(&changed(World::tdx_5(4), change)).unwrap_err()
}

macro_rules! assert_refused {
    ($error:expr, $pattern:pat $(if $guard:expr)?) => {{
        let error = $error;
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
    }};
}

fn fact(examined: &Examined, name: &str) -> String {
    let fact = examined.facts().iter().find(|fact| fact.name == name);
    fact.map(|fact| fact.value.clone()).unwrap_or_default()
}

const TD_ATTRIBUTES: usize = 120;
const RTMR: usize = 328;
const SERVICE_TD: usize = 600;
const EX: usize = 648;

#[test]
fn accepts_the_machine_that_the_policy_names_in_every_version() {
    for (world, version) in [
        (World::tdx(), "1.0"),
        (World::tdx_5(2), "1.0"),
        (World::tdx_5(3), "1.5"),
        (World::tdx_5(4), "1.5ex"),
    ] {
        let world = changed(world, |world| {
            put(&mut world.body, 184, policy().as_bytes());
            put(&mut world.body, 520, expected(1).as_bytes());
        });
        assert_eq!(fact(&examine(&world).unwrap(), "TDX version"), version);
        let evidence = Evidence::new(Technology::Tdx, world.quote());
        let verify = |policy: &PolicyHash, expected: &ReportData| {
            let collateral = world.collateral();
            tdx::verify(&evidence, &collateral, &reference(), policy, expected, NOW)
        };
        let appraised = verify(&policy(), &expected(1)).unwrap();
        assert_eq!(appraised.measurement().as_bytes(), MR_TD);
        assert_refused!(
            verify(&policy(), &expected(2)).unwrap_err(),
            AppraisalError::BindingMismatch { .. }
        );
        assert_refused!(
            verify(&PolicyHash::from_bytes([3; 32]), &expected(1)).unwrap_err(),
            AppraisalError::LaunchPolicyMismatch {
                field: "MRCONFIGID",
                ..
            }
        );
    }
}

#[test]
fn the_rest_of_the_launch_field_must_be_zero() {
    let world = changed(World::tdx(), |world| {
        put(&mut world.body, 184, policy().as_bytes());
        put(&mut world.body, 184 + 47, &[1]);
        put(&mut world.body, 520, expected(1).as_bytes());
    });
    let evidence = Evidence::new(Technology::Tdx, world.quote());
    let verdict = tdx::verify(
        &evidence,
        &world.collateral(),
        &reference(),
        &policy(),
        &expected(1),
        NOW,
    );
    assert_refused!(
        verdict.unwrap_err(),
        AppraisalError::LaunchPolicyMismatch { .. }
    );
}

#[test]
fn attributes_that_open_a_machine_are_refused() {
    for bit in 0..8 {
        assert_refused!(
            refusal(|world| put(&mut world.body, TD_ATTRIBUTES, &[1 << bit])),
            AppraisalError::DebugNotAllowed { claim }
                if *claim == (if bit == 0 { "TDATTRIBUTES.DEBUG" } else { "TDATTRIBUTES.TUD" })
        );
    }
    // Byte and its new value; SEPT_VE_DISABLE is 0x10 of byte 3.
    for (byte, value, name) in [
        (2, 0x02, "TDATTRIBUTES.SERVTD_EXT"),
        (2, 0x04, "TDATTRIBUTES"),
        (3, 0x00, "TDATTRIBUTES.SEPT_VE_DISABLE"),
        (3, 0x30, "TDATTRIBUTES.MIGRATABLE"),
        (3, 0x90, "TDATTRIBUTES"),
        (5, 0x01, "TDATTRIBUTES"),
        (7, 0x40, "TDATTRIBUTES"),
        (7, 0x80, "TDATTRIBUTES.PERFMON"),
    ] {
        assert_refused!(
            refusal(|world| put(&mut world.body, TD_ATTRIBUTES + byte, &[value])),
            AppraisalError::ConfigurationNotAllowed { claim, .. } if *claim == name
        );
    }
    // PKS and LASS beside SEPT_VE_DISABLE.
    let world = changed(World::tdx(), |world| {
        put(&mut world.body, TD_ATTRIBUTES + 3, &[0x58]);
    });
    assert_eq!(examine(&world).map(|_| ()), Ok(()));
}

#[test]
fn service_machines_are_refused() {
    for (offset, name) in [
        (SERVICE_TD, "MRSERVICETD"),
        (EX + 81, "INIT_SERVICE_TD_HASH"),
        (EX + 129, "INIT_SERVICE_TD_ATTRIBUTES"),
        (EX + 181, "CUR_SERVICE_TD_HASH"),
        (EX + 229, "CUR_SERVICE_TD_ATTRIBUTES"),
    ] {
        assert_refused!(
            refusal(|world| put(&mut world.body, offset, &[1])),
            AppraisalError::ConfigurationNotAllowed { claim, .. } if *claim == name
        );
    }
}

#[test]
fn another_machine_is_refused() {
    for (offset, name) in [
        (136, "MRTD"),
        (RTMR + 48, "RTMR1"),
        (RTMR + 2 * 48, "RTMR2"),
        (RTMR + 3 * 48, "RTMR3"),
    ] {
        assert_refused!(
            refusal(|world| world.body[offset + 47] ^= 1),
            AppraisalError::MeasurementMismatch { claim, .. } if *claim == name
        );
    }
    // What the host configures counts only where the policy names it.
    let world = changed(World::tdx(), |world| world.body[RTMR] ^= 1);
    assert_eq!(examine(&world).map(|_| ()), Ok(()));
    let mut named = reference();
    named.rtmr[0] = vec![register(0x40)];
    named.rtmr[3] = vec![register(0)];
    let verdict =
        |world: &World| tdx::examine(&world.quote(), &world.collateral(), Some(&named), NOW);
    assert!(verdict(&World::tdx()).is_ok());
    assert_refused!(
        verdict(&world).unwrap_err(),
        AppraisalError::MeasurementMismatch { claim: "RTMR0", .. }
    );
}

#[test]
fn only_named_machines_are_accepted() {
    let named = |ppid: [u8; 16]| {
        let mut reference = reference();
        reference.chips = Chips::Named(vec![ChipId::new(ppid.to_vec()).unwrap()]);
        let world = World::tdx();
        tdx::examine(&world.quote(), &world.collateral(), Some(&reference), NOW)
    };
    assert!(named(PPID).is_ok());
    assert_refused!(
        named([1; 16]).unwrap_err(),
        AppraisalError::ChipMismatch { .. }
    );
}

#[test]
fn the_module_must_be_one_that_intel_signed() {
    assert_refused!(
        refusal(|world| put(&mut world.body, 64, &[1])),
        AppraisalError::AttesterMismatch {
            part: "signer of the TDX module (MRSIGNERSEAM)",
            ..
        }
    );
    for byte in 0..8 {
        assert_refused!(
            refusal(|world| put(&mut world.body, 112 + byte, &[0x80])),
            AppraisalError::ConfigurationNotAllowed {
                claim: "SEAMATTRIBUTES",
                ..
            }
        );
    }
    // A version of the module that Intel does not describe.
    assert_refused!(
        refusal(|world| put(&mut world.body, 1, &[2])),
        AppraisalError::AttesterMismatch { part: "TDX module", found, .. } if found == "TDX_02"
    );
}

#[test]
fn an_old_module_makes_the_platform_out_of_date() {
    let old = |world: &mut World| put(&mut world.body, 0, &[5]);
    assert_refused!(
        examine(&changed(World::tdx(), old)).unwrap_err(),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00003)"
    );
    assert_refused!(
        refusal(|world| put(&mut world.body, 0, &[2])),
        AppraisalError::StaleTcb {
            claim: "TDX module's ISVSVN",
            ..
        }
    );
    // Updated since: it was started on the old one all the same. And the other way round.
    assert_refused!(
        refusal(old),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00003)"
    );
    assert_refused!(
        refusal(|world| put(&mut world.body, 584, &[5])),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00003)"
    );
    // Named by the policy, both verifiers accept it.
    let mut named = reference();
    named.tcb_exceptions.push(TcbException {
        status: TcbStatus::OutOfDate,
        advisories: vec!["INTEL-SA-00003".into()],
    });
    for offset in [0, 584] {
        let world = changed(World::tdx_5(4), |world| put(&mut world.body, offset, &[5]));
        let verdict = tdx::examine(&world.quote(), &world.collateral(), Some(&named), NOW);
        assert_eq!(verdict.unwrap().warnings().len(), 1);
    }
}

#[test]
fn a_module_of_version_0_is_judged_by_the_platforms_levels() {
    let world = changed(World::tdx(), |world| {
        let mut svn = TEE_TCB_SVN;
        svn[1] = 0;
        put(&mut world.body, 0, &svn);
        world.tcb_info.as_mut().unwrap()["tcbLevels"] = json!([
            level(COMPONENTS, 11, Some(svn), "UpToDate", &[]),
            level([0; 16], 0, Some([0; 16]), "OutOfDate", &[]),
        ]);
    });
    assert_eq!(examine(&world).map(|_| ()), Ok(()));
    let old = changed(world, |world| put(&mut world.body, 0, &[5]));
    assert_refused!(
        examine(&old).unwrap_err(),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate"
    );
}

#[test]
fn collateral_of_sgx_is_refused() {
    assert_refused!(
        refusal(|world| world.tcb_info.as_mut().unwrap()["id"] = json!("SGX")),
        AppraisalError::WrongCollateral {
            part: "TCB info",
            ..
        }
    );
    assert_refused!(
        refusal(|world| world.qe_identity.as_mut().unwrap()["id"] = json!("QE")),
        AppraisalError::WrongCollateral {
            part: "QE identity",
            ..
        }
    );
    assert_refused!(
        refusal(|world| {
            world.qe_identity.as_mut().unwrap()["tcbLevels"] =
                json!([isv_level(8, "Revoked", &[])]);
        }),
        AppraisalError::StaleTcb { found, .. } if found == "Revoked"
    );
}

#[test]
fn bodies_of_other_kinds_and_sizes_are_refused() {
    for kind in [1, 5] {
        assert_refused!(
            refusal(|world| world.body_type = kind),
            AppraisalError::UnknownProfile { part: "quote", .. }
        );
    }
    for kind in [2, 3] {
        assert_refused!(
            refusal(|world| world.body_type = kind),
            AppraisalError::Malformed { part: "quote", .. }
        );
    }
}

/// Register by the log's count, digest.
type Event = (u32, [u8; 48]);

/// A log and the registers that it leads to: two events for RTMR0, one each for RTMR1 and RTMR2.
fn log_and_registers() -> (Vec<Event>, [[u8; 48]; 3]) {
    let events = vec![(1, [1; 48]), (1, [2; 48]), (2, [3; 48]), (3, [4; 48])];
    let extend =
        |value: [u8; 48], digest: [u8; 48]| *Sha384::of(&[value, digest].concat()).as_bytes();
    let registers = [
        extend(extend([0; 48], [1; 48]), [2; 48]),
        extend([0; 48], [3; 48]),
        extend([0; 48], [4; 48]),
    ];
    (events, registers)
}

#[test]
fn an_event_log_must_lead_to_the_registers() {
    let (events, registers) = log_and_registers();
    let world = changed(World::tdx(), |world| {
        for (index, value) in registers.iter().enumerate() {
            put(&mut world.body, RTMR + 48 * index, value);
        }
    });
    let with = |logs: &[Vec<u8>]| {
        let mut files = world.files();
        files.extend_from_slice(logs);
        tdx::examine(&world.quote(), &world.collateral_of(&files), None, NOW)
    };
    let right = event_log(&events);
    assert!(
        fact(&with(std::slice::from_ref(&right)).unwrap(), "event log").starts_with("4 events")
    );
    // Firmware sets more memory aside than it needs.
    for filler in [0, 0xff] {
        assert!(with(&[[right.clone(), vec![filler; 100]].concat()]).is_ok());
    }
    // An event of a kind that extends nothing.
    let mut silent = right.clone();
    silent.extend([1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0x0c, 0]);
    silent.extend([7; 48]);
    silent.extend([0; 4]);
    assert!(with(&[silent]).is_ok());

    let mut wrong = Vec::new();
    for dropped in 0..events.len() {
        let mut events = events.clone();
        events.remove(dropped);
        wrong.push(event_log(&events));
    }
    let mut reordered = events.clone();
    reordered.swap(0, 1);
    wrong.push(event_log(&reordered));
    let mut edited = events.clone();
    edited[2].1[5] ^= 1;
    wrong.push(event_log(&edited));
    let mut added = events.clone();
    added.push((2, [9; 48]));
    wrong.push(event_log(&added));
    let mut moved = events;
    moved[3].0 = 4;
    wrong.push(event_log(&moved));
    for log in &wrong {
        assert_refused!(
            with(std::slice::from_ref(log)).unwrap_err(),
            AppraisalError::EventLogMismatch { .. }
        );
    }
    // Logs of other machines may lie beside the right one.
    wrong.push(right);
    assert!(with(&wrong).is_ok());
}

#[test]
fn an_event_log_that_is_none_is_refused() {
    let (events, _) = log_and_registers();
    let log = event_log(&events);
    let world = World::tdx();
    let (quote, files) = (world.quote(), world.files());
    let with = |log: &[u8]| {
        let mut files = files.clone();
        files.push(log.to_vec());
        tdx::examine(&quote, &world.collateral_of(&files), None, NOW).unwrap_err()
    };
    assert_refused!(with(&log), AppraisalError::EventLogMismatch { .. });
    for length in (48..log.len()).step_by(7) {
        // Between events it is a shorter log.
        let whole = (log.len() - length).is_multiple_of(71);
        match with(&log[..length]) {
            AppraisalError::Malformed {
                part: "event log", ..
            } if !whole => {}
            AppraisalError::EventLogMismatch { .. } if whole => {}
            error => unreachable!("length {length}: {error:?}"),
        }
    }
    let mut weak = log.clone();
    put(&mut weak, 60, &[4, 0, 20, 0]);
    assert_refused!(
        with(&weak),
        AppraisalError::WeakDigest {
            part: "event log",
            ..
        }
    );
    let mut other = log.clone();
    put(&mut other, 60, &[11, 0, 32, 0]);
    assert_refused!(
        with(&other),
        AppraisalError::Malformed {
            part: "event log",
            ..
        }
    );
    for index in (48..log.len()).step_by(5) {
        let mut other = log.clone();
        other[index] ^= 0x81;
        with(&other);
    }
}

/// Quote and collateral of a recorded machine that is up to date, and when.
fn recorded(name: &str, now: i64) -> Option<(Vec<u8>, Collateral, Timestamp)> {
    let file = vectors::vector(name)?;
    let mut collateral = vectors::collateral(&[&format!("{name}_collateral.json")])?;
    let quote = tdx::import(&file, &mut collateral).unwrap();
    Some((quote, collateral, Timestamp::from_seconds(now)))
}

const RECORDED: [(&str, i64, &str); 2] = [
    ("tdx/phala/tdx_quote", 1_750_332_747, "1.0"),
    ("tdx/phala-0.7.1/tdx_quote_td15ex", 1_791_421_786, "1.5ex"),
];

#[test]
fn recorded_quotes_of_machines_that_are_up_to_date_are_accepted() {
    for (name, now, version) in RECORDED {
        let Some((quote, collateral, now)) = recorded(name, now) else {
            return;
        };
        let examined = tdx::examine(&quote, &collateral, None, now).unwrap();
        assert_eq!(fact(&examined, "TDX version"), version);
        assert_eq!(fact(&examined, "TCB status"), "UpToDate");
        assert_eq!(fact(&examined, "FMSPC"), "B0C06F000000");
        assert!(!examined.compared());
    }
}

#[test]
fn recorded_quotes_are_judged_within_the_validity_of_their_collateral() {
    // First and last second; until when the piece is valid that is over first. A revocation list is
    // over at the time of the next one.
    for (name, from, last, until) in [
        (
            "tdx/phala/tdx_quote",
            "2025-06-19T10:32:27Z",
            "2025-07-19T10:00:34Z",
            "2025-07-19T10:00:35Z",
        ),
        (
            "tdx/phala-0.7.1/tdx_quote_td15ex",
            "2026-10-08T00:28:26Z",
            "2026-11-06T23:45:11Z",
            "2026-11-06T23:45:11Z",
        ),
    ] {
        let Some((quote, collateral, _)) = recorded(name, 0) else {
            return;
        };
        let at = |now: Timestamp| tdx::examine(&quote, &collateral, None, now).map(|_| ());
        let [from, last, until]: [Timestamp; 3] = [from, last, until].map(|t| t.parse().unwrap());
        assert_eq!(at(from), Ok(()), "{name}");
        assert_eq!(at(last), Ok(()), "{name}");
        let before = Timestamp::from_seconds(from.seconds() - 1);
        assert_refused!(
            at(before).unwrap_err(),
            AppraisalError::NotYetValid { from: found, .. } if *found == from
        );
        let after = Timestamp::from_seconds(last.seconds() + 1);
        assert_refused!(
            at(after).unwrap_err(),
            AppraisalError::Expired { until: found, .. } if *found == until
        );
    }
}

#[test]
fn a_recorded_quote_of_a_machine_below_every_level_is_refused() {
    let Some((quote, collateral, now)) = recorded("tdx/phala/tdx_quote_outdated", 1_772_000_000)
    else {
        return;
    };
    assert_refused!(
        tdx::examine(&quote, &collateral, None, now).unwrap_err(),
        AppraisalError::StaleTcb { claim: "TCB", .. }
    );
}

#[test]
fn recorded_quotes_without_collateral_say_what_to_fetch() {
    for (name, fmspc) in [
        ("tdx/trustee/tdx_quote_4.dat", "50806F000000"),
        ("tdx/trustee/tdx_quote_5.dat", "90C06F000000"),
        ("tdx/trustee/tdx_quote_6.dat", "00A06D080000"),
        ("tdx/phala/tdx_quote", "B0C06F000000"),
    ] {
        let Some(file) = vectors::vector(name) else {
            return;
        };
        let quote = tdx::import(&file, &mut Collateral::none()).unwrap();
        assert_refused!(
            tdx::examine(&quote, &Collateral::none(), None, NOW).unwrap_err(),
            AppraisalError::MissingCollateral { part: "TCB info", reason }
                if reason.contains(&format!("/tdx/certification/v4/tcb?fmspc={fmspc}"))
                    && reason.contains("/tdx/certification/v4/qe/identity")
                    && reason.contains("/pckcrl?ca=platform")
        );
    }
}

#[test]
fn no_changed_byte_of_a_recorded_quote_is_accepted() {
    for (name, now, _) in RECORDED {
        let Some((quote, collateral, now)) = recorded(name, now) else {
            return;
        };
        for changed in mutations::mutations(&quote, false) {
            let verdict = tdx::examine(&changed, &collateral, None, now);
            assert!(verdict.is_err(), "{name}");
        }
        let longer = [quote, vec![0]].concat();
        assert_refused!(
            tdx::examine(&longer, &collateral, None, now).unwrap_err(),
            AppraisalError::Malformed { part: "quote", .. }
        );
    }
}

#[test]
fn no_changed_byte_of_any_other_recorded_quote_gets_past_its_signatures() {
    for (name, file) in vectors::all("tdx/trustee") {
        let Ok(quote) = tdx::import(&file, &mut Collateral::none()) else {
            continue;
        };
        for index in (0..quote.len()).step_by(3) {
            let mut changed = quote.clone();
            changed[index] ^= 1 << (index % 8);
            let verdict = tdx::examine(&changed, &Collateral::none(), None, NOW);
            assert!(
                !matches!(
                    verdict,
                    Ok(_) | Err(AppraisalError::MissingCollateral { .. })
                ),
                "{name}: byte {index}"
            );
        }
    }
}

#[test]
fn a_recorded_event_log_is_read() {
    let Some(log) = vectors::vector("tdx/trustee/CCEL_data_ovmf") else {
        return;
    };
    let mut collateral = Collateral::none();
    collateral.add(&log).unwrap();
    assert_eq!(collateral.event_logs().len(), 1);
    // It is not that of this machine.
    let Some((quote, mut collateral, now)) = recorded(RECORDED[0].0, RECORDED[0].1) else {
        return;
    };
    collateral.add(&log).unwrap();
    assert_refused!(
        tdx::examine(&quote, &collateral, None, now).unwrap_err(),
        AppraisalError::EventLogMismatch { .. }
    );
    for length in (0..log.len()).step_by(97) {
        let _ = Collateral::none().add(&log[..length]);
    }
}

#[test]
fn imports_a_quote_with_its_event_log_from_json() {
    let (events, _) = log_and_registers();
    let quote = World::tdx().quote();
    let base64 = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let file = json!({
        "quote": base64(&quote),
        "cc_eventlog": base64(&event_log(&events)),
    });
    let mut collateral = Collateral::none();
    let imported = tdx::import(file.to_string().as_bytes(), &mut collateral).unwrap();
    assert_eq!(imported, quote);
    assert_eq!(collateral.event_logs().len(), 1);
}

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    let world = World::tdx_5(4);
    let (quote, collateral) = (world.quote(), world.collateral());
    let time = cost::per_call(|| {
        tdx::examine(&quote, &collateral, Some(&reference()), NOW).unwrap();
    });
    println!("tdx, synthetic: {time:?} of CPU time");
    for (name, now, _) in RECORDED {
        let Some((quote, collateral, now)) = recorded(name, now) else {
            return;
        };
        let time = cost::per_call(|| {
            tdx::examine(&quote, &collateral, None, now).unwrap();
        });
        println!("{name}: {time:?} of CPU time");
    }
}
