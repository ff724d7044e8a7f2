//! The name under which an isolate is dialled: what the host routes by.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;
use veracruz_policy::{InstanceId, PolicyHash};

/// Under this domain stand all isolates. It exists in no public DNS, by RFC 9476's rules for
/// names in `.internal`.
pub const DOMAIN: &str = "veracruz.internal";

/// `<policy>.veracruz.internal`, or `<instance>.<policy>.veracruz.internal`.
///
/// The host can answer under any name: what a name says is believed only after the evidence, and
/// the instance's label only if it is the digest of the isolate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsolateName {
    /// The policy that the isolate enforces.
    pub policy: PolicyHash,
    /// One isolate of those that enforce this policy; any of them where absent.
    pub instance: Option<InstanceId>,
}

/// A name that no isolate can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// It does not end in [`DOMAIN`].
    #[error("the name does not end in .{DOMAIN}")]
    OtherDomain,
    /// There are not exactly one or two labels before [`DOMAIN`].
    #[error("expected one or two labels before .{DOMAIN}, found {found}")]
    Labels {
        /// How many there are.
        found: usize,
    },
    /// The label before [`DOMAIN`] is not a policy hash.
    #[error("the label before .{DOMAIN} is not a policy hash")]
    Policy,
    /// The first of two labels is not an instance.
    #[error("the first label is not an instance of an isolate")]
    Instance,
}

/// The name to dial, and to put into SNI and `Host`.
pub fn server_name(policy: &PolicyHash, instance: Option<&InstanceId>) -> String {
    IsolateName {
        policy: *policy,
        instance: instance.copied(),
    }
    .to_string()
}

impl fmt::Display for IsolateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(instance) = &self.instance {
            write!(f, "{instance}.")?;
        }
        write!(f, "{}.{DOMAIN}", self.policy)
    }
}

impl FromStr for IsolateName {
    type Err = NameError;

    /// Reads a name as SNI or `Host` carries it: letters of either case, no trailing dot.
    fn from_str(name: &str) -> Result<Self, NameError> {
        let name = name.to_ascii_lowercase();
        let labels = name
            .strip_suffix(DOMAIN)
            .and_then(|labels| labels.strip_suffix('.'))
            .ok_or(NameError::OtherDomain)?;
        let policy = |label: &str| label.parse().map_err(|_| NameError::Policy);
        let mut parts = labels.split('.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(first), None, None) => Ok(Self {
                policy: policy(first)?,
                instance: None,
            }),
            (Some(first), Some(second), None) => Ok(Self {
                policy: policy(second)?,
                instance: Some(first.parse().map_err(|_| NameError::Instance)?),
            }),
            _ => Err(NameError::Labels {
                found: labels.split('.').count(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: [u8; 32] = [7; 32];
    const INSTANCE: [u8; 32] = [9; 32];

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for instance in [None, Some(InstanceId::from_bytes(INSTANCE))] {
            let name = IsolateName {
                policy: PolicyHash::from_bytes(POLICY),
                instance,
            };
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(name.to_string().to_uppercase().parse(), Ok(name));
        }
    }

    #[test]
    fn each_label_fits_into_dns() {
        let name = server_name(
            &PolicyHash::from_bytes(POLICY),
            Some(&InstanceId::from_bytes(INSTANCE)),
        );
        assert!(name.len() <= 253);
        assert!(name.split('.').all(|label| label.len() <= 63));
    }

    #[test]
    fn refuses_names_that_no_isolate_has() {
        let policy = PolicyHash::from_bytes(POLICY).to_string();
        let parse = |name: String| name.parse::<IsolateName>();
        assert_eq!(parse(DOMAIN.into()), Err(NameError::OtherDomain));
        assert_eq!(
            parse(format!("{policy}.example.com")),
            Err(NameError::OtherDomain)
        );
        assert_eq!(
            parse(format!("{policy}{DOMAIN}")),
            Err(NameError::OtherDomain)
        );
        assert_eq!(
            parse(format!("{policy}.{DOMAIN}.")),
            Err(NameError::OtherDomain)
        );
        assert_eq!(parse(format!(".{DOMAIN}")), Err(NameError::Policy));
        assert_eq!(parse(format!("x.{DOMAIN}")), Err(NameError::Policy));
        assert_eq!(
            parse(format!("x.{policy}.{DOMAIN}")),
            Err(NameError::Instance)
        );
        assert_eq!(
            parse(format!("{policy}.x.{DOMAIN}")),
            Err(NameError::Policy)
        );
        assert_eq!(
            parse(format!("{policy}.{policy}.{policy}.{DOMAIN}")),
            Err(NameError::Labels { found: 3 })
        );
    }
}
