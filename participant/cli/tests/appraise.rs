//! `veracruz appraise` and `veracruz collateral`, by the binary: every recorded piece of evidence at
//! its own time, and what is printed.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use veracruz_appraisal::{Collateral, Technology, cca, nitro, psa, sev_snp, tdx};

/// Exit codes.
const AFFIRMING: i32 = 0;
const LOCAL: i32 = 3;
const REFUSED: i32 = 4;
const WARNING: i32 = 7;
const MALFORMED: i32 = 8;

/// Runs the binary without anybody's own store of collateral.
fn veracruz(arguments: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(arguments)
        .env("VERACRUZ_HOME", "/nonexistent")
        .env_remove("VERACRUZ_COLLATERAL")
        .output()
        .expect("the binary runs")
}

/// The exit code, and what it printed as JSON.
fn told(arguments: &[&OsStr]) -> (i32, Value) {
    let output = veracruz(&[arguments, &["--json".as_ref()]].concat());
    let printed = if output.stdout.is_empty() {
        &output.stderr
    } else {
        &output.stdout
    };
    let text = String::from_utf8_lossy(printed);
    let document = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
    (output.status.code().expect("it ends by itself"), document)
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Recorded evidence; `None`, with a word, where there is none.
fn vector(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("VERACRUZ_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no vectors in VERACRUZ_VECTORS or ../shared/vectors (no {name})");
    None
}

/// A piece of evidence, what it is judged with, when, and what comes out.
struct Recorded {
    technology: &'static str,
    evidence: &'static str,
    collateral: &'static [&'static str],
    now: &'static str,
    exit: i32,
    /// The code of the error; empty where there is none.
    code: &'static str,
}

const fn recorded(
    technology: &'static str,
    evidence: &'static str,
    collateral: &'static [&'static str],
    now: &'static str,
    exit: i32,
    code: &'static str,
) -> Recorded {
    Recorded {
        technology,
        evidence,
        collateral,
        now,
        exit,
        code,
    }
}

const MILAN: &str = "sev-snp/trustee/milan_ask_ark_asvk.pem";
/// When every recorded certificate of AMD was valid.
const SNP: &str = "2025-10-01T00:00:00Z";
/// For evidence without dates.
const ANY: &str = "2026-01-01T00:00:00Z";
const SGX: &str = "sgx-dcap/phala/sgx_quote";
const SGX_COLLATERAL: &[&str] = &["sgx-dcap/phala/sgx_quote_collateral.json"];
const TFM: &[&str] = &["psa/tf-m/public.pem"];
const VERAISON: &[&str] = &["cca/rust-ccatoken/ta-02-ok.json"];
const TA: &[&str] = &["cca/rust-ccatoken/ta-tfa.json"];

