//! A tree to try things on, and short names for what the tests do most.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails here fails"
)]

use std::sync::Arc;

use veracruz_vfs::{Error, OpenDirectory, OpenOptions, Opened, Quotas, Rights, Rules, Vfs};

pub(crate) const CREATE: OpenOptions = OpenOptions {
    follow: false,
    create: true,
    exclusive: false,
    truncate: false,
    directory: false,
    read: false,
    write: true,
};
pub(crate) const READ: OpenOptions = OpenOptions {
    create: false,
    write: false,
    read: true,
    ..CREATE
};
pub(crate) const WRITE: OpenOptions = OpenOptions {
    create: false,
    ..CREATE
};

pub(crate) struct Tree {
    pub(crate) vfs: Vfs,
    pub(crate) root: OpenDirectory,
}

pub(crate) fn tree(rules: &[(&str, Rights)]) -> Tree {
    tree_with(
        rules,
        Quotas {
            bytes: 1 << 30,
            files: 1 << 20,
        },
    )
}

pub(crate) fn tree_with(list: &[(&str, Rights)], quotas: Quotas) -> Tree {
    let mut rules = Rules::new();
    for (pattern, rights) in list {
        rules.grant(pattern, *rights).unwrap();
    }
    let mut vfs = Vfs::new(rules, quotas, 1000);
    let root = vfs.open_folder("/").unwrap();
    Tree { vfs, root }
}

/// A tree in which everything is allowed.
pub(crate) fn free_tree() -> Tree {
    tree(&[("/", Rights::READ_WRITE)])
}

impl Tree {
    pub(crate) fn provide(&mut self, path: &str, content: &[u8]) {
        self.vfs.provide(path, Arc::new(content.to_vec())).unwrap();
    }

    /// Opens, does nothing, closes.
    pub(crate) fn try_open(&mut self, path: &str, options: OpenOptions) -> Result<(), Error> {
        match self.vfs.open(&self.root, path, options)? {
            Opened::File(file) => self.vfs.close_file(file),
            Opened::Directory(directory) => self.vfs.close_directory(directory),
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        match self.vfs.open(&self.root, path, CREATE)? {
            Opened::File(file) => {
                let result = self.vfs.write(&file, 0, content);
                self.vfs.close_file(file);
                result
            }
            Opened::Directory(_) => Err(Error::IsDirectory),
        }
    }

    pub(crate) fn read(&mut self, path: &str) -> Result<Vec<u8>, Error> {
        match self.vfs.open(
            &self.root,
            path,
            OpenOptions {
                follow: true,
                ..READ
            },
        )? {
            Opened::File(file) => {
                let mut bytes = vec![0; usize::try_from(self.vfs.size(&file)?).unwrap()];
                let len = self.vfs.read(&file, 0, &mut bytes)?;
                assert_eq!(len, bytes.len());
                self.vfs.close_file(file);
                Ok(bytes)
            }
            Opened::Directory(_) => Err(Error::IsDirectory),
        }
    }

    pub(crate) fn folder(&mut self, path: &str) -> Result<(), Error> {
        self.vfs.create_directory(&self.root, path)
    }

    pub(crate) fn open_folder(&mut self, path: &str) -> OpenDirectory {
        let options = OpenOptions {
            directory: true,
            read: true,
            write: false,
            ..WRITE
        };
        match self.vfs.open(&self.root, path, options).unwrap() {
            Opened::Directory(directory) => directory,
            Opened::File(_) => panic!("{path} is a file"),
        }
    }

    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Result<(), Error> {
        self.vfs.rename(&self.root, old, &self.root, new)
    }

    pub(crate) fn link(&mut self, old: &str, new: &str) -> Result<(), Error> {
        self.vfs.link(&self.root, old, &self.root, new)
    }

    pub(crate) fn symlink(&mut self, target: &str, path: &str) -> Result<(), Error> {
        self.vfs.symlink(target, &self.root, path)
    }

    pub(crate) fn unlink(&mut self, path: &str) -> Result<(), Error> {
        self.vfs.unlink(&self.root, path)
    }

    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Error> {
        self.vfs.remove_directory(&self.root, path)
    }

    pub(crate) fn names(&mut self, path: &str) -> Vec<String> {
        let folder = self.open_folder(path);
        let end = self.vfs.listing_end(&folder).unwrap();
        let names = self
            .vfs
            .list(&folder, 0, end)
            .unwrap()
            .map(|entry| entry.name.to_owned())
            .collect();
        self.vfs.close_directory(folder);
        names
    }
}
