//! In which folders of this machine control groups can be made, and what those can bound.

use std::fs;
use std::path::{Path, PathBuf};

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Controller {
    Memory,
    Pids,
    Cpu,
}

impl Controller {
    pub(super) const ALL: [Self; 3] = [Self::Memory, Self::Pids, Self::Cpu];

    /// The kernel's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
        }
    }
}

/// Which of the kernel's two interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// A group under which others may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: Version,
    pub(super) parent: PathBuf,
    /// What groups under it can bound.
    pub(super) controllers: Vec<Controller>,
    /// This process must leave `parent` first: in version 2, a group with processes in it hands no
    /// controllers on.
    pub(super) move_first: bool,
}

/// What the kernel says of its hierarchies, and of this process's place in them.
#[derive(Debug)]
pub(super) struct Machine {
    /// `/proc/self/mountinfo`.
    pub(super) mounts: String,
    /// `/proc/self/cgroup`.
    pub(super) groups: String,
}

impl Machine {
    pub(super) fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            mounts: read("/proc/self/mountinfo"),
            groups: read("/proc/self/cgroup"),
        }
    }

    /// This process's group in each mounted hierarchy.
    fn own_groups(&self) -> Vec<Own> {
        self.mounts
            .lines()
            .filter_map(|line| self.own_group(line))
            .collect()
    }

    /// proc(5): `36 35 98:0 /root /mount/point options - type source options`.
    fn own_group(&self, mount: &str) -> Option<Own> {
        let (before, after) = mount.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, mount_point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, _source, options) = (after.next()?, after.next()?, after.next()?);
        let (version, controllers) = match kind {
            "cgroup2" => (Version::Two, Vec::new()),
            "cgroup" => (Version::One, controllers_in(options.split(','))),
            _ => return None,
        };
        let path = self.path_in(version, &controllers)?;
        // A container sees a part of the hierarchy; what is above, it cannot name.
        let inside = Path::new(path).strip_prefix(root).ok()?;
        if inside.components().any(|part| part.as_os_str() == "..") {
            return None;
        }
        let mount_point = PathBuf::from(mount_point);
        Some(Own {
            version,
            controllers,
            group: mount_point.join(inside),
            mount_point,
        })
    }

    /// cgroups(7): `4:memory:/path`, and for version 2 `0::/path`.
    fn path_in(&self, version: Version, controllers: &[Controller]) -> Option<&str> {
        self.groups.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (number, names, path) = (parts.next()?, parts.next()?, parts.next()?);
            let fits = match version {
                Version::Two => number == "0" && names.is_empty(),
                Version::One => {
                    !controllers.is_empty() && controllers_in(names.split(',')) == controllers
                }
            };
            fits.then_some(path)
        })
    }
}

struct Own {
    version: Version,
    controllers: Vec<Controller>,
    group: PathBuf,
    mount_point: PathBuf,
}

/// Where version 2 may be had: the more controllers the better, and then the nearer to this process's
/// own group. Only trying shows whether a group with other processes in it lets itself be used.
pub(super) fn unified(machine: &Machine) -> Vec<Place> {
    let own = machine.own_groups();
    let own = own.iter().find(|own| own.version == Version::Two);
    let mut places = own.map(upwards).unwrap_or_default();
    places.retain(|place| !place.controllers.is_empty());
    // Stable: what is equal stays in its order.
    places.sort_by_key(|place| std::cmp::Reverse(place.controllers.len()));
    places
}

/// Where version 1 may be had, for the controllers that are not had already.
pub(super) fn legacy(machine: &Machine, had: &[Controller]) -> Vec<Place> {
    let own = machine.own_groups().into_iter();
    own.filter(|own| own.version == Version::One && may_make_groups(&own.group))
        .map(|own| Place {
            version: Version::One,
            parent: own.group,
            controllers: without(own.controllers, had),
            move_first: false,
        })
        .filter(|place| !place.controllers.is_empty())
        .collect()
}

fn without(mut controllers: Vec<Controller>, had: &[Controller]) -> Vec<Controller> {
    controllers.retain(|controller| !had.contains(controller));
    controllers
}

/// This process's own group in version 2, which can perhaps be made to hand its controllers on, and
/// all above it that do.
fn upwards(own: &Own) -> Vec<Place> {
    let place = |parent: &Path, controllers, move_first| Place {
        version: Version::Two,
        parent: parent.to_path_buf(),
        controllers,
        move_first,
    };
    let listed = |group: &Path, file: &str| {
        let text = fs::read_to_string(group.join(file)).unwrap_or_default();
        controllers_in(text.split_whitespace())
    };
    let mut places = Vec::new();
    if may_make_groups(&own.group) && is_writable(&own.group.join("cgroup.subtree_control")) {
        // The hierarchy's root alone may have processes and hand controllers on.
        let is_root = !own.group.join("cgroup.type").exists();
        let controllers = listed(&own.group, "cgroup.controllers");
        places.push(place(&own.group, controllers, !is_root));
    }
    let above = own.group.ancestors().skip(1);
    for group in above.take_while(|group| group.starts_with(&own.mount_point)) {
        if may_make_groups(group) {
            places.push(place(group, listed(group, "cgroup.subtree_control"), false));
        }
    }
    places
}

