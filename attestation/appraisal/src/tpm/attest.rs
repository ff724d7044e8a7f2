//! `TPMS_ATTEST` (TPM 2.0 Library, part 2, section 10.12.12), for quotes.

use super::algorithm::{SHA1, SHA256, name};
use super::wire::Wire;
use crate::AppraisalError;

/// What errors call it.
const PART: &str = "quote";
/// `TPM_GENERATED_VALUE`: a restricted key signs nothing that begins so unless the TPM made it.
const GENERATED: u32 = 0xff54_4347;
/// `TPM_ST_ATTEST_QUOTE`.
const QUOTE: u16 = 0x8018;
/// PCRs of a TPM for PCs.
const REGISTERS: u8 = 24;

/// What a quote says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attest<'b> {
    pub(super) qualified_signer: &'b [u8],
    pub(super) extra_data: &'b [u8],
    pub(super) clock: u64,
    pub(super) reset_count: u32,
    pub(super) restart_count: u32,
    pub(super) firmware_version: u64,
    /// Indices of the PCRs that it is over, ascending; all of the SHA-256 bank.
    pub(super) selection: Vec<u8>,
    pub(super) pcr_digest: &'b [u8],
}

impl<'b> Attest<'b> {
    /// Reads a quote over PCRs of the SHA-256 bank.
    ///
    /// # Errors
    /// `Malformed` where it is no quote, `WeakDigest` where it is over the SHA-1 bank.
    pub(super) fn parse(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        let mut wire = Wire::new(bytes, PART);
        let magic = wire.u32()?;
        if magic != GENERATED {
            return Err(wire.malformed(format!(
                "magic 0x{magic:08x}, expected 0x{GENERATED:08x}: no TPM made it"
            )));
        }
        let kind = wire.u16()?;
        if kind != QUOTE {
            return Err(wire.malformed(format!(
                "type 0x{kind:04x}, expected 0x{QUOTE:04x}: it is no quote"
            )));
        }
        let qualified_signer = wire.sized()?;
        let extra_data = wire.sized()?;
        let clock = wire.u64()?;
        let reset_count = wire.u32()?;
        let restart_count = wire.u32()?;
        if wire.u8()? > 1 {
            return Err(wire.malformed("a truth value that is neither".into()));
        }
        let firmware_version = wire.u64()?;
        let selection = selection(&mut wire)?;
        let pcr_digest = wire.sized()?;
        wire.end()?;
        Ok(Self {
            qualified_signer,
            extra_data,
            clock,
            reset_count,
            restart_count,
            firmware_version,
            selection,
            pcr_digest,
        })
    }
}

/// `TPML_PCR_SELECTION` with one bank that has any register, which must be that of SHA-256.
fn selection(wire: &mut Wire<'_>) -> Result<Vec<u8>, AppraisalError> {
    let count = wire.u32()?;
    if count > 16 {
        return Err(wire.malformed(format!("a selection of {count} banks")));
    }
    let mut selected: Vec<u8> = Vec::new();
    for _ in 0..count {
        let bank = wire.u16()?;
        let length = wire.u8()?;
        let bits = wire.take(length.into())?;
        let is_selected = |register: &u8| {
            let byte = bits.get(usize::from(register / 8)).copied();
            byte.unwrap_or_default() >> (register % 8) & 1 == 1
        };
        let registers: Vec<u8> = (0..REGISTERS).filter(is_selected).collect();
        if bits.iter().skip(3).any(|byte| *byte != 0) {
            return Err(wire.malformed("a selection of a PCR above 23".into()));
        }
        if registers.is_empty() {
            continue;
        }
        match bank {
            SHA256 if selected.is_empty() => selected = registers,
            SHA1 => {
                return Err(AppraisalError::WeakDigest {
                    part: "bank of the PCRs in the quote",
                    found: name(bank),
                });
            }
            SHA256 => return Err(wire.malformed("the same bank twice".into())),
            other => {
                return Err(wire.malformed(format!(
                    "a quote over the {} bank, expected the SHA-256 bank alone",
                    name(other)
                )));
            }
        }
    }
    if selected.is_empty() {
        return Err(wire.malformed("a quote over no PCR".into()));
    }
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(bits: &[u8]) -> Vec<u8> {
        let mut quote = [&GENERATED.to_be_bytes()[..], &QUOTE.to_be_bytes()].concat();
        quote.extend([0; 4 + 8 + 4 + 4 + 1 + 8]); // empty names, clock, firmware
        quote.extend([0, 0, 0, 1, 0, 0x0b]);
        quote.push(u8::try_from(bits.len()).unwrap());
        quote.extend(bits);
        quote.extend([0, 32]);
        quote.extend([7; 32]);
        quote
    }

    #[test]
    fn reads_the_selection_bit_by_bit() {
        for (bits, expected) in [
            (&[0b0000_0001][..], &[0][..]),
            (&[0b1000_0001, 0b1000_0000], &[0, 7, 15]),
            (&[0, 0, 0b1000_0000], &[23]),
            (&[0, 1, 0, 0], &[8]),
        ] {
            let quote = quote(bits);
            let parsed = Attest::parse(&quote).unwrap();
            assert_eq!(parsed.selection, expected);
            assert_eq!(parsed.pcr_digest, [7; 32]);
        }
    }

    #[test]
    fn refuses_registers_that_no_tpm_has_however_many() {
        for bits in [&[1, 0, 0, 1][..], &[0xff; 40], &[0xff; 255], &[]] {
            let quote = quote(bits);
            assert!(matches!(
                Attest::parse(&quote),
                Err(AppraisalError::Malformed { part: "quote", .. })
            ));
        }
    }
}
