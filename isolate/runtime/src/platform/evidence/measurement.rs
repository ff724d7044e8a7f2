//! What an isolate is told of its own measurement, by its own evidence.

use minicbor::data::Type;
use minicbor::decode::Decoder;
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
            Some(token.peek().claims().measured.digest().into())
        }
        // MRENCLAVE of the report body (sgx_report_body_t), after 48 bytes of header.
        Technology::Sgx => Measurement::from_slice(content.get(112..144)?),
        Technology::Tdx => Measurement::from_slice(content.get(mrtd(content)?)?),
        // MEASUREMENT (AMD 56860, table 23).
        Technology::SevSnp => {
            let report = sev_snp::parse(content).ok()?.report;
            Measurement::from_slice(report.get(0x90..0xc0)?)
        }
        Technology::Cca => realm_initial_measurement(content),
        // The other sources know their measurement otherwise, see `EvidenceSource::measurement`.
        _ => None,
    }
}

/// `cca-realm-initial-measurement` of the realm token, which is a COSE_Sign1 in a collection of two
/// (draft-ffm-rats-cca-token): bytes, or in later drafts an array of a media type and the bytes.
fn realm_initial_measurement(collection: &[u8]) -> Option<Measurement> {
    const REALM_TOKEN: i64 = 44241;
    const INITIAL_MEASUREMENT: i64 = 44238;
    let mut token = value(collection, REALM_TOKEN)?;
    if token.datatype().ok()? == Type::Array {
        token.array().ok()?;
        token.skip().ok()?;
    }
    let mut sign1 = untagged(token.bytes().ok()?)?;
    // Protected and unprotected header.
    sign1.array().ok()?;
    sign1.skip().ok()?;
    sign1.skip().ok()?;
    let claims = sign1.bytes().ok()?;
    Measurement::from_slice(value(claims, INITIAL_MEASUREMENT)?.bytes().ok()?)
}

/// Stands before the value of `key` in a map.
fn value(map: &[u8], key: i64) -> Option<Decoder<'_>> {
    let mut decoder = untagged(map)?;
    let pairs = decoder.map().ok()??;
    // Each step takes a byte or fails, so a length that is a lie ends with the bytes.
    for _ in 0..pairs {
        let found = decoder.probe().i64().ok() == Some(key);
        decoder.skip().ok()?;
        if found {
            return Some(decoder);
        }
        decoder.skip().ok()?;
    }
    None
}

/// Stands behind the tags of an item.
fn untagged(item: &[u8]) -> Option<Decoder<'_>> {
    let mut decoder = Decoder::new(item);
    while decoder.datatype().ok()? == Type::Tag {
        decoder.tag().ok()?;
    }
    Some(decoder)
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
    use veracruz_evidence::cbor::Writer;

    /// A collection with a realm token of these claims.
    fn realm(claims: &[u8], in_media_type: bool) -> Evidence {
        let token = Writer::encode(|w| {
            w.tag(18);
            w.array(4);
            w.bytes(&[]);
            w.map(|_| {});
            w.bytes(claims);
            w.bytes(&[0; 96]);
        });
        let collection = Writer::encode(|w| {
            w.tag(399);
            w.map(|m| {
                m.int(44234, |w| w.bytes(b"the platform's"));
                m.int(44241, |w| {
                    if in_media_type {
                        w.array(2);
                        w.text("application/eat+cwt");
                    }
                    w.bytes(&token);
                });
            });
        });
        Evidence::new(Technology::Cca, collection)
    }

    #[test]
    fn a_realm_has_the_measurement_of_its_realm_token() {
        let claims = |rim: &[u8]| {
            Writer::encode(|w| {
                w.map(|m| {
                    m.int(10, |w| w.bytes(&[1; 64]));
                    m.int(44238, |w| w.bytes(rim));
                    m.text("other", |w| w.unsigned(1));
                });
            })
        };
        for length in [32, 48, 64] {
            let rim = vec![0x7c; length];
            for in_media_type in [false, true] {
                let evidence = realm(&claims(&rim), in_media_type);
                assert_eq!(of(&evidence).unwrap().as_bytes(), rim);
            }
        }
        assert_eq!(of(&realm(&claims(&[0x7c; 33]), false)), None);
    }

    #[test]
    fn what_is_no_realm_token_has_no_measurement() {
        let whole = realm(&Writer::encode(|w| w.map(|_| {})), false);
        assert_eq!(of(&whole), None);
        for length in 0..whole.content().len() {
            let cut = whole.content()[..length].to_vec();
            assert_eq!(of(&Evidence::new(Technology::Cca, cut)), None);
        }
        // A map that says to be endless, or longer than everything.
        for lie in [
            &[0xbf][..],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(of(&Evidence::new(Technology::Cca, lie.to_vec())), None);
        }
    }

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
