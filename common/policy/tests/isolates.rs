//! What a policy says of isolates with hardware behind them, and of verifiers.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::fmt::Write as _;

use insta::assert_snapshot;
use support::{GOOD, edited, errors, parse, show, show_warnings};
use veracruz_policy::{
    Cause, Chips, IsolateKind, Isolates, Sha256, Sha384, SnpSigningKey, SnpTcb, TcbStatus, Trust,
};

/// A policy with every field of every kind that protects from the host.
const HARDWARE: &str = include_str!("data/hardware.json");

/// The hardware policy with the isolates replaced.
fn with_isolates(isolates: &str) -> String {
    let start = HARDWARE.find("  \"isolates\"").unwrap();
    let end = HARDWARE.find("  \"verifiers\"").unwrap();
    let mut document = HARDWARE.to_owned();
    document.replace_range(start..end, &format!("  \"isolates\": {isolates},\n"));
    document
}

/// SHA-256 or SHA-384 of a text, in hex.
fn sha256(text: &str) -> String {
    Sha256::of(text.as_bytes()).to_string()
}

fn sha384(text: &str) -> String {
    Sha384::of(text.as_bytes()).to_string()
}

/// The object of one kind in the hardware policy, as it is written there.
fn written(kind: &str) -> &'static str {
    let start = HARDWARE.find(&format!("    {kind:?}: {{")).unwrap() + kind.len() + 8;
    let end = start + HARDWARE[start..].find("\n    }").unwrap() + 6;
    &HARDWARE[start..end]
}

/// The one error about an object of some kind, which stands at that pointer below it.
#[track_caller]
fn refused(kind: IsolateKind, object: &str, code: &str, pointer: &str) -> Cause {
    let errors = Isolates::parse_kind(kind, object.as_bytes()).expect_err(object);
    let first = &errors.as_slice()[0];
    assert_eq!(
        (errors.as_slice().len(), first.code(), first.pointer()),
        (1, code, pointer),
        "{errors}"
    );
    first.cause().clone()
}

/// The hardware policy's object of a kind, with one text replaced by another.
#[track_caller]
fn edit(kind: IsolateKind, from: &str, to: &str) -> String {
    let object = written(kind.name());
    assert!(object.contains(from), "{from} in {object}");
    object.replacen(from, to, 1)
}

#[test]
fn reads_every_field_of_every_kind() {
    let policy = parse(HARDWARE);
    let isolates = policy.isolates();
    let kinds: Vec<_> = isolates.kinds().map(IsolateKind::name).collect();
    assert_eq!(
        kinds,
        ["sgx", "tdx", "sev-snp", "nitro", "cca", "psa", "azure-vtpm"]
    );
    assert!(!policy.unprotected());

    let sgx = isolates.sgx.as_ref().unwrap();
    assert_eq!(sgx.mrenclave, [Sha256::of(b"enclave")]);
    assert_eq!(sgx.minimum_isv_svn, 3);
    assert_eq!(sgx.tcb_exceptions[0].status, TcbStatus::SwHardeningNeeded);
    assert_eq!(
        sgx.tcb_exceptions[0].advisories,
        ["INTEL-SA-00289", "INTEL-SA-00615"]
    );
    assert!(sgx.tcb_exceptions[1].advisories.is_empty());
    let Chips::Named(chips) = &sgx.chips else {
        panic!("chips are named")
    };
    assert_eq!(chips[0].as_bytes().len(), 16);
    assert!(sgx.chips.accepts(chips[0].as_bytes()) && !sgx.chips.accepts(&[1; 16]));

    let tdx = isolates.tdx.as_ref().unwrap();
    assert_eq!(tdx.mrtd, [Sha384::of(b"mrtd")]);
    assert_eq!(
        tdx.rtmr.iter().map(Vec::len).collect::<Vec<_>>(),
        [1, 2, 1, 1]
    );
    assert_eq!(tdx.rtmr[3], [Sha384::of(b"rtmr3")]);

    let snp = isolates.sev_snp.as_ref().unwrap();
    assert_eq!(snp.measurement.len(), 2);
    let expected = SnpTcb {
        fmc: 1,
        bootloader: 10,
        tee: 2,
        snp: 23,
        microcode: 211,
    };
    assert_eq!(snp.minimum_tcb, expected);
    assert_eq!((snp.vmpl, snp.signing_key), (1, SnpSigningKey::Any));

    let nitro = isolates.nitro.as_ref().unwrap();
    let pcrs = [
        (&nitro.pcr0, "image"),
        (&nitro.pcr1, "kernel"),
        (&nitro.pcr2, "application"),
        (&nitro.pcr3, "role"),
        (&nitro.pcr4, "instance"),
        (&nitro.pcr8, "signer"),
    ];
    for (pcr, text) in pcrs {
        assert_eq!(*pcr, [Sha384::of(text.as_bytes())], "{text}");
    }

    let cca = isolates.cca.as_ref().unwrap();
    assert_eq!(
        cca.rim,
        [Sha256::of(b"rim").into(), Sha384::of(b"rim").into()]
    );
    for (number, rem) in cca.rem.iter().enumerate() {
        assert_eq!(*rem, [Sha256::of(format!("rem{number}").as_bytes()).into()]);
    }
    assert_eq!(cca.platform_keys.len(), 2);
    // Bytes of a SubjectPublicKeyInfo: `openssl pkey -pubin -outform DER | wc -c`.
    assert_eq!(
        [
            cca.platform_keys[0].spki().len(),
            cca.platform_keys[1].spki().len()
        ],
        [120, 158]
    );
    assert_eq!(cca.implementation_ids, [Sha256::of(b"arm implementation")]);
    assert_eq!(cca.platform_software.len(), 2);

    let psa = isolates.psa.as_ref().unwrap();
    assert_eq!((psa.software.len(), psa.keys.len()), (2, 1));
    assert_eq!(psa.implementation_ids, [Sha256::of(b"psa implementation")]);

    let azure = isolates.azure_vtpm.as_ref().unwrap();
    assert_eq!(azure.pcrs[&4], [Sha256::of(b"boot")]);
    assert_eq!(azure.pcrs[&11].len(), 2);
    let below = azure.sev_snp.as_ref().unwrap();
    assert_eq!((&below.chips, below.vmpl), (&Chips::Any, 0));
    assert_eq!(below.signing_key, SnpSigningKey::Vcek);
    assert!(azure.tdx.as_ref().unwrap().rtmr.iter().all(Vec::is_empty));
}