const RECORDED: &[Recorded] = &[
    recorded(
        "sgx-dcap",
        SGX,
        SGX_COLLATERAL,
        "2025-06-19T11:56:11Z",
        REFUSED,
        "VC-0223",
    ),
    recorded("sgx", SGX, &[], "2025-06-19T11:56:11Z", REFUSED, "VC-0221"),
    recorded(
        "tdx",
        "tdx/phala/tdx_quote",
        &["tdx/phala/tdx_quote_collateral.json"],
        "2025-06-19T11:32:27Z",
        AFFIRMING,
        "",
    ),
    recorded(
        "tdx",
        "tdx/phala/tdx_quote",
        &["tdx/phala/tdx_quote_collateral.json"],
        "2025-08-01T00:00:00Z",
        REFUSED,
        "VC-0219",
    ),
    recorded(
        "tdx",
        "tdx/phala-0.7.1/tdx_quote_td15ex",
        &["tdx/phala-0.7.1/tdx_quote_td15ex_collateral.json"],
        "2026-10-08T01:09:46Z",
        AFFIRMING,
        "",
    ),
    recorded(
        "tdx",
        "tdx/phala/tdx_quote_outdated",
        &["tdx/phala/tdx_quote_outdated_collateral.json"],
        "2026-02-25T06:13:20Z",
        REFUSED,
        "VC-0223",
    ),
    recorded(
        "tdx",
        "tdx/trustee/tdx_quote_5.dat",
        &[],
        ANY,
        REFUSED,
        "VC-0221",
    ),
    recorded(
        "tdx",
        SGX,
        SGX_COLLATERAL,
        "2025-06-19T11:56:11Z",
        REFUSED,
        "VC-0211",
    ),
    recorded(
        "snp",
        "sev-snp/virtee/report_milan.hex",
        &[
            "sev-snp/virtee/vcek_milan.der",
            "sev-snp/virtee/cert_chain_milan",
        ],
        SNP,
        AFFIRMING,
        "",
    ),
    recorded(
        "sev-snp",
        "sev-snp/trustee/test-report.bin",
        &["sev-snp/trustee/test-vcek.der", MILAN],
        SNP,
        AFFIRMING,
        "",
    ),
    recorded(
        "amd-sev-snp",
        "sev-snp/trustee/test-vlek-report.bin",
        &["sev-snp/trustee/test-vlek.der", MILAN],
        SNP,
        AFFIRMING,
        "",
    ),
    recorded(
        "sev-snp",
        "sev-snp/oak/report-milan_oc_release.bin",
        &["sev-snp/oak/vcek-milan_oc_release.der", MILAN],
        SNP,
        AFFIRMING,
        "",
    ),
    recorded(
        "sev-snp",
        "sev-snp/oak/report-genoa_oc.bin",
        &[
            "sev-snp/oak/vcek-genoa_oc.der",
            "sev-snp/trustee/genoa_ask_ark_asvk.pem",
        ],
        SNP,
        AFFIRMING,
        "",
    ),
    recorded(
        "sev-snp",
        "sev-snp/virtee/report_milan.hex",
        &["sev-snp/trustee/test-vcek.der", MILAN],
        SNP,
        REFUSED,
        "VC-0213",
    ),
    recorded(
        "aws-nitro",
        "nitro/evervault/valid-attestation-doc-bytes",
        &[],
        "2022-10-13T08:59:02Z",
        AFFIRMING,
        "",
    ),
    recorded(
        "nitro",
        "nitro/evervault/valid-attestation-doc-bytes",
        &[],
        "2022-10-13T12:59:02Z",
        REFUSED,
        "VC-0219",
    ),
    recorded(
        "nitro",
        "nitro/evervault/valid-attestation-doc-base64",
        &[],
        "2023-09-18T15:04:30Z",
        REFUSED,
        "VC-0222",
    ),
    recorded(
        "nitro",
        "nitro/evervault/debug-mode-attestation-doc-bytes",
        &[],
        "2022-10-12T13:51:06Z",
        REFUSED,
        "VC-0222",
    ),
    recorded(
        "cca",
        "cca/rust-ccatoken/cca-token-01.cbor",
        TA,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "arm-cca",
        "cca/rust-ccatoken/cca-token-02.cbor",
        VERAISON,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "cca",
        "cca/rust-ccatoken/cca-token-02.cbor",
        &["cca/rust-ccatoken/ta-02-bad.json"],
        ANY,
        REFUSED,
        "VC-0213",
    ),
    recorded(
        "cca",
        "cca/rust-ccatoken/cca-token-draft-ffm-00.cbor",
        TA,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "cca",
        "cca/rust-ccatoken/bug-33-repro.cbor",
        TA,
        ANY,
        REFUSED,
        "VC-0215",
    ),
    recorded(
        "cca",
        "cca/trustee/cca-example-token.cbor",
        &["cca/trustee/tastore.json"],
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "gce-vtpm",
        "tpm2/google/gce-cos-85-nonce9009.pb",
        &[],
        ANY,
        REFUSED,
        "VC-0221",
    ),
    recorded(
        "psa",
        "psa/tf-m/psa-2_0_0_sign1.bin",
        TFM,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "psa-token",
        "psa/tf-m/psa-iot-1_sign1.bin",
        TFM,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "psa",
        "psa/tf-m/psa-2_0_0_mac0.bin",
        TFM,
        ANY,
        MALFORMED,
        "VC-0210",
    ),
    recorded(
        "psa",
        "psa/veraison-services/psa.good.cbor",
        VERAISON,
        ANY,
        AFFIRMING,
        "",
    ),
    recorded(
        "psa",
        "psa/veraison-services/psa-evidence.cbor",
        TFM,
        ANY,
        REFUSED,
        "VC-0213",
    ),
];

