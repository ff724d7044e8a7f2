//! SEV-SNP: recorded reports of real hardware, and forgeries under roots of our own that pass every
//! check but one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, sev_snp};
use veracruz_evidence::sev_snp::{REPORT_BYTES, content, evidence};
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{
    ChipId, Chips, PolicyHash, SevSnpIsolate, Sha384, SnpSigningKey, SnpTcb, Timestamp,
};

#[path = "support/sev_snp.rs"]
mod forge;
#[path = "support/vectors.rs"]
mod vectors;
#[path = "support/x509.rs"]
mod x509;

use forge::{
    ARK, ASK, CHIP, CRL, HARDWARE_ID, NOW, PRODUCT_NAME, Platform, TCB, TestProduct, VCEK,
    expected, levels, measurement, policy, reference, table, years,
};
use x509::{TestKey, basic_constraints, key_usage, octets, tlv};

/// When every recorded certificate was valid: 2025-10-01T00:00:00Z.
const THEN: Timestamp = Timestamp::from_seconds(1_759_276_800);

// Recorded reports.

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

fn fact(examined: &Examined, name: &str) -> String {
    let fact = examined.facts().iter().find(|fact| fact.name == name);
    fact.map(|fact| fact.value.clone()).unwrap_or_default()
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

// Forgeries that are signed anew.

fn verify(platform: &Platform) -> Result<Appraised, AppraisalError> {
    verify_against(platform, &reference())
}

fn verify_against(
    platform: &Platform,
    reference: &SevSnpIsolate,
) -> Result<Appraised, AppraisalError> {
    sev_snp::verify(
        &platform.evidence(),
        &platform.collateral(),
        reference,
        &policy(),
        &expected(),
        NOW,
    )
}

fn milan() -> Platform {
    Platform::new(TestProduct::Milan, false)
}

const PRODUCTS: [TestProduct; 3] = [TestProduct::Milan, TestProduct::Genoa, TestProduct::Turin];

#[test]
fn a_good_report_of_every_product_and_key_passes() {
    for product in PRODUCTS {
        for vlek in [false, true] {
            let appraised = verify(&Platform::new(product, vlek)).unwrap();
            assert_eq!(appraised.technology(), Technology::SevSnp);
            assert_eq!(appraised.measurement(), measurement().into());
            assert_eq!(appraised.attester(), None);
            assert!(appraised.warnings().is_empty());
        }
    }
}

#[test]
fn versions_2_to_5_are_known_and_no_others() {
    for version in [2, 3, 4, 5] {
        let platform = milan().set(0, &[version]);
        // Version 2 does not name the processor.
        let platform = match version {
            2 => platform.set(0x188, &[0; 3]),
            _ => platform,
        };
        assert!(verify(&platform).is_ok(), "{version}");
    }
    for version in [0, 1, 6, 255] {
        assert!(matches!(
            verify(&milan().set(0, &[version])),
            Err(AppraisalError::UnknownProfile { part: "report", .. })
        ));
    }
    let turin = Platform::new(TestProduct::Turin, false)
        .set(0, &[2])
        .set(0x188, &[0; 3]);
    assert!(matches!(
        verify(&turin),
        Err(AppraisalError::BadChain { .. })
    ));
}

#[test]
fn the_report_must_be_for_this_connection_and_policy() {
    let evidence = milan().evidence();
    let collateral = milan().collateral();
    let verify = |policy: &PolicyHash, expected: &ReportData| {
        sev_snp::verify(&evidence, &collateral, &reference(), policy, expected, NOW)
    };
    assert!(matches!(
        verify(&policy(), &ReportData::from_bytes([6; 64])),
        Err(AppraisalError::BindingMismatch { .. })
    ));
    assert!(matches!(
        verify(&PolicyHash::from_bytes([3; 32]), &expected()),
        Err(AppraisalError::LaunchPolicyMismatch {
            field: "HOST_DATA",
            ..
        })
    ));
    let other = Evidence::new(Technology::Nitro, evidence.content().to_vec());
    let found = sev_snp::verify(
        &other,
        &collateral,
        &reference(),
        &policy(),
        &expected(),
        NOW,
    );
    assert!(matches!(found, Err(AppraisalError::WrongTechnology { .. })));
}

#[test]
fn another_guest_is_refused() {
    let mut measurement = measurement().as_bytes().to_vec();
    measurement[47] ^= 1;
    assert!(matches!(
        verify(&milan().set(0x90, &measurement)),
        Err(AppraisalError::MeasurementMismatch {
            claim: "MEASUREMENT",
            ..
        })
    ));
}

#[test]
fn a_guest_that_others_get_into_is_refused() {
    let policy = |bit: u32| milan().set(8, &(0x3_0000u64 | 1 << bit).to_le_bytes());
    assert_eq!(
        verify(&policy(19)).unwrap_err(),
        AppraisalError::DebugNotAllowed {
            claim: "POLICY.DEBUG"
        }
    );
    for (platform, claim) in [
        (policy(18), "POLICY.MIGRATE_MA"),
        (policy(26), "POLICY"),
        (policy(63), "POLICY"),
        (milan().set(0x160, &[7; 32]), "REPORT_ID_MA"),
        (milan().set(0x48, &[2]), "MASK_CHIP_KEY"),
    ] {
        match verify(&platform) {
            Err(AppraisalError::ConfigurationNotAllowed { claim: found, .. }) => {
                assert_eq!(found, claim);
            }
            other => panic!("{claim}: {other:?}"),
        }
    }
    // These bits of the policy and of the platform are shown and refused by nobody.
    for bit in [16, 20, 21, 22, 23, 24, 25] {
        assert!(verify(&policy(bit)).is_ok());
    }
    assert!(verify(&milan().set(0x40, &[0xff])).is_ok());
    // Some firmware leaves zeros where there is no migration agent.
    assert!(verify(&milan().set(0x160, &[0; 32])).is_ok());
}

#[test]
fn genuineness_alone_refuses_debugging_too() {
    let platform = milan().set(8, &0xb_0000u64.to_le_bytes());
    let evidence = platform.evidence();
    let found = sev_snp::examine(evidence.content(), &platform.collateral(), None, NOW);
    assert!(matches!(found, Err(AppraisalError::DebugNotAllowed { .. })));
}

#[test]
fn the_privilege_level_is_the_named_one() {
    let platform = milan().set(0x30, &[1]);
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::ConfigurationNotAllowed { claim: "VMPL", .. })
    ));
    let reference = SevSnpIsolate {
        vmpl: 1,
        ..reference()
    };
    assert!(verify_against(&platform, &reference).is_ok());
    let high = milan().set(0x30, &[1, 1]);
    assert!(verify_against(&high, &reference).is_err());
}

