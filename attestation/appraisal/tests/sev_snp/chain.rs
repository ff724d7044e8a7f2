//! The chain of the key that signs reports, and revocation lists.

use super::*;

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
