//! The interfaces of WASI 0.2 that components may import: said here once, for the linker and for
//! the check.

/// What a component exports to be run.
pub const RUN: &str = "wasi:cli/run@0.2";

/// An interface that a component may import, in any version 0.2.x: later ones of these only add
/// functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// With these functions.
    Offered(&'static [&'static str]),
    /// With any functions, none of which can be called: Python and JavaScript import networks
    /// whether the program uses them or not.
    Trap,
}

impl Interface {
    /// The interface of a name such as `wasi:cli/environment@0.2.3`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = without_version(name)?;
        if NETWORKS.iter().any(|package| name.starts_with(package)) {
            return Some(Self::Trap);
        }
        INTERFACES
            .iter()
            .find(|(offered, _)| *offered == name)
            .map(|(_, functions)| Self::Offered(functions))
    }
}

/// Whether this is the interface that is called to run a component.
#[must_use]
pub fn is_run(name: &str) -> bool {
    without_version(name) == Some("wasi:cli/run")
}

/// The name before the version, where that is 0.2.x.
fn without_version(name: &str) -> Option<&str> {
    let (name, version) = name.split_once("@0.2.")?;
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(name)
}

/// Packages that can be imported and not used.
const NETWORKS: &[&str] = &["wasi:sockets/", "wasi:http/"];

/// Every interface with its functions, as the component model spells them.
pub const INTERFACES: &[(&str, &[&str])] = &[
    (
        "wasi:cli/environment",
        &["get-environment", "get-arguments", "initial-cwd"],
    ),
    ("wasi:cli/exit", &["exit", "exit-with-code"]),
    ("wasi:cli/stdin", &["get-stdin"]),
    ("wasi:cli/stdout", &["get-stdout"]),
    ("wasi:cli/stderr", &["get-stderr"]),
    ("wasi:cli/terminal-input", &[]),
    ("wasi:cli/terminal-output", &[]),
    ("wasi:cli/terminal-stdin", &["get-terminal-stdin"]),
    ("wasi:cli/terminal-stdout", &["get-terminal-stdout"]),
    ("wasi:cli/terminal-stderr", &["get-terminal-stderr"]),
    (
        "wasi:clocks/monotonic-clock",
        &[
            "now",
            "resolution",
            "subscribe-instant",
            "subscribe-duration",
        ],
    ),
    ("wasi:clocks/wall-clock", &["now", "resolution"]),
    (
        "wasi:filesystem/types",
        &[
            "filesystem-error-code",
            "[method]descriptor.read-via-stream",
            "[method]descriptor.write-via-stream",
            "[method]descriptor.append-via-stream",
            "[method]descriptor.advise",
            "[method]descriptor.sync-data",
            "[method]descriptor.get-flags",
            "[method]descriptor.get-type",
            "[method]descriptor.set-size",
            "[method]descriptor.set-times",
            "[method]descriptor.read",
            "[method]descriptor.write",
            "[method]descriptor.read-directory",
            "[method]descriptor.sync",
            "[method]descriptor.create-directory-at",
            "[method]descriptor.stat",
            "[method]descriptor.stat-at",
            "[method]descriptor.set-times-at",
            "[method]descriptor.link-at",
            "[method]descriptor.open-at",
            "[method]descriptor.readlink-at",
            "[method]descriptor.remove-directory-at",
            "[method]descriptor.rename-at",
            "[method]descriptor.symlink-at",
            "[method]descriptor.unlink-file-at",
            "[method]descriptor.is-same-object",
            "[method]descriptor.metadata-hash",
            "[method]descriptor.metadata-hash-at",
            "[method]directory-entry-stream.read-directory-entry",
        ],
    ),
    ("wasi:filesystem/preopens", &["get-directories"]),
    ("wasi:io/error", &["[method]error.to-debug-string"]),
    (
        "wasi:io/poll",
        &["poll", "[method]pollable.ready", "[method]pollable.block"],
    ),
    (
        "wasi:io/streams",
        &[
            "[method]input-stream.read",
            "[method]input-stream.blocking-read",
            "[method]input-stream.skip",
            "[method]input-stream.blocking-skip",
            "[method]input-stream.subscribe",
            "[method]output-stream.check-write",
            "[method]output-stream.write",
            "[method]output-stream.blocking-write-and-flush",
            "[method]output-stream.flush",
            "[method]output-stream.blocking-flush",
            "[method]output-stream.subscribe",
            "[method]output-stream.write-zeroes",
            "[method]output-stream.blocking-write-zeroes-and-flush",
            "[method]output-stream.splice",
            "[method]output-stream.blocking-splice",
        ],
    ),
    (
        "wasi:random/random",
        &["get-random-bytes", "get-random-u64"],
    ),
    (
        "wasi:random/insecure",
        &["get-insecure-random-bytes", "get-insecure-random-u64"],
    ),
    ("wasi:random/insecure-seed", &["insecure-seed"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_release_of_0_2_is_the_same_interface() {
        for version in ["0", "3", "12", "99"] {
            let name = format!("wasi:cli/stdin@0.2.{version}");
            assert_eq!(
                Interface::parse(&name),
                Some(Interface::Offered(&["get-stdin"]))
            );
        }
        for name in [
            "wasi:cli/stdin",
            "wasi:cli/stdin@0.3.0",
            "wasi:cli/stdin@0.2.",
            "wasi:cli/stdin@0.2.0-rc-2023-11-10",
            "wasi:cli/stdin@0.2.0@0.2.0",
            "wasi:cli/other@0.2.0",
            "evil:cli/stdin@0.2.0",
        ] {
            assert_eq!(Interface::parse(name), None, "{name}");
        }
        assert!(is_run("wasi:cli/run@0.2.6"));
        assert!(!is_run("wasi:cli/run@0.3.0"));
    }

    #[test]
    fn networks_can_be_imported_and_not_used() {
        for name in ["wasi:sockets/tcp@0.2.0", "wasi:http/types@0.2.4"] {
            assert_eq!(Interface::parse(name), Some(Interface::Trap));
        }
        assert_eq!(Interface::parse("wasi:socketsx/tcp@0.2.0"), None);
    }
}