#[test]
fn the_signing_key_is_of_the_named_kind() {
    let vlek = Platform::new(TestProduct::Genoa, true);
    let accept = |signing_key| SevSnpIsolate {
        signing_key,
        ..reference()
    };
    assert!(verify_against(&vlek, &accept(SnpSigningKey::Vlek)).is_ok());
    assert!(verify_against(&milan(), &accept(SnpSigningKey::Vcek)).is_ok());
    for (platform, key) in [(vlek, SnpSigningKey::Vcek), (milan(), SnpSigningKey::Vlek)] {
        assert!(matches!(
            verify_against(&platform, &accept(key)),
            Err(AppraisalError::ConfigurationNotAllowed {
                claim: "SIGNING_KEY",
                ..
            })
        ));
    }
    // A VCEK signs, and the report says that it was a VLEK, nobody, or something unknown.
    for flags in [1 << 2, 7 << 2, 3 << 2] {
        assert!(matches!(
            verify(&milan().set(0x48, &[flags])),
            Err(AppraisalError::BadChain { part: "VCEK", .. })
        ));
    }
}

#[test]
fn reserved_fields_are_zero() {
    for offset in [
        0x48, 0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x1f8, 0x207, 0x208, 0x29f, 0x182,
    ] {
        assert!(
            matches!(
                verify(&milan().set(offset, &[0x80])),
                Err(AppraisalError::Malformed { part: "report", .. })
            ),
            "0x{offset:x}"
        );
    }
    assert!(matches!(
        verify(&milan().set(8, &0x1_0000u64.to_le_bytes())),
        Err(AppraisalError::Malformed { .. })
    ));
    // From version 4 on, there are vectors of mitigations.
    assert!(verify(&milan().set(0, &[4]).set(0x1f8, &[1; 16])).is_ok());
    assert!(matches!(
        verify(&milan().set(0x34, &[2])),
        Err(AppraisalError::BadAlgorithm { part: "report", .. })
    ));
}

