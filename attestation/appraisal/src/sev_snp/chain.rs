//! The chain of a report's key to AMD's pinned root: VCEK → ASK → ARK, or VLEK → ASVK → ARK.

use data_encoding::HEXLOWER;
use veracruz_policy::Timestamp;

use super::endorsement::{self, Kind};
use super::product::{Product, parts};
use super::report::{Report, SigningKey};
use super::table::Table;
use crate::x509::{Certificate, Listed, SignedWith, check_not_revoked};
use crate::{AppraisalError, Collateral};

/// How AMD signs certificates and lists.
const SIGNED_WITH: SignedWith = SignedWith::RsaPssSha384;
/// Most certificates of one name that are tried: no folder makes an appraisal slow.
const MAX_TRIES: usize = 4;

/// A chain that holds together and ends in a pinned root. Dates and revocation come later.
#[derive(Debug)]
pub(super) struct Chain<'d> {
    /// The certificate of the key that signs reports.
    pub(super) endorsement: Certificate<'d>,
    /// Whose key that is.
    pub(super) kind: Kind,
    /// ASK or ASVK.
    pub(super) authority: Certificate<'d>,
    /// ARK.
    pub(super) root: Certificate<'d>,
    /// Whose root it is.
    pub(super) product: Product,
}

impl<'d> Chain<'d> {
    /// Finds the chain for a report among the certificates that came with it and the collateral.
    ///
    /// # Errors
    /// `MissingCollateral`, `BadChain`, `UntrustedRoot`, `BadAlgorithm`, `BadSignature`.
    pub(super) fn find(
        report: &Report<'_>,
        table: &Table<'d>,
        collateral: &'d Collateral,
    ) -> Result<Self, AppraisalError> {
        let pool = pool(table, collateral)?;
        let best = pool
            .iter()
            .filter_map(|certificate| Some((certificate, Kind::of(certificate)?)))
            // The first of equals: what came with the report before what lies in a folder.
            .rev()
            .max_by_key(|(certificate, kind)| endorsement::fit(certificate, *kind, report));
        let Some((endorsement, kind)) = best else {
            return Err(missing_endorsement(report));
        };
        let endorsement = endorsement.clone().called(kind.name());
        endorsement.check_end_entity()?;
        let mut error = None;
        let authorities = pool
            .iter()
            .filter(|certificate| certificate.subject() == endorsement.issuer());
        for authority in authorities.take(MAX_TRIES) {
            let authority = authority.clone().called(kind.authority());
            match Self::complete(&endorsement, kind, &authority, &pool, collateral) {
                Ok(chain) => return Ok(chain),
                Err(found) => error = Some(found),
            }
        }
        Err(error.unwrap_or_else(|| missing_authority(&endorsement, kind, &pool)))
    }

    fn complete(
        endorsement: &Certificate<'d>,
        kind: Kind,
        authority: &Certificate<'d>,
        pool: &[Certificate<'d>],
        collateral: &Collateral,
    ) -> Result<Self, AppraisalError> {
        let mut roots = pool
            .iter()
            .filter(|certificate| certificate.subject() == authority.issuer());
        let is_root = |certificate: &&Certificate<'_>, product: &Product| {
            product.root().is(certificate.der(), collateral)
        };
        let found = roots.clone().next();
        let pinned = roots.find_map(|root| {
            let product = Product::ALL
                .into_iter()
                .find(|product| is_root(&root, product))?;
            Some((root.clone().called("ARK"), product))
        });
        let Some((root, product)) = pinned else {
            return Err(match found {
                Some(other) => untrusted(kind, other),
                None => missing_root(authority, pool),
            });
        };
        root.check_authority(1)?;
        authority.check_authority(0)?;
        authority.check_issued_by(&root, SIGNED_WITH)?;
        endorsement.check_issued_by(authority, SIGNED_WITH)?;
        Ok(Self {
            endorsement: endorsement.clone(),
            kind,
            authority: authority.clone(),
            root,
            product,
        })
    }

    /// Looks at the dates of the whole chain and at AMD's revocation list, where one was given: it
    /// names authorities, as the keys of chips are revoked by asking for newer patch levels.
    ///
    /// # Errors
    /// `Expired`, `NotYetValid`, `Revoked`, and those of the list itself.
    pub(super) fn check_in_force(
        &self,
        table: &Table<'_>,
        collateral: &Collateral,
        now: Timestamp,
    ) -> Result<Listed, AppraisalError> {
        for certificate in [&self.root, &self.authority, &self.endorsement] {
            certificate.check_dates(now)?;
        }
        let came_along = table.revocation_lists.iter().map(|list| list.to_vec());
        let lists: Vec<Vec<u8>> = came_along
            .chain(collateral.revocation_lists().iter().cloned())
            .collect();
        check_not_revoked(&self.endorsement, &self.authority, &lists, SIGNED_WITH, now)?;
        check_not_revoked(&self.authority, &self.root, &lists, SIGNED_WITH, now)
    }
}

