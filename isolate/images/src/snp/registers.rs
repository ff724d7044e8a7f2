//! The registers of a processor at its start, as KVM and QEMU set them: the page that hardware calls
//! VMSA (AMD64 Architecture Programmer's Manual, volume 2, table B-4).

use super::Processor;
use super::chain::PAGE_BYTES;

/// Where x86 starts: 16 bytes below 4 GiB.
const RESET: u32 = 0xffff_fff0;

/// One processor before its first instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    start: u32,
    processor: Processor,
    features: u64,
}

impl Registers {
    /// The first processor.
    pub(super) const fn at_reset(processor: Processor, features: u64) -> Self {
        Self {
            start: RESET,
            processor,
            features,
        }
    }

    /// Another, that starts at `start`.
    pub(super) const fn starting_at(self, start: u32) -> Self {
        Self { start, ..self }
    }

    pub(super) fn page(&self) -> [u8; PAGE_BYTES] {
        let mut page = Page([0; PAGE_BYTES]);
        let code = self.start & 0xffff_0000;
        // Offset, selector, attributes, limit, base.
        for (at, selector, attributes, limit, base) in [
            (0x00, 0, 0x93, 0xffff, 0),         // ES
            (0x10, 0xf000, 0x9b, 0xffff, code), // CS
            (0x20, 0, 0x93, 0xffff, 0),         // SS
            (0x30, 0, 0x93, 0xffff, 0),         // DS
            (0x40, 0, 0x93, 0xffff, 0),         // FS
            (0x50, 0, 0x93, 0xffff, 0),         // GS
            (0x60, 0, 0, 0xffff, 0),            // GDTR
            (0x70, 0, 0x82, 0xffff, 0),         // LDTR
            (0x80, 0, 0, 0xffff, 0),            // IDTR
            (0x90, 0, 0x8b, 0xffff, 0),         // TR
        ] {
            page.segment(at, selector, attributes, limit, base);
        }
        page.put(0x0d0, &0x1000_u64.to_le_bytes()); // EFER: SVM is on, KVM's doing
        page.put(0x148, &0x40_u64.to_le_bytes()); // CR4: machine checks, KVM's doing
        page.put(0x158, &0x10_u64.to_le_bytes()); // CR0
        page.put(0x160, &0x400_u64.to_le_bytes()); // DR7
        page.put(0x168, &0xffff_0ff0_u64.to_le_bytes()); // DR6
        page.put(0x170, &0x2_u64.to_le_bytes()); // RFLAGS
        page.put(0x178, &u64::from(self.start & 0xffff).to_le_bytes()); // RIP
        page.put(0x268, &0x0007_0406_0007_0406_u64.to_le_bytes()); // PAT
        page.put(0x310, &u64::from(self.processor.signature()).to_le_bytes()); // RDX
        page.put(0x3b0, &self.features.to_le_bytes()); // SEV_FEATURES
        page.put(0x3e8, &1_u64.to_le_bytes()); // XCR0
        page.put(0x408, &0x1f80_u32.to_le_bytes()); // MXCSR
        page.put(0x410, &0x37f_u16.to_le_bytes()); // x87 control word
        page.0
    }
}

struct Page([u8; PAGE_BYTES]);

impl Page {
    fn segment(&mut self, at: usize, selector: u16, attributes: u16, limit: u32, base: u32) {
        self.put(at, &selector.to_le_bytes());
        self.put(at.saturating_add(2), &attributes.to_le_bytes());
        self.put(at.saturating_add(4), &limit.to_le_bytes());
        self.put(at.saturating_add(8), &u64::from(base).to_le_bytes());
    }

    /// Every offset above is a constant on the page.
    fn put(&mut self, at: usize, value: &[u8]) {
        let field = self.0.get_mut(at..at.saturating_add(value.len()));
        if let Some(field) = field {
            field.copy_from_slice(value);
        }
    }
}
