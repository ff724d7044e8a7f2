//! Quotes of SGX enclaves: recorded ones, and those of a small Intel of our own.
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

use intel::{Carries, MR_ENCLAVE, NOW, PPID, World, isv_level, key, level, put, sign};
use serde_json::json;
use veracruz_appraisal::{AppraisalError, Collateral, Examined, Technology, sgx};
use veracruz_evidence::{Evidence, Nonce, ReportData, report_data};
use veracruz_policy::{
    ChipId, Chips, PolicyHash, SgxIsolate, Sha256, TcbException, TcbStatus, Timestamp,
};

type Verdict = Result<Examined, AppraisalError>;

fn reference() -> SgxIsolate {
    SgxIsolate {
        mrenclave: vec![Sha256::from_bytes(MR_ENCLAVE)],
        minimum_isv_svn: 7,
        chips: Chips::Any,
        tcb_exceptions: Vec::new(),
    }
}

fn with_exception(status: TcbStatus, advisories: &[&str]) -> SgxIsolate {
    let mut reference = reference();
    reference.tcb_exceptions.push(TcbException {
        status,
        advisories: advisories.iter().map(ToString::to_string).collect(),
    });
    reference
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

fn examine(world: &World) -> Verdict {
    examine_as(world, &reference(), NOW)
}

fn examine_as(world: &World, reference: &SgxIsolate, now: Timestamp) -> Verdict {
    sgx::examine(&world.quote(), &world.collateral(), Some(reference), now)
}

fn changed(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::sgx();
    change(&mut world);
    world
}

fn refusal(change: impl FnOnce(&mut World)) -> AppraisalError {
    examine(&changed(change)).unwrap_err()
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

#[test]
fn accepts_the_enclave_that_the_policy_names() {
    let world = changed(|world| put(&mut world.body, 320, expected(1).as_bytes()));
    let evidence = Evidence::new(Technology::Sgx, world.quote());
    let appraised = sgx::verify(
        &evidence,
        &world.collateral(),
        &reference(),
        &policy(),
        &expected(1),
        NOW,
    )
    .unwrap();
    assert_eq!(appraised.measurement().as_bytes(), MR_ENCLAVE);
    assert!(appraised.protects_from_host());
    assert!(appraised.warnings().is_empty());
    assert_eq!(appraised.attester(), None);
}

#[test]
fn says_what_the_platform_is() {
    let examined = examine(&World::sgx()).unwrap();
    for (name, value) in [
        ("PPID", "abababababababababababababababab"),
        ("FMSPC", "B0C06F000000"),
        ("PCK CA", "platform"),
        ("TCB status", "UpToDate"),
        ("ISVSVN", "7"),
        ("ATTRIBUTES", "INIT MODE64BIT"),
        ("SMT enabled", "true"),
    ] {
        assert_eq!(fact(&examined, name), value, "{name}");
    }
}

#[test]
fn evidence_for_another_connection_is_bound_to_that() {
    let world = changed(|world| put(&mut world.body, 320, expected(1).as_bytes()));
    let evidence = Evidence::new(Technology::Sgx, world.quote());
    let verdict = |expected: &ReportData| {
        sgx::verify(
            &evidence,
            &world.collateral(),
            &reference(),
            &policy(),
            expected,
            NOW,
        )
    };
    assert!(verdict(&expected(1)).is_ok());
    // The same evidence for a second challenge.
    assert_refused!(
        verdict(&expected(2)).unwrap_err(),
        AppraisalError::BindingMismatch { .. }
    );
}

#[test]
fn evidence_of_another_technology_is_refused() {
    let quote = World::tdx().quote();
    let wrong = |evidence: Evidence| {
        sgx::verify(
            &evidence,
            &World::tdx().collateral(),
            &reference(),
            &policy(),
            &expected(1),
            NOW,
        )
        .unwrap_err()
    };
    for technology in [Technology::Sgx, Technology::Tdx] {
        assert_refused!(
            wrong(Evidence::new(technology, quote.clone())),
            AppraisalError::WrongTechnology { expected, found }
                if expected == "sgx" && found == "tdx"
        );
    }
}

#[test]
fn attributes_that_open_an_enclave_are_refused() {
    assert_refused!(
        refusal(|world| put(&mut world.body, 48, &[7])),
        AppraisalError::DebugNotAllowed {
            claim: "ATTRIBUTES.DEBUG"
        }
    );
    // PROVISIONKEY, and no INIT.
    for flags in [0x15, 0x04] {
        assert_refused!(
            refusal(|world| put(&mut world.body, 48, &[flags])),
            AppraisalError::ConfigurationNotAllowed {
                claim: "ATTRIBUTES",
                ..
            }
        );
    }
}

#[test]
fn another_enclave_is_refused() {
    let mut other = MR_ENCLAVE;
    other[31] ^= 1;
    assert_refused!(
        refusal(|world| put(&mut world.body, 64, &other)),
        AppraisalError::MeasurementMismatch { claim: "MRENCLAVE", found, .. }
            if found.as_bytes() == other
    );
    assert_refused!(
        refusal(|world| put(&mut world.body, 258, &[6])),
        AppraisalError::StaleTcb {
            claim: "ISVSVN",
            ..
        }
    );
}

#[test]
fn only_named_machines_are_accepted() {
    let named = |ppid: [u8; 16]| {
        let mut reference = reference();
        reference.chips = Chips::Named(vec![ChipId::new(ppid.to_vec()).unwrap()]);
        examine_as(&World::sgx(), &reference, NOW)
    };
    assert!(named(PPID).is_ok());
    assert_refused!(
        named([1; 16]).unwrap_err(),
        AppraisalError::ChipMismatch { found, .. }
            if found == "abababababababababababababababab"
    );
}

#[test]
fn a_status_below_up_to_date_must_be_named() {
    for (name, status) in [
        ("SWHardeningNeeded", TcbStatus::SwHardeningNeeded),
        ("ConfigurationNeeded", TcbStatus::ConfigurationNeeded),
        (
            "ConfigurationAndSWHardeningNeeded",
            TcbStatus::ConfigurationAndSwHardeningNeeded,
        ),
        ("OutOfDate", TcbStatus::OutOfDate),
        (
            "OutOfDateConfigurationNeeded",
            TcbStatus::OutOfDateConfigurationNeeded,
        ),
    ] {
        let world = changed(|world| world.set_status(name, &["INTEL-SA-1", "INTEL-SA-2"]));
        assert_refused!(
            examine(&world).unwrap_err(),
            AppraisalError::StaleTcb { claim: "TCB status", found, .. } if found.starts_with(name)
        );
        let named = with_exception(status, &["INTEL-SA-2", "INTEL-SA-1"]);
        let examined = examine_as(&world, &named, NOW).unwrap();
        assert_eq!(examined.warnings().len(), 1, "{name}");
        let narrower = with_exception(status, &["INTEL-SA-2"]);
        assert_refused!(
            examine_as(&world, &narrower, NOW).unwrap_err(),
            AppraisalError::StaleTcb { .. }
        );
        // Without reference values nobody accepts anything.
        let genuine = sgx::examine(&world.quote(), &world.collateral(), None, NOW);
        assert_refused!(genuine.unwrap_err(), AppraisalError::StaleTcb { .. });
    }
}

#[test]
fn a_revoked_patch_level_is_refused_whatever_is_named() {
    for status in TcbStatus::ALL {
        let world = changed(|world| world.set_status("Revoked", &[]));
        let verdict = examine_as(&world, &with_exception(*status, &[]), NOW);
        assert_refused!(
            verdict.unwrap_err(),
            AppraisalError::StaleTcb { found, .. } if found == "Revoked"
        );
    }
}

#[test]
fn the_highest_level_that_is_reached_counts_whatever_the_order() {
    let world = changed(|world| {
        let levels = world.tcb_info.as_mut().unwrap()["tcbLevels"]
            .as_array_mut()
            .unwrap();
        levels.reverse();
    });
    assert_eq!(examine(&world).map(|_| ()), Ok(()));
    // One component short: the next level says what the platform is.
    let short = changed(|world| world.pck_form.components[0] -= 1);
    assert_refused!(
        examine(&short).unwrap_err(),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00001)"
    );
    let short = changed(|world| world.pck_form.pce_svn -= 1);
    assert_refused!(
        examine(&short).unwrap_err(),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00001)"
    );
}

