//! The certificate table that a host hands to its guests: GHCB specification (AMD 56421), section
//! 4.1.8.1.

use data_encoding::HEXLOWER;

use crate::AppraisalError;

/// Most entries that are read: there are seven kinds.
const MAX_ENTRIES: usize = 32;
/// A GUID, an offset and a length.
const ENTRY_BYTES: usize = 24;

/// Kinds of entries that hold an X.509 certificate: VCEK, VLEK, ASK (ASVK too), ARK.
const CERTIFICATES: [&str; 4] = [
    "63da758de6644564adc5f4b93be8accd",
    "a8074bc2a25a483eaae639c045a0b8a1",
    "4ab7b379bbac4fe4a02f05aef327c782",
    "c0b406a4a803495297433fb6014cd0ae",
];
/// The kind that holds a revocation list.
const REVOCATION_LIST: &str = "92f81bc358114d3d97ffd19f88dc67ea";

/// What was found in a table; the order is that of the table. Entries of other kinds are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table<'b> {
    pub(super) certificates: Vec<&'b [u8]>,
    pub(super) revocation_lists: Vec<&'b [u8]>,
}

/// Reads a table: entries up to one that is all zeros, each naming a piece of the same bytes. No
/// bytes at all are a table without entries.
///
/// # Errors
/// `Malformed`.
pub(super) fn parse(table: &[u8]) -> Result<Table<'_>, AppraisalError> {
    let mut found = Table::default();
    if table.is_empty() {
        return Ok(found);
    }
    for entry in table.chunks_exact(ENTRY_BYTES).take(MAX_ENTRIES) {
        if entry.iter().all(|byte| *byte == 0) {
            return Ok(found);
        }
        let Some((guid, [o0, o1, o2, o3, l0, l1, l2, l3])) = entry.split_first_chunk::<16>() else {
            break;
        };
        let start = usize::try_from(u32::from_le_bytes([*o0, *o1, *o2, *o3]));
        let length = usize::try_from(u32::from_le_bytes([*l0, *l1, *l2, *l3]));
        let (Ok(start), Ok(length)) = (start, length) else {
            return Err(malformed("an entry that is too large"));
        };
        let content = start
            .checked_add(length)
            .and_then(|end| table.get(start..end))
            .ok_or_else(|| malformed("an entry that lies outside the table"))?;
        // Linux writes the fields of a GUID little-endian, others as text has them.
        let kinds = [text(guid), text(&swapped(guid))];
        let is = |kind: &str| kinds.iter().any(|found| found == kind);
        if CERTIFICATES.into_iter().any(is) {
            found.certificates.push(content);
        } else if is(REVOCATION_LIST) {
            found.revocation_lists.push(content);
        }
    }
    Err(malformed("a list of entries that does not end"))
}

fn text(guid: &[u8; 16]) -> String {
    HEXLOWER.encode(guid)
}

/// The same GUID with its first three fields in the other byte order.
fn swapped(guid: &[u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *guid;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: "certificate table",
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, u32, u32)], content: &[u8]) -> Vec<u8> {
        let mut table = Vec::new();
        for (guid, offset, length) in entries {
            table.extend(HEXLOWER.decode(guid.as_bytes()).unwrap());
            table.extend(offset.to_le_bytes());
            table.extend(length.to_le_bytes());
        }
        table.extend([0; 24]);
        table.extend(content);
        table
    }

    #[test]
    fn reads_certificates_and_lists_in_either_byte_order() {
        let swapped_ark = "a406b4c003a8524997433fb6014cd0ae";
        let written = table(
            &[
                (CERTIFICATES[0], 120, 2),
                ("00000000000000000000000000000001", 120, 4),
                (swapped_ark, 122, 1),
                (REVOCATION_LIST, 123, 1),
            ],
            b"vcal",
        );
        let read = parse(&written).unwrap();
        assert_eq!(read.certificates, [b"vc".as_slice(), b"a"]);
        assert_eq!(read.revocation_lists, [b"l".as_slice()]);
        assert_eq!(parse(&[]).unwrap(), Table::default());
    }

    #[test]
    fn entries_outside_the_table_and_lists_without_an_end_are_refused() {
        let kind = CERTIFICATES[0];
        for (offset, length) in [(48, 1), (u32::MAX, 1), (0, u32::MAX), (u32::MAX, u32::MAX)] {
            assert!(parse(&table(&[(kind, offset, length)], b"")).is_err());
        }
        let whole = table(&[(kind, 48, 1); 2], b"xx");
        for length in 1..whole.len() - 2 {
            assert!(parse(&whole[..length]).is_err(), "{length}");
        }
        assert!(parse(&table(&[(kind, 0, 0); 40], b"")).is_err());
    }
}
