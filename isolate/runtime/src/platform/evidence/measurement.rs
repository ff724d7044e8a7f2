//! What an isolate is told of its own measurement, by its own evidence.

use veracruz_evidence::{Evidence, Technology, sev_snp, sw_rot};
use veracruz_policy::Measurement;

/// The measurement that `evidence` states, unverified: this isolate writes it into receipts, and
/// whoever verifies those compares it with evidence that he has appraised. `None` where it is not
/// where its format has it.
pub(super) fn of(evidence: &Evidence) -> Option<Measurement> {
    let content = evidence.content();
    match evidence.technology() {
        Technology::SoftwareRootOfTrust => {
            let token = sw_rot::parse(content).ok()?;
            Some(token.peek().claims().runtime.into())
        }
        // MRENCLAVE of the report body (sgx_report_body_t), after 48 bytes of header.
        Technology::Sgx => Measurement::from_slice(content.get(112..144)?),
        Technology::Tdx => Measurement::from_slice(content.get(mrtd(content)?)?),
        // MEASUREMENT (AMD 56860, table 23).
        Technology::SevSnp => {
            let report = sev_snp::parse(content).ok()?.report;
            Measurement::from_slice(report.get(0x90..0xc0)?)
        }
        _ => None,
    }
}

/// Where a TDX quote has MRTD: 136 bytes into the body, which follows a header of 48 bytes, and in
/// version 5 a descriptor of 6 bytes.
fn mrtd(quote: &[u8]) -> Option<std::ops::Range<usize>> {
    match quote.get(..2)? {
        [4, 0] => Some(184..232),
        [5, 0] => Some(190..238),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tdx_quote_has_its_measurement_where_its_version_says() {
        for (version, start) in [(4, 184), (5, 190)] {
            let mut quote = vec![0; 700];
            quote[0] = version;
            quote[start..start + 48].fill(0x5a);
            let evidence = Evidence::new(Technology::Tdx, quote);
            assert_eq!(of(&evidence).unwrap().as_bytes(), [0x5a; 48]);
        }
        let unknown = Evidence::new(Technology::Tdx, vec![3; 700]);
        assert_eq!(of(&unknown), None);
        let short = Evidence::new(Technology::Tdx, vec![4, 0, 0]);
        assert_eq!(of(&short), None);
    }
}
