//! Recorded reports of real hardware.

use super::*;

/// When every recorded certificate was valid: 2025-10-01T00:00:00Z.
const THEN: Timestamp = Timestamp::from_seconds(1_759_276_800);

/// Report, collateral; and version, key, VMPL, product, chip (first bytes).
type Recorded = (
    &'static str,
    &'static [&'static str],
    [&'static str; 4],
    &'static str,
);

const MILAN: &str = "sev-snp/trustee/milan_ask_ark_asvk.pem";
const RECORDED: &[Recorded] = &[
    (
        "sev-snp/virtee/report_milan.hex",
        &[
            "sev-snp/virtee/vcek_milan.der",
            "sev-snp/virtee/cert_chain_milan",
        ],
        ["2", "VCEK", "0", "Milan"],
        "3ac3fe21e13fb0990eb28a802e3fb6a29483a6b0753590c951bdd3b8e53786184ca39e359669a2b76a1936776b564ea464cdce40c05f63c9b610c5068b006b5d",
    ),
    (
        "sev-snp/trustee/test-report.bin",
        &["sev-snp/trustee/test-vcek.der", MILAN],
        ["2", "VCEK", "0", "Milan"],
        "",
    ),
    (
        "sev-snp/trustee/test-vlek-report.bin",
        &["sev-snp/trustee/test-vlek.der", MILAN],
        ["3", "VLEK", "1", "Milan"],
        "hidden",
    ),
    (
        "sev-snp/oak/report-milan_oc_release.bin",
        &["sev-snp/oak/vcek-milan_oc_release.der", MILAN],
        ["3", "VCEK", "0", "Milan"],
        "",
    ),
    (
        "sev-snp/oak/report-genoa_oc.bin",
        &[
            "sev-snp/oak/vcek-genoa_oc.der",
            "sev-snp/virtee/genoa/ark.pem",
            "sev-snp/virtee/genoa/ask.pem",
        ],
        ["5", "VCEK", "0", "Genoa"],
        "",
    ),
];

/// A recorded report in the form of our evidence, with its collateral.
fn recorded(report: &str, collateral: &[&str]) -> Option<(Vec<u8>, Collateral)> {
    let mut collateral = vectors::collateral(collateral)?;
    let file = vectors::vector(report)?;
    let content = sev_snp::import(&file, &mut collateral).unwrap();
    Some((content, collateral))
}

#[test]
fn every_recorded_report_is_genuine() {
    for (report, collateral, [version, key, vmpl, product], chip) in RECORDED {
        let Some((content, collateral)) = recorded(report, collateral) else {
            return;
        };
        let examined = sev_snp::examine(&content, &collateral, None, THEN)
            .unwrap_or_else(|error| panic!("{report}: {error}"));
        assert_eq!(fact(&examined, "VERSION"), *version, "{report}");
        assert_eq!(fact(&examined, "SIGNING_KEY"), *key, "{report}");
        assert_eq!(fact(&examined, "VMPL"), *vmpl, "{report}");
        assert_eq!(fact(&examined, "product"), *product, "{report}");
        if *chip == "hidden" {
            assert_eq!(fact(&examined, "CHIP_ID"), *chip, "{report}");
        } else {
            assert_eq!(fact(&examined, "CHIP_ID").len(), 128, "{report}");
        }
        assert!(!examined.compared());
    }
}

#[test]
fn a_recorded_report_is_compared_with_reference_values() {
    let (report, collateral, ..) = RECORDED[2];
    let Some((content, collateral)) = recorded(report, collateral) else {
        return;
    };
    let found = sev_snp::examine(&content, &collateral, None, THEN).unwrap();
    let mut reference = SevSnpIsolate {
        measurement: vec![Sha384::from_bytes(
            found.measurement().as_bytes().try_into().unwrap(),
        )],
        vmpl: 1,
        signing_key: SnpSigningKey::Vlek,
        ..reference()
    };
    let examine =
        |reference: &SevSnpIsolate| sev_snp::examine(&content, &collateral, Some(reference), THEN);
    assert!(examine(&reference).unwrap().compared());
    reference.vmpl = 0;
    assert!(matches!(
        examine(&reference),
        Err(AppraisalError::ConfigurationNotAllowed { claim: "VMPL", .. })
    ));
}