#[test]
fn reads_verifiers_and_who_relies_on_them() {
    let policy = parse(HARDWARE);
    let verifier = &policy.verifiers()[0];
    assert_eq!(verifier.name, "verifier.example");
    // openssl pkey -pubin -in key-P-256.pub -outform DER | wc -c
    assert_eq!(verifier.ear_key.spki().len(), 91);
    assert_eq!(verifier.ca.first(), Some(&0x30));
    let trust = |name| policy.participant(name).unwrap().trust;
    assert_eq!(
        (trust("lab"), trust("acme")),
        (Trust::Verifier, Trust::Connection)
    );
}

#[test]
fn reads_reference_values_without_a_policy() {
    let isolates = Isolates::parse(
        format!(
            "{{\"sgx\": {}, \"tpm\": {{ \"pcrs\": {{ \"0\": \"{}\" }}, \"aks\": \"{}\" }} }}",
            written("sgx"),
            sha256("a"),
            sha256("b")
        )
        .as_bytes(),
    )
    .unwrap();
    assert_eq!(isolates.sgx, parse(HARDWARE).isolates().sgx);
    assert!(isolates.accepts(IsolateKind::Tpm));
    for kind in parse(HARDWARE).isolates().kinds() {
        let alone = Isolates::parse_kind(kind, written(kind.name()).as_bytes()).unwrap();
        assert_eq!(alone.kinds().collect::<Vec<_>>(), [kind]);
    }
    for document in ["", "[]", "{}", "{\"sgx\": {}}", "{\"kind\": {}}", "null"] {
        assert!(Isolates::parse(document.as_bytes()).is_err(), "{document}");
        assert!(Isolates::parse_kind(IsolateKind::Nitro, document.as_bytes()).is_err());
    }
}

#[test]
fn chips_are_named_or_said_to_be_any() {
    let sgx = |chips: &str| format!("{{ \"mrenclave\": \"{}\"{chips} }}", sha256("a"));
    let kind = IsolateKind::Sgx;
    for silent in ["", ", \"any_chip\": false"] {
        assert_eq!(
            refused(kind, &sgx(silent), "VC-0138", ""),
            Cause::ChipsNotSaid
        );
    }
    let id = "0123456789abcdef".repeat(2);
    let both = sgx(&format!(", \"chip_ids\": [\"{id}\"], \"any_chip\": true"));
    assert_eq!(
        refused(kind, &both, "VC-0139", "/any_chip"),
        Cause::ChipsSaidTwice
    );
    let one = sgx(&format!(", \"chip_ids\": \"{id}\", \"any_chip\": false"));
    assert!(Isolates::parse_kind(kind, one.as_bytes()).is_ok());
    for wrong in [&id[2..], &id.to_uppercase(), "0", "", &format!("{id}{id}")] {
        let object = sgx(&format!(", \"chip_ids\": [\"{wrong}\"]"));
        refused(kind, &object, "VC-0137", "/chip_ids/0");
    }
    let masked = sgx(&format!(", \"chip_ids\": [\"{}\"]", "0".repeat(32)));
    assert_eq!(
        refused(kind, &masked, "VC-0136", "/chip_ids/0"),
        Cause::AllZeros
    );
    refused(kind, &sgx(", \"any_chip\": 1"), "VC-0120", "/any_chip");
    refused(kind, &sgx(", \"chip_ids\": []"), "VC-0127", "/chip_ids");
}