#[test]
fn a_platform_below_every_level_is_refused() {
    assert_refused!(
        refusal(|world| {
            world.tcb_info.as_mut().unwrap()["tcbLevels"] =
                json!([level([9; 16], 9, None, "UpToDate", &[])]);
        }),
        AppraisalError::StaleTcb { claim: "TCB", .. }
    );
}

#[test]
fn the_quoting_enclave_must_be_the_one_that_intel_describes() {
    for (offset, value) in [(128, 0x78), (256, 9), (48, 0x13), (16, 1)] {
        assert_refused!(
            refusal(|world| put(&mut world.qe_report, offset, &[value])),
            AppraisalError::AttesterMismatch {
                part: "quoting enclave",
                ..
            }
        );
    }
    // An old one makes the platform out of date; an older one is nothing.
    assert_refused!(
        refusal(|world| put(&mut world.qe_report, 258, &[7])),
        AppraisalError::StaleTcb { found, .. } if found == "OutOfDate (INTEL-SA-00002)"
    );
    assert_refused!(
        refusal(|world| put(&mut world.qe_report, 258, &[4])),
        AppraisalError::StaleTcb {
            claim: "quoting enclave's ISVSVN",
            ..
        }
    );
    // A status that Intel's library passes over.
    assert_refused!(
        refusal(|world| {
            world.qe_identity.as_mut().unwrap()["tcbLevels"] =
                json!([isv_level(8, "ConfigurationNeeded", &[])]);
        }),
        AppraisalError::StaleTcb { found, .. } if found == "ConfigurationNeeded"
    );
}