/// Judges a recorded piece, with more options; `None` where it is not there.
fn judged(case: &Recorded, more: &[&OsStr]) -> Option<(i32, Value)> {
    let evidence = vector(case.evidence)?;
    let mut arguments: Vec<OsString> = vec!["appraise".into(), "--technology".into()];
    arguments.extend([case.technology.into(), "--now".into(), case.now.into()]);
    arguments.extend(["--evidence".into(), evidence.into_os_string()]);
    for name in case.collateral {
        arguments.extend(["--collateral".into(), vector(name)?.into_os_string()]);
    }
    let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    Some(told(&[&arguments, more].concat()))
}

#[test]
fn every_recorded_piece_of_evidence_gets_its_verdict_at_its_time() {
    for case in RECORDED {
        let Some((exit, document)) = judged(case, &[]) else {
            continue;
        };
        let name = case.evidence;
        let code = document["error"]["code"].as_str().unwrap_or_default();
        assert_eq!((exit, code), (case.exit, case.code), "{name}: {document}");
        let verdict = match exit {
            AFFIRMING => ("affirming", "affirming"),
            REFUSED => ("refused", "contraindicated"),
            MALFORMED => ("malformed", "none"),
            other => panic!("{name}: {other}"),
        };
        assert_eq!(
            (&document["verdict"], &document["status"]),
            (&verdict.0.into(), &verdict.1.into()),
            "{name}"
        );
        assert_eq!(document["judged_at"], case.now, "{name}");
        assert_eq!(document["compared"], false, "{name}");
        assert_eq!(document["bound"], false, "{name}");
        if exit == AFFIRMING {
            assert!(document["measurement"].is_string(), "{name}: {document}");
            assert!(!document["facts"].as_array().unwrap().is_empty(), "{name}");
            let not_judged = document["not_judged"].to_string();
            assert!(not_judged.contains("Genuineness alone"), "{not_judged}");
        } else {
            assert!(document["error"]["hint"].is_string(), "{name}");
        }
    }
}

#[test]
fn a_named_exception_is_a_warning_and_not_an_affirmation() {
    let case = &RECORDED[0];
    let (Some(quote), folder) = (vector(case.evidence), tempfile::tempdir().unwrap()) else {
        return;
    };
    let quote = std::fs::read(quote).unwrap();
    let enclave = data_encoding::HEXLOWER.encode(&quote[112..144]);
    let sgx = |advisories: &[&str]| {
        json!({
            "mrenclave": [enclave],
            "any_chip": true,
            "tcb_exceptions": [
                { "status": "ConfigurationAndSWHardeningNeeded", "advisories": advisories }
            ],
        })
    };
    let path = folder.path().join("reference.json");
    let with = |reference: &Value| {
        std::fs::write(&path, reference.to_string()).unwrap();
        judged(case, &["--reference".as_ref(), path.as_os_str()]).unwrap()
    };
    let all = ["INTEL-SA-00289", "INTEL-SA-00615"];
    // As in a policy, and the object of the kind alone.
    for reference in [json!({ "sgx": sgx(&all) }), sgx(&all)] {
        let (exit, document) = with(&reference);
        assert_eq!(exit, WARNING, "{document}");
        assert_eq!(document["status"], "warning");
        assert_eq!(document["compared"], true);
        assert_eq!(document["measurement"], *enclave);
    }
    let (exit, document) = with(&json!({ "sgx": sgx(&all[..1]) }));
    assert_eq!(
        (exit, &document["error"]["code"]),
        (REFUSED, &"VC-0223".into())
    );
    let (exit, document) = with(&json!({ "process": {} }));
    assert_eq!((exit, &document["code"]), (LOCAL, &"VC-0816".into()));
}

