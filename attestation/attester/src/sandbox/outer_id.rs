//! Whom an isolate's one user is on the machine outside.

use std::fs;

use veracruz_machine::User;

/// Where the users of isolates begin, where the attester may choose: ids that no distribution and
/// no container manager hands out (systemd-nspawn ends at 0x6fff_ffff).
const FIRST: u32 = 0x7663_0000;
const COUNT: u32 = 1 << 16;
/// The one user and the one group inside.
pub(super) const INSIDE: u32 = 65534;

/// Whom isolates are mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OuterId {
    /// A user of its own for each isolate. The superuser can have that; and must, for the kernel
    /// does not count the superuser's processes.
    Reserved,
    /// The attester's own user: the only one that an ordinary user may map.
    Own { uid: u32, gid: u32 },
}

impl OuterId {
    /// What this process may do.
    pub(super) fn choose() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        let covered = |file: &str| covers(&fs::read_to_string(file).unwrap_or_default());
        if uid == 0 && covered("/proc/self/uid_map") && covered("/proc/self/gid_map") {
            Self::Reserved
        } else {
            Self::Own { uid, gid }
        }
    }

    /// The user of a machine's emulator, and the group of that number; none where it runs as the
    /// attester's own. `slot` tells machines apart.
    pub(super) fn machine_user(self, slot: u16) -> Option<User> {
        let id = FIRST | u32::from(slot);
        (self == Self::Reserved).then_some(User { uid: id, gid: id })
    }

    /// Whether the isolate may drop the attester's supplementary groups: an ordinary user must
    /// give up `setgroups` before it may map a group.
    pub(super) fn may_set_groups(self) -> bool {
        self == Self::Reserved
    }

    /// The lines for `uid_map` and `gid_map`; `slot` tells isolates apart.
    pub(super) fn maps(self, slot: u16) -> [String; 2] {
        let [uid, gid] = match self {
            Self::Reserved => [FIRST | u32::from(slot); 2],
            Self::Own { uid, gid } => [uid, gid],
        };
        [format!("{INSIDE} {uid} 1"), format!("{INSIDE} {gid} 1")]
    }
}

/// Whether a map of ids (lines of first inside, first outside, count) has all the reserved ones.
fn covers(map: &str) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        let wanted = u64::from(FIRST)..u64::from(FIRST) + u64::from(COUNT);
        first <= wanted.start && wanted.end <= first.saturating_add(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whether_the_reserved_ids_exist_here() {
        assert!(covers("         0          0 4294967295\n"));
        assert!(!covers("         0     100000      65536\n"));
        assert!(covers("0 100000 65536\n65536 200000 2000000000\n"));
        assert!(!covers(""));
        assert!(!covers("nonsense 1 2"));
    }

    #[test]
    fn gives_each_slot_its_own_user() {
        assert_eq!(
            OuterId::Reserved.maps(1)[0],
            format!("65534 {} 1", 0x7663_0001)
        );
        assert_ne!(OuterId::Reserved.maps(1), OuterId::Reserved.maps(2));
        assert_eq!(
            OuterId::Own { uid: 5, gid: 6 }.maps(9),
            ["65534 5 1", "65534 6 1"]
        );
    }
}