#[test]
fn revoked_certificates_are_refused() {
    type Change = fn(&mut World);
    let cases: [(Change, &str); 3] = [
        (
            |world| world.pck_list.as_mut().unwrap().1 = vec![7, world.pck.serial],
            "PCK certificate",
        ),
        (
            |world| world.root_list.as_mut().unwrap().1 = vec![world.authority.serial],
            "PCK CA certificate",
        ),
        (
            |world| world.root_list.as_mut().unwrap().1 = vec![world.tcb_signer.serial],
            "TCB signing certificate",
        ),
    ];
    for (change, expected) in cases {
        assert_refused!(
            refusal(change),
            AppraisalError::Revoked { part } if *part == expected
        );
    }
}

#[test]
fn collateral_of_another_platform_or_technology_is_refused() {
    type Change = fn(&mut World);
    let cases: [(Change, &str, &str); 4] = [
        (
            |world| world.tcb_info.as_mut().unwrap()["fmspc"] = json!("00A067110000"),
            "TCB info",
            "SGX 00A067110000",
        ),
        (
            |world| world.tcb_info.as_mut().unwrap()["id"] = json!("TDX"),
            "TCB info",
            "TDX B0C06F000000",
        ),
        (
            |world| world.tcb_info.as_mut().unwrap()["pceId"] = json!("0001"),
            "TCB info",
            "PCEID 0001",
        ),
        (
            |world| world.qe_identity.as_mut().unwrap()["id"] = json!("TD_QE"),
            "QE identity",
            "TD_QE",
        ),
    ];
    for (change, expected, said) in cases {
        assert_refused!(
            refusal(change),
            AppraisalError::WrongCollateral { part, found, .. }
                if *part == expected && found == said
        );
    }
}

#[test]
fn documents_of_other_versions_are_refused() {
    type Change = fn(&mut World);
    let cases: [(Change, &str); 3] = [
        (
            |world| world.tcb_info.as_mut().unwrap()["version"] = json!(4),
            "TCB info",
        ),
        (
            |world| world.tcb_info.as_mut().unwrap()["tcbType"] = json!(1),
            "TCB info",
        ),
        (
            |world| world.qe_identity.as_mut().unwrap()["version"] = json!(3),
            "QE identity",
        ),
    ];
    for (change, name) in cases {
        assert_refused!(
            refusal(change),
            AppraisalError::UnknownProfile { part, .. } if *part == name
        );
        // Beside one that is understood, they are passed over.
        let world = changed(|world| {
            let mut other = world.clone();
            change(&mut other);
            world.extra = other.files();
        });
        assert_eq!(examine(&world).map(|_| ()), Ok(()));
    }
}

