//! What an enclave's image measures to.

use sha2::{Digest as _, Sha384 as Hasher};
use veracruz_policy::Sha384;

use super::Eif;

/// The three measurements of an image. All are over contents, without headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NitroPcrs {
    /// PCR 0, everything: kernel, command line, all ramdisks.
    pub image: Sha384,
    /// PCR 1, the operating system: kernel, command line, first ramdisk.
    pub kernel: Sha384,
    /// PCR 2, the application: all ramdisks but the first.
    pub application: Sha384,
}

impl Eif<'_> {
    /// PCR 0, 1 and 2: each is SHA-384(48 zero bytes ‖ SHA-384(contents)).
    #[must_use]
    pub fn pcrs(&self) -> NitroPcrs {
        let system = [self.kernel, self.command_line.as_str().as_bytes()];
        let (first, others) = match self.ramdisks.split_first() {
            Some((first, others)) => (*first, others),
            None => (&[][..], &[][..]),
        };
        let whole = system.iter().chain(&self.ramdisks);
        NitroPcrs {
            image: extended(whole.copied()),
            kernel: extended(system.into_iter().chain([first])),
            application: extended(others.iter().copied()),
        }
    }
}

/// A register that was zero, after `contents` were measured into it as one.
fn extended<'a>(contents: impl Iterator<Item = &'a [u8]>) -> Sha384 {
    let content = contents.fold(Hasher::new(), |hasher, content| {
        hasher.chain_update(content)
    });
    let register = Hasher::new().chain_update([0; 48]);
    Sha384::from_bytes(register.chain_update(content.finalize()).finalize().into())
}
