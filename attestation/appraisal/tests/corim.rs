//! Reference values in CoRIMs: those of other tools, and ours as other tools read them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/vectors.rs"]
mod vectors;

use p256::ecdsa::SigningKey;
use proptest::prelude::*;
use veracruz_appraisal::AppraisalError;
use veracruz_appraisal::corim::{self, Corim, CorimSignature, MAX_CORIM_BYTES};
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::cose::sign1;
use veracruz_evidence::spki;
use veracruz_policy::{
    AzureVtpmIsolate, CcaIsolate, ChipId, Chips, Isolates, KeyDigest, Measurement, MicrovmIsolate,
    NitroIsolate, ProcessIsolate, PsaIsolate, PublicKey, SevSnpIsolate, SgxIsolate, Sha256, Sha384,
    Sha512, SnpSigningKey, SnpTcb, TdxIsolate, Timestamp, TpmIsolate,
};

/// The measurements that Veraison's PSA vectors have for BL, PRoT and ARoT.
const PSA_SOFTWARE: [&str; 3] = [
    "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
    "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f",
    "a3a5e715f0cc574a73c3f9bebb6bc24f32ffd5b67b387244c2c909da779a1478",
];
const PSA_IMPLEMENTATION: &[u8; 32] = b"acme-implementation-id-000000001";
const PSA_INSTANCE: &str = "01ceebae7b8927a3227e5303cf5e0f1f7b34bb542ad7250ac03fbcde36ec2f1508";

fn sha256(byte: u8) -> Sha256 {
    Sha256::from_bytes([byte; 32])
}

