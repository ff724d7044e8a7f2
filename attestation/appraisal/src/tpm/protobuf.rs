//! The wire format of protocol buffers, as far as files with quotes need it: fields, in order.

use crate::AppraisalError;

/// What errors call it.
const PART: &str = "attestation (protocol buffer)";

/// A field that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'b> {
    Number(u64, u64),
    Bytes(u64, &'b [u8]),
    /// Of a fixed width: no message here has one that matters.
    Other,
}

/// The fields of a message, in the order in which they stand.
///
/// # Errors
/// `Malformed`.
pub(super) fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, AppraisalError> {
    let mut cursor = message;
    let mut fields = Vec::new();
    while !cursor.is_empty() {
        let key = varint(&mut cursor)?;
        let number = key >> 3;
        fields.push(match key & 7 {
            0 => Field::Number(number, varint(&mut cursor)?),
            1 => take(&mut cursor, 8).map(|_| Field::Other)?,
            2 => {
                let length = varint(&mut cursor)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Field::Bytes(number, take(&mut cursor, length)?)
            }
            5 => take(&mut cursor, 4).map(|_| Field::Other)?,
            kind => return Err(malformed(&format!("a field of wire type {kind}"))),
        });
        // Each field takes a byte at least; this bounds memory, not work.
        if fields.len() > 4096 {
            return Err(malformed("more fields than any such file has"));
        }
    }
    Ok(fields)
}

fn varint(cursor: &mut &[u8]) -> Result<u64, AppraisalError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(cursor, 1)?.first().copied().unwrap_or_default();
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(malformed("a number of more than 64 bits"))
}

fn take<'b>(cursor: &mut &'b [u8], length: usize) -> Result<&'b [u8], AppraisalError> {
    let (taken, rest) = cursor
        .split_at_checked(length)
        .ok_or_else(|| malformed("it ends inside a field"))?;
    *cursor = rest;
    Ok(taken)
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_wire_type_but_groups() {
        // The examples of the encoding's guide: 150, "testing", and numbers of fixed width.
        let message =
            b"\x08\x96\x01\x12\x07testing\x1d\x01\x02\x03\x04\x21\x01\x02\x03\x04\x05\x06\x07\x08";
        assert_eq!(
            fields(message).unwrap(),
            [
                Field::Number(1, 150),
                Field::Bytes(2, b"testing"),
                Field::Other,
                Field::Other,
            ]
        );
        let most = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(fields(most).unwrap(), [Field::Number(1, u64::MAX)]);
    }

    #[test]
    fn refuses_what_is_cut_off_and_what_is_too_long() {
        for message in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x12\x08testing",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            b"\x0b",
            b"\x1d\x01",
        ] {
            assert!(fields(message).is_err(), "{message:02x?}");
        }
        assert!(fields(&[0x08, 0].repeat(4097)).is_err());
    }
}
