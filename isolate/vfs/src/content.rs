//! The bytes of one file: a shared input, extents written over it, and zeros.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Error, Storage};

/// Size of an extent, the unit in which files grow and shared inputs are copied, in bytes.
///
/// One megabyte: large enough that a lookup is nothing beside the copy, small enough that a write
/// of one byte into a shared input copies little. No vector ever grows beyond it.
pub const EXTENT_BYTES: u64 = 1 << 20;

/// What holes are read from.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// The bytes of one file.
///
/// A byte is in its extent, where that has one; else, below `shared_bytes`, in the shared input;
/// else it is zero.
pub(crate) struct Content {
    shared: Option<Arc<dyn Storage>>,
    /// How much of the shared input still shows: truncation hides the rest for ever.
    shared_bytes: u64,
    /// Extents by number, each at most [`EXTENT_BYTES`] long, zeros beyond their end.
    extents: BTreeMap<u64, Vec<u8>>,
    size: u64,
    /// What counts against the quota: every byte of the size that is not shared, holes too.
    charged: u64,
}

impl Content {
    pub(crate) fn empty() -> Self {
        Self {
            shared: None,
            shared_bytes: 0,
            extents: BTreeMap::new(),
            size: 0,
            charged: 0,
        }
    }

    pub(crate) fn shared(storage: Arc<dyn Storage>) -> Self {
        let size = storage.size();
        Self {
            shared: Some(storage),
            shared_bytes: size,
            size,
            ..Self::empty()
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn charged(&self) -> u64 {
        self.charged
    }

    /// Whether it is still the shared input and nothing else.
    pub(crate) fn is_unchanged(&self) -> bool {
        let whole = self.shared.as_ref().map(|shared| shared.size());
        self.extents.is_empty() && whole == Some(self.size) && self.shared_bytes == self.size
    }

    /// Whether this is the shared input.
    pub(crate) fn shares(&self, input: &Arc<dyn Storage>) -> bool {
        let shared = self.shared.as_ref();
        shared.is_some_and(|shared| Arc::ptr_eq(shared, input))
    }

    /// The longest run of at most `most` bytes that lies in one piece at `offset`. Empty at the
    /// end of the file only (or where `most` is zero).
    pub(crate) fn run(&self, offset: u64, most: u64) -> &[u8] {
        let most = most.min(self.size.saturating_sub(offset));
        if let Some(extent) = self.extents.get(&(offset / EXTENT_BYTES)) {
            let within = offset % EXTENT_BYTES;
            let most = most.min(EXTENT_BYTES - within);
            return match tail(extent, within) {
                [] => first(&ZEROS, most),
                bytes => first(bytes, most),
            };
        }
        // Without extents the shared input, or the hole, goes on to the end.
        let most = match self.extents.is_empty() {
            true => most,
            false => most.min(EXTENT_BYTES - offset % EXTENT_BYTES),
        };
        match self.shared_tail(offset) {
            [] => first(&ZEROS, most),
            bytes => first(bytes, most),
        }
    }

    /// Copies what is at `offset` into `target`; less than its length at the end of the file.
    pub(crate) fn read(&self, mut offset: u64, mut target: &mut [u8]) -> usize {
        let mut done = 0;
        while !target.is_empty() {
            let run = self.run(offset, target.len() as u64);
            let Some((head, rest)) = target.split_at_mut_checked(run.len()) else {
                break;
            };
            if run.is_empty() {
                break;
            }
            head.copy_from_slice(run);
            done += run.len();
            offset += run.len() as u64;
            target = rest;
        }
        done
    }

    /// How many bytes more count against the quota after a write of `length` bytes at `offset`.
    pub(crate) fn charge_of_write(&self, offset: u64, length: u64) -> Result<u64, Error> {
        if length == 0 {
            return Ok(0);
        }
        let end = offset.checked_add(length).ok_or(Error::TooLarge)?;
        let mut charge = end.saturating_sub(self.size);
        // Whatever shared bytes are in an extent are copied with it, also those before the write.
        let shared_extents = self.shared_bytes.div_ceil(EXTENT_BYTES);
        for number in offset / EXTENT_BYTES..end.div_ceil(EXTENT_BYTES).min(shared_extents) {
            if !self.extents.contains_key(&number) {
                charge = charge.saturating_add(self.shared_in(number));
            }
        }
        Ok(charge)
    }

    /// Writes at `offset`. The caller has checked the charge, hence that the end is in range.
    pub(crate) fn write(&mut self, mut offset: u64, mut source: &[u8]) -> Result<(), Error> {
        let length = source.len() as u64;
        let charge = self.charge_of_write(offset, length)?;
        let end = offset.checked_add(length).ok_or(Error::TooLarge)?;
        while !source.is_empty() {
            let (number, within) = (offset / EXTENT_BYTES, offset % EXTENT_BYTES);
            let (head, rest) = split(source, EXTENT_BYTES - within);
            self.extent(number)?.put(within, head)?;
            offset = offset.saturating_add(head.len() as u64);
            source = rest;
        }
        if length > 0 {
            self.size = self.size.max(end);
            self.charged = self.charged.saturating_add(charge);
        }
        Ok(())
    }

    /// Cuts the file off, or lets it grow by a hole. The caller has checked the charge of growth,
    /// which is the growth itself.
    pub(crate) fn resize(&mut self, size: u64) {
        if size >= self.size {
            self.charged = self.charged.saturating_add(size - self.size);
            self.size = size;
            return;
        }
        self.extents.split_off(&size.div_ceil(EXTENT_BYTES));
        if let Some(last) = self.extents.get_mut(&(size / EXTENT_BYTES)) {
            last.truncate(usize::try_from(size % EXTENT_BYTES).unwrap_or(usize::MAX));
        }
        self.size = size;
        self.shared_bytes = self.shared_bytes.min(size);
        if self.shared_bytes == 0 {
            self.shared = None;
        }
        let copied = self
            .extents
            .range(..self.shared_bytes.div_ceil(EXTENT_BYTES))
            .map(|(number, _)| self.shared_in(*number));
        self.charged = copied.sum::<u64>().saturating_add(size - self.shared_bytes);
    }

    /// How many bytes of this extent the shared input has.
    fn shared_in(&self, number: u64) -> u64 {
        let start = number.saturating_mul(EXTENT_BYTES);
        self.shared_bytes.saturating_sub(start).min(EXTENT_BYTES)
    }

    /// The shared bytes from `offset` on, without regard to extents.
    fn shared_tail(&self, offset: u64) -> &[u8] {
        let Some(shared) = &self.shared else {
            return &[];
        };
        tail(first(shared.as_slice(), self.shared_bytes), offset)
    }

    /// The extent of this number, made of the shared bytes at its first use.
    fn extent(&mut self, number: u64) -> Result<Extent<'_>, Error> {
        if !self.extents.contains_key(&number) {
            let start = number.checked_mul(EXTENT_BYTES).ok_or(Error::TooLarge)?;
            let copy = first(self.shared_tail(start), EXTENT_BYTES).to_vec();
            self.extents.insert(number, copy);
        }
        let bytes = self.extents.get_mut(&number).ok_or(Error::TooLarge)?;
        Ok(Extent {
            bytes,
            first: number == 0,
        })
    }
}

/// One extent while it is written to.
struct Extent<'a> {
    bytes: &'a mut Vec<u8>,
    first: bool,
}

