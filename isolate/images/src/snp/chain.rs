//! The digest over pages: each step takes the last digest, and what is said of the next page.

use veracruz_policy::Sha384;

use crate::ImageError;

/// Bytes of a page.
pub(super) const PAGE_BYTES: usize = 4096;
const PAGE: u64 = PAGE_BYTES as u64;
/// Where Linux says that pages of registers are: the highest page of 48 bits.
const REGISTERS: u64 = 0xffff_ffff_f000;
/// Bytes of PAGE_INFO, which says so itself.
const INFO_BYTES: u16 = 0x70;

/// PAGE_TYPE, 56860, table 67. Pages of types but the first two have no contents for the digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Page {
    Normal = 1,
    Registers = 2,
    Zero = 3,
    Secrets = 5,
    Cpuid = 6,
}

/// A digest that is being made; it starts with zeros.
#[derive(Debug)]
pub(super) struct Chain([u8; 48]);

impl Default for Chain {
    fn default() -> Self {
        Self([0; 48])
    }
}

impl Chain {
    /// Adds whole pages with contents.
    pub(super) fn add_content(&mut self, address: u64, content: &[u8]) -> Result<(), ImageError> {
        if !content.len().is_multiple_of(PAGE_BYTES) {
            return Err(ImageError::differs(
                "firmware",
                "whole pages of 4096 bytes",
                content.len(),
            ));
        }
        for (page, index) in content.chunks_exact(PAGE_BYTES).zip(0_u64..) {
            let address = address.wrapping_add(index.wrapping_mul(PAGE));
            self.add(Page::Normal, address, *Sha384::of(page).as_bytes());
        }
        Ok(())
    }

    /// Adds pages of a type without contents. Secrets and CPUID have one each, whatever their size.
    pub(super) fn add_empty(&mut self, kind: Page, address: u64, size: u64) {
        let pages = match kind {
            Page::Zero => size / PAGE,
            _ => 1,
        };
        for index in 0..pages {
            let address = address.wrapping_add(index.wrapping_mul(PAGE));
            self.add(kind, address, [0; 48]);
        }
    }

    /// Adds the registers of a processor.
    pub(super) fn add_registers(&mut self, page: &[u8; PAGE_BYTES]) {
        self.add(Page::Registers, REGISTERS, *Sha384::of(page).as_bytes());
    }

    pub(super) fn digest(&self) -> Sha384 {
        Sha384::from_bytes(self.0)
    }

    fn add(&mut self, kind: Page, address: u64, contents: [u8; 48]) {
        let mut info = Vec::with_capacity(usize::from(INFO_BYTES));
        info.extend(self.0);
        info.extend(contents);
        info.extend(INFO_BYTES.to_le_bytes());
        // The type; then: no migration image, no rights for the lower privilege levels, reserved.
        info.extend([kind as u8, 0, 0, 0, 0, 0]);
        info.extend(address.to_le_bytes());
        self.0 = *Sha384::of(&info).as_bytes();
    }
}