#[test]
fn patch_levels_below_the_minimum_are_refused() {
    for (minimum, good) in [
        (TCB, true),
        (
            SnpTcb {
                bootloader: 5,
                ..TCB
            },
            false,
        ),
        (SnpTcb { tee: 2, ..TCB }, false),
        (SnpTcb { snp: 25, ..TCB }, false),
        (
            SnpTcb {
                microcode: 220,
                ..TCB
            },
            false,
        ),
        (SnpTcb { fmc: 1, ..TCB }, false),
    ] {
        let reference = SevSnpIsolate {
            minimum_tcb: minimum,
            ..reference()
        };
        let found = verify_against(&milan(), &reference);
        match found {
            Ok(_) => assert!(good),
            Err(AppraisalError::StaleTcb {
                claim: "REPORTED_TCB",
                ..
            }) => assert!(!good),
            Err(other) => panic!("{other}"),
        }
    }
    // New firmware now, and old firmware when the guest was measured.
    let old = milan().set(0x1f0, &[3]);
    let reference = SevSnpIsolate {
        minimum_tcb: TCB,
        ..reference()
    };
    assert!(matches!(
        verify_against(&old, &reference),
        Err(AppraisalError::StaleTcb {
            claim: "LAUNCH_TCB",
            ..
        })
    ));
}

#[test]
fn a_platform_that_can_go_back_is_refused() {
    for (offset, value, claim) in [
        (0x1e0, 3, "COMMITTED_TCB"),
        (0x1e6, 23, "COMMITTED_TCB"),
        (0x38, 3, "CURRENT_TCB"),
        (0x3f, 218, "CURRENT_TCB"),
        (0x1f7, 220, "CURRENT_TCB"),
    ] {
        match verify(&milan().set(offset, &[value])) {
            Err(AppraisalError::StaleTcb { claim: found, .. }) => assert_eq!(found, claim),
            other => panic!("0x{offset:x}: {other:?}"),
        }
    }
    // A host may report less than it runs, as long as its key is that of what it reports.
    let newer = milan().set(0x3f, &[220]).set(0x1e7, &[220]);
    assert!(verify(&newer).is_ok());
}

#[test]
fn the_key_is_that_of_the_reported_patch_level_and_chip() {
    let changes = [
        (
            "blSPL",
            SnpTcb {
                bootloader: 5,
                ..TCB
            },
        ),
        ("teeSPL", SnpTcb { tee: 0, ..TCB }),
        ("snpSPL", SnpTcb { snp: 23, ..TCB }),
        (
            "ucodeSPL",
            SnpTcb {
                microcode: 1,
                ..TCB
            },
        ),
    ];
    for (name, tcb) in changes {
        let platform = levels(tcb, false)
            .into_iter()
            .fold(milan(), Platform::with_extension);
        match verify(&platform) {
            Err(AppraisalError::TcbMismatch { part, .. }) => assert_eq!(part, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    let turin = Platform::new(TestProduct::Turin, false);
    let turin = levels(SnpTcb { fmc: 8, ..TCB }, true)
        .into_iter()
        .fold(turin, Platform::with_extension);
    assert!(matches!(
        verify(&turin),
        Err(AppraisalError::TcbMismatch { part: "fmcSPL", .. })
    ));
    let mut other = CHIP;
    other[63] ^= 1;
    let platform = milan().with_extension((HARDWARE_ID, false, other.to_vec()));
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::TcbMismatch { part: "hwID", .. })
    ));
    // Newer certificates have the chip inside an OCTET STRING.
    let wrapped = milan().with_extension((HARDWARE_ID, false, octets(&CHIP)));
    assert!(verify(&wrapped).is_ok());
    let missing = {
        let mut platform = milan();
        platform.vcek.extensions.remove(0);
        platform
    };
    assert!(matches!(
        verify(&missing),
        Err(AppraisalError::Malformed { part: "VCEK", .. })
    ));
}

