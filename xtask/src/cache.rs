//! Where things that take minutes to make are kept between runs: outside of the repository, so
//! that every checkout and CI's cache share them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{self, Failure};
use crate::setup;

/// For the superuser, whose machines run as another user, who may not enter the superuser's home.
const OF_THE_SYSTEM: &str = "/var/cache/veracruz";

/// `$VERACRUZ_CACHE`; else the system's cache for the superuser, and `veracruz` in the user's cache
/// folder for others. It is made if it is not there.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let root = set("VERACRUZ_CACHE")
        .map(PathBuf::from)
        .or_else(|| setup::is_root().then(|| PathBuf::from(OF_THE_SYSTEM)))
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("veracruz")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/veracruz")))
        .ok_or_else(|| Failure::new("neither VERACRUZ_CACHE nor HOME is set"))?;
    if !root.is_absolute() {
        return Err(Failure::new(format!(
            "the cache folder {} is no absolute path",
            root.display()
        )));
    }
    make(&root)?;
    Ok(root)
}

/// A folder that is made with `fill` where it is not there. What stands at `path` is complete: a
/// folder that was broken off has another name.
pub(crate) fn folder(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let beside = Scratch::beside(path)?;
    fill(beside.path())?;
    match std::fs::rename(beside.path(), path) {
        Ok(()) => Ok(()),
        // Somebody else was faster; theirs is as good.
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(failed("rename", beside.path(), &error)),
    }
}

/// A folder for the time of one step, removed afterwards.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder beside `path`, on the same file system.
    pub(crate) fn beside(path: &Path) -> Result<Self, Failure> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".making-{}", std::process::id()));
        let folder = PathBuf::from(name);
        // What an earlier process of this number left.
        let _ = std::fs::remove_dir_all(&folder);
        make(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// SHA-256 of a file, as lower-case hex.
pub(crate) fn sha256(file: &Path) -> Result<String, Failure> {
    let open = std::fs::File::open(file).map_err(|error| failed("open", file, &error))?;
    // No crate for one number: coreutils are on every machine that builds a kernel.
    let output = Command::new("sha256sum")
        .stdin(Stdio::from(open))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("could not run `sha256sum`: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace()
        .next()
        .filter(|digest| output.status.success() && digest.len() == 64)
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("`sha256sum` of {} failed", file.display())))
}

/// SHA-256 of a text that names inputs, cut to 16 hex digits: the name of what is made of them.
pub(crate) fn digest_of_inputs(inputs: &str) -> Result<String, Failure> {
    let scratch = Scratch::beside(&root()?.join("inputs"))?;
    let file = scratch.path().join("inputs");
    write(&file, inputs)?;
    let mut digest = sha256(&file)?;
    digest.truncate(16);
    Ok(digest)
}

pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| failed("make", folder, &error))
}

pub(crate) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| failed("write", file, &error))
}

pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| failed("read", file, &error))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| failed("copy", from, &error))
}

/// Unpacks a Debian package without installing it.
pub(crate) fn unpack(package: &Path, into: &Path) -> Result<(), Failure> {
    process::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(into))
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{what} {}: {error}", path.display()))
}