/// AMD's certificates among those given, each once.
fn pool<'d>(
    table: &Table<'d>,
    collateral: &'d Collateral,
) -> Result<Vec<Certificate<'d>>, AppraisalError> {
    let mut pool: Vec<Certificate<'d>> = Vec::new();
    for der in &table.certificates {
        pool.push(Certificate::parse(der, "certificate table")?);
    }
    let others = collateral.certificates().iter();
    for certificate in others.filter_map(|der| Certificate::parse(der, "certificate").ok()) {
        if is_amd(&certificate) {
            pool.push(certificate);
        }
    }
    Ok(pool)
}

/// Whether it has a name as AMD gives them. No more than a filter: names prove nothing.
fn is_amd(certificate: &Certificate<'_>) -> bool {
    let name = certificate.common_name();
    name.starts_with("SEV-") || name.starts_with("ARK-")
}

fn missing_endorsement(report: &Report<'_>) -> AppraisalError {
    let kds = "https://kdsintf.amd.com";
    if report.signing_key() == SigningKey::Vlek {
        return AppraisalError::MissingCollateral {
            part: "VLEK certificate",
            reason: "it comes from the cloud provider, in the certificate table beside the report"
                .into(),
        };
    }
    let Some(product) = report.product() else {
        return AppraisalError::MissingCollateral {
            part: "VCEK certificate",
            reason: format!(
                "AMD has it at {kds}/vcek/v1/PRODUCT/{}?{}, where PRODUCT is Milan or Genoa: the \
                 report does not say which",
                HEXLOWER.encode(&report.chip_id()),
                query(report, Product::Milan)
            ),
        };
    };
    let chip = report.chip_id();
    let used: Vec<u8> = chip.iter().copied().take(product.chip_id_bytes()).collect();
    AppraisalError::MissingCollateral {
        part: "VCEK certificate",
        reason: format!(
            "AMD has it at {kds}/vcek/v1/{}/{}?{}",
            product.name(),
            HEXLOWER.encode(&used),
            query(report, product)
        ),
    }
}

/// The patch levels as AMD's service wants them in an address.
fn query(report: &Report<'_>, product: Product) -> String {
    let tcb = product
        .tcb("REPORTED_TCB", report.reported_tcb())
        .unwrap_or_default();
    let names = ["fmcSPL", "blSPL", "teeSPL", "snpSPL", "ucodeSPL"];
    // There is no FMC before Turin.
    let skip = usize::from(product != Product::Turin);
    let pairs = names.into_iter().zip(parts(&tcb)).skip(skip);
    let pairs: Vec<String> = pairs
        .map(|(name, (_, value))| format!("{name}={value:02}"))
        .collect();
    pairs.join("&")
}

/// Without the authority that issued the key: missing where there are none of AMD's at all, a
/// broken chain where there are others.
fn missing_authority(
    endorsement: &Certificate<'_>,
    kind: Kind,
    pool: &[Certificate<'_>],
) -> AppraisalError {
    let issuer = endorsement.issuer_name();
    let others = names(pool, |certificate| Kind::of(certificate).is_none());
    if !others.is_empty() {
        return AppraisalError::BadChain {
            part: kind.name(),
            reason: format!("it was issued by {issuer}, and the authorities given are {others}"),
        };
    }
    let (path, product) = match issuer.strip_prefix("SEV-VLEK-") {
        Some(product) => ("vlek", product),
        None => ("vcek", issuer.strip_prefix("SEV-").unwrap_or("PRODUCT")),
    };
    AppraisalError::MissingCollateral {
        part: kind.authority(),
        reason: format!(
            "the certificate of {issuer} and that of the root are at \
             https://kdsintf.amd.com/{path}/v1/{product}/cert_chain"
        ),
    }
}

fn missing_root(authority: &Certificate<'_>, pool: &[Certificate<'_>]) -> AppraisalError {
    let issuer = authority.issuer_name();
    let others = names(pool, |certificate| {
        certificate.common_name().starts_with("ARK-")
    });
    if !others.is_empty() {
        return AppraisalError::BadChain {
            part: authority.part(),
            reason: format!("it was issued by {issuer}, and the roots given are {others}"),
        };
    }
    let product = issuer.strip_prefix("ARK-").unwrap_or("PRODUCT");
    AppraisalError::MissingCollateral {
        part: "ARK",
        reason: format!(
            "the certificate of {issuer} is at https://kdsintf.amd.com/vcek/v1/{product}/cert_chain"
        ),
    }
}

fn names(pool: &[Certificate<'_>], of: impl Fn(&Certificate<'_>) -> bool) -> String {
    let names: Vec<String> = pool
        .iter()
        .filter(|certificate| of(certificate))
        .map(Certificate::common_name)
        .take(2 * MAX_TRIES)
        .collect();
    names.join(", ")
}

fn untrusted(kind: Kind, found: &Certificate<'_>) -> AppraisalError {
    let pinned: Vec<&str> = Product::ALL
        .iter()
        .flat_map(|product| product.root().pinned())
        .copied()
        .collect();
    AppraisalError::UntrustedRoot {
        part: kind.name(),
        expected: pinned.join(" or "),
        found: veracruz_policy::Sha256::of(found.der()).to_string(),
    }
}