impl Extent<'_> {
    /// Overwrites and appends; the end is within the extent.
    fn put(self, within: u64, source: &[u8]) -> Result<(), Error> {
        let within = usize::try_from(within).map_err(|_| Error::TooLarge)?;
        let end = within.checked_add(source.len()).ok_or(Error::TooLarge)?;
        if let Some(target) = self.bytes.get_mut(within..end) {
            target.copy_from_slice(source);
            return Ok(());
        }
        // A small file takes what it needs, doubled as it grows; one that has filled an extent
        // will most likely fill the next, which is then taken at once.
        if end > self.bytes.capacity() {
            let whole = usize::try_from(EXTENT_BYTES).unwrap_or(usize::MAX);
            let room = if self.first {
                end.next_power_of_two().min(whole)
            } else {
                whole
            };
            self.bytes.reserve_exact(room.max(end) - self.bytes.len());
        }
        self.bytes.resize(within, 0);
        self.bytes.extend_from_slice(source);
        Ok(())
    }
}

/// At most `most` bytes from the start.
fn first(bytes: &[u8], most: u64) -> &[u8] {
    split(bytes, most).0
}

/// What is left after `count` bytes; nothing where there are fewer.
fn tail(bytes: &[u8], count: u64) -> &[u8] {
    split(bytes, count).1
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn all(content: &Content) -> Vec<u8> {
        let mut bytes = vec![7; usize::try_from(content.size()).unwrap()];
        assert_eq!(content.read(0, &mut bytes), bytes.len());
        bytes
    }

    #[test]
    fn a_write_copies_only_the_extent_that_it_touches() {
        let extent = usize::try_from(EXTENT_BYTES).unwrap();
        let input: Arc<dyn Storage> = Arc::new(vec![9u8; 3 * extent + 5]);
        let mut content = Content::shared(input.clone());
        assert!(content.is_unchanged());
        content.write(EXTENT_BYTES + 1, b"x").unwrap();
        assert!(!content.is_unchanged());
        assert_eq!(
            (content.extents.len(), content.charged()),
            (1, EXTENT_BYTES)
        );
        content.write(3 * EXTENT_BYTES + 4, b"yz").unwrap();
        assert_eq!(content.charged(), EXTENT_BYTES + 6);
        let bytes = all(&content);
        assert_eq!(
            (bytes[extent], bytes[extent + 1], bytes[extent + 2]),
            (9, b'x', 9)
        );
        assert_eq!(&bytes[3 * extent..], [9, 9, 9, 9, b'y', b'z']);
        assert!(
            input.as_slice().iter().all(|byte| *byte == 9),
            "the input itself never changes"
        );
    }

    #[test]
    fn what_was_cut_off_reads_as_zeros_when_the_file_grows_again() {
        let mut content = Content::shared(Arc::new(b"abcdef".to_vec()));
        content.resize(2);
        assert_eq!(content.charged(), 0);
        content.resize(5);
        assert_eq!(
            (all(&content).as_slice(), content.charged()),
            (&b"ab\0\0\0"[..], 3)
        );
        content.write(4, b"z").unwrap();
        content.resize(3);
        content.resize(5);
        assert_eq!(all(&content), b"ab\0\0\0");
    }

    #[test]
    fn holes_are_charged_and_take_no_memory() {
        let mut content = Content::empty();
        content.resize(1 << 40);
        assert_eq!((content.charged(), content.extents.len()), (1 << 40, 0));
        content.write((1 << 40) - 1, b"!").unwrap();
        assert_eq!((content.charged(), content.extents.len()), (1 << 40, 1));
        let mut end = [1; 4];
        assert_eq!(content.read((1 << 40) - 3, &mut end), 3);
        assert_eq!(end, [0, 0, b'!', 1]);
        content.resize(0);
        assert_eq!((content.charged(), content.extents.len()), (0, 0));
    }

    #[test]
    fn no_vector_grows_beyond_an_extent() {
        let mut content = Content::empty();
        for piece in 0..1000 {
            content.write(piece * 4096, &[1; 4096]).unwrap();
        }
        let largest = content.extents.values().map(Vec::capacity).max().unwrap();
        assert!(largest as u64 <= EXTENT_BYTES);
        assert_eq!(content.size(), 1000 * 4096);
    }

    #[test]
    fn refuses_a_write_that_ends_beyond_all_offsets() {
        assert_eq!(
            Content::empty().charge_of_write(u64::MAX, 1),
            Err(Error::TooLarge)
        );
        assert_eq!(Content::empty().write(u64::MAX, b"a"), Err(Error::TooLarge));
    }
}