#[test]
fn edited_documents_are_refused() {
    for (name, from, to) in [
        ("TCB info", "\"svn\":5", "\"svn\":4"),
        ("QE identity", "\"isvprodid\":1", "\"isvprodid\":2"),
        (
            "QE identity",
            "\"issueDate\":\"2026-11-03",
            "\"issueDate\":\"2026-11-04",
        ),
    ] {
        let world = World::sgx();
        let files: Vec<Vec<u8>> = world
            .files()
            .into_iter()
            .map(|file| match String::from_utf8(file) {
                Ok(text) => text.replacen(from, to, 1).into_bytes(),
                Err(other) => other.into_bytes(),
            })
            .collect();
        let collateral = world.collateral_of(&files);
        let verdict = sgx::examine(&world.quote(), &collateral, None, NOW);
        assert_refused!(
            verdict.unwrap_err(),
            AppraisalError::BadSignature { part } if *part == name
        );
    }
    // Signed by a key that is certified for something else.
    assert_refused!(
        refusal(|world| world.document_key = world.pck.key.clone()),
        AppraisalError::BadSignature { part: "TCB info" }
    );
}

#[test]
fn a_signer_that_the_root_did_not_certify_is_refused() {
    assert_refused!(
        refusal(|world| {
            let mut other = world.root.clone();
            other.key = key(66);
            world.tcb_signer_issuer = Some(other);
        }),
        AppraisalError::BadSignature {
            part: "TCB signing certificate"
        }
    );
    // An authority for platforms must not make documents.
    assert_refused!(
        refusal(|world| world.tcb_signer_issuer = Some(world.authority.clone())),
        AppraisalError::BadChain {
            part: "TCB signing certificate",
            ..
        }
    );
}

#[test]
fn what_is_missing_is_named_with_where_to_get_it() {
    type Change = fn(&mut World);
    let cases: [(Change, &str); 5] = [
        (|world| world.tcb_info = None, "TCB info"),
        (|world| world.qe_identity = None, "QE identity"),
        (
            |world| world.with_tcb_signer = false,
            "TCB signing certificate",
        ),
        (
            |world| world.pck_list = None,
            "revocation list of the PCK CA",
        ),
        (
            |world| world.root_list = None,
            "revocation list of the Intel SGX Root CA",
        ),
    ];
    for (change, missing) in cases {
        assert_refused!(
            refusal(change),
            AppraisalError::MissingCollateral { part, reason }
                if *part == missing
                    && reason.contains("/sgx/certification/v4/tcb?fmspc=B0C06F000000")
                    && reason.contains("/pckcrl?ca=platform&encoding=der")
        );
    }
}

