//! The bytes of a CoRIM.

use data_encoding::{BASE64, HEXLOWER};
use veracruz_policy::{KeyDigest, Measurement, PublicKey, Sha256, Sha384, Sha512, Timestamp};

use super::document::{
    AttestationKey, ClassId, Corim, CorimSignature, Environment, KeyValue, ReferenceValue, Value,
    malformed,
};
use super::{MAX_CORIM_BYTES, tag};
use crate::cbor::Value as Cbor;
use crate::cose::Sign1;
use crate::key::Key;
use crate::{AppraisalError, Collateral};

/// CoMIDs nest deeper than evidence: a digest in an integrity register is at depth 10.
const MAX_DEPTH: usize = 12;
/// Wrappers around wrappers of early drafts, and no more.
const MAX_WRAPPERS: usize = 4;
/// The one digest algorithm of thumbprints here, by its number in IANA's Named Information registry.
const SHA_256: i64 = 1;

impl Corim {
    /// Reads a file, signed or not. Where `key` is given, it must be signed by that key.
    ///
    /// # Errors
    /// `Malformed`; with a key also `BadSignature` and `BadAlgorithm`.
    pub fn parse(file: &[u8], key: Option<&PublicKey>) -> Result<Self, AppraisalError> {
        if file.len() > MAX_CORIM_BYTES {
            return Err(malformed(format!(
                "{} bytes, at most {MAX_CORIM_BYTES} are taken",
                file.len()
            )));
        }
        let mut value = cbor(file)?;
        let mut signature = CorimSignature::Absent;
        for _ in 0..MAX_WRAPPERS {
            match value.tag() {
                Some((tag::LEGACY | tag::LEGACY_SIGNED, inside)) => value = inside,
                Some((tag::SIGN1, _)) if signature == CorimSignature::Absent => {
                    let (payload, checked) = signed(value, key)?;
                    signature = checked;
                    value = cbor(payload)?;
                }
                _ => break,
            }
        }
        if key.is_some() && signature == CorimSignature::Absent {
            return Err(malformed("it is not signed, and a key was named"));
        }
        let map = match value.tag() {
            Some((tag::CORIM, map)) => map,
            Some((found, _)) => {
                return Err(malformed(format!("tag {found}, expected 501 (CoRIM)")));
            }
            // Before the draft had tags.
            None => value,
        };
        unsigned(map, signature)
    }
}

/// The payload of a signed CoRIM.
fn signed<'b>(
    value: Cbor<'b>,
    key: Option<&PublicKey>,
) -> Result<(&'b [u8], CorimSignature), AppraisalError> {
    let sign1 = Sign1::parse(value.encoded(), "CoRIM")?;
    let Some(key) = key else {
        return Ok((sign1.unverified_payload(), CorimSignature::NotChecked));
    };
    let key = Key::from_spki(key.spki()).map_err(malformed)?;
    sign1.verify(&key)?;
    Ok((sign1.unverified_payload(), CorimSignature::Good))
}

/// `unsigned-corim-map`, section 4.1.
fn unsigned(map: Cbor<'_>, signature: CorimSignature) -> Result<Corim, AppraisalError> {
    if map.map().is_none() {
        return Err(malformed("expected a map"));
    }
    let validity = map.get(4);
    let mut corim = Corim {
        id: map
            .get(0)
            .and_then(identifier)
            .ok_or_else(|| malformed("it has no id"))?,
        profile: map.get(3).and_then(profile),
        not_before: date(validity.and_then(|validity| validity.get(0)))?,
        not_after: date(validity.and_then(|validity| validity.get(1)))?,
        signature,
        values: Vec::new(),
        keys: Vec::new(),
        left_out: 0,
    };
    let tags = map.get(1).and_then(Cbor::array);
    for item in tags.ok_or_else(|| malformed("it has no tags"))? {
        match comid(item)? {
            Some(content) => self::triples(content, &mut corim)?,
            None => corim.left_out = corim.left_out.saturating_add(1),
        }
    }
    Ok(corim)
}

