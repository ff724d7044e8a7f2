//! Evidence of Azure's machines with own keys: right ones, and forgeries that are signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use std::collections::BTreeMap;

use veracruz_evidence::ReportData;
use veracruz_evidence::azure_vtpm::AzureVtpmContent;
use veracruz_evidence::tpm::TpmContent;
use veracruz_policy::{AzureVtpmIsolate, PolicyHash, Sha256, Sha384};

use super::snp::{Platform, TestProduct, reference as snp_reference};
use super::x509::TestKey;

/// A vTPM and its paravisor; change a field and [`content`](Machine::content).
pub(crate) struct Machine {
    /// The key in the runtime data.
    pub ak: &'static TestKey,
    /// The key that signs the quote.
    pub signer: &'static TestKey,
    pub runtime_data: String,
    pub version: u32,
    pub request: u32,
    pub kind: u32,
    pub hash: u32,
    /// Added to the lengths in the HCL report.
    pub wrong: u32,
    pub padding: Vec<u8>,
    pub magic: u32,
    pub quote_type: u16,
    pub bank: u16,
    pub extra_data: Vec<u8>,
    /// The registers that the quote is over.
    pub registers: BTreeMap<u8, Sha256>,
    pub log: Vec<u8>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let ak = TestKey::rsa(2);
        let mut registers: BTreeMap<u8, Sha256> =
            (0..24).map(|index| (index, Sha256::of(&[index]))).collect();
        let launch = [&[0; 32], policy().as_bytes().as_slice()].concat();
        registers.insert(15, Sha256::of(&launch));
        Self {
            ak,
            signer: ak,
            runtime_data: runtime_data(ak),
            version: 2,
            request: 2,
            kind: 2,
            hash: 1,
            wrong: 0,
            padding: vec![0; 100],
            magic: 0xff54_4347,
            quote_type: 0x8018,
            bank: 0x000b,
            extra_data: Sha256::of(expected().as_bytes()).as_bytes().to_vec(),
            registers,
            log: Vec::new(),
        }
    }

    /// The 64 bytes that the hardware's report has for this runtime data.
    pub(crate) fn report_data(&self) -> [u8; 64] {
        let mut report_data = [0; 64];
        let digest = Sha256::of(self.runtime_data.as_bytes());
        report_data[..32].copy_from_slice(digest.as_bytes());
        report_data
    }

    /// The HCL report around a report of the hardware.
    pub(crate) fn hcl_report(&self, report: &[u8]) -> Vec<u8> {
        let length = u32::try_from(self.runtime_data.len()).unwrap();
        let mut hcl = b"HCLA".to_vec();
        for word in [
            self.version,
            1236 + length + self.wrong,
            self.request,
            0,
            0,
            0,
            0,
        ] {
            hcl.extend(word.to_le_bytes());
        }
        hcl.extend(report);
        hcl.resize(32 + 1184, 0);
        for word in [20 + length, 1, self.kind, self.hash, length] {
            hcl.extend(word.to_le_bytes());
        }
        hcl.extend(self.runtime_data.as_bytes());
        hcl.extend(&self.padding);
        hcl
    }

    /// TPMS_ATTEST.
    pub(crate) fn attest(&self) -> Vec<u8> {
        let sized = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [&length, bytes].concat()
        };
        let mut selection = [0u8; 3];
        for index in self.registers.keys() {
            selection[usize::from(index / 8)] |= 1 << (index % 8);
        }
        let values: Vec<u8> = self
            .registers
            .values()
            .flat_map(|value| *value.as_bytes())
            .collect();
        let mut attest = self.magic.to_be_bytes().to_vec();
        attest.extend(self.quote_type.to_be_bytes());
        attest.extend(sized(&[1; 34]));
        attest.extend(sized(&self.extra_data));
        attest.extend([0; 16]); // clock, resetCount, restartCount
        attest.push(1); // safe
        attest.extend([0; 8]); // firmwareVersion
        attest.extend(1u32.to_be_bytes());
        attest.extend(self.bank.to_be_bytes());
        attest.push(3);
        attest.extend(selection);
        attest.extend(sized(Sha256::of(&values).as_bytes()));
        attest
    }

    pub(crate) fn quote(&self) -> TpmContent {
        let attest = self.attest();
        let signature = self.signer.sign_pkcs1_sha256(&attest);
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        TpmContent {
            signature: [&[0, 0x14, 0, 0x0b], &length[..], &signature].concat(),
            attest,
            registers: self.registers.clone(),
            log: self.log.clone(),
            ..TpmContent::default()
        }
    }

    /// Evidence on SEV-SNP, with the chain of its key.
    pub(crate) fn content(&self) -> AzureVtpmContent {
        let platform = platform(self);
        let mut quote = self.quote();
        quote.certificates = platform.certificates().into();
        AzureVtpmContent {
            quote,
            hcl_report: self.hcl_report(&platform.signed()),
            td_quote: Vec::new(),
        }
    }
}

/// The hardware under a machine, whose report names the machine's runtime data.
pub(crate) fn platform(machine: &Machine) -> Platform {
    Platform::new(TestProduct::Milan, false).set(0x50, &machine.report_data())
}

pub(crate) fn runtime_data(ak: &TestKey) -> String {
    let modulus = data_encoding::BASE64URL_NOPAD.encode(&ak.modulus());
    format!(
        r#"{{"keys":[{{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":"{modulus}"}},{{"kid":"HCLEkPub","key_ops":["encrypt"],"kty":"RSA","e":"AQAB","n":"AQAB"}}],"vm-configuration":{{"secure-boot":true,"vmUniqueId":"x"}},"user-data":"00"}}"#
    )
}

pub(crate) fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

pub(crate) fn expected() -> ReportData {
    ReportData::from_bytes([5; 64])
}

pub(crate) fn reference() -> AzureVtpmIsolate {
    AzureVtpmIsolate {
        pcrs: [(4, vec![Sha256::of(&[4])]), (11, vec![Sha256::of(&[11])])].into(),
        sev_snp: Some(snp_reference()),
        tdx: None,
    }
}

/// The measurement of the paravisor in these machines.
pub(crate) fn paravisor() -> Sha384 {
    super::snp::measurement()
}