#[test]
fn every_piece_is_looked_at_at_the_time_of_the_appraisal() {
    type Change = fn(&mut World);
    type ChangeDays = fn(&mut World, intel::Days);
    const PAST: intel::Days = ((2026, 1, 1), (2026, 11, 19));
    const FUTURE: intel::Days = ((2026, 11, 21), (2027, 1, 1));
    let cases: [(ChangeDays, &str); 6] = [
        (|world, days| world.pck.days = days, "PCK certificate"),
        (
            |world, days| world.authority.days = days,
            "PCK CA certificate",
        ),
        (
            |world, days| world.root.days = days,
            "Intel SGX Root CA certificate",
        ),
        (
            |world, days| world.tcb_signer.days = days,
            "TCB signing certificate",
        ),
        (
            |world, days| world.pck_list.as_mut().unwrap().0 = days,
            "revocation list",
        ),
        (
            |world, days| world.root_list.as_mut().unwrap().0 = days,
            "revocation list",
        ),
    ];
    for (change, piece) in cases {
        assert_refused!(
            refusal(|world| change(world, PAST)),
            AppraisalError::Expired { part, until, now }
                if *part == piece && until.to_string() == "2026-11-19T00:00:00Z" && *now == NOW
        );
        assert_refused!(
            refusal(|world| change(world, FUTURE)),
            AppraisalError::NotYetValid { part, from, now }
                if *part == piece && from.to_string() == "2026-11-21T00:00:00Z" && *now == NOW
        );
    }
    let documents: [(Change, &str, bool); 4] = [
        (
            |world| {
                world.tcb_info.as_mut().unwrap()["nextUpdate"] = json!("2026-11-20T07:59:59Z");
            },
            "TCB info",
            true,
        ),
        (
            |world| {
                world.tcb_info.as_mut().unwrap()["issueDate"] = json!("2026-11-20T08:00:01Z");
            },
            "TCB info",
            false,
        ),
        (
            |world| {
                world.qe_identity.as_mut().unwrap()["nextUpdate"] = json!("2026-11-20T07:59:59Z");
            },
            "QE identity",
            true,
        ),
        (
            |world| {
                world.qe_identity.as_mut().unwrap()["issueDate"] = json!("2026-11-20T08:00:01Z");
            },
            "QE identity",
            false,
        ),
    ];
    for (change, piece, over) in documents {
        let error = refusal(change);
        match &error {
            AppraisalError::Expired { part, until, .. } if over => {
                assert_eq!((*part, until.seconds()), (piece, NOW.seconds() - 1));
            }
            AppraisalError::NotYetValid { part, from, .. } if !over => {
                assert_eq!((*part, from.seconds()), (piece, NOW.seconds() + 1));
            }
            _ => unreachable!("{piece}: {error:?}"),
        }
    }
}

#[test]
fn of_several_documents_the_newest_in_force_is_taken() {
    let world = changed(|world| {
        let mut old = world.tcb_info.clone().unwrap();
        old["issueDate"] = json!("2026-11-01T00:00:00Z");
        old["tcbLevels"] = json!([level([9; 16], 9, None, "UpToDate", &[])]);
        let mut coming = old.clone();
        coming["issueDate"] = json!("2026-11-30T00:00:00Z");
        for info in [old, coming] {
            let file = world.document("tcbInfo", &info.to_string());
            world.extra.push(file.into_bytes());
        }
    });
    assert_eq!(examine(&world).map(|_| ()), Ok(()));
}

#[test]
fn a_chain_of_the_same_shape_under_another_root_is_refused() {
    assert_refused!(
        refusal(|world| world.trusted = false),
        AppraisalError::UntrustedRoot { found, .. } if found.len() == 64
    );
    // The attacker's root beside the right one.
    let right = World::sgx();
    let wrong = changed(|world| {
        world.root.key = key(66);
        world.authority.key = key(67);
    });
    let verdict = sgx::examine(&wrong.quote(), &right.collateral(), None, NOW);
    assert_refused!(verdict.unwrap_err(), AppraisalError::UntrustedRoot { .. });
}

#[test]
fn a_chain_whose_parts_may_not_do_what_they_do_is_refused() {
    assert_refused!(
        refusal(|world| world.authority.name = "Intel SGX Another CA"),
        AppraisalError::BadChain {
            part: "PCK certificate",
            ..
        }
    );
    assert_refused!(
        refusal(|world| world.authority.ca = false),
        AppraisalError::BadChain {
            part: "PCK CA certificate",
            ..
        }
    );
    assert_refused!(
        refusal(|world| world.pck.ca = true),
        AppraisalError::BadChain {
            part: "PCK certificate",
            ..
        }
    );
}

