//! What a report says, for people.

use data_encoding::HEXLOWER;

use super::chain::Chain;
use super::endorsement::{product_name, provider};
use super::genuine::{Tcbs, revocation};
use super::product::text;
use super::report::Report;
use crate::Fact;
use crate::x509::Listed;

/// PLATFORM_INFO, AMD 56860 section 7.3.
const PLATFORM: [(&str, u64); 7] = [
    ("SMT_EN", 1),
    ("TSME_EN", 1 << 1),
    ("ECC_EN", 1 << 2),
    ("RAPL_DIS", 1 << 3),
    ("CIPHERTEXT_HIDING_DRAM_EN", 1 << 4),
    ("ALIAS_CHECK_COMPLETE", 1 << 5),
    ("TIO_EN", 1 << 7),
];

/// Every field, by its name in the specification.
pub(super) fn of(
    report: &Report<'_>,
    chain: &Chain<'_>,
    tcbs: &Tcbs,
    chip: Option<&[u8; 64]>,
    listed: Listed,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value| facts.push(Fact { name, value });
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    add("product", chain.product.name().into());
    if let Some(name) = product_name(&chain.endorsement) {
        add("PRODUCT_NAME", name);
    }
    if let Some([family, model, stepping]) = report.cpuid() {
        let cpuid = format!("family 0x{family:02x}, model 0x{model:02x}, stepping {stepping}");
        add("CPUID", cpuid);
    }
    add("VERSION", report.version().to_string());
    add("SIGNING_KEY", chain.kind.name().into());
    if let Some(provider) = provider(&chain.endorsement) {
        add("CSP_ID", provider);
    }
    add(
        "signing key valid until",
        chain.endorsement.not_after().to_string(),
    );
    add("revocation", revocation(listed));
    add(
        "CHIP_ID",
        chip.map_or_else(|| "hidden".into(), |id| hex(id)),
    );
    add("MEASUREMENT", hex(&report.measurement()));
    add("REPORT_DATA", hex(&report.report_data()));
    add("HOST_DATA", hex(&report.host_data()));
    add("VMPL", report.vmpl().to_string());
    add(
        "POLICY",
        format!("0x{:x} ({})", report.policy().0, report.policy().text()),
    );
    add("PLATFORM_INFO", platform(report.platform_info()));
    add("REPORTED_TCB", text(&tcbs.reported));
    add("COMMITTED_TCB", text(&tcbs.committed));
    add("CURRENT_TCB", text(&tcbs.current));
    add("LAUNCH_TCB", text(&tcbs.launch));
    let version = |[major, minor, build]: [u8; 3]| format!("{major}.{minor}.{build}");
    add("CURRENT_VERSION", version(report.current_version()));
    add("COMMITTED_VERSION", version(report.committed_version()));
    if let Some((launch, current)) = report.mitigations() {
        add("LAUNCH_MIT_VECTOR", format!("0x{launch:x}"));
        add("CURRENT_MIT_VECTOR", format!("0x{current:x}"));
    }
    add("GUEST_SVN", report.guest_svn().to_string());
    add("FAMILY_ID", hex(&report.family_id()));
    add("IMAGE_ID", hex(&report.image_id()));
    add("ID_KEY_DIGEST", hex(&report.id_key_digest()));
    let author = match report.has_author_key() {
        true => hex(&report.author_key_digest()),
        false => "none".into(),
    };
    add("AUTHOR_KEY_DIGEST", author);
    add("REPORT_ID", hex(&report.report_id()));
    facts
}

fn platform(info: u64) -> String {
    let set: Vec<&str> = PLATFORM
        .iter()
        .filter(|(_, bit)| info & bit != 0)
        .map(|(name, _)| *name)
        .collect();
    format!("0x{info:x} ({})", set.join(", "))
}