#[test]
fn nitro_has_no_chips_so_any_is_said() {
    let kind = IsolateKind::Nitro;
    let none = edit(kind, ",\n      \"any_chip\": true", "");
    assert_eq!(
        refused(kind, &none, "VC-0122", ""),
        Cause::MissingField { name: "any_chip" }
    );
    let no = edit(kind, "\"any_chip\": true", "\"any_chip\": false");
    refused(kind, &no, "VC-0138", "/any_chip");
    let named = edit(
        kind,
        "\"any_chip\": true",
        "\"any_chip\": true, \"chip_ids\": []",
    );
    refused(kind, &named, "VC-0121", "/chip_ids");
}

#[test]
fn no_measurement_is_zero() {
    let places = [
        (IsolateKind::Sgx, sha256("enclave"), "/mrenclave"),
        (IsolateKind::Tdx, sha384("mrtd"), "/mrtd/0"),
        (IsolateKind::Tdx, sha384("rtmr3"), "/rtmr3/0"),
        (IsolateKind::SevSnp, sha384("snp 2"), "/measurement/1"),
        (IsolateKind::Nitro, sha384("image"), "/pcr0"),
        (IsolateKind::Nitro, sha384("signer"), "/pcr8"),
        (IsolateKind::Cca, sha384("rim"), "/rim/1"),
        (IsolateKind::Cca, sha256("rem2"), "/rem2"),
        (IsolateKind::Cca, sha256("bl1"), "/platform_software/0"),
        (IsolateKind::Psa, sha256("bootloader"), "/software/0"),
        (IsolateKind::AzureVtpm, sha256("boot"), "/pcrs/4"),
    ];
    for (kind, digest, pointer) in places {
        let zero = edit(kind, &digest, &"0".repeat(digest.len()));
        assert_eq!(
            refused(kind, &zero, "VC-0136", pointer),
            Cause::AllZeros,
            "{kind}"
        );
    }
}

#[test]
fn a_measurement_has_the_width_of_its_technology() {
    for (kind, from, to, pointer) in [
        (
            IsolateKind::Sgx,
            sha256("enclave"),
            sha384("enclave"),
            "/mrenclave",
        ),
        (IsolateKind::Tdx, sha384("mrtd"), sha256("mrtd"), "/mrtd/0"),
        (
            IsolateKind::Cca,
            sha256("rim"),
            sha256("rim").repeat(3),
            "/rim/0",
        ),
    ] {
        refused(kind, &edit(kind, &from, &to), "VC-0131", pointer);
    }
}

#[test]
fn what_must_be_named_is_missed() {
    for (kind, field) in [
        (IsolateKind::Sgx, "mrenclave"),
        (IsolateKind::Tdx, "mrtd"),
        (IsolateKind::Tdx, "rtmr1"),
        (IsolateKind::Tdx, "rtmr2"),
        (IsolateKind::SevSnp, "measurement"),
        (IsolateKind::Nitro, "pcr0"),
        (IsolateKind::Nitro, "pcr1"),
        (IsolateKind::Nitro, "pcr2"),
        (IsolateKind::Cca, "rim"),
        (IsolateKind::Cca, "platform_keys"),
        (IsolateKind::Cca, "implementation_ids"),
        (IsolateKind::Cca, "platform_software"),
        (IsolateKind::Psa, "software"),
        (IsolateKind::Psa, "keys"),
        (IsolateKind::Psa, "implementation_ids"),
        (IsolateKind::AzureVtpm, "pcrs"),
    ] {
        let renamed = edit(
            kind,
            &format!("\"{field}\":"),
            &format!("\"{field}_of_old\":"),
        );
        let errors = Isolates::parse_kind(kind, renamed.as_bytes()).unwrap_err();
        assert!(
            errors
                .iter()
                .any(|error| *error.cause() == Cause::MissingField { name: field }),
            "{kind} {field}: {errors}"
        );
    }
}