#[test]
fn keys_and_signatures_must_belong_together() {
    // Another attestation key than the quoting enclave made.
    assert_refused!(
        refusal(|world| {
            let named = Sha256::of(b"another key");
            put(&mut world.qe_report, 320, named.as_bytes());
            world.qe_names_key = false;
        }),
        AppraisalError::AttesterMismatch {
            part: "QE report",
            ..
        }
    );
    let world = World::sgx();
    let other = changed(|world| world.attestation_key = key(50));
    let (mut quote, other) = (world.quote(), other.quote());
    quote[436..564].copy_from_slice(&other[436..564]);
    let verdict = sgx::examine(&quote, &world.collateral(), None, NOW);
    assert_refused!(
        verdict.unwrap_err(),
        AppraisalError::AttesterMismatch {
            part: "QE report",
            ..
        }
    );
    // A QE report that another platform's key signed.
    let mut quote = world.quote();
    let signature = sign(&key(51), &quote[564..948]);
    put(&mut quote, 948, &signature);
    let verdict = sgx::examine(&quote, &world.collateral(), None, NOW);
    assert_refused!(
        verdict.unwrap_err(),
        AppraisalError::BadSignature { part: "QE report" }
    );
}

#[test]
fn what_only_one_of_two_verifiers_accepts_is_refused() {
    // The format has room for any authentication data; dcap-qvl takes the 32 bytes of Intel's
    // quoting enclaves alone.
    assert_refused!(
        refusal(|world| world.authentication = vec![9; 16]),
        AppraisalError::BadChain { part: "quote", reason } if reason.contains("dcap-qvl")
    );
}

#[test]
fn any_changed_bit_of_signature_or_report_is_a_bad_signature() {
    let world = World::sgx();
    let (quote, collateral) = (world.quote(), world.collateral());
    let signature = 436..500;
    let report = 48..432;
    for index in signature.chain(report) {
        let mut changed = quote.clone();
        changed[index] ^= 1 << (index % 8);
        let verdict = sgx::examine(&changed, &collateral, Some(&reference()), NOW);
        assert_refused!(
            verdict.unwrap_err(),
            AppraisalError::BadSignature { part: "quote" }
        );
    }
}

#[test]
fn a_quote_may_name_its_certificate_instead_of_carrying_it() {
    for carries in [Carries::Name(1), Carries::Name(2), Carries::Name(3)] {
        let named = changed(|world| world.carries = carries);
        assert_refused!(
            examine(&named).unwrap_err(),
            AppraisalError::MissingCollateral { part: "PCK certificate", reason }
                if reason.contains("/pckcert?cpusvn=05050202") && reason.contains("pcesvn=0b00")
        );
        // Certificates of other machines of the same patch level are passed over.
        let given = changed(|world| {
            world.carries = carries;
            let mut other = world.clone();
            other.pck.key = key(70);
            world.extra = vec![
                other.pck_der(),
                world.pck_der(),
                world.authority_der(),
                world.root_der(),
            ];
        });
        assert_eq!(examine(&given).map(|_| ()), Ok(()));
    }
    for carries in [Carries::Leaf, Carries::ChainWithoutRoot] {
        let given = changed(|world| {
            world.carries = carries;
            world.extra = vec![world.root_der(), world.authority_der()];
        });
        assert_eq!(examine(&given).map(|_| ()), Ok(()));
    }
    let rootless = changed(|world| world.carries = Carries::ChainWithoutRoot);
    assert_refused!(
        examine(&rootless).unwrap_err(),
        AppraisalError::UntrustedRoot { found, .. } if found == "none"
    );
    for kind in [0, 6, 7, 8] {
        assert_refused!(
            refusal(|world| world.carries = Carries::Other(kind)),
            AppraisalError::UnknownProfile {
                part: "certification data of the quote",
                ..
            }
        );
    }
}

#[test]
fn headers_of_other_formats_are_refused() {
    for (offset, value) in [(0, 2), (0, 4), (0, 5), (4, 0x82), (12, 0)] {
        assert_refused!(
            refusal(|world| put(&mut world.header, offset, &[value])),
            AppraisalError::UnknownProfile { part: "quote", .. }
        );
    }
    assert_refused!(
        refusal(|world| put(&mut world.header, 2, &[3])),
        AppraisalError::BadAlgorithm { part: "quote", .. }
    );
}

#[test]
fn no_length_but_the_right_one_is_read() {
    let world = World::sgx();
    let (quote, collateral) = (world.quote(), world.collateral());
    for length in 0..quote.len() {
        let verdict = sgx::examine(&quote[..length], &collateral, None, NOW);
        assert_refused!(
            verdict.unwrap_err(),
            AppraisalError::Malformed { part: "quote", .. }
        );
    }
    let longer = [quote, vec![0]].concat();
    assert_refused!(
        sgx::examine(&longer, &collateral, None, NOW).unwrap_err(),
        AppraisalError::Malformed { part: "quote", .. }
    );
}

