//! The page with digests that QEMU writes and the guest's firmware checks (QEMU,
//! `target/i386/sev.c`; EDK2, `OvmfPkg/AmdSev/BlobVerifierLibSevHashes`).

use veracruz_policy::Sha256;

use super::firmware::guid;
use crate::{CommandLine, ImageError};

const HEADER: [u8; 16] = guid(0x9438_d606, 0x4f22, 0x4cc9, 0xb479_a793_d411_fd21);
const COMMAND_LINE: [u8; 16] = guid(0x97d0_2dd8, 0xbd20, 0x4c94, 0xaa78_e771_4d36_ab2a);
const INITRAMFS: [u8; 16] = guid(0x44ba_f731, 0x3a2f, 0x4bd7, 0x9af1_41e2_9169_781d);
const KERNEL: [u8; 16] = guid(0x4de7_9437, 0xabd2, 0x427f, 0xb835_d5b1_72d2_045b);

/// GUID(16) length(2) SHA-256(32)
const ENTRY_BYTES: u16 = 50;
/// GUID(16) length(2), and three entries.
const TABLE_BYTES: u16 = 18 + 3 * ENTRY_BYTES;

/// What firmware starts, as far as it checks it.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// SHA-256 of the kernel, `bzImage`, as it is in its file.
    pub kernel: Sha256,
    /// SHA-256 of the initramfs.
    pub initramfs: Sha256,
    /// What the kernel is started with.
    pub command_line: &'a CommandLine,
}

impl Started<'_> {
    /// The pages of `size` bytes at `address`, with the table at the address `table`.
    pub(super) fn page(&self, address: u64, size: u64, table: u64) -> Result<Vec<u8>, ImageError> {
        let mut content = self.table();
        let outside = || {
            ImageError::differs(
                "firmware",
                format!("digests on the page at {address:#x}"),
                format!("{table:#x}"),
            )
        };
        let before = table.checked_sub(address).ok_or_else(outside)?;
        let after = before
            .checked_add(content.len() as u64)
            .and_then(|used| size.checked_sub(used))
            .ok_or_else(outside)?;
        // Both are less than `size`, and that is bounded where it is read.
        let (Ok(before), Ok(after)) = (usize::try_from(before), usize::try_from(after)) else {
            return Err(outside());
        };
        let mut page = vec![0; before];
        page.append(&mut content);
        page.extend(std::iter::repeat_n(0, after));
        Ok(page)
    }

    fn table(&self) -> Vec<u8> {
        // With the zero at its end.
        let command_line = Sha256::of(&[self.command_line.as_str().as_bytes(), &[0]].concat());
        let mut table = Vec::new();
        table.extend(HEADER);
        table.extend(TABLE_BYTES.to_le_bytes());
        for (guid, digest) in [
            (COMMAND_LINE, command_line),
            (INITRAMFS, self.initramfs),
            (KERNEL, self.kernel),
        ] {
            table.extend(guid);
            table.extend(ENTRY_BYTES.to_le_bytes());
            table.extend(digest.as_bytes());
        }
        table
    }
}
