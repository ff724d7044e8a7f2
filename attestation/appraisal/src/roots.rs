//! The roots of the vendors: what every chain of certificates must end in.
//!
//! A root is pinned by the SHA-256 of its DER, never found by its name or its place in a chain: an
//! attacker's chain has the same names in the same places. Each digest below was computed from
//! certificates that came to us in two ways that do not depend on each other: with recorded
//! evidence, and in published packages that verify the same formats (`dcap-qvl` for Intel, `sev`
//! for AMD); that of AWS is the fingerprint printed in its user's guide. The address beside each is
//! where an auditor gets it from the vendor.

use data_encoding::HEXLOWER;
use veracruz_policy::Sha256;

use crate::{AppraisalError, Collateral};

/// A vendor's root certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Root {
    /// `Intel SGX Root CA`: SGX and TDX, their TCB info and QE identities.
    IntelSgx,
    /// `ARK-Milan`: SEV-SNP on EPYC 7003.
    AmdMilan,
    /// `ARK-Genoa`: SEV-SNP on EPYC 9004, 8004 and 4004 (Genoa, Bergamo, Siena).
    AmdGenoa,
    /// `ARK-Turin`: SEV-SNP on EPYC 9005.
    AmdTurin,
    /// `aws.nitro-enclaves`: AWS Nitro.
    AwsNitro,
}

impl Root {
    /// Every root that this version knows.
    pub const ALL: &[Self] = &[
        Self::IntelSgx,
        Self::AmdMilan,
        Self::AmdGenoa,
        Self::AmdTurin,
        Self::AwsNitro,
    ];

    /// The common name in the certificate.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IntelSgx => "Intel SGX Root CA",
            Self::AmdMilan => "ARK-Milan",
            Self::AmdGenoa => "ARK-Genoa",
            Self::AmdTurin => "ARK-Turin",
            Self::AwsNitro => "aws.nitro-enclaves",
        }
    }

    /// SHA-256 of the DER of this root, lower-case hex. There is more than one where the vendor
    /// issued a certificate for the same key again.
    #[must_use]
    pub const fn pinned(self) -> &'static [&'static str] {
        match self {
            // https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.cer
            // until 2049; and the certificate of 2018 for the same key, until 2033, which quotes
            // of older platforms carry.
            Self::IntelSgx => &[
                "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
                "fc64f8076d79a4fee9d1d473d74c89eb8d8fd55c5abafeabeba7366d20429404",
            ],
            // https://kdsintf.amd.com/vcek/v1/Milan/cert_chain (AMD 57230), the second certificate.
            Self::AmdMilan => &["69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"],
            // https://kdsintf.amd.com/vcek/v1/Genoa/cert_chain, the second certificate.
            Self::AmdGenoa => &["4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"],
            // https://kdsintf.amd.com/vcek/v1/Turin/cert_chain, the second certificate.
            Self::AmdTurin => &["1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"],
            // https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip; the digest is
            // printed in "Verifying the root of trust" of the user's guide.
            Self::AwsNitro => &["641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"],
        }
    }

    /// Whether this DER certificate is the root.
    pub(crate) fn is(self, certificate: &[u8], collateral: &Collateral) -> bool {
        let digest = Sha256::of(certificate);
        let text = HEXLOWER.encode(digest.as_bytes());
        self.pinned().contains(&text.as_str()) || collateral.has_test_root(self, &digest)
    }

    /// Refuses a chain that ends in anything but the root: `found` is its last certificate, DER,
    /// `part` whose chain it is.
    pub(crate) fn check(
        self,
        found: Option<&[u8]>,
        part: &'static str,
        collateral: &Collateral,
    ) -> Result<(), AppraisalError> {
        match found {
            Some(certificate) if self.is(certificate, collateral) => Ok(()),
            found => Err(AppraisalError::UntrustedRoot {
                part,
                expected: format!("{} ({})", self.pinned().join(" or "), self.name()),
                found: found.map_or_else(
                    || "none".into(),
                    |certificate| Sha256::of(certificate).to_string(),
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_digests_are_lower_case_sha_256_and_none_stands_twice() {
        let mut all: Vec<&str> = Root::ALL
            .iter()
            .flat_map(|root| root.pinned())
            .copied()
            .collect();
        for digest in &all {
            assert_eq!(HEXLOWER.decode(digest.as_bytes()).unwrap().len(), 32);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_chain_without_a_root_and_one_with_another_root_are_refused() {
        let none = Collateral::none();
        for found in [None, Some(b"a certificate".as_slice())] {
            assert!(matches!(
                Root::AwsNitro.check(found, "document", &none),
                Err(AppraisalError::UntrustedRoot {
                    part: "document",
                    ..
                })
            ));
        }
    }

    #[cfg(feature = "test-evidence")]
    #[test]
    fn a_test_root_counts_for_its_vendor_alone() {
        let certificate = b"a certificate";
        let collateral = Collateral::none().with_test_root(Root::AmdTurin, certificate);
        assert!(Root::AmdTurin.is(certificate, &collateral));
        assert!(!Root::AmdMilan.is(certificate, &collateral));
        assert!(!Root::AmdTurin.is(certificate, &Collateral::none()));
    }
}
