//! Numbers for what a program holds.

use alloc::vec::Vec;

use super::Misuse;

/// Things by number, up to a limit. Numbers that are free again are given out first.
pub(super) struct Handles<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    limit: u32,
    met: bool,
}

impl<T> Handles<T> {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            limit,
            met: false,
        }
    }

    /// Whether the limit was ever in the way.
    pub(super) fn limit_met(&self) -> bool {
        self.met
    }

    /// A number for this. Where there is none it is handed back.
    pub(super) fn insert(&mut self, item: T) -> Result<u32, (T, Misuse)> {
        if let Some(number) = self.free.pop()
            && let Some(slot) = self.slot(number)
        {
            *slot = Some(item);
            return Ok(number);
        }
        match u32::try_from(self.slots.len()) {
            Ok(number) if number < self.limit => {
                self.slots.push(Some(item));
                Ok(number)
            }
            _ => {
                self.met = true;
                Err((item, Misuse::Exhausted { limit: self.limit }))
            }
        }
    }

    pub(super) fn get(&self, number: u32) -> Result<&T, Misuse> {
        let index = usize::try_from(number).map_err(|_| Misuse::Unknown)?;
        let slot = self.slots.get(index).and_then(Option::as_ref);
        slot.ok_or(Misuse::Unknown)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Result<&mut T, Misuse> {
        let slot = self.slot(number).and_then(Option::as_mut);
        slot.ok_or(Misuse::Unknown)
    }

    pub(super) fn remove(&mut self, number: u32) -> Result<T, Misuse> {
        let item = self.slot(number).and_then(Option::take);
        let item = item.ok_or(Misuse::Unknown)?;
        self.free.push(number);
        Ok(item)
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.free.clear();
        core::mem::take(&mut self.slots).into_iter().flatten()
    }

    fn slot(&mut self, number: u32) -> Option<&mut Option<T>> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_and_end_at_the_limit() {
        let mut handles = Handles::new(2);
        assert_eq!(handles.insert('a'), Ok(0));
        assert_eq!(handles.insert('b'), Ok(1));
        let full = Misuse::Exhausted { limit: 2 };
        assert_eq!(handles.insert('c'), Err(('c', full)));
        assert_eq!(handles.remove(0), Ok('a'));
        assert_eq!(handles.remove(0), Err(Misuse::Unknown));
        assert_eq!(handles.get(0), Err(Misuse::Unknown));
        assert_eq!(handles.insert('d'), Ok(0));
        assert_eq!(handles.get(0), Ok(&'d'));
        assert_eq!(handles.get(7), Err(Misuse::Unknown));
        assert_eq!(handles.drain().count(), 2);
        assert_eq!(handles.get(0), Err(Misuse::Unknown));
    }
}