/// The recorded quote of a real platform whose TCB is not up to date, and why it is not.
fn recorded() -> Option<(Vec<u8>, Collateral, SgxIsolate, Timestamp)> {
    let quote = vectors::vector("sgx-dcap/phala/sgx_quote")?;
    let collateral = vectors::collateral(&["sgx-dcap/phala/sgx_quote_collateral.json"])?;
    let mut reference = with_exception(
        TcbStatus::ConfigurationAndSwHardeningNeeded,
        &["INTEL-SA-00289", "INTEL-SA-00615"],
    );
    reference.minimum_isv_svn = 0;
    let now = Timestamp::from_seconds(1_750_334_171);
    let mut enclave = [0; 32];
    enclave.copy_from_slice(&quote[112..144]);
    reference.mrenclave = vec![Sha256::from_bytes(enclave)];
    Some((quote, collateral, reference, now))
}

#[test]
fn a_recorded_quote_is_refused_and_accepted_with_the_named_exception() {
    let Some((quote, collateral, reference, now)) = recorded() else {
        return;
    };
    let verdict = sgx::examine(&quote, &collateral, None, now);
    assert_refused!(
        verdict.unwrap_err(),
        AppraisalError::StaleTcb { claim: "TCB status", found, .. }
            if found == "ConfigurationAndSWHardeningNeeded (INTEL-SA-00289, INTEL-SA-00615)"
    );
    let examined = sgx::examine(&quote, &collateral, Some(&reference), now).unwrap();
    assert_eq!(examined.warnings().len(), 1);
    assert_eq!(fact(&examined, "FMSPC"), "00A067110000");
    for advisory in 0..2 {
        let mut fewer = reference.clone();
        fewer.tcb_exceptions[0].advisories.remove(advisory);
        let verdict = sgx::examine(&quote, &collateral, Some(&fewer), now);
        assert_refused!(verdict.unwrap_err(), AppraisalError::StaleTcb { .. });
    }
}

#[test]
fn a_recorded_quote_is_judged_within_the_validity_of_its_collateral() {
    let Some((quote, collateral, reference, _)) = recorded() else {
        return;
    };
    let at = |now: &str| {
        let now = now.parse().unwrap();
        sgx::examine(&quote, &collateral, Some(&reference), now)
    };
    assert!(at("2025-06-19T10:56:11Z").is_ok());
    assert_refused!(
        at("2025-06-19T10:56:10Z").unwrap_err(),
        AppraisalError::NotYetValid {
            part: "TCB info",
            ..
        }
    );
    assert!(at("2025-07-19T10:01:18Z").is_ok());
    assert_refused!(
        at("2025-07-19T10:01:19Z").unwrap_err(),
        AppraisalError::Expired { .. }
    );
}

#[test]
fn recorded_quotes_without_collateral_say_what_to_fetch() {
    let none = Collateral::none();
    for (name, part, said) in [
        (
            "quote.bin",
            "TCB info",
            "/sgx/certification/v4/tcb?fmspc=00906EA10000",
        ),
        (
            "quote_pck_cert_chain.bin",
            "TCB info",
            "/sgx/certification/v4/pckcrl?ca=processor",
        ),
        ("quote_raw_tcb.bin", "PCK certificate", "/pckcert?cpusvn="),
    ] {
        let Some(quote) = vectors::vector(&format!("sgx-dcap/fortanix/{name}")) else {
            return;
        };
        let verdict = sgx::examine(&quote, &none, None, NOW);
        assert_refused!(
            verdict.unwrap_err(),
            AppraisalError::MissingCollateral { part: missing, reason }
                if *missing == part && reason.contains(said)
        );
    }
    let Some(quote) = vectors::vector("sgx-dcap/fortanix/quote_pck_cert_chain_corrupted.bin")
    else {
        return;
    };
    assert_refused!(
        sgx::examine(&quote, &none, None, NOW).unwrap_err(),
        AppraisalError::BadSignature { part: "quote" }
    );
}