#[test]
fn a_reference_for_other_technologies_is_no_reference() {
    let case = &RECORDED[2];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reference.json");
    let nitro = "ab".repeat(48);
    let reference = json!({
        "nitro": { "pcr0": [nitro], "pcr1": [nitro], "pcr2": [nitro], "any_chip": true }
    });
    std::fs::write(&path, reference.to_string()).unwrap();
    let Some((exit, document)) = judged(case, &["--reference".as_ref(), path.as_os_str()]) else {
        return;
    };
    assert_eq!(
        (exit, &document["error"]["code"]),
        (REFUSED, &"VC-0211".into())
    );
    assert_eq!(document["error"]["expected"], "nitro");
    assert_eq!(document["error"]["found"], "tdx");
}

#[test]
fn report_data_is_compared_with_zeros_after_it() {
    let case = &RECORDED[8];
    let Some((_, document)) = judged(case, &[]) else {
        return;
    };
    let field = document["report_data"].as_str().unwrap().to_owned();
    let with = |hex: &str| judged(case, &["--report-data".as_ref(), hex.as_ref()]).unwrap();
    let trimmed = field.trim_end_matches("00");
    for right in [field.as_str(), trimmed, &field.to_uppercase()] {
        let (exit, document) = with(right);
        assert_eq!(
            (exit, &document["bound"]),
            (AFFIRMING, &true.into()),
            "{document}"
        );
    }
    for wrong in ["ab", &format!("{field}00"), &"00".repeat(64)] {
        let (exit, document) = with(wrong);
        let error = &document["error"];
        assert_eq!(
            (exit, &error["code"]),
            (REFUSED, &"VC-0215".into()),
            "{document}"
        );
        assert!(
            error["found"].as_str().unwrap().starts_with(&field),
            "{error}"
        );
    }
    let (exit, document) = with("no hex");
    assert_eq!((exit, &document["code"]), (2, &"VC-0808".into()));
}

#[test]
fn a_tpm_is_judged_by_a_key_that_the_caller_gives() {
    let case = recorded(
        "tpm2",
        "tpm2/trustee/tpm_evidence.json",
        &[],
        ANY,
        AFFIRMING,
        "",
    );
    let (Some(file), folder) = (vector(case.evidence), tempfile::tempdir().unwrap()) else {
        return;
    };
    let (exit, document) = judged(&case, &[]).unwrap();
    let error = &document["error"];
    assert_eq!(
        (exit, &error["code"]),
        (REFUSED, &"VC-0221".into()),
        "{document}"
    );
    let evidence: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let public = evidence["ak_public"].as_str().unwrap();
    let key = folder.path().join("ak.der");
    std::fs::write(
        &key,
        data_encoding::BASE64.decode(public.as_bytes()).unwrap(),
    )
    .unwrap();
    let (exit, document) = judged(&case, &["--collateral".as_ref(), key.as_os_str()]).unwrap();
    assert_eq!(exit, AFFIRMING, "{document}");
    assert_eq!(document["technology"], "tpm");
}

