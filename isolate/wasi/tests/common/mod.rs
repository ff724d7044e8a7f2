//! A program without an engine: a memory, and calls as a program makes them.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that fails here fails, and its numbers are small"
)]

use std::sync::Arc;

use veracruz_vfs::{Quotas, Rights, Rules, Vfs};
use veracruz_wasi::flags::{CREAT, FD_READ, FD_WRITE};
use veracruz_wasi::{Config, Errno, Sink, Wasi};

/// The descriptor of the preopened root.
pub(crate) const ROOT: u32 = 3;

/// Where things are put in memory: results, vectors, a first and a second path, data.
pub(crate) const RESULT: u32 = 0;
pub(crate) const VECTORS: u32 = 1024;
pub(crate) const PATH: u32 = 8192;
pub(crate) const SECOND: u32 = 16384;
pub(crate) const DATA: u32 = 32768;

/// Calls a function of the guest with its memory.
macro_rules! call {
    ($guest:expr, $name:ident $(, $argument:expr)*) => {
        $guest.wasi.$name($guest.memory.as_mut_slice() $(, $argument)*)
    };
}
#[allow(unused_imports, reason = "not every test file calls anything itself")]
pub(crate) use call;

pub(crate) struct Guest {
    pub(crate) wasi: Wasi,
    pub(crate) memory: Vec<u8>,
}

pub(crate) fn vfs(list: &[(&str, Rights)]) -> Vfs {
    let mut rules = Rules::new();
    for (pattern, rights) in list {
        rules.grant(pattern, *rights).unwrap();
    }
    Vfs::new(
        rules,
        Quotas {
            bytes: 1 << 20,
            files: 30_000,
        },
        0,
    )
}

pub(crate) fn config(list: &[(&str, Rights)]) -> Config {
    let mut config = Config::new(vfs(list), [7; 32]);
    config.stdout = Sink::Keep { max_bytes: 8 };
    config.stderr = Sink::Keep { max_bytes: 1 << 20 };
    config.stdin = Some(Arc::new(b"typed".to_vec()));
    config
}

pub(crate) fn start(config: Config) -> Guest {
    Guest {
        wasi: Wasi::new(config).unwrap(),
        memory: vec![0; 1 << 20],
    }
}

/// A program that may do everything with its files.
pub(crate) fn guest() -> Guest {
    start(config(&[("/", Rights::READ_WRITE)]))
}

/// A program with arguments and an environment.
pub(crate) fn with_args() -> Guest {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config.args = vec!["program".into(), "--key".into(), String::new()];
    config.env = vec![("A".into(), "1=2".into()), ("EMPTY".into(), String::new())];
    start(config)
}

/// The rights of a descriptor, and of what is opened through it.
pub(crate) fn rights(guest: &mut Guest, fd: u32) -> (u64, u64) {
    call!(guest, fd_fdstat_get, fd, RESULT).unwrap();
    (guest.u64(RESULT + 8), guest.u64(RESULT + 16))
}

/// Gives up rights that a descriptor has.
pub(crate) fn give_up(guest: &mut Guest, fd: u32, given_up: u64) {
    let (base, inheriting) = rights(guest, fd);
    assert_eq!(base & given_up, given_up);
    call!(
        guest,
        fd_fdstat_set_rights,
        fd,
        base & !given_up,
        inheriting
    )
    .unwrap();
}

impl Guest {
    pub(crate) fn put(&mut self, address: u32, bytes: &[u8]) -> u32 {
        let start = address as usize;
        self.memory[start..start + bytes.len()].copy_from_slice(bytes);
        u32::try_from(bytes.len()).unwrap()
    }

    pub(crate) fn bytes(&self, address: u32, len: u32) -> &[u8] {
        &self.memory[address as usize..(address + len) as usize]
    }

    pub(crate) fn u8(&self, address: u32) -> u8 {
        self.memory[address as usize]
    }

    pub(crate) fn u16(&self, address: u32) -> u16 {
        u16::from_le_bytes(self.bytes(address, 2).try_into().unwrap())
    }

