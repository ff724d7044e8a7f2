//! Files as they should be: whole contents in vectors, and every rule in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use veracruz_vfs::{EXTENT_BYTES, Rights};
use veracruz_wasi::Errno;

use crate::{Call, Offset, Opening};

/// The files that there may be, and what the program may do with each.
pub const NAMES: [(&str, Rights); 7] = [
    ("input", Rights::READ),
    ("shared", Rights::READ_WRITE),
    ("a", Rights::READ_WRITE),
    ("b", Rights::READ_WRITE),
    ("log", Rights::WRITE),
    ("secret", Rights::NONE),
    ("nothing", Rights::NONE),
];
pub const QUOTA_BYTES: u64 = 3 * EXTENT_BYTES;
pub const QUOTA_FILES: u64 = 3;
pub const OPEN_FILES: usize = 8;
/// Standard streams and the root, which no call here touches.
pub const FIRST_FILE: usize = 4;

/// What a call answers: numbers, and the bytes that were read.
pub type Answer = Result<(u64, Vec<u8>), Errno>;

#[derive(Default)]
pub struct Model {
    pub names: BTreeMap<&'static str, usize>,
    files: Vec<File>,
    handles: [Option<Handle>; OPEN_FILES - FIRST_FILE],
    used_files: u64,
}

/// A file, with or without names.
#[derive(Default)]
pub struct File {
    pub bytes: Arc<Vec<u8>>,
    /// How much of its start was provided, and the pieces of that which were copied since.
    provided: u64,
    copied: BTreeSet<u64>,
}

#[derive(Clone, Copy)]
struct Handle {
    file: usize,
    position: u64,
    read: bool,
    write: bool,
    append: bool,
}

impl Model {
    pub fn provide(&mut self, name: &'static str, bytes: Arc<Vec<u8>>) {
        self.names.insert(name, self.files.len());
        let provided = bytes.len() as u64;
        self.files.push(File {
            bytes,
            provided,
            copied: BTreeSet::new(),
        });
    }

    pub fn file(&self, name: &str) -> Option<&File> {
        Some(&self.files[*self.names.get(name)?])
    }

    pub fn used_files(&self) -> u64 {
        self.used_files
    }

    /// What counts of all files that still have a name or a handle.
    pub fn used_bytes(&self) -> u64 {
        let open = self.handles.iter().flatten().map(|handle| handle.file);
        let held: BTreeSet<usize> = self.names.values().copied().chain(open).collect();
        held.into_iter()
            .map(|file| self.files[file].charged())
            .sum()
    }

    pub fn close_all(&mut self) {
        self.handles = Default::default();
    }