#[test]
fn evidence_in_an_envelope_needs_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence.json");
    for case in RECORDED.iter().filter(|case| case.exit == AFFIRMING) {
        let Some(path) = vector(case.evidence) else {
            return;
        };
        let raw = std::fs::read(path).unwrap();
        let mut given = Collateral::none();
        let (technology, content) = match case.technology {
            "tdx" => (Technology::Tdx, tdx::import(&raw, &mut given)),
            "aws-nitro" => (Technology::Nitro, nitro::import(&raw, &mut given)),
            "cca" | "arm-cca" => (Technology::Cca, cca::import(&raw, &mut given)),
            "psa" | "psa-token" => (Technology::Psa, psa::import(&raw, &mut given)),
            _ => (Technology::SevSnp, sev_snp::import(&raw, &mut given)),
        };
        let content = data_encoding::BASE64URL_NOPAD.encode(&content.unwrap());
        let record = json!([technology.media_type(), content]);
        std::fs::write(&file, record.to_string()).unwrap();
        let mut arguments: Vec<OsString> = vec!["appraise".into(), "--now".into()];
        arguments.extend([case.now.into(), "--evidence".into(), file.clone().into()]);
        for name in case.collateral {
            let path = vector(name).unwrap();
            arguments.extend(["--collateral".into(), path.into_os_string()]);
        }
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let (exit, document) = told(&arguments);
        assert_eq!(exit, AFFIRMING, "{}: {document}", case.evidence);
        assert_eq!(document["technology"], technology.name());
        let other = [
            &arguments,
            &[OsStr::new("--technology"), "sgx".as_ref()][..],
        ]
        .concat();
        let (exit, document) = told(&other);
        assert_eq!(
            (exit, &document["error"]["code"]),
            (REFUSED, &"VC-0211".into())
        );
    }
}

#[test]
fn azure_s_report_and_quote_of_different_machines_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence");
    let (Some(report), Some(quote), Some(certificates)) = (
        vector("vtpm-azure/kinvolk/hcl-report-snp.bin"),
        vector("vtpm-azure/kinvolk/quote.bin"),
        vector("vtpm-azure/kinvolk/certs.pem"),
    ) else {
        return;
    };
    let both = [
        std::fs::read(report).unwrap(),
        std::fs::read(quote).unwrap(),
    ]
    .concat();
    std::fs::write(&file, both).unwrap();
    let (exit, document) = told(&[
        "appraise".as_ref(),
        "--technology".as_ref(),
        "az-snp-vtpm".as_ref(),
        "--now".as_ref(),
        SNP.as_ref(),
        "--evidence".as_ref(),
        file.as_os_str(),
        "--collateral".as_ref(),
        certificates.as_os_str(),
    ]);
    assert_eq!(exit, REFUSED, "{document}");
    assert_eq!(document["technology"], "azure-vtpm");
}

#[test]
fn corims_of_vendors_are_reference_values() {
    // Veraison's token and its endorsements.
    let case = RECORDED
        .iter()
        .find(|case| case.evidence.ends_with("psa.good.cbor"))
        .unwrap();
    let (Some(corim), Some(other)) = (
        vector("psa/veraison-services/psa-endorsements.cbor"),
        vector("psa/veraison-services/psa-iot/corim-psa-bad-class.cbor"),
    ) else {
        return;
    };
    let with = |path: &Path| judged(case, &["--reference".as_ref(), path.as_os_str()]).unwrap();
    let (exit, document) = with(&corim);
    assert_eq!(
        (exit, &document["compared"]),
        (AFFIRMING, &true.into()),
        "{document}"
    );
    let (exit, document) = with(&other);
    assert_eq!(
        (exit, &document["code"]),
        (LOCAL, &"VC-0816".into()),
        "{document}"
    );
}

