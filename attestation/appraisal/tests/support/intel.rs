//! A small Intel: own root, authorities, platforms, quoting enclaves, and the documents about them.
//! Everything in it can be wrong, and is then signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams, SerialNumber,
    SignatureAlgorithm, date_time_ymd,
};
use serde_json::{Value, json};
use veracruz_appraisal::{Collateral, Root};
use veracruz_policy::{Sha256, Timestamp};

/// Within all validities below.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600); // 2026-11-20T08:00:00Z

/// First and last day of validity.
pub(crate) type Days = ((i32, u8, u8), (i32, u8, u8));

const LONG: Days = ((2020, 1, 1), (2040, 1, 1));
const SHORT: Days = ((2026, 11, 1), (2026, 12, 1));

pub(crate) const PPID: [u8; 16] = [0xab; 16];

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

/// A key for certificates, which signs the same in the same way each time: a root is known by its
/// digest.
struct Pair {
    key: SigningKey,
    point: Vec<u8>,
}

impl PublicKeyData for Pair {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// A certificate and what it is made from.
#[derive(Clone)]
pub(crate) struct Authority {
    pub name: &'static str,
    pub key: SigningKey,
    pub serial: u64,
    pub days: Days,
    pub ca: bool,
}

impl Authority {
    fn new(name: &'static str, seed: u8, ca: bool) -> Self {
        Self {
            name,
            key: key(seed),
            serial: seed.into(),
            days: LONG,
            ca,
        }
    }

    fn pair(&self) -> Pair {
        let point = self.key.verifying_key().to_sec1_point(false);
        Pair {
            key: self.key.clone(),
            point: point.as_bytes().to_vec(),
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.name);
        let ((y, m, d), (y2, m2, d2)) = self.days;
        params.not_before = date_time_ymd(y, m, d);
        params.not_after = date_time_ymd(y2, m2, d2);
        params.serial_number = Some(SerialNumber::from(self.serial));
        params.is_ca = if self.ca {
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            IsCa::Ca(BasicConstraints::Unconstrained)
        } else {
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            IsCa::ExplicitNoCa
        };
        params
    }

    fn signed_by(&self, issuer: &Self, extension: Option<CustomExtension>) -> Vec<u8> {
        let mut params = self.params();
        params.custom_extensions.extend(extension);
        let issuing = Issuer::new(issuer.params(), issuer.pair());
        params
            .signed_by(&self.pair(), &issuing)
            .unwrap()
            .der()
            .to_vec()
    }

    /// A revocation list, DER.
    fn list(&self, days: Days, revoked: &[u64]) -> Vec<u8> {
        let ((y, m, d), (y2, m2, d2)) = days;
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(y, m, d),
            next_update: date_time_ymd(y2, m2, d2),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: date_time_ymd(y, m, d),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        // Whatever its certificate allows.
        let issuer = Self {
            ca: true,
            ..self.clone()
        };
        let issuing = Issuer::new(issuer.params(), issuer.pair());
        params.signed_by(&issuing).unwrap().der().to_vec()
    }
}

/// What Intel's extension of the PCK certificate says.
#[derive(Clone)]
pub(crate) struct PckForm {
    pub ppid: [u8; 16],
    pub components: [u8; 16],
    pub pce_svn: u16,
    pub fmspc: [u8; 6],
    pub pce_id: [u8; 2],
}

/// How the quote carries the PCK certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    Chain,
    ChainWithoutRoot,
    Leaf,
    /// Certification data of this type, by name alone.
    Name(u16),
    /// Type and nothing else.
    Other(u16),
}