fn sha384(byte: u8) -> Sha384 {
    Sha384::from_bytes([byte; 48])
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

fn public(byte: u8) -> PublicKey {
    PublicKey::from_spki(spki::of_p256(key(byte).verifying_key()).to_vec())
}

fn chips(byte: u8, length: usize) -> Chips {
    Chips::Named(vec![ChipId::new(vec![byte; length]).unwrap()])
}

fn sev_snp() -> SevSnpIsolate {
    SevSnpIsolate {
        measurement: vec![sha384(1), sha384(2)],
        chips: chips(3, 64),
        minimum_tcb: SnpTcb::default(),
        vmpl: 0,
        signing_key: SnpSigningKey::default(),
    }
}

fn tdx() -> TdxIsolate {
    TdxIsolate {
        mrtd: vec![sha384(1)],
        rtmr: [vec![], vec![sha384(2)], vec![sha384(3), sha384(4)], vec![]],
        chips: Chips::Any,
        tcb_exceptions: vec![],
    }
}

/// Every kind, with every field that a CoRIM has a place for.
fn everything() -> Isolates {
    let mut isolates = Isolates::default();
    let attesters = vec![KeyDigest::of_spki(b"one"), KeyDigest::of_spki(b"two")];
    isolates.process = Some(ProcessIsolate::new(vec![sha256(1), sha256(2)], attesters));
    let attesters = vec![KeyDigest::of_spki(b"one")];
    isolates.microvm = Some(MicrovmIsolate::new(vec![sha256(3)], attesters));
    isolates.sgx = Some(SgxIsolate {
        mrenclave: vec![sha256(1)],
        minimum_isv_svn: 0,
        chips: chips(9, 16),
        tcb_exceptions: vec![],
    });
    isolates.tdx = Some(tdx());
    isolates.sev_snp = Some(sev_snp());
    isolates.nitro = Some(NitroIsolate {
        pcr0: vec![sha384(1)],
        pcr1: vec![sha384(2)],
        pcr2: vec![sha384(3)],
        pcr3: vec![],
        pcr4: vec![sha384(4)],
        pcr8: vec![sha384(5)],
    });
    isolates.cca = Some(CcaIsolate {
        rim: vec![Sha512::from_bytes([1; 64]).into(), sha256(1).into()],
        rem: [vec![sha384(2).into()], vec![], vec![], vec![]],
        platform_keys: vec![public(7)],
        implementation_ids: vec![sha256(8)],
        platform_software: vec![sha256(9).into()],
        chips: chips(1, 33),
    });
    isolates.psa = Some(PsaIsolate {
        software: vec![sha256(1).into(), sha256(2).into()],
        keys: vec![public(7)],
        implementation_ids: vec![sha256(8)],
        chips: Chips::Any,
    });
    isolates.tpm = Some(TpmIsolate {
        pcrs: [(4, vec![sha256(1)]), (11, vec![sha256(2), sha256(3)])].into(),
        aks: vec![KeyDigest::of_spki(b"ak")],
        ak_roots: vec![KeyDigest::of_spki(b"root")],
        ek_roots: vec![KeyDigest::of_spki(b"maker")],
    });
    isolates.azure_vtpm = Some(AzureVtpmIsolate {
        pcrs: [(4, vec![sha256(1)])].into(),
        sev_snp: Some(sev_snp()),
        tdx: Some(tdx()),
    });
    isolates
}

fn read(file: &[u8]) -> Result<Isolates, AppraisalError> {
    corim::isolates(&[Corim::parse(file, None)?], &[])
}

#[track_caller]
fn malformed<T: std::fmt::Debug>(outcome: Result<T, AppraisalError>) -> String {
    match outcome {
        Err(AppraisalError::Malformed {
            part: "CoRIM",
            reason,
        }) => reason,
        other => panic!("expected a malformed CoRIM, found {other:?}"),
    }
}

#[test]
fn what_is_written_is_read_again_the_same() {
    assert_eq!(
        read(&corim::write(&everything(), "all")).unwrap(),
        everything()
    );
}

#[test]
fn what_is_written_is_a_corim_for_another_implementation() {
    let file = corim::write(&everything(), "all");
    // `uri` is tag 32 in CDDL's prelude (RFC 8610), and Veraison writes it so; this one takes the
    // text alone.
    let at = file.windows(2).position(|two| two == [0xd8, 32]).unwrap();
    let file = [&file[..at], &file[at + 2..]].concat();
    let (map, comids) = ::corim::validate::decode_and_validate_at(&file, 1_795_000_000).unwrap();
    assert_eq!(map.id, ::corim::types::corim::CorimId::Text("all".into()));
    assert_eq!(comids.len(), 10, "one for each kind of isolate");
    let digests = comids
        .iter()
        .flat_map(|comid| comid.triples.reference_triples.iter().flatten())
        .flat_map(|triple| triple.measurements())
        .filter(|measurement| measurement.mval.digests.is_some())
        .count();
    assert_eq!(digests, 31);
}

#[test]
fn a_signature_counts_where_a_key_is_named() {
    let content = corim::write(&everything(), "all");
    let file = sign1(|_headers| {}, &content, &key(7));
    assert_eq!(
        Corim::parse(&file, None).unwrap().signature(),
        CorimSignature::NotChecked
    );
    let parsed = Corim::parse(&file, Some(&public(7))).unwrap();
    assert_eq!(parsed.signature(), CorimSignature::Good);
    let error = Corim::parse(&file, Some(&public(8))).unwrap_err();
    assert_eq!(error, AppraisalError::BadSignature { part: "CoRIM" });
    let reason = malformed(Corim::parse(&content, Some(&public(7))));
    assert!(reason.contains("not signed"), "{reason}");
}

#[test]
fn a_corim_holds_for_its_own_time() {
    let file = Writer::encode(|w| {
        w.tag(501);
        w.map(|corim| {
            corim.int(0, |w| w.text("dated"));
            corim.int(1, |w| w.array(0));
            corim.int(3, |w| w.text(corim::PROFILE));
            corim.int(4, |w| {
                w.map(|validity| {
                    for (key, seconds) in [(0, 100), (1, 200)] {
                        validity.int(key, |w| {
                            w.tag(1);
                            w.unsigned(seconds);
                        });
                    }
                });
            });
        });
    });
    let corim = Corim::parse(&file, None).unwrap();
    let at = |seconds| corim.check_dates(Timestamp::from_seconds(seconds));
    assert_eq!((at(100), at(200)), (Ok(()), Ok(())));
    assert!(matches!(at(99), Err(AppraisalError::NotYetValid { .. })));
    assert!(matches!(at(201), Err(AppraisalError::Expired { .. })));
    let reason = malformed(corim::isolates(&[corim], &[]));
    assert!(reason.contains("no reference values"), "{reason}");
}

#[test]
fn values_without_anybody_to_vouch_are_refused() {
    let mut isolates = Isolates::default();
    isolates.process = Some(ProcessIsolate::new(vec![sha256(1)], vec![]));
    let reason = malformed(read(&corim::write(&isolates, "r")));
    assert!(reason.contains("attesters"), "{reason}");
}

#[test]
fn no_bytes_make_it_panic() {
    let file = corim::write(&everything(), "all");
    for length in 0..file.len() {
        malformed(read(&file[..length]));
    }
    malformed(read(&[&file[..], &[0]].concat()));
    for index in 0..file.len() {
        let mut changed = file.clone();
        changed[index] ^= 0x21;
        let _ = read(&changed);
    }
    let reason = malformed(Corim::parse(&vec![0; MAX_CORIM_BYTES + 1], None));
    assert!(reason.contains("at most"), "{reason}");
    let reason = malformed(Corim::parse(&vec![0x81; 100_000], None));
    assert!(reason.contains("nested"), "{reason}");
}

#[test]
fn no_changed_byte_of_a_recorded_file_makes_it_panic() {
    for (name, file) in vectors::all("psa/veraison-services") {
        if !name.contains("corim") && !name.contains("endorsements") {
            continue;
        }
        for index in 0..file.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut changed = file.clone();
                changed[index] ^= bit;
                let _ = read(&changed);
            }
            let _ = read(&file[..index]);
        }
        malformed(read(&[&file[..], &[0]].concat()));
    }
}

