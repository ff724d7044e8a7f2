//! What a program may ask for while it runs, told by what it imports.

use crate::report::{Import, Need};

/// Functions of preview 1 by their beginning.
const FUNCTIONS: &[(&str, &[Need])] = &[
    ("args_", &[Need::Arguments]),
    ("environ_", &[Need::Environment]),
    ("clock_", &[Need::Clock]),
    ("poll_", &[Need::Clock]),
    ("random_", &[Need::Randomness]),
    ("path_", &[Need::Files]),
    ("fd_readdir", &[Need::Files]),
    ("fd_read", &[Need::StandardInput]),
    ("fd_write", &[Need::StandardOutput, Need::StandardError]),
    ("sock_", &[Need::Network]),
];

/// Interfaces of WASI 0.2 by their beginning.
const INTERFACES: &[(&str, &[Need])] = &[
    (
        "wasi:cli/environment@",
        &[Need::Arguments, Need::Environment],
    ),
    ("wasi:cli/stdin@", &[Need::StandardInput]),
    ("wasi:cli/stdout@", &[Need::StandardOutput]),
    ("wasi:cli/stderr@", &[Need::StandardError]),
    ("wasi:clocks/", &[Need::Clock]),
    ("wasi:random/", &[Need::Randomness]),
    ("wasi:filesystem/", &[Need::Files]),
    ("wasi:sockets/", &[Need::Network]),
    ("wasi:http/", &[Need::Network]),
];

pub(crate) fn of(import: &Import) -> &'static [Need] {
    let (list, text) = if import.module == veracruz_wasi::MODULE {
        (FUNCTIONS, &import.name)
    } else {
        (INTERFACES, &import.module)
    };
    list.iter()
        .find(|(beginning, _)| text.starts_with(beginning))
        .map_or(&[], |(_, needs)| needs)
}