/// The content of a CoMID tag: `#6.506(bytes)`, or in early drafts bytes that begin with that tag.
/// `None` for tags of other kinds.
fn comid(item: Cbor<'_>) -> Result<Option<Cbor<'_>>, AppraisalError> {
    let content = match item.tag() {
        Some((tag::COMID, content)) => content.bytes(),
        Some(_) => return Ok(None),
        None => item.bytes(),
    };
    let content = cbor(content.ok_or_else(|| malformed("a tag without a byte string"))?)?;
    Ok(match content.tag() {
        None => Some(content),
        Some((tag::COMID, inside)) => Some(inside),
        Some(_) => None,
    })
}

/// `triples-map`, section 5.1.4: reference values (0) and attestation keys (3); early drafts have
/// these under 2, where identity keys stand now, and tell themselves by another form of key.
fn triples(comid: Cbor<'_>, corim: &mut Corim) -> Result<(), AppraisalError> {
    let triples = comid.get(4).and_then(Cbor::map);
    for (kind, records) in triples.ok_or_else(|| malformed("a CoMID without triples"))? {
        let records = records
            .array()
            .ok_or_else(|| malformed("triples are an array"))?;
        for record in records {
            let mut parts = record
                .array()
                .ok_or_else(|| malformed("a triple is an array"))?;
            let (Some(about), Some(what)) = (parts.next(), parts.next()) else {
                return Err(malformed("a triple has two parts"));
            };
            let about = environment(about)?;
            let used = match kind.integer() {
                Some(0) => measurements(&about, what, corim)?,
                Some(kind @ (2 | 3)) => keys(kind, &about, what, parts.next(), corim)?,
                _ => false,
            };
            if !used {
                corim.left_out = corim.left_out.saturating_add(1);
            }
        }
    }
    Ok(())
}

/// `environment-map`, section 5.1.4.1.
fn environment(map: Cbor<'_>) -> Result<Environment, AppraisalError> {
    if map.map().is_none() {
        return Err(malformed("an environment is a map"));
    }
    let class = map.get(0);
    let class_id = class
        .and_then(|class| class.get(0))
        .map(|id| match id.tag() {
            Some((tag::PSA_IMPLEMENTATION, id)) => {
                id.bytes().map(|id| ClassId::PsaImplementation(id.into()))
            }
            Some((tag::BYTES, id)) => id.bytes().map(|id| ClassId::Bytes(id.into())),
            _ => Some(ClassId::Other),
        });
    let instance = map.get(1).and_then(|instance| match instance.tag() {
        Some((tag::UEID | tag::BYTES, id)) => id.bytes(),
        _ => None,
    });
    Ok(Environment {
        class_id: class_id.flatten(),
        model: class
            .and_then(|class| class.get(2)?.text())
            .map(str::to_owned),
        instance: instance.map(<[u8]>::to_vec),
    })
}

/// The measurements of a reference triple, section 5.1.4.1.4; whether any was of use.
fn measurements(
    about: &Environment,
    what: Cbor<'_>,
    corim: &mut Corim,
) -> Result<bool, AppraisalError> {
    let before = corim.values.len();
    let mut one = |map: Cbor<'_>| -> Result<(), AppraisalError> {
        let key = map.get(0).and_then(element);
        let values = map.get(1).filter(|values| values.map().is_some());
        let values = values.ok_or_else(|| malformed("a measurement has no values"))?;
        let mut push = |key: Option<String>, value| {
            corim.values.push(ReferenceValue {
                environment: about.clone(),
                key,
                value,
            });
        };
        for digest in digests(values.get(2))? {
            push(key.clone(), Value::Digest(digest));
        }
        if let Some((tag::BYTES, raw)) = values.get(4).and_then(Cbor::tag) {
            let raw = raw
                .bytes()
                .ok_or_else(|| malformed("a raw value is bytes"))?;
            push(key, Value::Raw(raw.into()));
        }
        if let Some(registers) = values.get(14) {
            let registers = registers.map();
            for (name, found) in registers.ok_or_else(|| malformed("registers are a map"))? {
                let name = element(name);
                for digest in digests(Some(found))? {
                    push(name.clone(), Value::Digest(digest));
                }
            }
        }
        Ok(())
    };
    match what.array() {
        Some(maps) => maps.into_iter().try_for_each(one)?,
        // Before the draft had several.
        None => one(what)?,
    }
    Ok(corim.values.len() > before)
}

/// A measured element's key: text, a number, or Veraison's labelled component.
fn element(key: Cbor<'_>) -> Option<String> {
    match key.tag() {
        Some((tag::PSA_COMPONENT, _)) => Some("psa.software-component".into()),
        Some((_, inside)) => inside.text().map(str::to_owned),
        None => key
            .text()
            .map(str::to_owned)
            .or_else(|| key.unsigned().map(|number| number.to_string())),
    }
}

/// Digests `[alg, value]` of an algorithm that a policy can name; others are left out.
fn digests(value: Option<Cbor<'_>>) -> Result<Vec<Measurement>, AppraisalError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for digest in value
        .array()
        .ok_or_else(|| malformed("digests are an array"))?
    {
        let mut parts = digest
            .array()
            .ok_or_else(|| malformed("a digest is an array"))?;
        let (Some(algorithm), Some(value), None) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("a digest has two parts"));
        };
        let value = value
            .bytes()
            .ok_or_else(|| malformed("a digest is a byte string"))?;
        found.extend(measurement(algorithm, value)?);
    }
    Ok(found)
}

