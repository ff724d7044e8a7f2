//! The table of settings and of other variables: the one place where all of them stand.

/// Something that the file, the environment and mostly an option can set.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name in the file, the table's first.
    pub(super) key: &'static str,
    /// The variable that sets it, too; options with this variable are its options.
    pub(super) variable: &'static str,
    /// What stands in the file.
    pub(super) kind: Kind,
    /// What holds where nobody says anything, where no option says so.
    pub(super) otherwise: &'static str,
    /// What it is.
    pub(super) meaning: &'static str,
}

/// What stands in the file for a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string: a path, relative to the file's folder.
    Path,
    /// A string.
    Text,
    /// An array of strings.
    List,
    /// A string, or an array of some.
    Texts,
    /// A whole number.
    Number,
    /// A string or a whole number, as `"8GiB"` or `1.5` in quotes.
    Amount,
    /// A string that may hold a password, and is never shown whole.
    Secret,
}

impl Kind {
    /// As the reference and errors name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Path => "a path",
            Self::Text | Self::Secret => "a string",
            Self::List => "an array of strings",
            Self::Texts => "a string or an array of strings",
            Self::Number => "a whole number",
            Self::Amount => "a string or a whole number",
        }
    }
}

const fn setting(
    key: &'static str,
    variable: &'static str,
    kind: Kind,
    otherwise: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        variable,
        kind,
        otherwise,
        meaning,
    }
}