#[test]
fn a_turin_report_is_not_read_in_the_older_layout() {
    // The same bytes mean SNP 24, microcode 219 on Milan, and a reserved byte that is set on Turin.
    let turin = Platform::new(TestProduct::Turin, false);
    let milan_layout = TestProduct::Milan.tcb(TCB);
    let platform = [0x38, 0x180, 0x1e0, 0x1f0]
        .into_iter()
        .fold(turin, |platform, offset| {
            platform.set(offset, &milan_layout)
        });
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::Malformed { part: "report", .. })
    ));
    // A processor of another line than the root's.
    for (family, model) in [(0x19, 0x11), (0x19, 0xa0), (0x1a, 0x02)] {
        assert!(matches!(
            verify(&milan().set(0x188, &[family, model])),
            Err(AppraisalError::BadChain { part: "report", .. })
        ));
    }
    assert!(matches!(
        verify(&milan().set(0x188, &[0x17, 0x31])),
        Err(AppraisalError::UnknownProfile { part: "report", .. })
    ));
    let named = milan().with_extension((PRODUCT_NAME, false, tlv(0x16, b"Genoa-B1")));
    assert!(matches!(
        verify(&named),
        Err(AppraisalError::BadChain { part: "VCEK", .. })
    ));
}

#[test]
fn chips_are_pinned_by_their_id() {
    let named = |id: &[u8]| SevSnpIsolate {
        chips: Chips::Named(vec![ChipId::new(id.to_vec()).unwrap()]),
        ..reference()
    };
    assert!(verify_against(&milan(), &named(&CHIP)).is_ok());
    let mismatch = |platform: &Platform, id: &[u8]| match verify_against(platform, &named(id)) {
        Err(AppraisalError::ChipMismatch { found, .. }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(mismatch(&milan(), &[0xc2; 64]), "c1".repeat(64));
    // The key is that of one chip, also where the report hides which.
    let hidden = milan().set(0x1a0, &[0; 64]);
    assert!(verify_against(&hidden, &named(&CHIP)).is_ok());
    // A VLEK is of no chip.
    let vlek = Platform::new(TestProduct::Milan, true);
    assert!(verify_against(&vlek, &named(&CHIP)).is_ok());
    assert_eq!(mismatch(&vlek.set(0x1a0, &[0; 64]), &CHIP), "none");
    let mut turin = [0; 64];
    turin[..8].copy_from_slice(&CHIP[..8]);
    assert!(verify_against(&Platform::new(TestProduct::Turin, false), &named(&turin)).is_ok());
}

#[test]
fn a_chain_under_another_root_is_refused() {
    let platform = milan();
    let found = sev_snp::examine(
        platform.evidence().content(),
        &Collateral::none(),
        None,
        NOW,
    );
    assert!(matches!(
        found,
        Err(AppraisalError::UntrustedRoot { part: "VCEK", .. })
    ));
    // A root of another product vouches for no Milan.
    let [_, _, ark] = platform.certificates();
    let collateral = Collateral::none().with_test_root(TestProduct::Genoa.root(), &ark);
    let found = sev_snp::examine(platform.evidence().content(), &collateral, None, NOW);
    assert!(
        matches!(found, Err(AppraisalError::BadChain { .. })),
        "{found:?}"
    );
}

#[test]
fn a_chain_with_a_wrong_signature_is_refused() {
    // The names are right, the keys are not: the root vouches for another ASK.
    let mut platform = milan();
    platform.ask_key = TestKey::rsa(2);
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::BadSignature { part: "VCEK" })
    ));
    let mut platform = milan();
    platform.ask.spki = TestKey::rsa(2).spki();
    platform.ask_key = TestKey::rsa(2);
    let [vcek, _, ark] = platform.certificates();
    let ask = platform.ask.sign(TestKey::rsa(3));
    let table = table(&[(VCEK, &vcek), (ASK, &ask), (ARK, &ark)]);
    let evidence = evidence(&platform.signed(), &table);
    let found = sev_snp::examine(evidence.content(), &platform.collateral(), None, NOW);
    assert_eq!(
        found.unwrap_err(),
        AppraisalError::BadSignature { part: "ASK" }
    );
}

