//! Packages of a Debian suite, pinned by version and digest, fetched and never installed.
//!
//! What is fetched may be of another suite than this machine's. The mirror is the one that this
//! machine is configured with, and apt checks its signatures; the suite stands in an apt
//! configuration of our own, in the cache. The machine's own sources are not touched.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cache::{self, Scratch};
use crate::process::{self, Failure};

/// Debian's own keys, of the package `debian-archive-keyring`.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// One package of one version, as a file of this repository pins it.
pub(crate) struct Pin {
    package: String,
    suite: String,
    version: String,
    /// Of the package; of the description (`.dsc`) where it is a source package.
    sha256: String,
    /// The file with the pin, relative to the repository's root.
    pinned_in: &'static str,
}

impl Pin {
    /// The pin `name` of a JSON file of this repository.
    pub(crate) fn read(file: &'static str, name: &str) -> Result<Self, Failure> {
        let text = cache::read(&crate::root().join(file))?;
        Self::parse(&text, file, name)
            .ok_or_else(|| Failure::new(format!("{file} has no pin `{name}` of the right form")))
    }

    fn parse(text: &str, pinned_in: &'static str, name: &str) -> Option<Self> {
        let pins: Value = serde_json::from_str(text).ok()?;
        let pin = pins.get(name)?;
        let field = |field| pin.get(field)?.as_str().map(str::to_owned);
        Some(Self {
            package: field("package")?,
            suite: field("suite")?,
            version: field("version")?,
            sha256: field("sha256").filter(|digest| digest.len() == 64)?,
            pinned_in,
        })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The binary package, a `.deb` in the cache.
    pub(crate) fn package(&self) -> Result<PathBuf, Failure> {
        let place = cache::root()?.join("downloads");
        cache::make(&place)?;
        let file = place.join(format!("{}_{}.deb", self.package, self.version));
        if file.is_file() && cache::sha256(&file)? == self.sha256 {
            return Ok(file);
        }
        let scratch = Scratch::beside(&file)?;
        self.fetch(&["download"], scratch.path())?;
        let fetched = only_file(scratch.path(), "deb")?;
        self.check(&fetched)?;
        cache::copy(&fetched, &file)?;
        Ok(file)
    }

    /// Unpacks the source package into `folder`, which must not be there.
    pub(crate) fn source(&self, folder: &Path) -> Result<(), Failure> {
        let scratch = Scratch::beside(&cache::root()?.join(&self.package))?;
        self.fetch(&["source", "--download-only"], scratch.path())?;
        let description = only_file(scratch.path(), "dsc")?;
        self.check(&description)?;
        // The description has the digests of the rest, which this checks.
        process::run(
            Command::new("dpkg-source")
                .args(["--require-strong-checksums", "--no-check", "-x"])
                .arg(&description)
                .arg(folder),
        )
    }

    fn fetch(&self, how: &[&str], into: &Path) -> Result<(), Failure> {
        let apt = Apt::of(&self.suite)?;
        let wanted = format!("{}={}", self.package, self.version);
        let mut fetch = apt.command("apt-get");
        fetch.args(how).arg(&wanted).current_dir(into);
        process::run(&mut fetch).map_err(|_| self.vanished(&apt))
    }

    /// What to tell where the mirror does not have the pinned version any more.
    fn vanished(&self, apt: &Apt) -> Failure {
        let mut offered = apt.command("apt-cache");
        offered.args(["madison", &self.package]);
        let offered = process::output(&mut offered).unwrap_or_default();
        Failure::new(format!(
            "the Debian package {} {} (suite {}), pinned in {}, could not be fetched. Either there \
             is no network, or the mirror has replaced it. It offers:\n{}\nPin what it has now, \
             where the new measurements are wanted; or put the pinned file, with SHA-256 {}, at \
             {}_{}.deb in the folder `downloads` of the cache.",
            self.package,
            self.version,
            self.suite,
            self.pinned_in,
            without_addresses(&offered),
            self.sha256,
            self.package,
            self.version,
        ))
    }

    fn check(&self, file: &Path) -> Result<(), Failure> {
        let found = cache::sha256(file)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} {} has another content than {} says: expected SHA-256 {}, found {found}",
            self.package, self.version, self.pinned_in, self.sha256
        )))
    }
}