    pub fn call(&mut self, call: &Call) -> Answer {
        let number = |number: u64| Ok((number, Vec::new()));
        match *call {
            Call::Open(opening) => number(self.open(opening)?),
            Call::Close { fd } => {
                self.handle(fd)?;
                self.handles[fd.index()] = None;
                number(0)
            }
            Call::Renumber { fd, to } => {
                let handle = *self.handle(fd)?;
                self.handle(to)?;
                self.handles[fd.index()] = None;
                self.handles[to.index()] = Some(handle);
                number(0)
            }
            Call::Read { fd, lengths } => {
                let start = self.handle(fd)?.position;
                let bytes = self.read(fd.index(), start, lengths.total())?;
                self.handle(fd)?.position = start + bytes.len() as u64;
                Ok((bytes.len() as u64, bytes))
            }
            Call::ReadAt {
                fd,
                lengths,
                offset,
            } => {
                self.handle(fd)?;
                let bytes = self.read(fd.index(), offset.value(), lengths.total())?;
                Ok((bytes.len() as u64, bytes))
            }
            Call::Write { fd, lengths, fill } => {
                let start = self.start_of_write(fd.index(), None)?;
                let written = self.write(fd.index(), start, lengths.each(), fill)?;
                if written > 0 {
                    self.handle(fd)?.position = start + written;
                }
                number(written)
            }
            Call::WriteAt {
                fd,
                lengths,
                fill,
                offset,
            } => {
                let start = self.start_of_write(fd.index(), Some(offset))?;
                number(self.write(fd.index(), start, lengths.each(), fill)?)
            }
            Call::Seek { fd, offset, whence } => {
                let handle = *self.handle(fd)?;
                let base = match whence {
                    0 => 0,
                    1 => handle.position,
                    2 => self.files[handle.file].size(),
                    _ => return Err(Errno::Inval),
                };
                let position = base.checked_add_signed(offset).ok_or(Errno::Inval)?;
                self.handle(fd)?.position = position;
                number(position)
            }
            Call::Tell { fd } => number(self.handle(fd)?.position),
            Call::Size { fd } => {
                let file = self.handle(fd)?.file;
                number(self.files[file].size())
            }
            Call::SetAppend { fd, append } => {
                self.handle(fd)?.append = append;
                number(0)
            }
            Call::SetSize { fd, size } => {
                let handle = *self.handle(fd)?;
                if !handle.write {
                    return Err(Errno::Inval);
                }
                self.resize(handle.file, size.value())?;
                number(0)
            }
            Call::Allocate { fd, offset, length } => {
                let handle = *self.handle(fd)?;
                if !handle.write {
                    return Err(Errno::Badf);
                }
                if length == 0 {
                    return Err(Errno::Inval);
                }
                let end = offset
                    .value()
                    .checked_add(length.into())
                    .ok_or(Errno::Fbig)?;
                if end > self.files[handle.file].size() {
                    self.resize(handle.file, end)?;
                }
                number(0)
            }
            Call::Unlink { name } => {
                self.visible(name.text()).ok_or(Errno::Noent)?;
                writable(name.rights())?;
                self.remove_name(name.text());
                number(0)
            }
            Call::Rename { from, to } => {
                let file = self.visible(from.text()).ok_or(Errno::Noent)?;
                writable(from.rights())?;
                same_rights(to.rights(), from.rights())?;
                if self.visible(to.text()) != Some(file) {
                    if self.visible(to.text()).is_some() {
                        self.remove_name(to.text());
                    }
                    self.add_name(to.text(), file);
                    self.remove_name(from.text());
                }
                number(0)
            }
            Call::Link { from, to } => {
                let file = self.visible(from.text()).ok_or(Errno::Noent)?;
                if self.visible(to.text()).is_some() {
                    return Err(Errno::Exist);
                }
                same_rights(to.rights(), from.rights())?;
                self.room_for_a_name()?;
                self.add_name(to.text(), file);
                number(0)
            }
        }
    }

    fn open(&mut self, opening: Opening) -> Result<u64, Errno> {
        let free = self.handles.iter().position(Option::is_none);
        let free = free.ok_or(Errno::Mfile)?;
        let rights = opening.name.rights();
        let existing = self.visible(opening.name.text());
        match existing {
            Some(_) if opening.create && opening.exclusive => return Err(Errno::Exist),
            None if !opening.create => return Err(Errno::Noent),
            None => writable(rights)?,
            Some(_) => {}
        }
        let changes = opening.write || opening.truncate;
        if changes && !rights.write || opening.read && !opening.write && !rights.read {
            return Err(Errno::Acces);
        }
        let file = match existing {
            Some(file) => file,
            None => {
                self.room_for_a_name()?;
                let file = self.files.len();
                self.files.push(File::default());
                self.add_name(opening.name.text(), file);
                file
            }
        };
        if opening.truncate {
            self.resize(file, 0)?;
        }
        self.handles[free] = Some(Handle {
            file,
            position: 0,
            read: opening.read && rights.read,
            write: opening.write,
            append: opening.append,
        });
        Ok((free + FIRST_FILE) as u64)
    }

