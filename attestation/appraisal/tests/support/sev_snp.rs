//! Reports and chains with own keys: right ones, and forgeries that are signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use veracruz_appraisal::{Collateral, Root};
use veracruz_evidence::sev_snp::{REPORT_BYTES, evidence};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{Chips, PolicyHash, SevSnpIsolate, Sha384, SnpSigningKey, SnpTcb, Timestamp};

use super::x509::{
    CertificateForm, Extension, ListForm, TestKey, basic_constraints, integer, key_usage, octets,
    tlv,
};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);
const YEAR: i64 = 365 * 86_400;

pub(crate) const CHIP: [u8; 64] = [0xc1; 64];

pub(crate) fn years(count: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + count * YEAR)
}

/// Layout of TCB_VERSION and processor of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestProduct {
    Milan,
    Genoa,
    Turin,
}

impl TestProduct {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    pub(crate) fn root(self) -> Root {
        match self {
            Self::Milan => Root::AmdMilan,
            Self::Genoa => Root::AmdGenoa,
            Self::Turin => Root::AmdTurin,
        }
    }

    fn cpuid(self) -> [u8; 3] {
        match self {
            Self::Milan => [0x19, 0x01, 1],
            Self::Genoa => [0x19, 0x11, 1],
            Self::Turin => [0x1a, 0x02, 1],
        }
    }

    pub(crate) fn tcb(self, tcb: SnpTcb) -> [u8; 8] {
        match self {
            Self::Turin => [
                tcb.fmc,
                tcb.bootloader,
                tcb.tee,
                tcb.snp,
                0,
                0,
                0,
                tcb.microcode,
            ],
            _ => [tcb.bootloader, tcb.tee, 0, 0, 0, 0, tcb.snp, tcb.microcode],
        }
    }
}

/// A platform with its chain; change a field, then [`evidence`](Platform::evidence).
pub(crate) struct Platform {
    pub product: TestProduct,
    pub report: [u8; REPORT_BYTES],
    pub ark: CertificateForm,
    pub ask: CertificateForm,
    pub vcek: CertificateForm,
    pub vlek: bool,
    pub ark_key: &'static TestKey,
    pub ask_key: &'static TestKey,
    pub vcek_key: TestKey,
}

pub(crate) const TCB: SnpTcb = SnpTcb {
    fmc: 0,
    bootloader: 4,
    tee: 1,
    snp: 24,
    microcode: 219,
};

impl Platform {
    /// A good platform, with a report of version 3 (5 on Turin), signed by a VCEK or a VLEK.
    pub(crate) fn new(product: TestProduct, vlek: bool) -> Self {
        let (ark_key, ask_key, vcek_key) = (TestKey::rsa(0), TestKey::rsa(1), TestKey::p384(9));
        let ark_name = format!("ARK-{}", product.name());
        let middle = if vlek { "VLEK-" } else { "" };
        let ask_name = format!("SEV-{middle}{}", product.name());
        let form = |serial, issuer: &str, subject: &str, spki, extensions| CertificateForm {
            serial,
            issuer: issuer.into(),
            subject: subject.into(),
            from: years(-1),
            until: years(1),
            spki,
            extensions,
        };
        let (mut chip, mut tcb) = (CHIP, TCB);
        if product == TestProduct::Turin {
            chip[8..].fill(0);
            tcb.fmc = 7;
        }
        let ark = form(
            1,
            &ark_name,
            &ark_name,
            ark_key.spki(),
            vec![basic_constraints(true, None), key_usage(0x06)],
        );
        let ask = form(
            2,
            &ark_name,
            &ask_name,
            ask_key.spki(),
            vec![basic_constraints(true, Some(0)), key_usage(0x04)],
        );
        let subject = if vlek { "SEV-VLEK" } else { "SEV-VCEK" };
        let mut extensions = levels(tcb, product == TestProduct::Turin);
        extensions.push((PRODUCT_NAME, false, tlv(0x16, product.name().as_bytes())));
        if vlek {
            extensions.push((PROVIDER_ID, false, tlv(0x16, b"CN=cloud")));
        } else if product == TestProduct::Turin {
            extensions.push((HARDWARE_ID, false, octets(&chip[..8])));
        } else {
            extensions.push((HARDWARE_ID, false, chip.to_vec()));
        }
        let vcek = form(0, &ask_name, subject, vcek_key.spki(), extensions);
        Self {
            product,
            report: report(product, vlek, product.tcb(tcb), chip),
            ark,
            ask,
            vcek,
            vlek,
            ark_key,
            ask_key,
            vcek_key,
        }
    }