#[test]
fn an_authority_without_the_right_to_be_one_is_refused() {
    let without = |part: &'static str, extensions: Vec<x509::Extension>| {
        let mut platform = milan();
        match part {
            "ARK" => platform.ark.extensions = extensions,
            _ => platform.ask.extensions = extensions,
        }
        match verify(&platform) {
            Err(AppraisalError::BadChain { part: found, .. }) => assert_eq!(found, part),
            other => panic!("{part}: {other:?}"),
        }
    };
    for part in ["ARK", "ASK"] {
        without(part, vec![key_usage(0x06)]);
        without(part, vec![basic_constraints(false, None), key_usage(0x06)]);
        without(part, vec![basic_constraints(true, None)]);
        without(part, vec![basic_constraints(true, None), key_usage(0x80)]);
        let unknown = ("1.2.3.4", true, octets(b""));
        without(
            part,
            vec![basic_constraints(true, None), key_usage(0x06), unknown],
        );
    }
    without(
        "ARK",
        vec![basic_constraints(true, Some(0)), key_usage(0x06)],
    );
    // A VCEK that is an authority itself.
    let mut platform = milan();
    platform.vcek.extensions.push(basic_constraints(true, None));
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::BadChain { part: "VCEK", .. })
    ));
    let mut platform = milan();
    platform
        .vcek
        .extensions
        .push(platform.vcek.extensions[0].clone());
    assert!(matches!(
        verify(&platform),
        Err(AppraisalError::Malformed { .. })
    ));
}

#[test]
fn every_certificate_must_be_in_force() {
    type Change = fn(&mut Platform) -> &mut x509::CertificateForm;
    let parts: [(&str, Change); 3] = [
        ("ARK", |platform| &mut platform.ark),
        ("ASK", |platform| &mut platform.ask),
        ("VCEK", |platform| &mut platform.vcek),
    ];
    for (part, form) in parts {
        let mut over = milan();
        form(&mut over).until = years(-1);
        form(&mut over).from = years(-2);
        match verify(&over) {
            Err(AppraisalError::Expired { part: found, .. }) => assert_eq!(found, part),
            other => panic!("{part}: {other:?}"),
        }
        let mut early = milan();
        form(&mut early).from = years(1);
        form(&mut early).until = years(2);
        match verify(&early) {
            Err(AppraisalError::NotYetValid { part: found, .. }) => assert_eq!(found, part),
            other => panic!("{part}: {other:?}"),
        }
    }
}

#[test]
fn revocation_lists_are_looked_at_where_given() {
    let platform = milan();
    let with = |list: Vec<u8>| {
        let mut collateral = platform.collateral();
        collateral.add(&list).unwrap();
        sev_snp::examine(platform.evidence().content(), &collateral, None, NOW)
    };
    let examined = with(platform.list(&[77]).sign(platform.ark_key)).unwrap();
    assert!(fact(&examined, "revocation").starts_with("not revoked"));
    assert_eq!(
        with(platform.list(&[77, 2]).sign(platform.ark_key)).unwrap_err(),
        AppraisalError::Revoked { part: "ASK" }
    );
    let mut old = platform.list(&[]);
    old.next_update = Timestamp::from_seconds(NOW.seconds() - 1);
    assert!(matches!(
        with(old.sign(platform.ark_key)),
        Err(AppraisalError::Expired {
            part: "revocation list",
            ..
        })
    ));
    let mut early = platform.list(&[]);
    early.this_update = years(1);
    early.next_update = years(2);
    assert!(matches!(
        with(early.sign(platform.ark_key)),
        Err(AppraisalError::NotYetValid {
            part: "revocation list",
            ..
        })
    ));
    // By another key in the root's name.
    assert_eq!(
        with(platform.list(&[]).sign(platform.ask_key)).unwrap_err(),
        AppraisalError::BadSignature {
            part: "revocation list"
        }
    );
    // In the table beside the report.
    let [vcek, ask, ark] = platform.certificates();
    let list = platform.list(&[2]).sign(platform.ark_key);
    let table = table(&[(VCEK, &vcek), (ASK, &ask), (ARK, &ark), (CRL, &list)]);
    let evidence = evidence(&platform.signed(), &table);
    let found = sev_snp::examine(evidence.content(), &platform.collateral(), None, NOW);
    assert_eq!(found.unwrap_err(), AppraisalError::Revoked { part: "ASK" });
}

