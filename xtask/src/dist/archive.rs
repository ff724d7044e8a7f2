//! An archive that is the same bytes wherever it is made of the same files: sorted, without dates
//! and owners, with modes that do not depend on anybody's umask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache;
use crate::process::{self, Failure};

/// A folder that becomes an archive with itself at the top.
pub(super) struct Archive {
    /// Where the folder is made.
    beside: PathBuf,
    name: String,
}

impl Archive {
    /// An empty one, called `name`, made in `folder`.
    pub(super) fn new(folder: &Path, name: &str) -> Result<Self, Failure> {
        let archive = Self {
            beside: folder.to_owned(),
            name: name.to_owned(),
        };
        cache::make(&archive.root())?;
        Ok(archive)
    }

    fn root(&self) -> PathBuf {
        self.beside.join(&self.name)
    }

    /// Puts a program in, which everybody may run.
    pub(super) fn program(&mut self, from: &Path, name: &str) -> Result<(), Failure> {
        self.put(from, name, 0o755)
    }

    /// Puts a file in.
    pub(super) fn file(&mut self, from: &Path, name: &str) -> Result<(), Failure> {
        self.put(from, name, 0o644)
    }

    /// Writes a file.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let file = self.root().join(name);
        cache::write(&file, text)?;
        mode(&file, 0o644)
    }

    /// Puts a folder in, with all that is below it; what can be run stays so.
    pub(super) fn folder(&mut self, from: &Path, name: &str) -> Result<(), Failure> {
        let failed = |error| Failure::new(format!("{}: {error}", from.display()));
        cache::make(&self.root().join(name))?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
            let metadata = entry.metadata().map_err(failed)?;
            if metadata.is_dir() {
                self.folder(&entry.path(), &inner)?;
            } else if metadata.permissions().mode() & 0o100 != 0 {
                self.program(&entry.path(), &inner)?;
            } else {
                self.file(&entry.path(), &inner)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, from: &Path, name: &str, bits: u32) -> Result<(), Failure> {
        let to = self.root().join(name);
        cache::copy(from, &to)?;
        mode(&to, bits)
    }

    /// Packs it into `folder`, and returns the file's name.
    pub(super) fn pack(self, folder: &Path) -> Result<String, Failure> {
        let file = format!("{}.tar.gz", self.name);
        let tar = self.beside.join(format!("{}.tar", self.name));
        let mut pack = Command::new("tar");
        pack.args(["--create", "--format=ustar", "--sort=name", "--mtime=@0"])
            .args(["--owner=0", "--group=0", "--numeric-owner"])
            .args(["--mode=u=rwX,go=rX", "--file"])
            .arg(&tar)
            .arg("--directory")
            .arg(&self.beside)
            .arg(&self.name);
        process::run(&mut pack)?;
        let to = folder.join(&file);
        let failed = |error| Failure::new(format!("{}: {error}", to.display()));
        let made = fs::File::create_new(&to).map_err(failed)?;
        // Without the name and the date of what was packed.
        let mut gzip = Command::new("gzip");
        gzip.args(["--no-name", "--best", "--stdout"]).arg(&tar);
        process::run(gzip.stdout(Stdio::from(made)))?;
        fs::remove_file(&tar).map_err(failed)?;
        Ok(file)
    }
}

fn mode(file: &Path, bits: u32) -> Result<(), Failure> {
    fs::set_permissions(file, fs::Permissions::from_mode(bits))
        .map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}
