//! The ATTESTATION_REPORT, versions 2 to 5: AMD 56860 (SEV Secure Nested Paging Firmware ABI),
//! section 7.3, read from its raw bytes.

use veracruz_evidence::sev_snp::REPORT_BYTES;

use super::product::Product;
use crate::AppraisalError;
use crate::key::{Hash, Key, Scheme};

/// Where the signature starts; everything before it is signed.
const SIGNATURE: usize = 0x2a0;
/// Bytes of r and of s in the signature field: 72, of which P-384 uses 48, little-endian.
const COMPONENT: usize = 72;
const USED: usize = 48;

/// What errors call it.
pub(super) const PART: &str = "report";

/// A report of the right length whose signature field has no hidden bytes. Nothing else was looked
/// at: the fields mean nothing before [`verify`](Self::verify).
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'b> {
    bytes: &'b [u8; REPORT_BYTES],
}

/// Which key signed a report, by its own word: SIGNING_KEY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SigningKey {
    Vcek,
    Vlek,
    /// 7: none, the report is not signed.
    None,
    /// A value that means nothing yet.
    Reserved(u32),
}

impl SigningKey {
    pub(super) fn name(self) -> String {
        match self {
            Self::Vcek => "VCEK".into(),
            Self::Vlek => "VLEK".into(),
            Self::None => "none".into(),
            Self::Reserved(value) => format!("reserved value {value}"),
        }
    }
}

impl<'b> Report<'b> {
    /// Takes the bytes of a report. The only unsigned ones are the signature itself and the rest of
    /// its field, which must be zero.
    ///
    /// # Errors
    /// `Malformed`.
    pub(super) fn parse(bytes: &'b [u8; REPORT_BYTES]) -> Result<Self, AppraisalError> {
        let report = Self { bytes };
        let (_, signature) = bytes.split_at(SIGNATURE);
        let mut padding = signature
            .iter()
            .enumerate()
            .filter(|(index, _)| index % COMPONENT >= USED || *index >= 2 * COMPONENT);
        if padding.any(|(_, byte)| *byte != 0) {
            return Err(malformed(
                "bytes in the signature field that belong to no signature are not zero",
            ));
        }
        Ok(report)
    }

    /// Checks the signature: ECDSA on P-384 with SHA-384 over the raw bytes 0x000 to 0x29f.
    ///
    /// # Errors
    /// `BadSignature`.
    pub(super) fn verify(&self, key: &Key) -> Result<(), AppraisalError> {
        let (signed, signature) = self.bytes.split_at(SIGNATURE);
        let component = |at: usize| {
            let bytes = signature.iter().skip(at).take(USED).rev();
            bytes.copied().collect::<Vec<u8>>()
        };
        let big_endian = [component(0), component(COMPONENT)].concat();
        key.verify(Scheme::Ecdsa(Hash::Sha384), signed, &big_endian)
            .map_err(|_| AppraisalError::BadSignature { part: PART })
    }