#[test]
fn a_tpm_has_an_anchor_and_plain_numbers_of_pcrs() {
    let kind = IsolateKind::Tpm;
    let tpm = |pcr: &str, rest: &str| {
        format!("{{ \"pcrs\": {{ \"{pcr}\": \"{}\" }}{rest} }}", sha256("a"))
    };
    let aks = format!(", \"aks\": \"{}\"", sha256("ak"));
    for pcr in ["0", "4", "10", "23"] {
        let isolates = Isolates::parse_kind(kind, tpm(pcr, &aks).as_bytes()).unwrap();
        let found = isolates.tpm.unwrap();
        assert_eq!(found.pcrs.keys().next(), pcr.parse().ok().as_ref());
        assert!(found.ak_roots.is_empty());
    }
    for pcr in ["24", "-1", "04", "", "4 ", "0x4", "PCR4", "256"] {
        refused(kind, &tpm(pcr, &aks), "VC-0129", &format!("/pcrs/{pcr}"));
    }
    assert!(matches!(
        refused(kind, &tpm("4", ""), "VC-0147", ""),
        Cause::MissingOneOf { .. }
    ));
    for before in ["", &aks] {
        let ek = tpm(
            "4",
            &format!("{before}, \"ek_roots\": \"{}\"", sha256("ek")),
        );
        let isolates = Isolates::parse_kind(kind, ek.as_bytes()).unwrap();
        let found = isolates.tpm.unwrap();
        assert_eq!(found.ek_roots, [sha256("ek").parse().unwrap()]);
        assert_eq!(found.aks.is_empty(), before.is_empty());
    }
    let none = format!("{{ \"pcrs\": {{}}{aks} }}");
    refused(kind, &none, "VC-0127", "/pcrs");
    let nothing_below = format!("{{ \"pcrs\": {{ \"4\": \"{}\" }} }}", sha256("a"));
    refused(IsolateKind::AzureVtpm, &nothing_below, "VC-0147", "");
}