/// A platform, its quote, and everything that is said about it.
#[derive(Clone)]
pub(crate) struct World {
    pub root: Authority,
    pub authority: Authority,
    pub pck: Authority,
    pub pck_form: PckForm,
    pub tcb_signer: Authority,
    /// Who issues the certificate of `tcb_signer`; the root where there is none.
    pub tcb_signer_issuer: Option<Authority>,
    pub root_list: Option<(Days, Vec<u64>)>,
    pub pck_list: Option<(Days, Vec<u64>)>,
    pub tcb_info: Option<Value>,
    pub qe_identity: Option<Value>,
    pub with_tcb_signer: bool,
    /// Which key signs TCB info and QE identity.
    pub document_key: SigningKey,
    pub attestation_key: SigningKey,
    pub qe_report: Vec<u8>,
    /// What the quoting enclave hashes with the attestation key.
    pub authentication: Vec<u8>,
    /// Whether the QE report names the attestation key.
    pub qe_names_key: bool,
    pub header: Vec<u8>,
    /// Body type of a quote of version 5.
    pub body_type: u16,
    pub body: Vec<u8>,
    pub carries: Carries,
    /// Whether `root` is handed over as a test root.
    pub trusted: bool,
    pub extra: Vec<Vec<u8>>,
}

pub(crate) fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
    bytes[offset..offset + value.len()].copy_from_slice(value);
}

fn svns(values: [u8; 16]) -> Value {
    values.iter().map(|svn| json!({ "svn": svn })).collect()
}

/// One level of TCB info.
pub(crate) fn level(
    sgx: [u8; 16],
    pce_svn: u16,
    tdx: Option<[u8; 16]>,
    status: &str,
    advisories: &[&str],
) -> Value {
    let mut tcb = json!({ "sgxtcbcomponents": svns(sgx), "pcesvn": pce_svn });
    if let Some(tdx) = tdx {
        tcb["tdxtcbcomponents"] = svns(tdx);
    }
    json!({
        "tcb": tcb,
        "tcbDate": "2026-08-13T00:00:00Z",
        "tcbStatus": status,
        "advisoryIDs": advisories,
    })
}

/// One level of a QE identity or a TDX module.
pub(crate) fn isv_level(isv_svn: u16, status: &str, advisories: &[&str]) -> Value {
    json!({
        "tcb": { "isvsvn": isv_svn },
        "tcbDate": "2026-08-13T00:00:00Z",
        "tcbStatus": status,
        "advisoryIDs": advisories,
    })
}

