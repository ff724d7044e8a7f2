//! `veracruz new`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What the program is called: small letters, digits and dashes
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The language
    #[arg(long = "template", value_name = "LANGUAGE", value_enum, default_value_t = Language::Rust)]
    pub(crate) language: Language,
    /// The folder that is made (NAME, unless given)
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Languages that there is a beginning for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, built by cargo
    Rust,
    /// C, built by clang with the C library for WASI
    C,
    /// C++, built by clang with the C++ library for WASI
    Cpp,
    /// Go 1.21 or later
    Go,
    /// Python, put into a component by componentize-py
    Python,
    /// JavaScript, put into a component by componentize-js
    Javascript,
}
