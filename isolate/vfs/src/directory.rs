//! One folder: names in order of the alphabet to find them, in order of arrival to list them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use crate::inode::InodeId;

/// The entries of one folder.
///
/// Every entry has a sequence number that is never used again, and the cookie of a listing is the
/// number to go on from. So a listing needs no copy of the folder, a call costs only what it
/// returns, and entries made or removed meanwhile do not shift the others.
pub(crate) struct Directory {
    names: BTreeMap<Arc<str>, (InodeId, u64)>,
    arrivals: BTreeMap<u64, Arc<str>>,
    next: u64,
    /// The folder above; the root is its own.
    pub(crate) parent: InodeId,
}

impl Directory {
    pub(crate) fn new(parent: InodeId) -> Self {
        Self {
            names: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            next: 0,
            parent,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<InodeId> {
        self.names.get(name).map(|(inode, _)| *inode)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds an entry whose name is free (the callers have looked).
    pub(crate) fn insert(&mut self, name: &str, inode: InodeId) {
        let name: Arc<str> = Arc::from(name);
        if let Some((_, old)) = self.names.insert(name.clone(), (inode, self.next)) {
            self.arrivals.remove(&old);
        }
        self.arrivals.insert(self.next, name);
        self.next += 1;
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<InodeId> {
        let (inode, sequence) = self.names.remove(name)?;
        self.arrivals.remove(&sequence);
        Some(inode)
    }

    /// The sequence number that the next entry will have.
    pub(crate) fn end(&self) -> u64 {
        self.next
    }

    /// Entries with a sequence number in `from..end`, in order of arrival.
    pub(crate) fn entries(
        &self,
        from: u64,
        end: u64,
    ) -> impl Iterator<Item = (u64, &str, InodeId)> {
        self.arrivals
            .range(from..end.max(from))
            .filter_map(|(sequence, name)| {
                let (inode, _) = self.names.get(name)?;
                Some((*sequence, &**name, *inode))
            })
    }

    /// Entries by name.
    pub(crate) fn by_name(&self) -> impl DoubleEndedIterator<Item = (&str, InodeId)> {
        self.names
            .iter()
            .map(|(name, (inode, _))| (&**name, *inode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// Other systems listed the folder anew for each call and skipped what had been given before.
    #[test]
    fn going_on_with_a_listing_visits_nothing_that_was_listed_before() {
        let mut directory = Directory::new(InodeId::ROOT);
        for n in 0..20_000 {
            directory.insert(&format!("{n}"), InodeId(n));
        }
        let (mut steps, mut cookie) = (0, 0);
        while cookie < directory.end() {
            for (sequence, _, inode) in directory.entries(cookie, directory.end()).take(10) {
                steps += 1;
                assert_eq!(inode.0 as u64, sequence);
                cookie = sequence + 1;
            }
        }
        assert_eq!(steps, 20_000);
    }

    #[test]
    fn a_name_that_comes_back_is_at_the_end() {
        let mut directory = Directory::new(InodeId::ROOT);
        for name in ["a", "b"] {
            directory.insert(name, InodeId(1));
        }
        assert_eq!(directory.remove("a"), Some(InodeId(1)));
        directory.insert("a", InodeId(2));
        let names = directory
            .entries(0, directory.end())
            .map(|(_, name, _)| name);
        assert_eq!(names.collect::<alloc::vec::Vec<_>>(), ["b", "a"]);
    }
}