proptest! {
    #[test]
    fn no_random_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}

fn psa_software() -> Vec<Measurement> {
    PSA_SOFTWARE
        .iter()
        .map(|digest| digest.parse::<Sha256>().unwrap().into())
        .collect()
}

#[test]
fn reads_what_veraison_has_for_psa_today() {
    let Some(file) = vectors::vector("psa/veraison-services/psa-iot/corim-psa-valid.cbor") else {
        return;
    };
    let corim = Corim::parse(&file, None).unwrap();
    assert_eq!(corim.profile(), Some("tag:arm.com,2025:psa#1.0.0"));
    let psa = corim::isolates(&[corim], &[]).unwrap().psa.unwrap();
    assert_eq!(psa.software, psa_software());
    assert_eq!(
        psa.implementation_ids,
        [Sha256::from_bytes(*PSA_IMPLEMENTATION)]
    );
    assert_eq!(psa.keys.len(), 2);
    assert!(psa.chips.accepts(&hex(PSA_INSTANCE)));
    assert!(!psa.chips.accepts(&[1; 33]));
}

#[test]
fn reads_what_veraison_had_for_psa_before() {
    let name = |name| format!("psa/veraison-services/{name}.cbor");
    for (file, keys) in [("corim-psa-full", 1), ("psa-endorsements", 1)] {
        let Some(file) = vectors::vector(&name(file)) else {
            return;
        };
        let psa = read(&file).unwrap().psa.unwrap();
        assert_eq!(psa.software, psa_software());
        assert_eq!(psa.keys.len(), keys);
    }
    // Reference values and keys in two files, from before profiles: each alone is not enough.
    let (Some(values), Some(keys)) = (
        vectors::vector(&name("corim-psa-refvalue")),
        vectors::vector(&name("corim-psa-trustanchor")),
    ) else {
        return;
    };
    let reason = malformed(read(&values));
    assert!(reason.contains("names no keys"), "{reason}");
    let reason = malformed(read(&keys));
    assert!(reason.contains("names no software"), "{reason}");
    let both = [&values, &keys].map(|file| Corim::parse(file, None).unwrap());
    let psa = corim::isolates(&both, &[]).unwrap().psa.unwrap();
    assert_eq!((psa.software, psa.keys.len()), (psa_software(), 2));
    // Or the caller vouches for a key.
    let alone = corim::isolates(&[Corim::parse(&values, None).unwrap()], &[public(7)]);
    assert_eq!(alone.unwrap().psa.unwrap().keys, [public(7)]);
}

#[test]
fn no_psa_file_of_veraison_is_read_as_more_than_it_says() {
    for (name, file) in vectors::all("psa/veraison-services/psa-iot") {
        if name.contains("bad") {
            // What each lacks is in its name; with nothing to trust or to compare, it is refused.
            let outcome = read(&file);
            assert!(
                matches!(&outcome, Err(AppraisalError::Malformed { .. })),
                "{name}: {outcome:?}"
            );
        }
    }
}

#[test]
fn reads_what_veraison_has_for_cca() {
    let name = |name: &str| format!("cca/veraison-services/corim-cca-{name}-valid.cbor");
    let (Some(platform), Some(realm)) = (
        vectors::vector(&name("platform")),
        vectors::vector(&name("realm")),
    ) else {
        return;
    };
    let both = [&platform, &realm].map(|file| Corim::parse(file, None).unwrap());
    let cca = corim::isolates(&both, &[]).unwrap().cca.unwrap();
    assert_eq!(cca.platform_software.len(), 4);
    assert_eq!(cca.rim, [Sha512::from_bytes([0x43; 64]).into()]);
    assert_eq!(cca.platform_keys.len(), 1);
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}
