//! This attester's own folder in one hierarchy, and those that dead ones left.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::find::{Controller, Place, Version};
use super::put;

/// What the names of attesters' folders begin with.
const PREFIX: &str = "veracruz-";
/// And what that of the group ends with in which an attester itself is.
const LEAF: &str = ".attester";

/// How often a folder is made before the attester does without.
const ATTEMPTS: u32 = 32;

/// A folder that holds the groups of one attester's isolates, locked while that one lives.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) version: Version,
    pub(super) path: PathBuf,
    pub(super) controllers: Vec<Controller>,
    /// Where the attester itself was moved to.
    leaf: Option<PathBuf>,
    _locks: Vec<File>,
}

/// A folder of an attester that is gone, locked so that no other attester removes it too.
#[derive(Debug)]
pub(super) struct Stale {
    path: PathBuf,
    _lock: File,
}

impl Stale {
    /// Those under a place.
    pub(super) fn find(place: &Place) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(&place.parent) else {
            return Vec::new();
        };
        let folders = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with(PREFIX)
        });
        folders
            .filter_map(|entry| {
                let path = entry.path();
                // Whose owner lives is locked.
                let _lock = lock(&path)?;
                tracing::info!(group = %path.display(), "of an attester that is gone");
                Some(Self { path, _lock })
            })
            .collect()
    }

    /// Ends what is in it and removes it; whether it is gone.
    pub(super) fn remove(&self) -> bool {
        if self.path.to_string_lossy().ends_with(LEAF) {
            is_gone(&self.path)
        } else {
            remove(&self.path)
        }
    }
}

impl Folder {
    /// Makes one. Whoever looks for folders of dead attesters at the very moment between making and
    /// locking takes it for one of those, and removes it: then another one is made.
    pub(super) fn make(place: &Place) -> io::Result<Self> {
        let mut made = Self::try_to_make(place);
        for _ in 0..ATTEMPTS {
            match &made {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    made = Self::try_to_make(place);
                }
                _ => break,
            }
        }
        made
    }

    fn try_to_make(place: &Place) -> io::Result<Self> {
        let random = getrandom::u32().map_err(io::Error::other)?;
        let name = format!("{PREFIX}{}-{random:08x}", std::process::id());
        let path = place.parent.join(&name);
        fs::create_dir(&path)?;
        let mut folder = Self {
            version: place.version,
            path,
            controllers: place.controllers.clone(),
            leaf: None,
            _locks: Vec::new(),
        };
        let leaf = place.parent.join(name + LEAF);
        if let Err(error) = folder.fill(place, leaf) {
            folder.undo(place);
            return Err(error);
        }
        Ok(folder)
    }

    fn fill(&mut self, place: &Place, leaf: PathBuf) -> io::Result<()> {
        self._locks.push(lock_own(&self.path)?);
        if place.version == Version::One {
            return Ok(());
        }
        if place.move_first {
            fs::create_dir(&leaf)?;
            self.leaf = Some(leaf.clone());
            self._locks.push(lock_own(&leaf)?);
            put(&leaf.join("cgroup.procs"), &std::process::id().to_string())?;
        }
        for controller in &self.controllers {
            let enable = format!("+{}", controller.name());
            put(&place.parent.join("cgroup.subtree_control"), &enable)?;
            put(&self.path.join("cgroup.subtree_control"), &enable)?;
        }
        Ok(())
    }

    /// Goes back to where this process was before.
    fn undo(&self, place: &Place) {
        if let Some(leaf) = &self.leaf {
            let pid = std::process::id().to_string();
            let _ = put(&place.parent.join("cgroup.procs"), &pid);
            let _ = fs::remove_dir(leaf);
        }
        let _ = fs::remove_dir(&self.path);
    }

    /// Ends what is in its groups, and removes them and itself; whether all is gone.
    pub(super) fn remove(&self) -> bool {
        if !remove(&self.path) {
            return false;
        }
        let Some((leaf, parent)) = self
            .leaf
            .as_deref()
            .and_then(|leaf| Some((leaf, leaf.parent()?)))
        else {
            return true;
        };
        // The janitor is in it, and can go back only where no controllers are handed on.
        for controller in &self.controllers {
            let disable = format!("-{}", controller.name());
            let _ = put(&parent.join("cgroup.subtree_control"), &disable);
        }
        let _ = put(
            &parent.join("cgroup.procs"),
            &std::process::id().to_string(),
        );
        is_gone(leaf)
    }
}

/// The lock goes with the process that took it.
fn lock(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(folder)
}

/// Locks a folder that was just made; it is not found where somebody else was faster, and removes it.
fn lock_own(folder: &Path) -> io::Result<File> {
    let lock = lock(folder).ok_or(io::ErrorKind::NotFound)?;
    fs::metadata(folder)?;
    Ok(lock)
}

/// Ends what is in the groups of a folder, and removes it; whether it is gone.
fn remove(folder: &Path) -> bool {
    let Ok(groups) = fs::read_dir(folder) else {
        return !folder.exists();
    };
    for group in groups.flatten().map(|entry| entry.path()) {
        if group.is_dir() {
            end_all(&group);
            let _ = fs::remove_dir(&group);
        }
    }
    is_gone(folder)
}

fn is_gone(folder: &Path) -> bool {
    match fs::remove_dir(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Isolates die with their attester; this is for what did not get that far.
fn end_all(group: &Path) {
    if put(&group.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    let inside = || -> Vec<i32> {
        let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        listed.lines().filter_map(|pid| pid.parse().ok()).collect()
    };
    for number in inside() {
        let Some(pid) = Pid::from_raw(number) else {
            continue;
        };
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        // The number may have become another process's before it was opened.
        if inside().contains(&number) {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }
}
