//! The verdict.

use veracruz_evidence::{ReportData, Technology};
use veracruz_policy::{IsolateKind, KeyDigest, Measurement, PolicyHash, Timestamp};

use crate::tpm::Activation;
use crate::{AppraisalError, Examined, Fact};

/// Evidence that was found good. Only verification makes one, and nobody can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraised {
    examined: Examined,
    attester: Option<KeyDigest>,
    policy: PolicyHash,
    report_data: ReportData,
    activation: Option<Activation>,
}

impl Appraised {
    /// The last steps: compared evidence that is bound to `report_data` and was started with
    /// `policy` is good.
    pub(crate) fn conclude(
        examined: Examined,
        attester: Option<KeyDigest>,
        policy: &PolicyHash,
        report_data: &ReportData,
    ) -> Result<Self, AppraisalError> {
        examined.check_binding(report_data)?;
        examined.check_launch_policy(policy)?;
        if !examined.compared {
            return Err(AppraisalError::NotCompared);
        }
        Ok(Self {
            examined,
            attester,
            policy: *policy,
            report_data: *report_data,
            activation: None,
        })
    }

    /// The same, with what was shown besides the evidence.
    pub(crate) fn with_activation(self, activation: Activation) -> Self {
        Self {
            activation: Some(activation),
            ..self
        }
    }

    /// That the key which vouches was shown to be in a certain TPM, where that was asked. Keep it to
    /// judge later evidence by the same key, of receipts.
    #[must_use]
    pub const fn activation(&self) -> Option<&Activation> {
        self.activation.as_ref()
    }

    /// What kind of evidence it was.
    #[must_use]
    pub const fn technology(&self) -> Technology {
        self.examined.technology
    }

    /// Which of the kinds of a policy the isolate is, by its evidence; `None` for a technology that no
    /// kind of this version has.
    #[must_use]
    pub fn kind(&self) -> Option<IsolateKind> {
        Some(match self.technology() {
            Technology::SoftwareRootOfTrust if self.is_machine() => IsolateKind::Microvm,
            Technology::SoftwareRootOfTrust => IsolateKind::Process,
            Technology::Sgx => IsolateKind::Sgx,
            Technology::Tdx => IsolateKind::Tdx,
            Technology::SevSnp => IsolateKind::SevSnp,
            Technology::Nitro => IsolateKind::Nitro,
            Technology::Cca => IsolateKind::Cca,
            Technology::Psa => IsolateKind::Psa,
            Technology::Tpm => IsolateKind::Tpm,
            Technology::AzureVtpm => IsolateKind::AzureVtpm,
            _ => return None,
        })
    }

    /// Whether an attester says that it started a machine, and not a process.
    fn is_machine(&self) -> bool {
        self.facts().iter().any(|fact| fact.name == "image")
    }

    /// The measurement of the isolate: one of those that the policy names.
    #[must_use]
    pub const fn measurement(&self) -> Measurement {
        self.examined.measurement
    }

    /// The key that vouches for it, where that is a key which the policy names: of the attester,
    /// the TPM, the CCA platform or the PSA device. `None` where a vendor's root vouches.
    #[must_use]
    pub const fn attester(&self) -> Option<KeyDigest> {
        self.attester
    }

    /// The policy of the isolate: fixed at launch where the technology can do that, and in the
    /// report data in any case.
    #[must_use]
    pub const fn policy(&self) -> PolicyHash {
        self.policy
    }

    /// What the evidence was bound to.
    #[must_use]
    pub const fn report_data(&self) -> ReportData {
        self.report_data
    }

    /// The time at which it was judged, by the caller's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.examined.at
    }

    /// What else the evidence says, for people.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.examined.facts
    }

    /// What is not as it should be, and is accepted by name in the policy. Show it beside
    /// [`words`](Appraised::words).
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.examined.warnings
    }

    /// Whether the technology keeps the host out of the isolate. An emulated one keeps nobody out.
    #[must_use]
    pub const fn protects_from_host(&self) -> bool {
        self.examined.technology.protects_from_host() && !self.examined.emulated
    }

    /// Whether an emulator made it: then nobody signed it, and it proves nothing. Only builds for
    /// tests have such verdicts.
    #[must_use]
    pub const fn emulated(&self) -> bool {
        self.examined.emulated
    }

    /// What was found, and what it is worth, in plain words: show it wherever the verdict is shown.
    #[must_use]
    pub fn words(&self) -> String {
        let measurement = self.measurement();
        let by = self
            .attester
            .map_or_else(|| "nobody".to_owned(), |key| key.to_string());
        match self.technology() {
            Technology::SoftwareRootOfTrust => {
                let (what, how) = if self.is_machine() {
                    ("image", "a virtual machine that nothing protects,")
                } else {
                    ("runtime", "an ordinary process")
                };
                format!(
                    "the attester with key {by} says that it started this {what}, {measurement}, as \
                 {how} for this policy. This protects nobody from the host: whoever \
                 runs that machine can read the data, copy it and change results, and could have \
                 made this evidence"
                )
            }
            Technology::Sgx => format!(
                "an Intel SGX enclave with MRENCLAVE {measurement}: the host cannot read its \
                 memory, as far as Intel's hardware and keys hold"
            ),
            Technology::Tdx => format!(
                "an Intel TDX virtual machine with MRTD {measurement} and the named RTMRs: the \
                 host cannot read its memory, as far as Intel's hardware and keys hold"
            ),
            Technology::SevSnp => format!(
                "an AMD SEV-SNP virtual machine with launch digest {measurement}: the host cannot \
                 read its memory, as far as AMD's hardware and keys hold"
            ),
            Technology::Nitro if self.examined.emulated => format!(
                "an EMULATED Nitro enclave that claims PCR0 {measurement}. Nobody signed this, so it \
                 PROVES NOTHING: whoever runs that machine can read the data, copy it and change \
                 results, and anyone could have written this evidence"
            ),
            Technology::Nitro => format!(
                "an AWS Nitro enclave with PCR0 {measurement}: the parent instance and its owner \
                 cannot read its memory; Amazon, who made and runs the machine, is trusted"
            ),
            Technology::Cca => format!(
                "an Arm CCA realm with initial measurement {measurement} on a platform whose key \
                 {by} the policy names: the host cannot read its memory, as far as that platform \
                 holds"
            ),
            Technology::Psa => format!(
                "a device with PSA root of trust key {by}, which the policy names, that runs \
                 {measurement}: its normal world cannot read the isolate's memory; whoever holds \
                 the device may, as far as its hardware lets them"
            ),
            Technology::Tpm if self.activation.is_some() => format!(
                "a machine whose TPM holds the key {by}, as it showed, and has a certificate from \
                 a maker whom the policy names; started as the policy names (digest of its PCRs \
                 {measurement}). This protects nobody from the host: a TPM says what was started, \
                 whoever runs that machine can read its memory, and a TPM made of software is as \
                 good as whoever certified it"
            ),
            Technology::Tpm => format!(
                "a machine whose TPM key {by} the policy trusts, started as the policy names \
                 (digest of its PCRs {measurement}). This protects nobody from the host: a TPM \
                 says what was started, and whoever runs that machine can read its memory"
            ),
            Technology::AzureVtpm => format!(
                "a confidential virtual machine of Azure, started as the policy names (digest of \
                 its PCRs {measurement}): the host cannot read its memory, as far as the hardware, \
                 its keys and Microsoft's paravisor hold"
            ),
            technology => format!("evidence of technology {technology}"),
        }
    }
}