#[test]
fn what_is_missing_is_named_with_its_address() {
    let reason = |report: &[u8; REPORT_BYTES], certificates: &[&[u8]]| {
        let mut collateral = Collateral::none();
        certificates
            .iter()
            .for_each(|certificate| collateral.add(certificate).unwrap());
        match sev_snp::examine(&content(report, &[]), &collateral, None, NOW) {
            Err(AppraisalError::MissingCollateral { part, reason }) => format!("{part}: {reason}"),
            other => panic!("{other:?}"),
        }
    };
    let platform = milan();
    let report = platform.signed();
    assert_eq!(
        reason(&report, &[]),
        format!(
            "VCEK certificate: AMD has it at https://kdsintf.amd.com/vcek/v1/Milan/{}?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219",
            "c1".repeat(64)
        )
    );
    let turin = Platform::new(TestProduct::Turin, false).signed();
    assert_eq!(
        reason(&turin, &[]),
        "VCEK certificate: AMD has it at https://kdsintf.amd.com/vcek/v1/Turin/c1c1c1c1c1c1c1c1?fmcSPL=07&blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=219"
    );
    let old = milan().set(0, &[2]).set(0x188, &[0; 3]).signed();
    assert!(reason(&old, &[]).contains("where PRODUCT is Milan or Genoa"));
    let vlek = Platform::new(TestProduct::Milan, true);
    assert!(reason(&vlek.signed(), &[]).starts_with("VLEK certificate: it comes from the cloud"));
    let [vcek, ask, _] = platform.certificates();
    assert!(reason(&report, &[&vcek]).ends_with("/vcek/v1/Milan/cert_chain"));
    assert!(reason(&report, &[&vcek, &ask]).starts_with("ARK: the certificate of ARK-Milan"));
    let [vlek_certificate, ..] = vlek.certificates();
    assert!(reason(&vlek.signed(), &[&vlek_certificate]).ends_with("/vlek/v1/Milan/cert_chain"));
}

#[test]
fn the_right_certificates_are_found_among_many() {
    let platform = milan();
    let mut collateral = platform.collateral();
    let mut decoy =
        Platform::new(TestProduct::Milan, false).with_extension((HARDWARE_ID, false, vec![9; 64]));
    decoy.vcek_key = TestKey::p384(8);
    decoy.vcek.spki = decoy.vcek_key.spki();
    decoy.ask.serial = 9;
    decoy.ask.spki = TestKey::rsa(3).spki();
    decoy.ask_key = TestKey::rsa(3);
    decoy.ark_key = TestKey::rsa(2);
    decoy.ark.spki = decoy.ark_key.spki();
    for certificate in decoy
        .certificates()
        .into_iter()
        .chain(platform.certificates())
    {
        collateral.add(&certificate).unwrap();
    }
    let evidence = evidence(&platform.signed(), &[]);
    assert!(sev_snp::examine(evidence.content(), &collateral, None, NOW).is_ok());
}

#[test]
fn no_changed_byte_of_forged_evidence_passes() {
    let platform = milan();
    let evidence = platform.evidence();
    let content = evidence.content();
    let collateral = platform.collateral();
    let good = sev_snp::examine(content, &collateral, None, NOW).unwrap();
    for length in 0..content.len() {
        assert!(sev_snp::examine(&content[..length], &collateral, None, NOW).is_err());
    }
    for index in 0..content.len() {
        let mut changed = content.to_vec();
        changed[index] ^= 1 << (index % 8);
        // Not every byte of a certificate table means something: what passes says the same.
        if let Ok(found) = sev_snp::examine(&changed, &collateral, None, NOW) {
            assert!(index >= 4 + REPORT_BYTES, "{index}");
            assert_eq!(found.measurement(), good.measurement());
            assert_eq!(found.bound_to(), good.bound_to());
        }
    }
    let longer = [content, &[0]].concat();
    assert!(matches!(
        sev_snp::examine(&longer, &collateral, None, NOW),
        Err(AppraisalError::Malformed { .. })
    ));
}