/// Every setting, by section.
#[rustfmt::skip]
pub(super) const SETTINGS: &[Setting] = &[
    setting("color", "VERACRUZ_COLOR", Kind::Text, "",
        "When text is coloured: `auto` (on a terminal), `always` or `never`."),

    setting("client.identity", "VERACRUZ_IDENTITY", Kind::Path, "it has to be given",
        "Your identity: key and certificate, as `veracruz identity new` makes them."),
    setting("client.passphrase_file", "VERACRUZ_PASSPHRASE_FILE", Kind::Path, "you are asked on a terminal",
        "A file with the passphrase of that identity in its first line, readable by you alone."),
    setting("client.policy", "VERACRUZ_POLICY", Kind::Path, "it has to be given",
        "Your own copy of the policy."),
    setting("client.host", "VERACRUZ_HOST", Kind::Texts, "",
        "Where the host takes participants' connections; one for each isolate of a quorum, in the variable between commas."),
    setting("client.collateral", "VERACRUZ_COLLATERAL", Kind::Path, "`collateral` in `$VERACRUZ_HOME`",
        "The folder with what vendors publish about their hardware."),

    setting("host.listen", "VERACRUZ_HOST_LISTEN", Kind::Text, "",
        "Where participants connect."),
    setting("host.management", "VERACRUZ_HOST_MANAGEMENT", Kind::Text, "",
        "Where computations are managed: a loopback address."),
    setting("host.state", "VERACRUZ_HOST_STATE", Kind::Path, "it has to be given",
        "The folder with the management token, made on first use."),
    setting("host.token", "VERACRUZ_HOST_TOKEN", Kind::Path, "it has to be given",
        "The file with the management token, for `veracruz launch`: `management.token` in the host's folder."),
    setting("host.isolate", "VERACRUZ_HOST_ISOLATE", Kind::Text, "",
        "The kind of isolate that is started."),
    setting("host.image", "VERACRUZ_HOST_IMAGE", Kind::Path, "the one of its kind among `host.images`",
        "The image that machines are started from."),
    setting("host.images", "VERACRUZ_IMAGES", Kind::Path, "",
        "A folder with an image for each kind of machine."),
    setting("host.firmware", "VERACRUZ_HOST_FIRMWARE", Kind::Path, "`OVMF_CODE_4M.fd` in the folder that VERACRUZ_OVMF names, for microvm-measured",
        "The firmware of machines that are measured or protected."),
    setting("host.runtime", "VERACRUZ_RUNTIME", Kind::Path, "`veracruz-runtime` beside this program",
        "The runtime's binary, for isolates that are processes and for what measures it."),
    setting("host.verifiers", "VERACRUZ_HOST_VERIFIERS", Kind::List, "none",
        "Verifiers to which isolates' requests for certificates are carried; in the variable, between commas."),
    setting("host.verifier_ca", "VERACRUZ_HOST_VERIFIER_CA", Kind::Path, "none",
        "Who certifies the TLS of these verifiers, PEM."),
    setting("host.limits.isolates", "VERACRUZ_HOST_LIMITS_ISOLATES", Kind::Number, "",
        "Isolates that may run at a time."),
    setting("host.limits.memory", "VERACRUZ_HOST_LIMITS_MEMORY", Kind::Amount, "no bound",
        "Memory that all isolates may be promised together."),
    setting("host.limits.isolate_memory", "VERACRUZ_HOST_LIMITS_ISOLATE_MEMORY", Kind::Amount, "",
        "Memory that one isolate may use, its files among it."),
    setting("host.limits.isolate_cpus", "VERACRUZ_HOST_LIMITS_ISOLATE_CPUS", Kind::Amount, "no bound",
        "Processors that one isolate may keep busy, as `\"1.5\"`."),
    setting("host.limits.isolate_processes", "VERACRUZ_HOST_LIMITS_ISOLATE_PROCESSES", Kind::Number, "",
        "Processes and threads of one isolate."),
    setting("host.limits.health_interval", "VERACRUZ_HOST_LIMITS_HEALTH_INTERVAL", Kind::Number, "",
        "Seconds between two questions to an isolate how it is."),
    setting("host.limits.hangs_after", "VERACRUZ_HOST_LIMITS_HANGS_AFTER", Kind::Number, "",
        "Seconds after which an isolate that does not answer is ended."),

    setting("attester.state", "VERACRUZ_ATTESTER_STATE", Kind::Path, "it has to be given",
        "The folder with the attester's key, made on first use."),
    setting("attester.socket", "VERACRUZ_ATTESTER_SOCKET", Kind::Path, "it has to be given",
        "The socket between attester and host."),

    setting("verifier.state", "VERACRUZ_VERIFIER", Kind::Path, "it has to be given",
        "The folder of a verifier: its keys, its configuration, its database."),
    setting("verifier.config", "VERACRUZ_VERIFIER_CONFIG", Kind::Path, "`verifier.toml` in `verifier.state`",
        "The verifier's own configuration. What is set here goes before what stands there."),
    setting("verifier.database", "VERACRUZ_VERIFIER_DATABASE", Kind::Secret, "as its own configuration says",
        "`sqlite:PATH` or `postgres://…`. A password in it is never shown."),
    setting("verifier.listen", "VERACRUZ_VERIFIER_LISTEN", Kind::Text, "as its own configuration says",
        "Where the verifier listens."),
    setting("verifier.metrics", "VERACRUZ_VERIFIER_METRICS", Kind::Text, "as its own configuration says",
        "Where its metrics are: a loopback address."),
];

/// A variable that is no setting: its name, and what it does.
pub(super) type Variable = (&'static str, &'static str);

/// Variables that are read and cannot stand in the file.
pub(super) const VARIABLES: &[Variable] = &[
    (
        "VERACRUZ_CONFIG",
        "The file with settings. Where it is set and empty, none is read.",
    ),
    (
        "VERACRUZ_HOME",
        "The folder of what is yours: `veracruz.toml` and `collateral`. `~/.veracruz` unless set.",
    ),
    (
        "VERACRUZ_OVMF",
        "The folder with OVMF, the firmware of virtual machines. `/usr/share/OVMF` unless set.",
    ),
    (
        "VERACRUZ_PROGRAMS",
        "The folder with the examples' compiled programs, for `veracruz demo`.",
    ),
    (
        "VERACRUZ_QEMU",
        "`qemu-system-x86_64`, where it is not on the path.",
    ),
    (
        "VERACRUZ_QEMU_AARCH64",
        "`qemu-system-aarch64`, where it is not on the path.",
    ),
    (
        "VERACRUZ_QEMU_NITRO",
        "A QEMU with the board `nitro-enclave`, for emulations of Nitro.",
    ),
    (
        "VERACRUZ_VSOCK",
        "`vhost-device-vsock`, where it is not on the path.",
    ),
    ("VERACRUZ_SWTPM", "`swtpm`, where it is not on the path."),
    (
        "VERACRUZ_SWTPM_SETUP",
        "`swtpm_setup`, where it is not on the path.",
    ),
    (
        "VERACRUZ_SWTPM_LOCALCA",
        "`swtpm_localca`, where it is not on the path.",
    ),
];

