//! Azure's confidential machines: recorded reports, and forgeries under roots of our own that pass
//! every check but one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, azure_vtpm};
use veracruz_evidence::azure_vtpm::{AzureVtpmContent, evidence};
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{
    AzureVtpmIsolate, Chips, PolicyHash, SevSnpIsolate, Sha256, Sha384, TdxIsolate, Timestamp,
};

#[path = "support/cost.rs"]
mod cost;
#[path = "support/azure_vtpm.rs"]
mod forge;
#[path = "support/intel.rs"]
mod intel;
#[path = "support/sev_snp.rs"]
mod snp;
#[path = "support/vectors.rs"]
mod vectors;
#[path = "support/x509.rs"]
mod x509;

use forge::{Machine, expected, paravisor, platform, policy, reference, runtime_data};
use snp::NOW;
use x509::TestKey;

/// 2025-10-01T00:00:00Z, when the recorded certificates were valid.
const THEN: Timestamp = Timestamp::from_seconds(1_759_276_800);

// Recorded evidence.

/// An HCL report and a quote as the library az-cvm-vtpm keeps them, with the HCL report filled up to
/// the length of the vTPM's index.
fn recorded(report: &str) -> Option<(Vec<u8>, Collateral)> {
    let mut collateral = vectors::collateral(&["vtpm-azure/kinvolk/certs.pem"])?;
    let report = vectors::vector(report)?;
    let quote = vectors::vector("vtpm-azure/kinvolk/quote.bin")?;
    let file = [report, quote].concat();
    let content = azure_vtpm::import(&file, &mut collateral).unwrap();
    Some((content, collateral))
}