#[test]
fn recorded_collateral_of_others_does_not_fit() {
    let milan_report = "sev-snp/virtee/report_milan.hex";
    // Another chip's VCEK.
    for other in [
        "sev-snp/oak/vcek-milan_oc_release.der",
        "sev-snp/trustee/test-vcek.der",
        "sev-snp/trustee/test-vcek-invalid-new.der",
        "sev-snp/trustee/test-vcek-invalid-legacy.der",
    ] {
        let Some((content, collateral)) = recorded(milan_report, &[other, MILAN]) else {
            return;
        };
        let found = sev_snp::examine(&content, &collateral, None, THEN);
        assert!(
            matches!(found, Err(AppraisalError::BadSignature { .. })),
            "{other}: {found:?}"
        );
    }
    // Genoa's authorities for a chip of Milan.
    let vcek = "sev-snp/virtee/vcek_milan.der";
    let genoa = [
        "sev-snp/virtee/genoa/ark.pem",
        "sev-snp/virtee/genoa/ask.pem",
    ];
    let (content, collateral) = recorded(milan_report, &[vcek, genoa[0], genoa[1]]).unwrap();
    let found = sev_snp::examine(&content, &collateral, None, THEN);
    assert!(matches!(
        found,
        Err(AppraisalError::BadChain { part: "VCEK", .. })
    ));
    // The authority of VCEKs for a VLEK.
    let vlek = "sev-snp/trustee/test-vlek.der";
    let report = "sev-snp/trustee/test-vlek-report.bin";
    let (content, collateral) =
        recorded(report, &[vlek, "sev-snp/virtee/cert_chain_milan"]).unwrap();
    let found = sev_snp::examine(&content, &collateral, None, THEN);
    assert!(matches!(
        found,
        Err(AppraisalError::BadChain { part: "VLEK", .. })
    ));
    // A report by a VLEK with a chain of a VCEK.
    let (content, collateral) = recorded(report, &[vcek, MILAN]).unwrap();
    let found = sev_snp::examine(&content, &collateral, None, THEN);
    assert!(matches!(
        found,
        Err(AppraisalError::BadSignature { part: "report" })
    ));
}

#[test]
fn recorded_certificates_have_their_dates() {
    let (report, names, ..) = RECORDED[2];
    let Some((content, collateral)) = recorded(report, names) else {
        return;
    };
    let examine = |now: &str| sev_snp::examine(&content, &collateral, None, now.parse().unwrap());
    assert!(examine("2025-12-10T22:14:21Z").is_ok());
    assert!(matches!(
        examine("2025-12-10T22:14:22Z"),
        Err(AppraisalError::Expired { part: "VLEK", .. })
    ));
    assert!(examine("2024-12-10T22:14:21Z").is_ok());
    assert!(matches!(
        examine("2024-12-10T22:14:20Z"),
        Err(AppraisalError::NotYetValid { part: "VLEK", .. })
    ));
}

#[test]
fn no_changed_bit_of_a_recorded_report_passes() {
    for (report, collateral, ..) in RECORDED {
        let Some((content, collateral)) = recorded(report, collateral) else {
            return;
        };
        // CBOR: an array of two, and a byte string of 1184.
        let start = 1 + 3;
        for index in 0..REPORT_BYTES {
            let mut changed = content.clone();
            changed[start + index] ^= 1 << (index % 8);
            let found = sev_snp::examine(&changed, &collateral, None, THEN).unwrap_err();
            let signature =
                (0x2a0..0x2a0 + 48).contains(&index) || (0x2a0 + 72..0x2a0 + 120).contains(&index);
            if index < 0x2a0 || signature {
                assert_eq!(
                    found,
                    AppraisalError::BadSignature { part: "report" },
                    "{report}: 0x{index:x}"
                );
            } else {
                assert!(matches!(
                    found,
                    AppraisalError::Malformed { part: "report", .. }
                ));
            }
        }
    }
}

/// Prints what an appraisal costs: `cargo test --release -p veracruz-appraisal --test sev_snp cost
/// -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
fn cost_of_an_appraisal() {
    for (report, collateral, ..) in RECORDED {
        let Some((content, collateral)) = recorded(report, collateral) else {
            return;
        };
        let spent = cost::per_call(|| {
            sev_snp::examine(&content, &collateral, None, THEN).unwrap();
        });
        println!("{report}: {spent:?} of CPU");
    }
}