    /// What a version of the format fixes: that it is known, and that reserved fields are zero.
    /// A reserved field with something in it is something that this code does not know of.
    ///
    /// # Errors
    /// `UnknownProfile`, `BadAlgorithm`, `Malformed`.
    pub(super) fn check_format(&self) -> Result<(), AppraisalError> {
        let version = self.version();
        if !(2..=5).contains(&version) {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "version 2, 3, 4 or 5",
                found: format!("version {version}"),
            });
        }
        // 1: ECDSA P-384 with SHA-384, the only one that there is (section 10).
        let algorithm = u32::from_le_bytes(self.at(0x34));
        if algorithm != 1 {
            return Err(AppraisalError::BadAlgorithm {
                part: PART,
                expected: "SIGNATURE_ALGO 1 (ECDSA P-384 with SHA-384)",
                found: format!("SIGNATURE_ALGO {algorithm}"),
            });
        }
        let mut reserved = vec![
            0x4c..0x50,
            0x18b..0x1a0,
            0x1eb..0x1ec,
            0x1ef..0x1f0,
            0x208..SIGNATURE,
        ];
        if version == 2 {
            reserved.push(0x188..0x18b);
        }
        if version < 4 {
            reserved.push(0x1f8..0x208);
        }
        for range in reserved {
            let mut field = self.bytes.iter().take(range.end).skip(range.start);
            if field.any(|byte| *byte != 0) {
                return Err(malformed(&format!(
                    "the reserved field at 0x{:03x} is not zero",
                    range.start
                )));
            }
        }
        if self.flags() >> 5 != 0 {
            return Err(malformed("reserved bits at 0x048 are not zero"));
        }
        Ok(())
    }

    pub(super) fn version(&self) -> u32 {
        u32::from_le_bytes(self.at(0x00))
    }

    pub(super) fn guest_svn(&self) -> u32 {
        u32::from_le_bytes(self.at(0x04))
    }

    pub(super) fn policy(&self) -> GuestPolicy {
        GuestPolicy(u64::from_le_bytes(self.at(0x08)))
    }

    pub(super) fn family_id(&self) -> [u8; 16] {
        self.at(0x10)
    }

    pub(super) fn image_id(&self) -> [u8; 16] {
        self.at(0x20)
    }

    pub(super) fn vmpl(&self) -> u32 {
        u32::from_le_bytes(self.at(0x30))
    }

    pub(super) fn current_tcb(&self) -> [u8; 8] {
        self.at(0x38)
    }

    pub(super) fn platform_info(&self) -> u64 {
        u64::from_le_bytes(self.at(0x40))
    }

    fn flags(&self) -> u32 {
        u32::from_le_bytes(self.at(0x48))
    }

    /// AUTHOR_KEY_EN: the digest of the author key is in the report.
    pub(super) fn has_author_key(&self) -> bool {
        self.flags() & 1 != 0
    }

    /// MASK_CHIP_KEY: the firmware was told not to sign.
    pub(super) fn masks_chip_key(&self) -> bool {
        self.flags() & 1 << 1 != 0
    }

    pub(super) fn signing_key(&self) -> SigningKey {
        match self.flags() >> 2 & 7 {
            0 => SigningKey::Vcek,
            1 => SigningKey::Vlek,
            7 => SigningKey::None,
            reserved => SigningKey::Reserved(reserved),
        }
    }

    pub(super) fn report_data(&self) -> [u8; 64] {
        self.at(0x50)
    }

    pub(super) fn measurement(&self) -> [u8; 48] {
        self.at(0x90)
    }

    pub(super) fn host_data(&self) -> [u8; 32] {
        self.at(0xc0)
    }

    pub(super) fn id_key_digest(&self) -> [u8; 48] {
        self.at(0xe0)
    }

    pub(super) fn author_key_digest(&self) -> [u8; 48] {
        self.at(0x110)
    }

    pub(super) fn report_id(&self) -> [u8; 32] {
        self.at(0x140)
    }

    /// REPORT_ID_MA: the migration agent's report; all bits set where there is none.
    pub(super) fn report_id_ma(&self) -> [u8; 32] {
        self.at(0x160)
    }

    pub(super) fn reported_tcb(&self) -> [u8; 8] {
        self.at(0x180)
    }

    /// Family, model and stepping; from version 3 on.
    pub(super) fn cpuid(&self) -> Option<[u8; 3]> {
        (self.version() >= 3).then(|| self.at(0x188))
    }

    /// The product by its own word; `None` in version 2, which does not say, and for a processor
    /// that is not known.
    pub(super) fn product(&self) -> Option<Product> {
        let [family, model, _] = self.cpuid()?;
        Product::of_cpuid(family, model)
    }

    /// CHIP_ID; zero where the platform hides it (MASK_CHIP_ID).
    pub(super) fn chip_id(&self) -> [u8; 64] {
        self.at(0x1a0)
    }

    pub(super) fn committed_tcb(&self) -> [u8; 8] {
        self.at(0x1e0)
    }

    /// The firmware that runs: major, minor, build.
    pub(super) fn current_version(&self) -> [u8; 3] {
        let [build, minor, major] = self.at(0x1e8);
        [major, minor, build]
    }

    /// The oldest firmware that the platform can go back to: major, minor, build.
    pub(super) fn committed_version(&self) -> [u8; 3] {
        let [build, minor, major] = self.at(0x1ec);
        [major, minor, build]
    }

    pub(super) fn launch_tcb(&self) -> [u8; 8] {
        self.at(0x1f0)
    }

    /// LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR; from version 4 on.
    pub(super) fn mitigations(&self) -> Option<(u64, u64)> {
        let vectors = || {
            (
                u64::from_le_bytes(self.at(0x1f8)),
                u64::from_le_bytes(self.at(0x200)),
            )
        };
        (self.version() >= 4).then(vectors)
    }

    /// The field at a fixed offset. All of them lie inside the report, which the tests show: zeros
    /// would stand in for what does not.
    fn at<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut field = [0; N];
        for (to, from) in field.iter_mut().zip(self.bytes.iter().skip(offset)) {
            *to = *from;
        }
        field
    }
}

/// POLICY (section 4.3): what the guest was started with, and what the host may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GuestPolicy(pub(super) u64);

impl GuestPolicy {
    const RESERVED_ONE: u64 = 1 << 17;
    const MIGRATE_MA: u64 = 1 << 18;
    const DEBUG: u64 = 1 << 19;
    /// Bits whose meaning is not known here: they may allow the host anything.
    const UNKNOWN: u64 = u64::MAX << 26;

