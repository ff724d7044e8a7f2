//! DER as Intel's extension of PCK certificates has it: pairs of a name and a value.

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode as _, Reader as _, Result, SliceReader, Tag, Tagged as _};

/// The pairs in a SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, ANY }.
pub(super) fn pairs<'d>(sequence: AnyRef<'d>) -> Result<Vec<(ObjectIdentifier, AnyRef<'d>)>> {
    sequence.tag().assert_eq(Tag::Sequence)?;
    let mut reader = SliceReader::new(sequence.value())?;
    let mut pairs = Vec::new();
    while !reader.is_finished() {
        let pair = AnyRef::decode(&mut reader)?;
        pair.tag().assert_eq(Tag::Sequence)?;
        let mut inner = SliceReader::new(pair.value())?;
        let name = ObjectIdentifier::decode(&mut inner)?;
        let value = AnyRef::decode(&mut inner)?;
        inner.finish()?;
        pairs.push((name, value));
    }
    reader.finish()?;
    Ok(pairs)
}