fn may_make_groups(group: &Path) -> bool {
    is_writable(group) && is_writable(&group.join("cgroup.procs"))
}

fn is_writable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(path, Access::WRITE_OK).is_ok()
}

/// In the order of [`Controller::ALL`].
fn controllers_in<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Controller> {
    let names: Vec<_> = names.collect();
    let mut found = Controller::ALL.to_vec();
    found.retain(|controller| names.contains(&controller.name()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a hierarchy of version 2 mounted at its root.
    fn tree(groups: &[(&str, &str, &str)]) -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_path_buf();
        for (path, controllers, handed_on) in groups {
            let group = root.join(path);
            fs::create_dir_all(&group).unwrap();
            fs::write(group.join("cgroup.controllers"), controllers).unwrap();
            fs::write(group.join("cgroup.subtree_control"), handed_on).unwrap();
            fs::write(group.join("cgroup.procs"), "").unwrap();
            if !path.is_empty() {
                fs::write(group.join("cgroup.type"), "domain\n").unwrap();
            }
        }
        (dir, move |path: &str| root.join(path))
    }

    fn unified_at(mount_point: &Path, group: &str) -> Machine {
        Machine {
            mounts: format!(
                "41 31 0:38 / {} rw,relatime - cgroup2 cgroup2 rw\n",
                mount_point.display()
            ),
            groups: format!("0::{group}\n"),
        }
    }

    const ALL: &[Controller] = &Controller::ALL;

    #[test]
    fn takes_the_roots_groups_without_moving() {
        let (dir, at) = tree(&[("", "cpuset cpu io memory pids", "")]);
        let [place] = unified(&unified_at(dir.path(), "/")).try_into().unwrap();
        assert_eq!((place.parent, place.controllers.as_slice()), (at(""), ALL));
        assert!(!place.move_first);
    }

    #[test]
    fn leaves_its_own_group_where_that_one_was_delegated() {
        let (dir, at) = tree(&[
            ("", "cpu memory pids", "cpu memory pids"),
            ("system.slice", "cpu memory pids", "memory pids"),
            ("system.slice/veracruz.service", "cpu memory pids", ""),
        ]);
        let machine = unified_at(dir.path(), "/system.slice/veracruz.service");
        let places = unified(&machine);
        assert_eq!(places[0].parent, at("system.slice/veracruz.service"));
        assert!(places[0].move_first);
        assert_eq!(places[0].controllers, ALL);
        // If somebody else is in it, too: what hands all of them on, then what hands on less.
        let rest: Vec<_> = places[1..].iter().map(|place| &place.parent).collect();
        assert_eq!(rest, [&at(""), &at("system.slice")]);
    }

    #[test]
    fn goes_up_to_where_the_controllers_are() {
        let (dir, at) = tree(&[
            ("", "cpu memory pids", "cpu memory pids"),
            ("a", "cpu memory pids", "pids"),
            ("a/b", "pids", ""),
        ]);
        let places = unified(&unified_at(dir.path(), "/a/b"));
        assert_eq!(places[0].parent, at(""));
        assert!(!places[0].move_first);
    }

    #[test]
    fn takes_each_controller_from_version_two_or_else_from_version_one() {
        let (dir, at) = tree(&[("", "pids", "pids")]);
        for name in ["memory/mine", "cpu", "pids"] {
            fs::create_dir_all(at(name)).unwrap();
            fs::write(at(name).join("cgroup.procs"), "").unwrap();
        }
        let root = dir.path().display();
        let machine = Machine {
            mounts: format!(
                "32 31 0:29 / {root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                 35 31 0:32 / {root}/memory rw - cgroup cgroup rw,memory\n\
                 36 31 0:36 / {root}/pids rw - cgroup cgroup rw,pids\n\
                 41 31 0:38 / {root} rw,relatime - cgroup2 cgroup2 rw\n"
            ),
            groups: "4:memory:/mine\n2:cpu,cpuacct:/\n3:pids:/\n0::/\n".into(),
        };
        let mut found = unified(&machine);
        found.extend(legacy(&machine, &[Controller::Pids]));
        let of = |controller| {
            let mut found = found.iter();
            found.find(|place| place.controllers == [controller])
        };
        assert_eq!(of(Controller::Pids).unwrap().version, Version::Two);
        assert_eq!(of(Controller::Memory).unwrap().parent, at("memory/mine"));
        assert_eq!(of(Controller::Cpu).unwrap().version, Version::One);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn finds_nothing_where_it_may_not_write_or_cannot_see() {
        let (dir, at) = tree(&[("", "memory", "")]);
        // A container that sees a part of the hierarchy in which it is not.
        let outside = unified_at(dir.path(), "/../other");
        assert_eq!(unified(&outside), []);
        fs::remove_file(at("cgroup.procs")).unwrap();
        assert_eq!(unified(&unified_at(dir.path(), "/")), []);
        let nothing = Machine {
            mounts: "nonsense - cgroup2\n".into(),
            groups: "0:".into(),
        };
        assert_eq!(unified(&nothing), []);
        assert_eq!(legacy(&nothing, &[]), []);
    }
}