/// Algorithms by their numbers in IANA's Named Information registry or in COSE's, or by name.
fn measurement(algorithm: Cbor<'_>, value: &[u8]) -> Result<Option<Measurement>, AppraisalError> {
    let name = algorithm
        .text()
        .map(|name| name.replace('-', "").to_ascii_lowercase());
    let width = || malformed(format!("a digest of {} bytes", value.len()));
    match (algorithm.integer(), name.as_deref()) {
        (Some(SHA_256 | -16), _) | (_, Some("sha256")) => {
            let value = value.try_into().map_err(|_| width())?;
            Ok(Some(Sha256::from_bytes(value).into()))
        }
        (Some(7 | -43), _) | (_, Some("sha384")) => {
            let value = value.try_into().map_err(|_| width())?;
            Ok(Some(Sha384::from_bytes(value).into()))
        }
        (Some(8 | -44), _) | (_, Some("sha512")) => {
            let value = value.try_into().map_err(|_| width())?;
            Ok(Some(Sha512::from_bytes(value).into()))
        }
        _ => Ok(None),
    }
}

/// The keys of an attestation key triple; whether any was of use.
fn keys(
    kind: i64,
    about: &Environment,
    what: Cbor<'_>,
    conditions: Option<Cbor<'_>>,
    corim: &mut Corim,
) -> Result<bool, AppraisalError> {
    let before = corim.keys.len();
    let name = conditions.and_then(|conditions| element(conditions.get(0)?));
    for key in what.array().ok_or_else(|| malformed("keys are an array"))? {
        let value = match key.tag() {
            // Of identity keys, evidence knows nothing.
            Some(_) if kind == 2 => None,
            Some((tag::PKIX_KEY, text)) => {
                let text = text.text().ok_or_else(|| malformed("a key is text"))?;
                Some(KeyValue::Key(pem(text.as_bytes())?))
            }
            Some((tag::THUMBPRINT, digest)) => Some(thumbprint(digest)?),
            Some(_) => None,
            // Early drafts: a map with the base64 of an SPKI.
            None => key.get(0).and_then(Cbor::text).map(old_key).transpose()?,
        };
        corim.keys.extend(value.map(|value| AttestationKey {
            environment: about.clone(),
            key: name.clone(),
            value,
        }));
    }
    Ok(corim.keys.len() > before)
}

fn pem(text: &[u8]) -> Result<PublicKey, AppraisalError> {
    let mut collateral = Collateral::none();
    collateral.add(text)?;
    match collateral.keys() {
        [key] => Ok(key.clone()),
        _ => Err(malformed("expected one public key, PEM")),
    }
}

fn old_key(text: &str) -> Result<KeyValue, AppraisalError> {
    let spki = BASE64
        .decode(text.as_bytes())
        .map_err(|_| malformed("a key is no base64"))?;
    Key::from_spki(&spki).map_err(malformed)?;
    Ok(KeyValue::Key(PublicKey::from_spki(spki)))
}

fn thumbprint(digest: Cbor<'_>) -> Result<KeyValue, AppraisalError> {
    let mut parts = digest
        .array()
        .ok_or_else(|| malformed("a thumbprint is an array"))?;
    let (algorithm, value) = (parts.next(), parts.next().and_then(Cbor::bytes));
    match (
        algorithm.and_then(Cbor::integer),
        value.map(<[u8; 32]>::try_from),
    ) {
        (Some(SHA_256), Some(Ok(value))) => Ok(KeyValue::Thumbprint(KeyDigest::from_bytes(value))),
        _ => Err(malformed("a thumbprint is SHA-256")),
    }
}

/// Text, or hex of the bytes of a UUID.
fn identifier(id: Cbor<'_>) -> Option<String> {
    let id = match id.tag() {
        Some((tag::UUID, id)) => id,
        _ => id,
    };
    id.text()
        .map(str::to_owned)
        .or_else(|| id.bytes().map(|id| HEXLOWER.encode(id)))
}

/// A URI, in a tag or not; early drafts have a list of one.
fn profile(value: Cbor<'_>) -> Option<String> {
    let value = match value.array() {
        Some(mut list) => list.next()?,
        None => value,
    };
    match value.tag() {
        Some((tag::URI, uri)) => uri.text().map(str::to_owned),
        Some((_, other)) => other.bytes().map(|oid| HEXLOWER.encode(oid)),
        None => value.text().map(str::to_owned),
    }
}

/// `#6.1(seconds)`.
fn date(value: Option<Cbor<'_>>) -> Result<Option<Timestamp>, AppraisalError> {
    let Some(value) = value else {
        return Ok(None);
    };
    match value.tag() {
        Some((tag::EPOCH, seconds)) => seconds
            .integer()
            .map(|seconds| Some(Timestamp::from_seconds(seconds)))
            .ok_or_else(|| malformed("a date is whole seconds")),
        _ => Err(malformed("a date has tag 1")),
    }
}

fn cbor(bytes: &[u8]) -> Result<Cbor<'_>, AppraisalError> {
    Cbor::parse_within(bytes, MAX_DEPTH).map_err(|error| malformed(error.to_string()))
}