#[test]
fn the_recorded_report_is_of_another_chip_than_the_recorded_certificates() {
    let Some((content, collateral)) = recorded("vtpm-azure/kinvolk/hcl-report-snp.bin") else {
        return;
    };
    assert_eq!(
        azure_vtpm::examine(&content, &collateral, None, THEN).unwrap_err(),
        AppraisalError::BadSignature { part: "report" }
    );
    match azure_vtpm::examine(&content, &Collateral::none(), None, THEN) {
        Err(AppraisalError::MissingCollateral { part, reason }) => {
            assert_eq!(part, "VCEK certificate");
            assert!(
                reason.contains("/3a5d5b1d059d193e02d8533f1b005833"),
                "{reason}"
            );
            assert!(
                reason.contains("?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115"),
                "{reason}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorded_td_report_needs_its_quote() {
    let Some((content, collateral)) = recorded("vtpm-azure/kinvolk/hcl-report-tdx.bin") else {
        return;
    };
    assert!(matches!(
        azure_vtpm::examine(&content, &collateral, None, THEN),
        Err(AppraisalError::MissingCollateral {
            part: "TD quote",
            ..
        })
    ));
    // A genuine quote of another TD does not vouch for this vTPM.
    let name = "tdx/phala/tdx_quote";
    let Some(td_quote) = vectors::vector(name) else {
        return;
    };
    let mut collateral = vectors::collateral(&[&format!("{name}_collateral.json")]).unwrap();
    let td_quote = veracruz_appraisal::tdx::import(&td_quote, &mut collateral).unwrap();
    let mut content = veracruz_evidence::azure_vtpm::parse(&content).unwrap();
    content.td_quote = td_quote;
    let now = Timestamp::from_seconds(1_750_332_747);
    assert!(matches!(
        azure_vtpm::examine(&content.encode(), &collateral, None, now),
        Err(AppraisalError::AttesterMismatch { .. })
    ));
}

// Forgeries that are signed anew.

fn verify_content(
    content: &AzureVtpmContent,
    collateral: &Collateral,
    reference: &AzureVtpmIsolate,
) -> Result<Appraised, AppraisalError> {
    let evidence = evidence(content);
    azure_vtpm::verify(
        &evidence,
        collateral,
        reference,
        &policy(),
        &expected(),
        NOW,
    )
}

fn verify(machine: &Machine) -> Result<Appraised, AppraisalError> {
    verify_content(
        &machine.content(),
        &platform(machine).collateral(),
        &reference(),
    )
}

fn changed(change: impl FnOnce(&mut Machine)) -> Machine {
    let mut machine = Machine::new();
    change(&mut machine);
    machine
}

fn examine(machine: &Machine) -> Result<Examined, AppraisalError> {
    let collateral = platform(machine).collateral();
    azure_vtpm::examine(&machine.content().encode(), &collateral, None, NOW)
}

fn fact(examined: &Examined, name: &str) -> String {
    let fact = examined.facts().iter().find(|fact| fact.name == name);
    fact.map(|fact| fact.value.clone()).unwrap_or_default()
}

#[test]
fn a_good_machine_passes() {
    let machine = Machine::new();
    let appraised = verify(&machine).unwrap();
    assert_eq!(appraised.technology(), Technology::AzureVtpm);
    let values: Vec<u8> = machine
        .registers
        .values()
        .flat_map(|pcr| *pcr.as_bytes())
        .collect();
    assert_eq!(appraised.measurement(), Sha256::of(&values).into());
    assert_eq!(appraised.attester(), None);
    let examined = examine(&machine).unwrap();
    assert_eq!(fact(&examined, "hardware"), "sev-snp");
    assert_eq!(fact(&examined, "secure-boot"), "true");
    assert_eq!(fact(&examined, "PCR 4"), Sha256::of(&[4]).to_string());
    assert!(fact(&examined, "MEASUREMENT").starts_with(&paravisor().to_string()));
    // A newer report of the paravisor, with other padding.
    for machine in [changed(|m| m.version = 1), changed(|m| m.padding.clear())] {
        assert!(verify(&machine).is_ok());
    }
}

#[test]
fn the_quote_must_be_for_this_connection_and_policy() {
    let machine = Machine::new();
    let evidence = evidence(&machine.content());
    let collateral = platform(&machine).collateral();
    let verify = |policy: &PolicyHash, expected: &ReportData| {
        azure_vtpm::verify(&evidence, &collateral, &reference(), policy, expected, NOW)
    };
    assert!(matches!(
        verify(&policy(), &ReportData::from_bytes([6; 64])),
        Err(AppraisalError::BindingMismatch { .. })
    ));
    assert!(matches!(
        verify(&PolicyHash::from_bytes([3; 32]), &expected()),
        Err(AppraisalError::LaunchPolicyMismatch {
            field: "PCR 15",
            ..
        })
    ));
    let other = Evidence::new(Technology::Tpm, evidence.content().to_vec());
    assert!(matches!(
        azure_vtpm::verify(
            &other,
            &collateral,
            &reference(),
            &policy(),
            &expected(),
            NOW
        ),
        Err(AppraisalError::WrongTechnology { .. })
    ));
    let unbound = changed(|machine| machine.extra_data.clear());
    assert_eq!(
        refusal(&unbound),
        AppraisalError::BindingMissing { field: "extraData" }
    );
    let without = changed(|machine| {
        machine.registers.remove(&15);
    });
    assert_eq!(
        refusal(&without),
        AppraisalError::MeasurementMissing { claim: "PCR 15" }
    );
    // Where nobody asks for a policy, nobody asks for the register.
    assert!(examine(&without).is_ok());
}

fn refusal(machine: &Machine) -> AppraisalError {
    verify(machine).unwrap_err()
}

#[test]
fn named_registers_must_be_in_the_quote_and_right() {
    let without = changed(|machine| {
        machine.registers.remove(&11);
    });
    assert_eq!(
        refusal(&without),
        AppraisalError::MeasurementMissing { claim: "PCR 11" }
    );
    let other = changed(|machine| {
        machine.registers.insert(4, Sha256::of(b"other"));
    });
    assert!(matches!(
        verify(&other),
        Err(AppraisalError::MeasurementMismatch { claim: "PCR 4", .. })
    ));
    // Right values beside a quote over others.
    let machine = Machine::new();
    let mut content = machine.content();
    content.quote.registers.insert(0, Sha256::of(b"other"));
    assert!(matches!(
        verify_content(&content, &platform(&machine).collateral(), &reference()),
        Err(AppraisalError::MeasurementMismatch {
            claim: "digest of the PCRs",
            ..
        })
    ));
    content.quote.registers.remove(&0);
    assert!(matches!(
        verify_content(&content, &platform(&machine).collateral(), &reference()),
        Err(AppraisalError::Malformed { .. })
    ));
}

#[test]
fn the_hardware_must_vouch_for_the_key() {
    // The quote of another vTPM.
    let other = changed(|machine| machine.signer = TestKey::rsa(3));
    assert_eq!(
        refusal(&other),
        AppraisalError::BadSignature { part: "quote" }
    );
    // The key of an attacker, put into the runtime data.
    let machine = Machine::new();
    let attacker = changed(|machine| {
        machine.ak = TestKey::rsa(3);
        machine.signer = TestKey::rsa(3);
        machine.runtime_data = runtime_data(TestKey::rsa(3));
    });
    let mut content = attacker.content();
    content.hcl_report = attacker.hcl_report(&platform(&machine).signed());
    assert!(matches!(
        verify_content(&content, &platform(&machine).collateral(), &reference()),
        Err(AppraisalError::AttesterMismatch { .. })
    ));
    // The digest is right, and the rest of the report data is not zero.
    let mut report_data = machine.report_data();
    report_data[63] = 1;
    content = machine.content();
    content.hcl_report = machine.hcl_report(&platform(&machine).set(0x50, &report_data).signed());
    assert!(matches!(
        verify_content(&content, &platform(&machine).collateral(), &reference()),
        Err(AppraisalError::AttesterMismatch { .. })
    ));
    // Hardware under another root.
    assert!(matches!(
        verify_content(&machine.content(), &Collateral::none(), &reference()),
        Err(AppraisalError::UntrustedRoot { .. })
    ));
}

#[test]
fn the_hardware_is_judged_as_without_a_vtpm() {
    let machine = Machine::new();
    let with = |platform: snp::Platform| {
        let mut content = machine.content();
        content.hcl_report = machine.hcl_report(&platform.signed());
        verify_content(&content, &platform.collateral(), &reference())
    };
    assert!(matches!(
        with(platform(&machine).set(8, &0xb_0000u64.to_le_bytes())),
        Err(AppraisalError::DebugNotAllowed { .. })
    ));
    assert!(matches!(
        with(platform(&machine).set(0x90, &[7; 48])),
        Err(AppraisalError::MeasurementMismatch {
            claim: "MEASUREMENT",
            ..
        })
    ));
    assert!(matches!(
        with(platform(&machine).set(0x30, &[2])),
        Err(AppraisalError::ConfigurationNotAllowed { claim: "VMPL", .. })
    ));
    let content = machine.content();
    let collateral = platform(&machine).collateral();
    let stale = AzureVtpmIsolate {
        sev_snp: Some(SevSnpIsolate {
            minimum_tcb: veracruz_policy::SnpTcb {
                snp: 99,
                ..snp::TCB
            },
            ..snp::reference()
        }),
        ..reference()
    };
    assert!(matches!(
        verify_content(&content, &collateral, &stale),
        Err(AppraisalError::StaleTcb { .. })
    ));
    let tdx = AzureVtpmIsolate {
        sev_snp: None,
        tdx: Some(td_reference()),
        ..reference()
    };
    match verify_content(&content, &collateral, &tdx) {
        Err(AppraisalError::WrongTechnology { expected, found }) => {
            assert_eq!(
                (&*expected, &*found),
                ("azure-vtpm on tdx", "azure-vtpm on sev-snp")
            );
        }
        other => panic!("{other:?}"),
    }
}

fn td_reference() -> TdxIsolate {
    TdxIsolate {
        mrtd: vec![Sha384::from_bytes(intel::MR_TD)],
        rtmr: [
            vec![],
            vec![Sha384::from_bytes([0x41; 48])],
            vec![Sha384::from_bytes([0x42; 48])],
            vec![],
        ],
        chips: Chips::Any,
        tcb_exceptions: Vec::new(),
    }
}

#[test]
fn a_machine_on_tdx_passes_with_its_quote() {
    let machine = changed(|machine| machine.kind = 4);
    let mut world = intel::World::tdx();
    // REPORTDATA of a TD.
    intel::put(&mut world.body, 520, &machine.report_data());
    let content = |td_quote: Vec<u8>| AzureVtpmContent {
        quote: machine.quote(),
        hcl_report: machine.hcl_report(&[0; 1024]),
        td_quote,
    };
    let reference = AzureVtpmIsolate {
        sev_snp: None,
        tdx: Some(td_reference()),
        ..reference()
    };
    let verify = |content: &AzureVtpmContent, reference: &AzureVtpmIsolate| {
        let collateral = world.collateral();
        let evidence = evidence(content);
        azure_vtpm::verify(
            &evidence,
            &collateral,
            reference,
            &policy(),
            &expected(),
            intel::NOW,
        )
    };
    let good = content(world.quote());
    assert!(verify(&good, &reference).is_ok());
    assert!(matches!(
        verify(&content(Vec::new()), &reference),
        Err(AppraisalError::MissingCollateral {
            part: "TD quote",
            ..
        })
    ));
    assert!(matches!(
        verify(&content(intel::World::tdx().quote()), &reference),
        Err(AppraisalError::AttesterMismatch { .. })
    ));
    let snp = AzureVtpmIsolate {
        sev_snp: Some(snp::reference()),
        tdx: None,
        ..reference.clone()
    };
    assert!(matches!(
        verify(&good, &snp),
        Err(AppraisalError::WrongTechnology { .. })
    ));
}

#[test]
fn what_is_no_quote_is_refused() {
    for machine in [
        changed(|machine| machine.magic = 0xff54_4346),
        changed(|machine| machine.quote_type = 0x8017),
        changed(|machine| machine.registers.clear()),
    ] {
        assert!(matches!(
            verify(&machine),
            Err(AppraisalError::Malformed { part: "quote", .. })
        ));
    }
    let weak = changed(|machine| machine.bank = 0x0004);
    assert!(matches!(
        verify(&weak),
        Err(AppraisalError::WeakDigest { .. })
    ));
    let log = changed(|machine| machine.log = vec![1; 64]);
    assert!(matches!(
        verify(&log),
        Err(AppraisalError::Malformed { .. } | AppraisalError::EventLogMismatch { .. })
    ));
}

#[test]
fn the_paravisors_report_has_one_form() {
    let malformed = |machine: Machine| match verify(&machine) {
        Err(AppraisalError::Malformed { part, .. }) => part,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        malformed(changed(|machine| machine.request = 1)),
        "HCL report"
    );
    assert_eq!(
        malformed(changed(|machine| machine.wrong = 1)),
        "HCL report"
    );
    assert_eq!(
        malformed(changed(|machine| machine.padding = vec![0, 1])),
        "HCL report"
    );
    for machine in [
        changed(|machine| machine.version = 3),
        changed(|machine| machine.kind = 3),
    ] {
        assert!(matches!(
            verify(&machine),
            Err(AppraisalError::UnknownProfile { .. })
        ));
    }
    let hash = changed(|machine| machine.hash = 2);
    assert!(matches!(
        verify(&hash),
        Err(AppraisalError::BadAlgorithm { .. })
    ));
    let good = runtime_data(TestKey::rsa(2));
    for data in [
        String::new(),
        "{}".into(),
        good.replace("HCLAkPub", "HCLPub"),
        good.replace("HCLEkPub", "HCLAkPub"),
        good.replace("RSA", "EC"),
        good.replace(r#""e":"AQAB""#, r#""e":"!""#),
    ] {
        assert_eq!(
            malformed(changed(|machine| machine.runtime_data = data)),
            "runtime data"
        );
    }
}

#[test]
fn no_changed_byte_of_forged_evidence_passes() {
    let machine = Machine::new();
    let content = machine.content().encode();
    let collateral = platform(&machine).collateral();
    assert!(azure_vtpm::examine(&content, &collateral, None, NOW).is_ok());
    for index in 0..content.len() {
        let mut changed = content.clone();
        changed[index] ^= 1 << (index % 8);
        let found = azure_vtpm::examine(&changed, &collateral, None, NOW);
        // Words of the HCL header that say nothing: status, and what is reserved.
        if let Ok(found) = found {
            let start = content
                .windows(4)
                .position(|bytes| bytes == b"HCLA")
                .unwrap();
            let header = (start + 16..start + 32).contains(&index);
            let version = (start + 1220..start + 1224).contains(&index);
            assert!(header || version, "{index}");
            assert_eq!(
                found.bound_to(),
                Sha256::of(expected().as_bytes()).as_bytes()
            );
        }
    }
    for length in 0..content.len() {
        assert!(azure_vtpm::examine(&content[..length], &collateral, None, NOW).is_err());
    }
    assert!(matches!(
        azure_vtpm::examine(&[&*content, &[0]].concat(), &collateral, None, NOW),
        Err(AppraisalError::Malformed { .. })
    ));
}

// Files of others.

#[test]
fn imports_json_of_every_version_of_trustee() {
    let machine = Machine::new();
    let platform = platform(&machine);
    let content = machine.content();
    let [vcek, ask, ark] = platform.certificates();
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let url = |bytes: &[u8]| data_encoding::BASE64URL.encode(bytes);
    let (attest, signature) = (&content.quote.attest, &content.quote.signature[6..]);
    let pcrs: Vec<&[u8]> = content
        .quote
        .registers
        .values()
        .map(|pcr| &pcr.as_bytes()[..])
        .collect();
    let pcrs_hex: Vec<String> = pcrs.iter().map(|pcr| hex(pcr)).collect();
    let hcl = &content.hcl_report;
    let new = |version: u8| {
        format!(
            r#"{{"version":{version},"tpm_quote":{{"signature":"{}","message":"{}","pcrs":{pcrs_hex:?}}},"hcl_report":"{}","vcek":"{}"}}"#,
            hex(signature),
            hex(attest),
            url(hcl),
            url(&vcek)
        )
    };
    let old = format!(
        r#"{{"quote":{{"signature":{signature:?},"message":{attest:?},"pcrs":{pcrs:?}}},"report":{hcl:?},"vcek":"{}"}}"#,
        x509::pem(&vcek).replace('\n', "\\n")
    );
    for json in [new(1), new(2), old] {
        let mut collateral = platform.collateral();
        let imported = azure_vtpm::import(json.as_bytes(), &mut collateral).unwrap();
        collateral.add(&ask).unwrap();
        collateral.add(&ark).unwrap();
        let examined = azure_vtpm::examine(&imported, &collateral, Some(&reference()), NOW);
        assert!(examined.is_ok(), "{examined:?}");
        assert_eq!(
            azure_vtpm::import(&imported, &mut collateral),
            Ok(imported.clone())
        );
    }
    let tdx = new(1).replace("\"vcek\"", "\"td_quote\"");
    let imported = azure_vtpm::import(tdx.as_bytes(), &mut Collateral::none()).unwrap();
    let imported = veracruz_evidence::azure_vtpm::parse(&imported).unwrap();
    assert_eq!(imported.td_quote, vcek);
    // Azure's service leaves zeros behind a quote.
    let quote = intel::World::tdx().quote();
    let padded = new(1).replace(&url(&vcek), &url(&[&*quote, &[0; 64]].concat()));
    let padded = padded.replace("\"vcek\"", "\"td_quote\"");
    let imported = azure_vtpm::import(padded.as_bytes(), &mut Collateral::none()).unwrap();
    let imported = veracruz_evidence::azure_vtpm::parse(&imported).unwrap();
    assert_eq!(imported.td_quote, quote);
    for json in ["{}", r#"{"quote":{}}"#, "HCLA", ""] {
        assert!(matches!(
            azure_vtpm::import(json.as_bytes(), &mut Collateral::none()),
            Err(AppraisalError::Malformed { .. })
        ));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let _ = azure_vtpm::examine(&bytes, &Collateral::none(), None, NOW);
        let _ = azure_vtpm::import(&bytes, &mut Collateral::none());
        let file = [b"HCLA", bytes.as_slice()].concat();
        let _ = azure_vtpm::import(&file, &mut Collateral::none());
        let content = AzureVtpmContent { hcl_report: file, ..AzureVtpmContent::default() };
        let _ = azure_vtpm::examine(&content.encode(), &Collateral::none(), None, NOW);
    }
}

/// Prints what an appraisal costs: `cargo test --release -p veracruz-appraisal --test azure_vtpm cost
/// -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
fn cost_of_an_appraisal() {
    let machine = Machine::new();
    let (content, collateral) = (machine.content().encode(), platform(&machine).collateral());
    let spent = cost::per_call(|| {
        azure_vtpm::examine(&content, &collateral, None, NOW).unwrap();
    });
    println!("a quote on SEV-SNP: {spent:?} of CPU");
}