#[test]
fn evidence_in_any_of_the_usual_encodings_is_the_same() {
    let case = &RECORDED[2];
    let (Some(path), Some(collateral), folder) = (
        vector(case.evidence),
        vector(case.collateral[0]),
        tempfile::tempdir().unwrap(),
    ) else {
        return;
    };
    let raw = std::fs::read(path).unwrap();
    let media_type = Technology::Tdx.media_type();
    let encoded = data_encoding::BASE64URL_NOPAD.encode(&raw);
    for (name, contents, said) in [
        ("hex", data_encoding::HEXUPPER.encode(&raw), true),
        ("base64", data_encoding::BASE64_MIME.encode(&raw), true),
        ("cmw.json", json!([media_type, encoded]).to_string(), false),
        ("cmw.json", json!([media_type, encoded]).to_string(), true),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, contents).unwrap();
        let mut arguments = vec![
            OsStr::new("appraise"),
            "--now".as_ref(),
            case.now.as_ref(),
            "--collateral".as_ref(),
            collateral.as_os_str(),
            "--evidence".as_ref(),
            file.as_os_str(),
        ];
        if said {
            arguments.extend([OsStr::new("--technology"), "tdx".as_ref()]);
        }
        let (exit, document) = told(&arguments);
        assert_eq!(exit, AFFIRMING, "{name}: {document}");
        assert_eq!(document["technology"], "tdx");
    }
    // Neither the caller nor an envelope says what it is.
    let file = folder.path().join("raw");
    std::fs::write(&file, &raw).unwrap();
    let (exit, document) = told(&["appraise".as_ref(), "--evidence".as_ref(), file.as_os_str()]);
    assert_eq!(
        (exit, &document["error"]["code"]),
        (REFUSED, &"VC-0211".into())
    );
    assert!(document["clock"] == "this machine", "{document}");
}

#[test]
fn what_is_no_evidence_is_malformed_for_every_technology() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence");
    for technology in Technology::ALL {
        for contents in [&b""[..], b"\x00", b"{}", b"hello, world"] {
            std::fs::write(&file, contents).unwrap();
            let (exit, document) = told(&[
                "appraise".as_ref(),
                "--technology".as_ref(),
                technology.name().as_ref(),
                "--evidence".as_ref(),
                file.as_os_str(),
            ]);
            assert_eq!(exit, MALFORMED, "{technology} {contents:?}: {document}");
        }
    }
    let (exit, document) = told(&[
        "appraise".as_ref(),
        "--technology".as_ref(),
        "sgx".as_ref(),
        "--evidence".as_ref(),
        folder.path().join("nothing").as_os_str(),
    ]);
    assert_eq!(
        (exit, &document["code"]),
        (LOCAL, &"VC-0809".into()),
        "{document}"
    );
}

#[test]
fn a_verdict_in_words_says_what_was_not_judged() {
    let (Some(evidence), Some(vcek)) = (
        vector("sev-snp/trustee/test-report.bin"),
        vector("sev-snp/trustee/test-vcek.der"),
    ) else {
        return;
    };
    let milan = vector(MILAN).unwrap();
    let output = veracruz(&[
        "appraise".as_ref(),
        "--technology".as_ref(),
        "sev-snp".as_ref(),
        "--evidence".as_ref(),
        evidence.as_os_str(),
        "--collateral".as_ref(),
        vcek.as_os_str(),
        "--collateral".as_ref(),
        milan.as_os_str(),
        "--now".as_ref(),
        "2025-10-01T02:00:00+02:00".as_ref(),
    ]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(AFFIRMING), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "affirming: genuine sev-snp evidence");
    assert!(lines[1].starts_with("  measurement  "), "{text}");
    let from = lines
        .iter()
        .position(|line| *line == "NOT judged:")
        .unwrap();
    assert_eq!(
        lines[from + 1],
        "  - what it is of. Genuineness alone: no reference values were given, and genuine hardware \
         runs anything"
    );
    assert!(
        lines[from + 2].starts_with("  - for whom it was made: "),
        "{text}"
    );
    assert!(lines[from + 3].contains("HOST_DATA"), "{text}");
    assert_eq!(
        *lines.last().unwrap(),
        "judged at 2025-10-01T00:00:00Z, by the caller's word (--now)"
    );
}