#[test]
fn says_what_is_wrong_with_hardware() {
    let cases = [
        (
            "status of no exception",
            IsolateKind::Sgx,
            "\"OutOfDate\"",
            "\"UpToDate\"",
        ),
        ("revoked", IsolateKind::Sgx, "\"OutOfDate\"", "\"Revoked\""),
        (
            "status twice",
            IsolateKind::Sgx,
            "\"OutOfDate\"",
            "\"SWHardeningNeeded\"",
        ),
        (
            "advisory",
            IsolateKind::Sgx,
            "INTEL-SA-00289",
            "INTEL-SA-289",
        ),
        (
            "version",
            IsolateKind::Sgx,
            "\"minimum_isv_svn\": 3",
            "\"minimum_isv_svn\": 65536",
        ),
        ("level", IsolateKind::SevSnp, "\"vmpl\": 1", "\"vmpl\": 4"),
        (
            "patch level",
            IsolateKind::SevSnp,
            "\"microcode\": 211",
            "\"microcode\": 256",
        ),
        ("signer", IsolateKind::SevSnp, "\"any\"", "\"VLEK\""),
        (
            "not a key",
            IsolateKind::Psa,
            "BEGIN PUBLIC KEY",
            "BEGIN PRIVATE KEY",
        ),
        ("key cut off", IsolateKind::Psa, "MFkw", "MFk"),
        (
            "field of another kind",
            IsolateKind::Sgx,
            "\"mrenclave\"",
            "\"mrtd\"",
        ),
    ];
    let mut text = String::new();
    for (title, kind, from, to) in cases {
        let document = edit(kind, from, to);
        let errors = Isolates::parse_kind(kind, document.as_bytes()).unwrap_err();
        writeln!(text, "# {title}\n{}", show(&document, &errors)).unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn takes_keys_of_the_curves_of_cose_alone() {
    let key = |pem: &str| {
        let pem = format!("{pem:?}");
        let object = format!(
            "{{ \"software\": \"{0}\", \"keys\": {pem}, \"implementation_ids\": \"{0}\", \"any_chip\": true }}",
            sha256("a")
        );
        Isolates::parse_kind(IsolateKind::Psa, object.as_bytes())
    };
    for pem in [
        include_str!("data/key-P-256.pub"),
        include_str!("data/key-P-384.pub"),
        include_str!("data/key-P-521.pub"),
    ] {
        assert_eq!(key(pem).unwrap().psa.unwrap().keys.len(), 1);
    }
    for (pem, code) in [
        (include_str!("data/key-ed25519.pub"), "VC-0143"),
        (include_str!("data/authority.pem"), "VC-0145"),
        ("", "VC-0127"),
        (&"a".repeat(5000), "VC-0127"),
    ] {
        assert_eq!(key(pem).unwrap_err().as_slice()[0].code(), code);
    }
    // A point has one other with its x; a y that is one off is not on the curve.
    let body: String = include_str!("data/key-P-256.pub")
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let mut der = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    *der.last_mut().unwrap() ^= 1;
    let body = data_encoding::BASE64.encode(&der);
    let (first, second) = body.split_at(64);
    let off_curve =
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    assert_eq!(key(&off_curve).unwrap_err().as_slice()[0].code(), "VC-0144");
}

#[test]
fn what_does_not_protect_stands_alone_and_is_said() {
    let tpm = format!(
        "\"tpm\": {{ \"pcrs\": {{ \"4\": \"{}\" }}, \"aks\": \"{}\" }}",
        sha256("boot"),
        sha256("ak")
    );
    let nitro = written("nitro");
    let mixed = with_isolates(&format!("{{ {tpm}, \"nitro\": {nitro} }}"));
    let error = errors(&mixed);
    assert_eq!(
        *error.as_slice()[0].cause(),
        Cause::UnprotectedBeside {
            kind: "tpm",
            beside: "nitro"
        }
    );
    assert_eq!(error.as_slice()[0].pointer(), "/isolates/tpm");
    let alone = with_isolates(&format!("{{ {tpm} }}"));
    assert_eq!(
        *errors(&alone).as_slice()[0].cause(),
        Cause::UnprotectedNotSaid { kind: "tpm" }
    );
    let said = alone.replace(
        "\"veracruz\": 1,",
        "\"veracruz\": 1, \"unprotected\": true,",
    );
    assert!(parse(&said).unprotected());
    let in_vain = HARDWARE.replace(
        "\"veracruz\": 1,",
        "\"veracruz\": 1, \"unprotected\": true,",
    );
    assert_eq!(
        *errors(&in_vain).as_slice()[0].cause(),
        Cause::UnprotectedSaidInVain
    );
}

#[test]
fn who_trusts_a_verifier_has_one() {
    let without = edited(
        "\"description\": \"writes the program\"",
        "\"trust\": \"verifier\"",
    );
    let found = errors(&without);
    assert!(matches!(
        found.as_slice()[0].cause(),
        Cause::TrustWithoutVerifier { participant } if participant.as_str() == "lab"
    ));
    assert_eq!(found.as_slice()[0].pointer(), "/participants/lab/trust");
    assert!(GOOD.contains("writes the program"));
}

#[test]
fn says_what_is_wrong_with_verifiers() {
    let verifier = |name: &str, ca: &str, key: &str| {
        format!("{{ \"name\": {name:?}, \"ca\": {ca:?}, \"ear_key\": {key:?} }}")
    };
    let authority = include_str!("data/authority.pem");
    let key = include_str!("data/key-P-256.pub");
    let good = verifier("v", authority, key);
    let cases = [
        ("none", String::new()),
        ("name", verifier("Verifier", authority, key)),
        (
            "no authority",
            verifier("v", include_str!("data/acme.pem"), key),
        ),
        (
            "other curve",
            verifier("v", include_str!("data/p384.pem"), key),
        ),
        (
            "other curve of the key",
            verifier("v", authority, include_str!("data/key-P-384.pub")),
        ),
        ("twice", format!("{good}, {good}")),
        ("missing", "{}".to_owned()),
    ];
    let mut text = String::new();
    for (title, verifiers) in cases {
        let document = edited(
            "\"unprotected\": true,",
            &format!("\"unprotected\": true, \"verifiers\": [{verifiers}],"),
        );
        writeln!(text, "# {title}\n{}", show(&document, &errors(&document))).unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn warns_of_what_weakens_hardware() {
    let policy = parse(HARDWARE);
    assert_snapshot!(show_warnings(HARDWARE, policy.warnings()));
}

#[test]
fn a_virtual_machine_that_nothing_protects_names_image_and_attester() {
    let kind = IsolateKind::Microvm;
    let (image, attester) = (sha256("image"), sha256("attester"));
    let object = format!("{{ \"image\": \"{image}\", \"attesters\": [\"{attester}\"] }}");
    let isolates = Isolates::parse_kind(kind, object.as_bytes()).unwrap();
    let microvm = isolates.microvm.as_ref().unwrap();
    assert_eq!(microvm.image, [Sha256::of(b"image")]);
    assert_eq!(microvm.attesters[0].to_string(), attester);
    assert!(!kind.protects_from_host());
    let without_anchor = format!("{{ \"image\": \"{image}\" }}");
    refused(kind, &without_anchor, "VC-0122", "");
}
