//! Adds up the bytes of a file, without the standard library.
#![cfg_attr(target_os = "wasi", no_std, no_main)]

#[cfg(target_os = "wasi")]
mod program;

#[cfg(not(target_os = "wasi"))]
fn main() {}