/// apt with one suite and a state of its own.
struct Apt(PathBuf);

impl Apt {
    fn of(suite: &str) -> Result<Self, Failure> {
        let home = cache::root()?.join(format!("apt-{suite}"));
        for folder in ["lists/partial", "archives/partial", "preferences"] {
            cache::make(&home.join(folder))?;
        }
        let mirror = mirror()?;
        let sources: String = ["deb", "deb-src"]
            .iter()
            .map(|kind| format!("{kind} [signed-by={KEYRING}] {mirror} {suite} main\n"))
            .collect();
        cache::write(&home.join("sources.list"), &sources)?;
        cache::write(&home.join("status"), "")?;
        let at = home.display();
        cache::write(
            &home.join("apt.conf"),
            &format!(
                "Dir::Etc::sourcelist \"{at}/sources.list\";\n\
                 Dir::Etc::sourceparts \"/dev/null\";\n\
                 Dir::Etc::preferences \"/dev/null\";\n\
                 Dir::Etc::preferencesparts \"{at}/preferences\";\n\
                 Dir::State::lists \"{at}/lists\";\n\
                 Dir::State::status \"{at}/status\";\n\
                 Dir::Cache \"{at}\";\n\
                 APT::Sandbox::User \"root\";\n\
                 Acquire::Languages \"none\";\n"
            ),
        )?;
        let apt = Self(home);
        // Where it fails, the lists of last time may do; if not, the next command tells.
        let _ = process::run(apt.command("apt-get").args(["update", "-qq"]));
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.0.join("apt.conf"));
        command
    }
}

/// The Debian mirror that this machine is configured with.
fn mirror() -> Result<String, Failure> {
    let mut targets = Command::new("apt-get");
    targets.args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(LABEL) $(REPO_URI)",
        "Created-By: Packages",
    ]);
    process::output(&mut targets)
        .and_then(|targets| debian_mirror(&targets).map(str::to_owned))
        .ok_or_else(|| {
            Failure::new("this machine's apt has no Debian mirror, from which others could be had")
        })
}

/// The first line of Debian itself: neither its security archive nor somebody else's.
fn debian_mirror(targets: &str) -> Option<&str> {
    targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian Debian "))
}

/// Lines of `apt-cache madison`, `package | version | address suite/component …`, shortened.
fn without_addresses(offered: &str) -> String {
    let line = |line: &str| line.split('|').take(2).collect::<Vec<_>>().join("|");
    let lines: Vec<String> = offered.lines().map(line).collect();
    if lines.is_empty() {
        return "    nothing of that name".to_owned();
    }
    lines.join("\n")
}

fn only_file(folder: &Path, extension: &str) -> Result<PathBuf, Failure> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .ok_or_else(|| Failure::new(format!("apt fetched no .{extension} file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_of_this_repository_are_well_formed() {
        Pin::read(crate::kernel::PINS, "linux-source").unwrap();
        Pin::read(crate::machines::PINS, "ovmf").unwrap();
        Pin::read(crate::machines::PINS, "qemu").unwrap();
    }

    #[test]
    fn a_pin_without_a_whole_digest_is_none() {
        let pin = |sha256: &str| {
            let text = format!(
                r#"{{"a": {{"package": "p", "suite": "s", "version": "1", "sha256": "{sha256}"}}}}"#
            );
            Pin::parse(&text, "pins.json", "a").is_some()
        };
        assert!(pin(&"0".repeat(64)));
        assert!(!pin("00"));
    }

    #[test]
    fn the_mirror_is_debians_own_archive() {
        let targets = "Google cloud-sdk https://a/\nDebian Debian-Security https://b/\n\
                       Debian Debian https://c/debian/\n";
        assert_eq!(debian_mirror(targets), Some("https://c/debian/"));
        assert_eq!(debian_mirror("Ubuntu Ubuntu https://d/\n"), None);
    }

    #[test]
    fn what_the_mirror_offers_is_told_without_addresses() {
        let offered = "linux-source-6.12 | 6.12.107-1 | https://c/debian trixie/main amd64\n";
        assert_eq!(
            without_addresses(offered),
            "linux-source-6.12 | 6.12.107-1 "
        );
    }
}