    /// Writes bytes into the report.
    pub(crate) fn set(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.report[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Changes an extension of the VCEK.
    pub(crate) fn with_extension(mut self, changed: Extension) -> Self {
        self.vcek.extensions.retain(|(id, _, _)| *id != changed.0);
        self.vcek.extensions.push(changed);
        self
    }

    /// The report, signed.
    pub(crate) fn signed(&self) -> [u8; REPORT_BYTES] {
        let mut report = self.report;
        let signature = self.vcek_key.sign_fixed(&report[..0x2a0]);
        for (at, half) in [(0x2a0, &signature[..48]), (0x2a0 + 72, &signature[48..])] {
            for (index, byte) in half.iter().rev().enumerate() {
                report[at + index] = *byte;
            }
        }
        report
    }

    /// VCEK, ASK and ARK.
    pub(crate) fn certificates(&self) -> [Vec<u8>; 3] {
        [
            self.vcek.sign(self.ask_key),
            self.ask.sign(self.ark_key),
            self.ark.sign(self.ark_key),
        ]
    }

    /// Evidence with its chain in the certificate table.
    pub(crate) fn evidence(&self) -> Evidence {
        evidence(&self.signed(), &self.table())
    }

    pub(crate) fn table(&self) -> Vec<u8> {
        let endorsement = if self.vlek { VLEK } else { VCEK };
        let [vcek, ask, ark] = self.certificates();
        table(&[(endorsement, &vcek), (ASK, &ask), (ARK, &ark)])
    }

    /// Collateral that takes this platform's root as AMD's, and has nothing else.
    pub(crate) fn collateral(&self) -> Collateral {
        let [_, _, ark] = self.certificates();
        Collateral::none().with_test_root(self.product.root(), &ark)
    }

    /// A list of the root that revokes these.
    pub(crate) fn list(&self, serials: &[u64]) -> ListForm {
        ListForm {
            issuer: self.ark.subject.clone(),
            this_update: Timestamp::from_seconds(NOW.seconds() - 86_400),
            next_update: Timestamp::from_seconds(NOW.seconds() + 86_400),
            serials: serials.to_vec(),
        }
    }
}

pub(crate) const PRODUCT_NAME: &str = "1.3.6.1.4.1.3704.1.2";
pub(crate) const HARDWARE_ID: &str = "1.3.6.1.4.1.3704.1.4";
pub(crate) const PROVIDER_ID: &str = "1.3.6.1.4.1.3704.1.5";

/// The patch levels in a certificate.
pub(crate) fn levels(tcb: SnpTcb, fmc: bool) -> Vec<Extension> {
    let mut levels = vec![
        (
            "1.3.6.1.4.1.3704.1.3.1",
            false,
            integer(tcb.bootloader.into()),
        ),
        ("1.3.6.1.4.1.3704.1.3.2", false, integer(tcb.tee.into())),
        ("1.3.6.1.4.1.3704.1.3.3", false, integer(tcb.snp.into())),
        (
            "1.3.6.1.4.1.3704.1.3.8",
            false,
            integer(tcb.microcode.into()),
        ),
    ];
    if fmc {
        levels.push(("1.3.6.1.4.1.3704.1.3.9", false, integer(tcb.fmc.into())));
    }
    levels
}

fn report(product: TestProduct, vlek: bool, tcb: [u8; 8], chip: [u8; 64]) -> [u8; REPORT_BYTES] {
    let mut report = [0; REPORT_BYTES];
    let mut put = |offset: usize, bytes: &[u8]| {
        report[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0x00, &[if product == TestProduct::Turin { 5 } else { 3 }]);
    put(0x08, &0x3_0000u64.to_le_bytes());
    put(0x34, &[1]);
    put(0x48, &[u8::from(vlek) << 2]);
    put(0x50, expected().as_bytes());
    put(0x90, measurement().as_bytes());
    put(0xc0, policy().as_bytes());
    put(0x160, &[0xff; 32]);
    put(0x188, &product.cpuid());
    put(0x1a0, &chip);
    for offset in [0x38, 0x180, 0x1e0, 0x1f0] {
        put(offset, &tcb);
    }
    report
}

pub(crate) fn measurement() -> Sha384 {
    Sha384::of(b"guest")
}

pub(crate) fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

pub(crate) fn expected() -> ReportData {
    ReportData::from_bytes([5; 64])
}

pub(crate) fn reference() -> SevSnpIsolate {
    SevSnpIsolate {
        measurement: vec![measurement()],
        chips: Chips::Any,
        minimum_tcb: SnpTcb::default(),
        vmpl: 0,
        signing_key: SnpSigningKey::Any,
    }
}

pub(crate) const VCEK: &str = "63da758de6644564adc5f4b93be8accd";
pub(crate) const VLEK: &str = "a8074bc2a25a483eaae639c045a0b8a1";
pub(crate) const ASK: &str = "4ab7b379bbac4fe4a02f05aef327c782";
pub(crate) const ARK: &str = "c0b406a4a803495297433fb6014cd0ae";
pub(crate) const CRL: &str = "92f81bc358114d3d97ffd19f88dc67ea";

/// A certificate table of the GHCB specification.
pub(crate) fn table(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut offset = (entries.len() + 1) * 24;
    for (guid, content) in entries {
        table.extend(data_encoding::HEXLOWER.decode(guid.as_bytes()).unwrap());
        table.extend(u32::try_from(offset).unwrap().to_le_bytes());
        table.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        offset += content.len();
    }
    table.extend([0; 24]);
    for (_, content) in entries {
        table.extend_from_slice(content);
    }
    table
}
