//! The kinds of isolates.

use core::fmt;

use super::Isolates;

/// A kind of isolate, as a policy names it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum IsolateKind {
    /// A sandboxed process.
    Process,
    /// A virtual machine that nothing protects.
    Microvm,
    /// An Intel SGX enclave.
    Sgx,
    /// An Intel TDX virtual machine.
    Tdx,
    /// An AMD SEV-SNP virtual machine.
    SevSnp,
    /// An AWS Nitro enclave.
    Nitro,
    /// An Arm CCA realm.
    Cca,
    /// A device with a PSA root of trust.
    Psa,
    /// A machine measured by a TPM 2.0.
    Tpm,
    /// A confidential virtual machine of Azure.
    AzureVtpm,
}

impl IsolateKind {
    /// Every kind that this version takes.
    pub const ALL: &[Self] = &[
        Self::Process,
        Self::Microvm,
        Self::Sgx,
        Self::Tdx,
        Self::SevSnp,
        Self::Nitro,
        Self::Cca,
        Self::Psa,
        Self::Tpm,
        Self::AzureVtpm,
    ];

    /// The field of `isolates`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Microvm => "microvm",
            Self::Sgx => "sgx",
            Self::Tdx => "tdx",
            Self::SevSnp => "sev-snp",
            Self::Nitro => "nitro",
            Self::Cca => "cca",
            Self::Psa => "psa",
            Self::Tpm => "tpm",
            Self::AzureVtpm => "azure-vtpm",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it keeps out whoever runs the machine, as far as its vendor or anchor is right.
    #[must_use]
    pub const fn protects_from_host(self) -> bool {
        match self {
            // A TPM says what was started, and leaves memory to whoever runs the machine.
            Self::Process | Self::Microvm | Self::Tpm => false,
            Self::Sgx
            | Self::Tdx
            | Self::SevSnp
            | Self::Nitro
            | Self::Cca
            | Self::Psa
            | Self::AzureVtpm => true,
        }
    }
}

impl fmt::Display for IsolateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Isolates {
    /// Is this kind acceptable?
    #[must_use]
    pub const fn accepts(&self, kind: IsolateKind) -> bool {
        match kind {
            IsolateKind::Process => self.process.is_some(),
            IsolateKind::Microvm => self.microvm.is_some(),
            IsolateKind::Sgx => self.sgx.is_some(),
            IsolateKind::Tdx => self.tdx.is_some(),
            IsolateKind::SevSnp => self.sev_snp.is_some(),
            IsolateKind::Nitro => self.nitro.is_some(),
            IsolateKind::Cca => self.cca.is_some(),
            IsolateKind::Psa => self.psa.is_some(),
            IsolateKind::Tpm => self.tpm.is_some(),
            IsolateKind::AzureVtpm => self.azure_vtpm.is_some(),
        }
    }

    /// The acceptable kinds.
    pub fn kinds(&self) -> impl Iterator<Item = IsolateKind> + '_ {
        let all = IsolateKind::ALL.iter().copied();
        all.filter(|kind| self.accepts(*kind))
    }
}
