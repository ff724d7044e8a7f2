//! SGX enclaves and TDX virtual machines.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{Chips, Sha256, Sha384};

/// What evidence about an SGX enclave must say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SgxIsolate {
    /// MRENCLAVE, any of which will do. Not empty.
    pub mrenclave: Vec<Sha256>,
    /// The lowest ISVSVN that will do; 0 where the policy is silent.
    pub minimum_isv_svn: u16,
    /// Platforms by PPID (16 bytes).
    pub chips: Chips,
    /// TCB levels below 'up to date' that all parties accept.
    pub tcb_exceptions: Vec<TcbException>,
}

/// What evidence about a TDX virtual machine must say.
///
/// MRTD covers the firmware alone; RTMR 1 and 2 cover kernel, command line and initial files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TdxIsolate {
    /// MRTD, any of which will do. Not empty.
    pub mrtd: Vec<Sha384>,
    /// RTMR 0 to 3, any of each. Those of 1 and 2 are not empty; where 0 is, it may be anything
    /// (it covers what the host configures); where 3 is, it must be zero (nobody extended it).
    pub rtmr: [Vec<Sha384>; 4],
    /// Platforms by PPID (16 bytes).
    pub chips: Chips,
    /// TCB levels below 'up to date' that all parties accept.
    pub tcb_exceptions: Vec<TcbException>,
}

/// A TCB level that is not up to date and is accepted all the same, by all parties, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TcbException {
    /// The status that is accepted.
    pub status: TcbStatus,
    /// Intel's advisories (`INTEL-SA-00289`) that may apply; any other is refused.
    pub advisories: Vec<String>,
}

/// A TCB status that a policy can accept, in the spelling of Intel's TCB info. `Revoked` is none of
/// them, and `UpToDate` needs no exception.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TcbStatus {
    /// Up to date, and software must work around something.
    SwHardeningNeeded,
    /// Up to date, and the platform must be configured otherwise.
    ConfigurationNeeded,
    /// Both.
    ConfigurationAndSwHardeningNeeded,
    /// Patches are missing.
    OutOfDate,
    /// Patches are missing, and the platform must be configured otherwise.
    OutOfDateConfigurationNeeded,
}

impl TcbStatus {
    /// Every status that an exception can name.
    pub const ALL: &[Self] = &[
        Self::SwHardeningNeeded,
        Self::ConfigurationNeeded,
        Self::ConfigurationAndSwHardeningNeeded,
        Self::OutOfDate,
        Self::OutOfDateConfigurationNeeded,
    ];

    /// Intel's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSwHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