#[test]
fn collateral_of_tdx_does_not_do_for_a_recorded_quote_of_sgx() {
    let (Some((quote, _, reference, now)), Some(collateral)) = (
        recorded(),
        vectors::collateral(&["tdx/phala/tdx_quote_collateral.json"]),
    ) else {
        return;
    };
    assert_refused!(
        sgx::examine(&quote, &collateral, Some(&reference), now).unwrap_err(),
        AppraisalError::WrongCollateral { .. }
    );
}

#[test]
fn no_changed_byte_of_a_recorded_quote_is_accepted() {
    let Some((quote, collateral, reference, now)) = recorded() else {
        return;
    };
    for changed in mutations::mutations(&quote, false) {
        assert!(sgx::examine(&changed, &collateral, Some(&reference), now).is_err());
    }
}

#[test]
fn changed_collateral_changes_no_verdict_for_the_better() {
    let (Some((quote, _, reference, now)), Some(file)) = (
        recorded(),
        vectors::vector("sgx-dcap/phala/sgx_quote_collateral.json"),
    ) else {
        return;
    };
    let right = vectors::collateral(&["sgx-dcap/phala/sgx_quote_collateral.json"]).unwrap();
    let right = sgx::examine(&quote, &right, Some(&reference), now).unwrap();
    for index in (0..file.len()).step_by(11) {
        let mut changed = file.clone();
        changed[index] ^= 1 << (index % 7);
        let mut collateral = Collateral::none();
        if collateral.add(&changed).is_err() {
            continue;
        }
        if let Ok(examined) = sgx::examine(&quote, &collateral, Some(&reference), now) {
            assert_eq!(examined, right, "byte {index}");
        }
    }
}

#[test]
fn imports_what_other_tools_write() {
    let quote = World::sgx().quote();
    let base64 = data_encoding::BASE64.encode(&quote);
    let hex = data_encoding::HEXUPPER.encode(&quote);
    let mut open_enclave = vec![1, 0, 0, 0, 2, 0, 0, 0];
    open_enclave.extend(u64::try_from(quote.len()).unwrap().to_le_bytes());
    open_enclave.extend(&quote);
    let padded = [quote.clone(), vec![0; 64]].concat();
    for file in [
        quote.clone(),
        base64.clone().into_bytes(),
        format!("0x{hex}\n").into_bytes(),
        format!("{{\"quote\": \"{base64}\"}}").into_bytes(),
        format!("{{\"other\": \"00\", \"inner\": {{\"intel_quote\": \"{hex}\"}}}}").into_bytes(),
        json!({ "quote": quote }).to_string().into_bytes(),
        format!("[\"application/vnd.veracruz.sgx-quote\", \"{base64}\"]").into_bytes(),
        open_enclave,
        padded.clone(),
    ] {
        let imported = sgx::import(&file, &mut Collateral::none()).unwrap();
        assert_eq!(imported, quote);
    }
    for file in [
        [quote.clone(), vec![0]].concat(),
        [padded, vec![1]].concat(),
        b"{}".to_vec(),
        b"not a quote".to_vec(),
        b"{\"quote\": \"0000\"}".to_vec(),
        Vec::new(),
    ] {
        assert!(sgx::import(&file, &mut Collateral::none()).is_err());
    }
    assert_refused!(
        sgx::import(&World::tdx().quote(), &mut Collateral::none()).unwrap_err(),
        AppraisalError::WrongTechnology { .. }
    );
}

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    let world = World::sgx();
    let (quote, collateral) = (world.quote(), world.collateral());
    let time = cost::per_call(|| {
        sgx::examine(&quote, &collateral, Some(&reference()), NOW).unwrap();
    });
    println!("sgx, synthetic: {time:?} of CPU time");
    let Some((quote, collateral, reference, now)) = recorded() else {
        return;
    };
    let time = cost::per_call(|| {
        sgx::examine(&quote, &collateral, Some(&reference), now).unwrap();
    });
    println!("sgx, recorded: {time:?} of CPU time");
}