#[test]
fn collateral_is_kept_under_its_digest_and_used_from_there() {
    let (Some(evidence), Some(vcek), Some(milan)) = (
        vector("sev-snp/trustee/test-report.bin"),
        vector("sev-snp/trustee/test-vcek.der"),
        vector(MILAN),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = ["--collateral".as_ref(), folder.path().as_os_str()];
    let (exit, document) = told(
        &[
            &[OsStr::new("collateral"), "add".as_ref()],
            &store[..],
            &[vcek.as_os_str(), milan.as_os_str()],
        ]
        .concat(),
    );
    assert_eq!(exit, 0, "{document}");
    let sha256 = document["files"][0]["sha256"].as_str().unwrap().to_owned();
    let listed = [&[OsStr::new("collateral"), "list".as_ref()], &store[..]].concat();
    let output = veracruz(&listed);
    let list = text(&output);
    assert!(list.contains("certificate"), "{list}");
    assert!(list.contains("Milan"), "{list}");
    assert!(list.contains("until 20"), "{list}");
    let (_, shown) = told(
        &[
            &[OsStr::new("collateral"), "show".as_ref()],
            &store[..],
            &[OsStr::new(sha256.get(..10).unwrap())],
        ]
        .concat(),
    );
    assert_eq!(shown["sha256"], *sha256);
    let judge = || {
        let mut arguments = vec![
            OsStr::new("appraise"),
            "--technology".as_ref(),
            "sev-snp".as_ref(),
            "--evidence".as_ref(),
            evidence.as_os_str(),
            "--now".as_ref(),
            SNP.as_ref(),
        ];
        arguments.extend(store);
        told(&arguments)
    };
    assert_eq!(judge().0, AFFIRMING);
    let removed = [
        &[OsStr::new("collateral"), "remove".as_ref()],
        &store[..],
        &[OsStr::new(&sha256)],
    ];
    assert_eq!(told(&removed.concat()).0, 0);
    let (exit, document) = judge();
    assert_eq!(
        (exit, &document["error"]["code"]),
        (REFUSED, &"VC-0221".into())
    );
    // Expired pieces stay, and are shown as what they are.
    let Some(old) = vector(SGX_COLLATERAL[0]) else {
        return;
    };
    let add = [
        &[OsStr::new("collateral"), "add".as_ref()],
        &store[..],
        &[old.as_os_str()],
    ];
    let added = text(&veracruz(&add.concat()));
    assert!(added.contains("TCB info"), "{added}");
    assert!(added.contains("FMSPC 00a067110000"), "{added}");
    assert!(added.contains("EXPIRED at 2025-07-19T"), "{added}");
}

#[test]
fn a_runtime_is_measured_for_a_policy_and_as_a_corim() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = folder.path().join("runtime");
    std::fs::write(&runtime, b"a runtime").unwrap();
    let corim = folder.path().join("runtime.corim");
    let key = "ab".repeat(32);
    let (exit, plain) = told(&["measure".as_ref(), runtime.as_os_str()]);
    assert_eq!(exit, 0, "{plain}");
    let measured = plain["runtime"].as_str().unwrap();
    assert_eq!(measured.len(), 64);
    let policy = text(&veracruz(&[
        "measure".as_ref(),
        runtime.as_os_str(),
        "--format".as_ref(),
        "policy".as_ref(),
        "--attester".as_ref(),
        key.as_ref(),
    ]));
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let expected = json!({ "process": { "runtime": [measured], "attesters": [key] } });
    assert_eq!(policy, expected);
    let (exit, document) = told(&[
        "measure".as_ref(),
        runtime.as_os_str(),
        "--format".as_ref(),
        "corim".as_ref(),
        "--out".as_ref(),
        corim.as_os_str(),
        "--attester".as_ref(),
        key.as_ref(),
    ]);
    assert_eq!(exit, 0, "{document}");
    let file = std::fs::read(corim).unwrap();
    let corim = veracruz_appraisal::corim::Corim::parse(&file, None).unwrap();
    let isolates = veracruz_appraisal::corim::isolates(&[corim], &[]).unwrap();
    let process = isolates.process.unwrap();
    assert_eq!(process.runtime[0].to_string(), measured);
    assert_eq!(process.attesters[0].to_string(), key);
}