    /// The bits that are neither refused nor always the same.
    const NAMED: [(&'static str, u64); 7] = [
        ("SMT", 1 << 16),
        ("SINGLE_SOCKET", 1 << 20),
        ("CXL_ALLOW", 1 << 21),
        ("MEM_AES_256_XTS", 1 << 22),
        ("RAPL_DIS", 1 << 23),
        ("CIPHERTEXT_HIDING_DRAM", 1 << 24),
        ("PAGE_SWAP_DISABLE", 1 << 25),
    ];

    /// Refuses what opens the guest to others.
    ///
    /// # Errors
    /// `DebugNotAllowed`, `ConfigurationNotAllowed`, `Malformed`.
    pub(super) fn check(self) -> Result<(), AppraisalError> {
        if self.0 & Self::DEBUG != 0 {
            return Err(AppraisalError::DebugNotAllowed {
                claim: "POLICY.DEBUG",
            });
        }
        if self.0 & Self::MIGRATE_MA != 0 {
            return Err(AppraisalError::ConfigurationNotAllowed {
                claim: "POLICY.MIGRATE_MA",
                expected: "0".into(),
                found: "1".into(),
            });
        }
        if self.0 & Self::UNKNOWN != 0 {
            return Err(AppraisalError::ConfigurationNotAllowed {
                claim: "POLICY",
                expected: "no bits that are not known (26 to 63)".into(),
                found: format!("0x{:x}", self.0),
            });
        }
        if self.0 & Self::RESERVED_ONE == 0 {
            return Err(malformed("bit 17 of POLICY must be one"));
        }
        Ok(())
    }

    /// As text: `ABI at least 0.31, SMT, SINGLE_SOCKET`.
    pub(super) fn text(self) -> String {
        let [minor, major, ..] = self.0.to_le_bytes();
        let set = Self::NAMED.iter().filter(|(_, bit)| self.0 & bit != 0);
        let mut text = format!("ABI at least {major}.{minor}");
        for (name, _) in set {
            text.push_str(", ");
            text.push_str(name);
        }
        text
    }
}

pub(super) fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte(offset: usize) -> u8 {
        u8::try_from(offset % 251).unwrap()
    }

    /// A report in which each byte says where it is.
    fn counted() -> [u8; REPORT_BYTES] {
        std::array::from_fn(byte)
    }

    #[test]
    fn every_field_is_read_where_the_specification_has_it() {
        let bytes = counted();
        let report = Report { bytes: &bytes };
        let first = [
            (report.family_id()[0], 0x10),
            (report.image_id()[0], 0x20),
            (report.current_tcb()[0], 0x38),
            (report.report_data()[0], 0x50),
            (report.measurement()[0], 0x90),
            (report.host_data()[0], 0xc0),
            (report.id_key_digest()[0], 0xe0),
            (report.author_key_digest()[0], 0x110),
            (report.report_id()[0], 0x140),
            (report.report_id_ma()[0], 0x160),
            (report.reported_tcb()[0], 0x180),
            (report.cpuid().unwrap()[0], 0x188),
            (report.chip_id()[0], 0x1a0),
            (report.committed_tcb()[0], 0x1e0),
            (report.current_version()[2], 0x1e8),
            (report.committed_version()[2], 0x1ec),
            (report.launch_tcb()[0], 0x1f0),
            (report.chip_id()[63], 0x1df),
            (report.report_data()[63], 0x8f),
        ];
        for (found, offset) in first {
            assert_eq!(found, byte(offset), "0x{offset:x}");
        }
    }

    #[test]
    fn bytes_that_belong_to_no_signature_must_be_zero() {
        let mut bytes = [0; REPORT_BYTES];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let at = index.wrapping_sub(SIGNATURE);
            *byte = u8::from(index < SIGNATURE || at < 48 || (72..120).contains(&at));
        }
        assert!(Report::parse(&bytes).is_ok());
        for index in (SIGNATURE..REPORT_BYTES).filter(|index| bytes[*index] == 0) {
            let mut changed = bytes;
            changed[index] = 1;
            assert!(Report::parse(&changed).is_err(), "0x{index:x}");
        }
    }

    #[test]
    fn a_policy_that_opens_the_guest_is_refused() {
        assert_eq!(GuestPolicy(0x3001f).check(), Ok(()));
        assert_eq!(GuestPolicy(0x3001f).text(), "ABI at least 0.31, SMT");
        assert!(matches!(
            GuestPolicy(0xb001f).check(),
            Err(AppraisalError::DebugNotAllowed { .. })
        ));
        for policy in [0x7001f, 1 << 26 | 0x3001f, 1 << 63 | 0x3001f] {
            assert!(matches!(
                GuestPolicy(policy).check(),
                Err(AppraisalError::ConfigurationNotAllowed { .. })
            ));
        }
        assert!(matches!(
            GuestPolicy(0x1001f).check(),
            Err(AppraisalError::Malformed { .. })
        ));
    }
}