pub(crate) const MR_ENCLAVE: [u8; 32] = [0x11; 32];
pub(crate) const MR_TD: [u8; 48] = [0x22; 48];
pub(crate) const COMPONENTS: [u8; 16] = [5, 5, 2, 2, 3, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0];
pub(crate) const TEE_TCB_SVN: [u8; 16] = [6, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl World {
    /// A good enclave on a good platform.
    pub(crate) fn sgx() -> Self {
        let mut body = vec![0; 384];
        put(&mut body, 48, &[5]);
        put(&mut body, 64, &MR_ENCLAVE);
        put(&mut body, 128, &[0x33; 32]);
        put(&mut body, 258, &7_u16.to_le_bytes());
        let mut world = Self::with(3, 0, body);
        world.tcb_info.as_mut().unwrap()["id"] = json!("SGX");
        world
    }

    /// A good virtual machine of TDX 1.0, quote version 4.
    pub(crate) fn tdx() -> Self {
        let mut body = vec![0; 584];
        put(&mut body, 0, &TEE_TCB_SVN);
        // SEPT_VE_DISABLE.
        put(&mut body, 123, &[0x10]);
        put(&mut body, 136, &MR_TD);
        for (index, fill) in (0..).zip([0x40, 0x41, 0x42]) {
            put(&mut body, 328 + 48 * index, &[fill; 48]);
        }
        let mut world = Self::with(4, 0x81, body);
        put(&mut world.qe_report, 256, &2_u16.to_le_bytes());
        let identity = world.qe_identity.as_mut().unwrap();
        identity["id"] = json!("TD_QE");
        identity["isvprodid"] = json!(2);
        let module = json!({
            "mrsigner": "00".repeat(48),
            "attributes": "00".repeat(8),
            "attributesMask": "FF".repeat(8),
        });
        let mut identity = module.clone();
        identity["id"] = json!("TDX_01");
        identity["tcbLevels"] = json!([
            isv_level(6, "UpToDate", &[]),
            isv_level(3, "OutOfDate", &["INTEL-SA-00003"]),
        ]);
        let info = world.tcb_info.as_mut().unwrap();
        info["id"] = json!("TDX");
        info["tdxModule"] = module;
        info["tdxModuleIdentities"] = json!([identity]);
        info["tcbLevels"] = json!([
            level(COMPONENTS, 11, Some(TEE_TCB_SVN), "UpToDate", &[]),
            level([0; 16], 0, Some([0; 16]), "OutOfDate", &["INTEL-SA-00001"]),
        ]);
        world
    }

    /// The same with a quote of version 5, and the body of TDX 1.0 (2), 1.5 (3) or 1.5ex (4).
    pub(crate) fn tdx_5(body_type: u16) -> Self {
        let mut world = Self::tdx();
        put(&mut world.header, 0, &[5]);
        world.body_type = body_type;
        if body_type >= 3 {
            world.body.extend(TEE_TCB_SVN);
            world.body.extend([0; 48]);
        }
        if body_type >= 4 {
            world.body.extend([0; 237]);
        }
        world
    }

    fn with(version: u8, tee: u8, body: Vec<u8>) -> Self {
        let mut header = vec![0; 48];
        put(&mut header, 0, &[version, 0, 2, 0, tee]);
        let vendor = HEXLOWER.decode(b"939a7233f79c4ca9940a0db3957f0607");
        put(&mut header, 12, &vendor.unwrap());
        let mut qe_report = vec![0; 384];
        put(&mut qe_report, 48, &[0x11]);
        put(&mut qe_report, 128, &[0x77; 32]);
        put(&mut qe_report, 256, &1_u16.to_le_bytes());
        put(&mut qe_report, 258, &8_u16.to_le_bytes());
        let tcb_signer = Authority::new("Intel SGX TCB Signing", 4, false);
        Self {
            root: Authority::new("Intel SGX Root CA", 1, true),
            authority: Authority::new("Intel SGX PCK Platform CA", 2, true),
            pck: Authority::new("Intel SGX PCK Certificate", 3, false),
            pck_form: PckForm {
                ppid: PPID,
                components: COMPONENTS,
                pce_svn: 11,
                fmspc: [0xb0, 0xc0, 0x6f, 0, 0, 0],
                pce_id: [0, 0],
            },
            document_key: tcb_signer.key.clone(),
            tcb_signer,
            tcb_signer_issuer: None,
            root_list: Some((SHORT, vec![99])),
            pck_list: Some((SHORT, vec![98])),
            tcb_info: Some(json!({
                "id": "",
                "version": 3,
                "issueDate": "2026-11-02T00:00:00Z",
                "nextUpdate": "2026-12-02T00:00:00Z",
                "fmspc": "B0C06F000000",
                "pceId": "0000",
                "tcbType": 0,
                "tcbEvaluationDataNumber": 20,
                "tcbLevels": [
                    level(COMPONENTS, 11, None, "UpToDate", &[]),
                    level([1; 16], 11, None, "Revoked", &[]),
                    level([0; 16], 0, None, "OutOfDate", &["INTEL-SA-00001"]),
                ],
            })),
            qe_identity: Some(json!({
                "id": "QE",
                "version": 2,
                "issueDate": "2026-11-03T00:00:00Z",
                "nextUpdate": "2026-12-03T00:00:00Z",
                "tcbEvaluationDataNumber": 20,
                "miscselect": "00000000",
                "miscselectMask": "FFFFFFFF",
                "attributes": "11000000000000000000000000000000",
                "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
                "mrsigner": "77".repeat(32),
                "isvprodid": 1,
                "tcbLevels": [
                    isv_level(8, "UpToDate", &[]),
                    isv_level(5, "OutOfDate", &["INTEL-SA-00002"]),
                ],
            })),
            with_tcb_signer: true,
            attestation_key: key(5),
            qe_report,
            authentication: vec![9; 32],
            qe_names_key: true,
            header,
            body_type: 2,
            body,
            carries: Carries::Chain,
            trusted: true,
            extra: Vec::new(),
        }
    }

    pub(crate) fn root_der(&self) -> Vec<u8> {
        let params = self.root.params();
        params
            .self_signed(&self.root.pair())
            .unwrap()
            .der()
            .to_vec()
    }

    pub(crate) fn authority_der(&self) -> Vec<u8> {
        self.authority.signed_by(&self.root, None)
    }

    pub(crate) fn pck_der(&self) -> Vec<u8> {
        let extension = CustomExtension::from_oid_content(
            &[1, 2, 840, 113_741, 1, 13, 1],
            self.pck_form.extension(),
        );
        self.pck.signed_by(&self.authority, Some(extension))
    }

    /// Signs the quote and all that leads to it.
    pub(crate) fn quote(&self) -> Vec<u8> {
        let point = self.attestation_key.verifying_key().to_sec1_point(false);
        let public = &point.as_bytes()[1..];
        let mut qe_report = self.qe_report.clone();
        if self.qe_names_key {
            let named = Sha256::of(&[public, &self.authentication].concat());
            put(&mut qe_report, 320, named.as_bytes());
        }
        let mut certified = qe_report.clone();
        certified.extend(sign(&self.pck.key, &qe_report));
        let length = u16::try_from(self.authentication.len()).unwrap();
        certified.extend(length.to_le_bytes());
        certified.extend(&self.authentication);
        let (kind, data) = self.certification();
        certified.extend(kind.to_le_bytes());
        certified.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        certified.extend(data);

        let mut signed = self.header.clone();
        if self.header[0] == 5 {
            signed.extend(self.body_type.to_le_bytes());
            signed.extend(u32::try_from(self.body.len()).unwrap().to_le_bytes());
        }
        signed.extend(&self.body);
        let mut signature = sign(&self.attestation_key, &signed);
        signature.extend(public);
        if self.header[0] >= 4 {
            signature.extend(6_u16.to_le_bytes());
            signature.extend(u32::try_from(certified.len()).unwrap().to_le_bytes());
        }
        signature.extend(certified);
        signed.extend(u32::try_from(signature.len()).unwrap().to_le_bytes());
        signed.extend(signature);
        signed
    }

    fn certification(&self) -> (u16, Vec<u8>) {
        let pems = |ders: &[Vec<u8>]| -> Vec<u8> {
            ders.iter().flat_map(|der| pem(der).into_bytes()).collect()
        };
        match self.carries {
            Carries::Chain => (
                5,
                pems(&[self.pck_der(), self.authority_der(), self.root_der()]),
            ),
            Carries::ChainWithoutRoot => (5, pems(&[self.pck_der(), self.authority_der()])),
            Carries::Leaf => (4, pems(&[self.pck_der()])),
            Carries::Name(kind) => {
                let mut data = vec![0xee; if kind == 3 { 384 } else { 256 }];
                data.extend(self.pck_form.components);
                data.extend(self.pck_form.pce_svn.to_le_bytes());
                data.extend(self.pck_form.pce_id);
                (kind, data)
            }
            Carries::Other(kind) => (kind, vec![0; 8]),
        }
    }

    /// The files that the collateral is made of.
    pub(crate) fn files(&self) -> Vec<Vec<u8>> {
        let mut files = self.extra.clone();
        if self.with_tcb_signer {
            let issuer = self.tcb_signer_issuer.as_ref().unwrap_or(&self.root);
            files.push(pem(&self.tcb_signer.signed_by(issuer, None)).into_bytes());
        }
        if let Some((days, revoked)) = &self.root_list {
            files.push(self.root.list(*days, revoked));
        }
        if let Some((days, revoked)) = &self.pck_list {
            files.push(
                HEXLOWER
                    .encode(&self.authority.list(*days, revoked))
                    .into_bytes(),
            );
        }
        for (name, document) in [
            ("tcbInfo", &self.tcb_info),
            ("enclaveIdentity", &self.qe_identity),
        ] {
            if let Some(document) = document {
                files.push(self.document(name, &document.to_string()).into_bytes());
            }
        }
        files
    }

    /// Intel's form around a document, signed.
    pub(crate) fn document(&self, name: &str, body: &str) -> String {
        let signature = HEXUPPER.encode(&sign(&self.document_key, body.as_bytes()));
        format!("{{\"{name}\":{body},\"signature\":\"{signature}\"}}")
    }

    pub(crate) fn collateral(&self) -> Collateral {
        self.collateral_of(&self.files())
    }

    pub(crate) fn collateral_of(&self, files: &[Vec<u8>]) -> Collateral {
        let mut collateral = Collateral::none();
        if self.trusted {
            collateral = collateral.with_test_root(Root::IntelSgx, &self.root_der());
        }
        for file in files {
            collateral.add(file).unwrap();
        }
        collateral
    }

    /// The first level of the TCB info, which the platform reaches.
    pub(crate) fn reached(&mut self) -> &mut Value {
        &mut self.tcb_info.as_mut().unwrap()["tcbLevels"][0]
    }

    /// The platform has this status.
    pub(crate) fn set_status(&mut self, status: &str, advisories: &[&str]) {
        self.reached()["tcbStatus"] = json!(status);
        self.reached()["advisoryIDs"] = json!(advisories);
    }
}

impl PckForm {
    fn extension(&self) -> Vec<u8> {
        let id = |last: &[u64]| [&[1, 2, 840, 113_741, 1, 13, 1], last].concat();
        let octets = |bytes: &[u8]| tlv(0x04, bytes);
        let number = |value: u64| {
            let bytes = [&[0], value.to_be_bytes().as_slice()].concat();
            let zeros = bytes
                .windows(2)
                .take_while(|w| w[0] == 0 && w[1] < 128)
                .count();
            tlv(0x02, &bytes[zeros..])
        };
        let pair = |last: &[u64], value: Vec<u8>| tlv(0x30, &[oid(&id(last)), value].concat());
        let mut tcb: Vec<u8> = (1..)
            .zip(self.components)
            .flat_map(|(index, svn)| pair(&[2, index], number(svn.into())))
            .collect();
        tcb.extend(pair(&[2, 17], number(self.pce_svn.into())));
        tcb.extend(pair(&[2, 18], octets(&self.components)));
        let flag = |last| pair(&[7, last], tlv(0x01, &[0xff]));
        let fields = [
            pair(&[1], octets(&self.ppid)),
            pair(&[2], tlv(0x30, &tcb)),
            pair(&[3], octets(&self.pce_id)),
            pair(&[4], octets(&self.fmspc)),
            pair(&[5], tlv(0x0a, &[1])),
            pair(&[6], octets(&[0xcd; 16])),
            pair(&[7], tlv(0x30, &[flag(1), flag(2), flag(3)].concat())),
        ];
        tlv(0x30, &fields.concat())
    }
}

pub(crate) fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// r ‖ s.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = key.sign(message);
    signature.to_bytes().to_vec()
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut der = vec![tag];
    match length {
        [0, short @ 0..=127] => der.push(short),
        [0, longer] => der.extend([0x81, longer]),
        [high, low] => der.extend([0x82, high, low]),
    }
    der.extend_from_slice(content);
    der
}

fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        let mut groups = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    tlv(0x06, &content)
}

/// A log of TCG's crypto-agile format with SHA-384 alone: register by the log's count, digest.
pub(crate) fn event_log(events: &[(u32, [u8; 48])]) -> Vec<u8> {
    let mut header = b"Spec ID Event03\0".to_vec();
    header.extend([0, 0, 0, 0, 0, 2, 0, 2]);
    header.extend(1_u32.to_le_bytes());
    header.extend([0x0c, 0, 48, 0, 0]);
    let mut log = Vec::new();
    log.extend(1_u32.to_le_bytes());
    log.extend(3_u32.to_le_bytes());
    log.extend([0; 20]);
    log.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    log.extend(header);
    for (register, digest) in events {
        log.extend(register.to_le_bytes());
        log.extend(0x8000_0001_u32.to_le_bytes());
        log.extend(1_u32.to_le_bytes());
        log.extend([0x0c, 0]);
        log.extend(digest);
        log.extend(5_u32.to_le_bytes());
        log.extend(b"event");
    }
    log
}
