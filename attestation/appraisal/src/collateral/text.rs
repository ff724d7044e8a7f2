//! Text forms of binary collateral: PEM, hex, base64.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// Bytes written as hex or base64, whatever white space stands between; `None` where it is neither.
/// What can be read as hex is hex.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let dense: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if dense.is_empty() {
        return None;
    }
    HEXLOWER_PERMISSIVE
        .decode(dense.strip_prefix(b"0x").unwrap_or(&dense))
        .or_else(|_| BASE64.decode(&dense))
        .or_else(|_| BASE64URL.decode(&dense))
        .or_else(|_| BASE64_NOPAD.decode(&dense))
        .or_else(|_| BASE64URL_NOPAD.decode(&dense))
        .ok()
}

/// The blocks of a PEM text (RFC 7468): label and content. Text between the blocks is skipped, as
/// explanatory text is allowed there. Percent-encoded text, as in Intel's HTTP headers, and `\n`
/// written as two characters are taken too.
pub(crate) fn pem_blocks(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    const BEGIN: &str = "-----BEGIN ";
    const BEGIN_ENCODED: &str = "-----BEGIN%20";
    const DASHES: &str = "-----";
    let plain;
    let mut rest = text;
    if text.contains(BEGIN_ENCODED) {
        plain = percent_decode(text);
        rest = &plain;
    }
    let mut blocks = Vec::new();
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = after
            .split_once(DASHES)
            .ok_or("a PEM header that does not end")?;
        let end = format!("-----END {label}-----");
        let (content, after) = after
            .split_once(end.as_str())
            .ok_or_else(|| format!("a PEM block of {label:?} that does not end"))?;
        let content = content.replace("\\r", "").replace("\\n", "");
        let dense: Vec<u8> = content
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let der = BASE64
            .decode(&dense)
            .map_err(|error| format!("a PEM block of {label:?} that is not base64: {error}"))?;
        blocks.push((label.to_owned(), der));
        rest = after;
    }
    Ok(blocks)
}

/// Undoes percent-encoding (RFC 3986, section 2.1); what is no such triplet stays as it is.
fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let triplet = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| HEXLOWER_PERMISSIVE.decode(digits).ok());
        match triplet {
            Some(byte) => {
                decoded.extend(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hex_and_base64_with_white_space() {
        assert_eq!(decode("0x00 FF\n10"), Some(vec![0, 255, 16]));
        assert_eq!(decode("AP8\nQ/w=="), Some(vec![0, 255, 16, 255]));
        assert_eq!(decode("_-8"), Some(vec![255, 239]));
        assert_eq!(decode("_-8="), Some(vec![255, 239]));
        assert_eq!(decode("!"), None);
        assert_eq!(decode("  "), None);
    }

    #[test]
    fn reads_every_block_and_skips_text_between() {
        let text = "subject=a\n-----BEGIN A-----\nAA==\n-----END A-----\nand\n\
                    -----BEGIN B C-----\nAQ==\n-----END B C-----\n";
        let expected = vec![("A".into(), vec![0]), ("B C".into(), vec![1])];
        assert_eq!(pem_blocks(text).unwrap(), expected);
        let encoded = text.replace(' ', "%20").replace('\n', "%0A");
        assert_eq!(pem_blocks(&encoded).unwrap(), expected);
        assert_eq!(pem_blocks(&text.replace('\n', "\\n")).unwrap(), expected);
    }

    #[test]
    fn a_block_without_an_end_is_an_error() {
        assert!(pem_blocks("-----BEGIN A-----\nAA==\n").is_err());
        assert!(pem_blocks("-----BEGIN A").is_err());
        assert!(pem_blocks("-----BEGIN A-----\n?\n-----END A-----").is_err());
    }
}
