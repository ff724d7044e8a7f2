//! What a report says, signed anew.

use super::*;

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
