//! Control groups: bounds for an isolate as a whole, which resource limits do not know.
//!
//! Version 2 where this process may make groups with the controllers, else version 1, each
//! controller by itself; what neither gives is left to resource limits, and reported so.
//!
//! All groups of one run of the attester are in folders of its own, one a hierarchy, which it holds
//! locked as long as it lives. Another attester that finds such a folder unlocked knows that its
//! owner is gone, and removes it with all that is in it.

mod find;
mod folder;
mod settings;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::Limits;
use crate::wire::{IsolateId, Keeper, LimitedBy};
use find::{Controller, Place, Version};
use folder::{Folder, Stale};

/// Where the groups of this attester's isolates are made.
#[derive(Debug)]
pub(crate) struct ControlGroups {
    folders: Vec<Folder>,
    /// What dead attesters left.
    stale: Vec<Stale>,
    /// Groups of isolates that ended, which the kernel does not let go yet.
    leaving: Vec<Group>,
}

/// The group of one isolate: a folder in each hierarchy.
#[derive(Debug, Default)]
pub(crate) struct Group {
    folders: Vec<PathBuf>,
}

impl ControlGroups {
    /// Makes this attester's folders; where none can be made, there are none. What dead attesters left
    /// is removed by the next [`sweep`](Self::sweep).
    pub(crate) fn prepare() -> Self {
        let machine = find::Machine::this();
        let mut groups = Self {
            folders: Vec::new(),
            stale: Vec::new(),
            leaving: Vec::new(),
        };
        for place in find::unified(&machine) {
            if groups.settle(&place) {
                break;
            }
        }
        let had: Vec<_> = groups.controllers().collect();
        for place in find::legacy(&machine, &had) {
            groups.settle(&place);
        }
        groups
    }

    /// Makes this attester's folder in a place, and finds what others left there; whether it could.
    fn settle(&mut self, place: &Place) -> bool {
        self.stale.extend(Stale::find(place));
        match Folder::make(place) {
            Ok(folder) => {
                self.folders.push(folder);
                true
            }
            Err(error) => {
                tracing::info!(parent = %place.parent.display(), %error, "no control groups here");
                false
            }
        }
    }

    fn controllers(&self) -> impl Iterator<Item = Controller> {
        let folders = self.folders.iter();
        folders.flat_map(|folder| folder.controllers.iter().copied())
    }

    /// Who keeps which limit.
    pub(crate) fn limited_by(&self) -> LimitedBy {
        let folders = self.folders.iter();
        keepers(folders.map(|folder| (folder.version, folder.controllers.as_slice())))
    }

    /// Makes a group with these limits.
    pub(crate) fn make(&mut self, id: IsolateId, limits: &Limits) -> Result<Group, Errno> {
        let mut group = Group::default();
        for folder in &self.folders {
            let path = folder.path.join(id.to_string());
            let made = fs::create_dir(&path).and_then(|()| {
                group.folders.push(path.clone());
                settings::write(folder, &path, limits)
            });
            if let Err(error) = made {
                self.leave(group);
                return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
            }
        }
        Ok(group)
    }

    /// Removes the group of an isolate that is gone: now, or as soon as the kernel lets it go.
    pub(crate) fn leave(&mut self, group: Group) {
        self.leaving.push(group);
        self.sweep();
    }

    /// Tries again what could not be removed before; whether all is gone now.
    pub(crate) fn sweep(&mut self) -> bool {
        self.leaving.retain_mut(|group| !group.remove());
        self.stale.retain(|stale| !stale.remove());
        self.leaving.is_empty() && self.stale.is_empty()
    }

    /// Ends whatever is in any group of this attester, and removes them and its folders. For the
    /// time after its death; whether all is gone.
    pub(crate) fn remove_all(&self) -> bool {
        let mut all = true;
        for folder in &self.folders {
            all &= folder.remove();
        }
        all
    }
}

/// Who would keep which limit, if this process were an attester. Makes nothing.
pub(super) fn would_be_limited_by() -> LimitedBy {
    let machine = find::Machine::this();
    let mut places: Vec<_> = find::unified(&machine).into_iter().take(1).collect();
    let had: Vec<_> = places
        .iter()
        .flat_map(|place| place.controllers.iter().copied())
        .collect();
    places.extend(find::legacy(&machine, &had));
    keepers(
        places
            .iter()
            .map(|place| (place.version, place.controllers.as_slice())),
    )
}

fn keepers<'a>(folders: impl Iterator<Item = (Version, &'a [Controller])> + Clone) -> LimitedBy {
    let of = |wanted, otherwise| {
        let mut folders = folders.clone();
        match folders.find(|(_, controllers)| controllers.contains(&wanted)) {
            Some((Version::Two, _)) => Keeper::ControlGroupV2,
            Some((Version::One, _)) => Keeper::ControlGroupV1,
            None => otherwise,
        }
    };
    LimitedBy {
        memory: of(Controller::Memory, Keeper::ResourceLimits),
        processes: of(Controller::Pids, Keeper::ResourceLimits),
        cpu: of(Controller::Cpu, Keeper::Nobody),
    }
}

/// Writes into one of the kernel's files. It is never made here: there is no such file then.
fn put(file: &Path, value: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.write_all(value.as_bytes())
}

impl Group {
    /// Puts a process into the group. Its children will be in it, too.
    pub(crate) fn enter(&self, pid: u32) -> Result<(), Errno> {
        for folder in &self.folders {
            put(&folder.join("cgroup.procs"), &pid.to_string())
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        }
        Ok(())
    }

    /// Whether nothing is left of it.
    fn remove(&mut self) -> bool {
        self.folders.retain(|folder| match fs::remove_dir(folder) {
            Ok(()) => false,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        });
        self.folders.is_empty()
    }
}