// Files of others.

#[test]
fn imports_reports_in_the_forms_that_others_write() {
    let platform = milan();
    let report = platform.signed();
    let table = platform.table();
    let bare = content(&report, &[]);
    let with_table = content(&report, &table);
    let response = [
        &[0, 0, 0, 0, 0xa0, 4, 0, 0][..],
        &[0; 24],
        &report,
        &[0; 96],
    ]
    .concat();
    let base64 = data_encoding::BASE64.encode(&report);
    let hex = data_encoding::HEXLOWER.encode(&report);
    let json = format!(r#"{{"report":"{base64}"}}"#);
    for (file, expected) in [
        (report.to_vec(), &bare),
        ([&report[..], &table].concat(), &with_table),
        (response, &bare),
        (hex.into_bytes(), &bare),
        (base64.into_bytes(), &bare),
        (json.into_bytes(), &bare),
        (with_table.clone(), &with_table),
    ] {
        assert_eq!(
            sev_snp::import(&file, &mut Collateral::none()).as_ref(),
            Ok(expected)
        );
    }
    for file in [&b""[..], b"{}", b"00", &report[1..], &[0x7b; 3000]] {
        assert!(matches!(
            sev_snp::import(file, &mut Collateral::none()),
            Err(AppraisalError::Malformed { .. })
        ));
    }
}

#[test]
fn imports_json_with_certificates_and_written_out_fields() {
    let platform = Platform::new(TestProduct::Genoa, false).set(0, &[5]);
    let report = platform.signed();
    let [vcek, ask, ark] = platform.certificates();
    let list = |bytes: &[u8]| format!("{bytes:?}");
    let at = |offset: usize, length: usize| list(&report[offset..offset + length]);
    let tcb = r#"{"fmc":null,"bootloader":4,"tee":1,"snp":24,"microcode":219}"#;
    let json = format!(
        r#"{{"attestation_report":{{"version":5,"guest_svn":0,"policy":196608,
        "family_id":{},"image_id":{},"vmpl":0,"sig_algo":1,"current_tcb":{tcb},"plat_info":0,
        "key_info":0,"report_data":{},"measurement":{},"host_data":{},"id_key_digest":{},
        "author_key_digest":{},"report_id":{},"report_id_ma":{},"reported_tcb":{tcb},
        "cpuid_fam_id":25,"cpuid_mod_id":17,"cpuid_step":1,"chip_id":{},"committed_tcb":{tcb},
        "current":{{"build":0,"minor":0,"major":0}},"committed":{{"build":0,"minor":0,"major":0}},
        "launch_tcb":{tcb},"launch_mit_vector":0,"current_mit_vector":0,
        "signature":{{"r":{},"s":{}}}}},
        "cert_chain":[{{"cert_type":"VCEK","data":{}}}],"certificateChain":"{}"}}"#,
        at(0x10, 16),
        at(0x20, 16),
        at(0x50, 64),
        at(0x90, 48),
        at(0xc0, 32),
        at(0xe0, 48),
        at(0x110, 48),
        at(0x140, 32),
        at(0x160, 32),
        at(0x1a0, 64),
        at(0x2a0, 72),
        at(0x2a0 + 72, 72),
        list(&vcek),
        format!("{}{}", x509::pem(&ask), x509::pem(&ark)).replace('\n', "\\n"),
    );
    let mut collateral = platform.collateral();
    let imported = sev_snp::import(json.as_bytes(), &mut collateral).unwrap();
    assert_eq!(imported, content(&report, &[]));
    assert!(sev_snp::examine(&imported, &collateral, None, NOW).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000), cut in 0usize..1184) {
        let _ = sev_snp::examine(&bytes, &Collateral::none(), None, NOW);
        let _ = sev_snp::import(&bytes, &mut Collateral::none());
        let report = [0u8; REPORT_BYTES];
        let _ = sev_snp::examine(&content(&report, &bytes), &Collateral::none(), None, NOW);
        let _ = sev_snp::import(&report[cut..], &mut Collateral::none());
    }
}

/// Prints what an appraisal costs: `cargo test --release -p veracruz-appraisal --test sev_snp cost
/// -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
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

#[path = "support/cost.rs"]
mod cost;