    fn read(&mut self, handle: usize, start: u64, length: usize) -> Result<Vec<u8>, Errno> {
        let handle = self.handles[handle].filter(|handle| handle.read);
        let bytes = &self.files[handle.ok_or(Errno::Badf)?.file].bytes;
        let start = usize::try_from(start)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    /// Where a write begins: at the offset, at the end, or at the position.
    fn start_of_write(&self, handle: usize, offset: Option<Offset>) -> Result<u64, Errno> {
        let handle = self.handles[handle].ok_or(Errno::Badf)?;
        Ok(match offset {
            Some(offset) => offset.value(),
            None if handle.append => self.files[handle.file].size(),
            None => handle.position,
        })
    }

    /// Each buffer is written whole or not at all, and a failure after the first is a short write.
    fn write(
        &mut self,
        handle: usize,
        start: u64,
        each: [usize; 2],
        fill: u8,
    ) -> Result<u64, Errno> {
        let handle = self.handles[handle].filter(|handle| handle.write);
        let file = handle.ok_or(Errno::Badf)?.file;
        let mut total = 0;
        for length in each {
            match self.write_one(file, start.saturating_add(total), length as u64, fill) {
                Ok(()) => total += length as u64,
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn write_one(&mut self, file: usize, start: u64, length: u64, fill: u8) -> Result<(), Errno> {
        if length == 0 {
            return Ok(());
        }
        let end = start.checked_add(length).ok_or(Errno::Fbig)?;
        let before = self.used_bytes();
        let (size, provided) = (self.files[file].size(), self.files[file].provided);
        // A piece is copied as a whole, whatever part of it was provided.
        let provided_pieces = provided.div_ceil(EXTENT_BYTES);
        let touched = start / EXTENT_BYTES..end.div_ceil(EXTENT_BYTES).min(provided_pieces);
        let file = &mut self.files[file];
        let copies = touched.clone().filter(|piece| !file.copied.contains(piece));
        let copies: u64 = copies.map(|piece| file.provided_in(piece)).sum();
        let growth = end.saturating_sub(size).saturating_add(copies);
        if before.saturating_add(growth) > QUOTA_BYTES {
            return Err(Errno::Nospc);
        }
        file.copied.extend(touched);
        let (start, end) = (start as usize, end as usize);
        let bytes = Arc::make_mut(&mut file.bytes);
        bytes.resize(bytes.len().max(end), 0);
        bytes[start..end].fill(fill);
        Ok(())
    }

    fn resize(&mut self, file: usize, size: u64) -> Result<(), Errno> {
        let growth = size.saturating_sub(self.files[file].size());
        if self.used_bytes().saturating_add(growth) > QUOTA_BYTES {
            return Err(Errno::Nospc);
        }
        let file = &mut self.files[file];
        Arc::make_mut(&mut file.bytes).resize(size as usize, 0);
        file.provided = file.provided.min(size);
        file.copied.retain(|piece| piece * EXTENT_BYTES < size);
        Ok(())
    }

    fn handle(&mut self, fd: crate::Fd) -> Result<&mut Handle, Errno> {
        self.handles[fd.index()].as_mut().ok_or(Errno::Badf)
    }

    /// What the program may not touch does not exist for it.
    fn visible(&self, name: &str) -> Option<usize> {
        let known = NAMES
            .iter()
            .any(|(known, rights)| *known == name && *rights != Rights::NONE);
        self.names.get(name).copied().filter(|_| known)
    }

    fn room_for_a_name(&self) -> Result<(), Errno> {
        if self.used_files < QUOTA_FILES {
            Ok(())
        } else {
            Err(Errno::Nospc)
        }
    }

    fn add_name(&mut self, name: &'static str, file: usize) {
        self.names.insert(name, file);
        self.used_files += 1;
    }

    fn remove_name(&mut self, name: &str) {
        self.names.remove(name);
        self.used_files = self.used_files.saturating_sub(1);
    }
}

impl File {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Bytes of what was provided in one piece of it.
    fn provided_in(&self, piece: u64) -> u64 {
        self.provided
            .saturating_sub(piece * EXTENT_BYTES)
            .min(EXTENT_BYTES)
    }

    /// What is not shared with what was provided.
    fn charged(&self) -> u64 {
        let copied: u64 = self
            .copied
            .iter()
            .map(|piece| self.provided_in(*piece))
            .sum();
        copied + self.size() - self.provided
    }
}

fn writable(rights: Rights) -> Result<(), Errno> {
    if rights.write {
        Ok(())
    } else {
        Err(Errno::Acces)
    }
}

fn same_rights(new: Rights, old: Rights) -> Result<(), Errno> {
    writable(new)?;
    if new == old {
        Ok(())
    } else {
        Err(Errno::Acces)
    }
}