/// Variables of others that are kept.
pub(super) const STANDARD: &[Variable] = &[
    (
        "HTTPS_PROXY",
        "The HTTP proxy through which hosts are reached, or else ALL_PROXY; in small letters, too. \
         `--proxy` goes before it.",
    ),
    (
        "NO_PROXY",
        "Hosts that are dialled directly all the same, between commas; in small letters, too.",
    ),
    (
        "TMPDIR",
        "Where what goes through standard input or output is kept until it is checked. `/tmp` unless set.",
    ),
    (
        "NO_COLOR",
        "Set and not empty: nothing is coloured, unless `--color always`.",
    ),
    (
        "CLICOLOR_FORCE",
        "Set and not 0: text is coloured into files and pipes, too.",
    ),
    ("TERM", "`dumb`: a terminal that has no colours."),
    (
        "RUST_LOG",
        "Which events of services are told on the standard error output, as `veracruz_server=debug`. \
         `--verbose` and `--quiet` go before it.",
    ),
    (
        "COLUMNS",
        "How wide help is, where the output is no terminal.",
    ),
];

/// Variables of `cargo xtask` and of tests, which no released program reads.
pub(super) const DEVELOPERS: &[Variable] = &[
    ("VERACRUZ_BIN", "The binary that tests call."),
    (
        "VERACRUZ_ROOT",
        "The folder that stands for `/`, where a program of the SDK runs as a process of the host.",
    ),
    (
        "VERACRUZ_SHARED_DATA",
        "The folder with data sets that tests of examples compare with.",
    ),
    (
        "VERACRUZ_BIN_TEST_EVIDENCE",
        "The same, built with the feature `test-evidence`.",
    ),
    (
        "VERACRUZ_CACHE",
        "Where `cargo xtask` keeps kernels and tools.",
    ),
    (
        "VERACRUZ_LARGE",
        "How large the file is that a test sends over a line that is cut, as `10GiB`; 64 MiB unless set.",
    ),
    (
        "VERACRUZ_DEATHS_SECONDS",
        "How long processes are killed at random.",
    ),
    ("VERACRUZ_SEED", "The seed of what tests do at random."),
    (
        "VERACRUZ_TEST_KERNEL",
        "A kernel with a provider of evidence for tests.",
    ),
    (
        "VERACRUZ_VECTORS",
        "The folder with recorded evidence of all technologies.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;
    use std::collections::BTreeSet;

    /// The variables of all options.
    fn of_options(command: &clap::Command, found: &mut BTreeSet<String>) {
        for argument in command.get_arguments() {
            let variable = argument.get_env().and_then(|name| name.to_str());
            found.extend(variable.map(str::to_owned));
        }
        for command in command.get_subcommands() {
            of_options(command, found);
        }
    }

    #[test]
    fn every_option_that_a_variable_sets_is_here() {
        let mut found = BTreeSet::new();
        of_options(&Cli::command(), &mut found);
        let settings = SETTINGS.iter().map(|setting| setting.variable);
        let variables = VARIABLES.iter().map(|(name, _)| *name);
        let known: BTreeSet<_> = settings.chain(variables).collect();
        let unknown: Vec<_> = found
            .iter()
            .filter(|name| !known.contains(name.as_str()))
            .collect();
        assert!(unknown.is_empty(), "not in the table: {unknown:?}");
        // Everything in the file is an option, too, on the system that has all commands.
        if cfg!(target_os = "linux") {
            for setting in SETTINGS {
                assert!(found.contains(setting.variable), "{}", setting.variable);
            }
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
        let settings = SETTINGS.iter().map(|setting| setting.variable);
        let others = [VARIABLES, STANDARD, DEVELOPERS].concat();
        let names: Vec<_> = settings
            .chain(others.iter().map(|(name, _)| *name))
            .collect();
        let set: BTreeSet<_> = names.iter().collect();
        assert_eq!(set.len(), names.len());
    }
}
