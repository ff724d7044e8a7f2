//! Nitro enclaves: on a parent instance of AWS, which protects the participants from the host; and
//! in QEMU's emulation, which protects nobody and whose evidence nobody signs. The image, an EIF, is
//! the same. See `docs/reference/nitro.md`.

mod cli;
mod emulated;
mod enclave;
mod launcher;

pub use cli::NitroCli;
pub use emulated::emulated;
pub use launcher::NitroLauncher;
