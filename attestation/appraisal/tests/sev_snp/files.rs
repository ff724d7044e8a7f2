//! Changed bytes, and the files that others write.

use super::*;

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