    pub(crate) fn u32(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().unwrap())
    }

    pub(crate) fn u64(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }

    /// Puts a list of buffers that lie one after another from `DATA` on.
    pub(crate) fn vectors(&mut self, lens: &[u32]) -> u32 {
        let mut address = DATA;
        for (index, len) in (0u32..).zip(lens) {
            self.put(VECTORS + 8 * index, &address.to_le_bytes());
            self.put(VECTORS + 8 * index + 4, &len.to_le_bytes());
            address += len;
        }
        u32::try_from(lens.len()).unwrap()
    }

    pub(crate) fn open_with(
        &mut self,
        from: u32,
        path: &str,
        lookup: u32,
        oflags: u32,
        rights: u64,
        fdflags: u32,
    ) -> Result<u32, Errno> {
        let len = self.put(PATH, path.as_bytes());
        call!(
            self, path_open, from, lookup, PATH, len, oflags, rights, 0, fdflags, RESULT
        )?;
        Ok(self.u32(RESULT))
    }

    pub(crate) fn open(&mut self, path: &str, oflags: u32, rights: u64) -> Result<u32, Errno> {
        self.open_with(ROOT, path, 0, oflags, rights, 0)
    }

    /// A file open for reading and writing, made where there was none.
    pub(crate) fn file(&mut self, path: &str) -> u32 {
        self.open(path, CREAT, FD_READ | FD_WRITE).unwrap()
    }

    pub(crate) fn make(&mut self, path: &str, content: &[u8]) {
        let fd = self.file(path);
        assert_eq!(self.write(fd, content), Ok(content.len() as u32));
        call!(self, fd_close, fd).unwrap();
    }

    pub(crate) fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        let len = self.put(DATA, bytes);
        let count = self.vectors(&[len]);
        call!(self, fd_write, fd, VECTORS, count, RESULT)?;
        Ok(self.u32(RESULT))
    }

    pub(crate) fn read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>, Errno> {
        let count = self.vectors(&[len]);
        call!(self, fd_read, fd, VECTORS, count, RESULT)?;
        Ok(self.bytes(DATA, self.u32(RESULT)).to_vec())
    }

    pub(crate) fn content(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        let fd = self.open(path, 0, FD_READ)?;
        let bytes = self.read(fd, 10_000)?;
        call!(self, fd_close, fd)?;
        Ok(bytes)
    }

    pub(crate) fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        call!(self, fd_seek, fd, offset, whence, RESULT)?;
        Ok(self.u64(RESULT))
    }

    /// Kind, links and size of a path.
    pub(crate) fn stat(&mut self, path: &str, lookup: u32) -> Result<(u8, u64, u64), Errno> {
        let len = self.put(PATH, path.as_bytes());
        call!(self, path_filestat_get, ROOT, lookup, PATH, len, RESULT)?;
        Ok((
            self.u8(RESULT + 16),
            self.u64(RESULT + 24),
            self.u64(RESULT + 32),
        ))
    }

    pub(crate) fn folder(&mut self, path: &str) -> Result<(), Errno> {
        let len = self.put(PATH, path.as_bytes());
        call!(self, path_create_directory, ROOT, PATH, len)
    }

    pub(crate) fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let len = self.put(PATH, path.as_bytes());
        call!(self, path_unlink_file, ROOT, PATH, len)
    }

    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Errno> {
        let len = self.put(PATH, path.as_bytes());
        call!(self, path_remove_directory, ROOT, PATH, len)
    }

    pub(crate) fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let first = self.put(PATH, target.as_bytes());
        let second = self.put(SECOND, path.as_bytes());
        call!(self, path_symlink, PATH, first, ROOT, SECOND, second)
    }

    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Result<(), Errno> {
        let first = self.put(PATH, old.as_bytes());
        let second = self.put(SECOND, new.as_bytes());
        call!(self, path_rename, ROOT, PATH, first, ROOT, SECOND, second)
    }

    pub(crate) fn link(&mut self, old: &str, new: &str) -> Result<(), Errno> {
        let first = self.put(PATH, old.as_bytes());
        let second = self.put(SECOND, new.as_bytes());
        call!(self, path_link, ROOT, 0, PATH, first, ROOT, SECOND, second)
    }
}
