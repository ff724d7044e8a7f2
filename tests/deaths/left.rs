//! What must not be there any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::services::Services;
use crate::tree;

/// Neither a process nor a control group, a socket, a folder or a mount.
pub(crate) fn nothing_of(services: &Services) {
    let folder = services.folder.path();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        tree::reap();
        let mut left = processes();
        left.extend(control_groups(&services.attesters));
        left.extend(sockets(folder));
        left.extend(files(folder));
        left.extend(mounts(folder));
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "left over: {left:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whatever lost its parent is a child of this process.
fn processes() -> Vec<String> {
    let left = tree::descendants(std::process::id()).into_iter();
    left.map(|pid| format!("process {pid} ({})", tree::name(pid)))
        .collect()
}

/// Their names begin with the number of the attester that made them.
fn control_groups(attesters: &[u32]) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let hierarchies = mounts.lines().filter(|line| line.contains(" - cgroup"));
    let mut folders: Vec<PathBuf> = hierarchies
        .filter_map(|line| line.split(' ').nth(4).map(PathBuf::from))
        .collect();
    let mut left = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten().map(|entry| entry.path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            let ours = |pid: &u32| name.starts_with(&format!("veracruz-{pid}-"));
            if attesters.iter().any(ours) {
                left.push(format!("control group {}", entry.display()));
            } else if entry.is_dir() {
                folders.push(entry);
            }
        }
    }
    left
}

fn sockets(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy();
    let sockets = fs::read_to_string("/proc/net/unix").unwrap();
    let ours = sockets.lines().filter(|line| line.contains(&*folder));
    ours.map(|line| format!("socket {line}")).collect()
}

/// All but what services keep, and what this test itself wrote.
fn files(folder: &Path) -> Vec<String> {
    let keeps = [
        "attester/attester.key",
        "attester/attester.lock",
        "host/management.token",
    ];
    let mut left = Vec::new();
    let mut folders = vec![folder.join("attester"), folder.join("host")];
    if folder.join("attester.sock").exists() {
        left.push("attester.sock".to_owned());
    }
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let is_empty = || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
            // The folder of machines stays, and is empty.
            let machines = name == "attester/machines" && is_empty();
            if !machines && !keeps.contains(&name.as_str()) {
                left.push(name);
            }
        }
    }
    left
}

fn mounts(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let ours = mounts.lines().filter(|line| line.contains(&*folder));
    ours.map(|line| format!("mount {line}")).collect()
}
