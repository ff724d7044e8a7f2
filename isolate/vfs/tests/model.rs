//! The tree against a model that is too simple to be wrong: a map from paths to contents.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails in a helper fails"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{CREATE, Tree, free_tree, tree_with};
use proptest::prelude::*;
use veracruz_vfs::{EXTENT_BYTES, Error, OpenOptions, Opened, Quotas, Rights};

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    File(Vec<u8>),
    Folder,
}

type Model = BTreeMap<String, Entry>;

#[derive(Clone, Debug)]
enum Step {
    Folder(String),
    Write(String, usize, Vec<u8>),
    Resize(String, usize),
    Rename(String, String),
    Unlink(String),
    Remove(String),
}

/// Paths of one to three of three names: few enough that steps meet each other.
fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..=3)
        .prop_map(|names| names.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        path().prop_map(Step::Folder),
        (path(), 0..40usize, bytes).prop_map(|(path, at, bytes)| Step::Write(path, at, bytes)),
        (path(), 0..40usize).prop_map(|(path, size)| Step::Resize(path, size)),
        (path(), path()).prop_map(|(old, new)| Step::Rename(old, new)),
        path().prop_map(Step::Unlink),
        path().prop_map(Step::Remove),
    ]
}

/// What is above a path is all folders.
fn check_parents(model: &Model, path: &str) -> Result<(), Error> {
    for (end, _) in path.match_indices('/') {
        match model.get(&path[..end]) {
            Some(Entry::Folder) => {}
            Some(Entry::File(_)) => return Err(Error::NotDirectory),
            None => return Err(Error::NotFound),
        }
    }
    Ok(())
}

fn has_children(model: &Model, path: &str) -> bool {
    let prefix = format!("{path}/");
    model.keys().any(|key| key.starts_with(&prefix))
}

fn file<'a>(model: &'a mut Model, path: &str) -> Result<&'a mut Vec<u8>, Error> {
    check_parents(model, path)?;
    match model
        .entry(path.to_owned())
        .or_insert_with(|| Entry::File(vec![]))
    {
        Entry::File(bytes) => Ok(bytes),
        Entry::Folder => Err(Error::IsDirectory),
    }
}

fn expected(model: &mut Model, step: &Step) -> Result<(), Error> {
    match step {
        Step::Folder(path) => {
            check_parents(model, path)?;
            if model.contains_key(path) {
                return Err(Error::Exists);
            }
            model.insert(path.clone(), Entry::Folder);
        }
        Step::Write(path, at, bytes) => {
            let content = file(model, path)?;
            if !bytes.is_empty() {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
        Step::Resize(path, size) => file(model, path)?.resize(*size, 0),
        Step::Unlink(path) => {
            check_parents(model, path)?;
            match model.get(path) {
                None => return Err(Error::NotFound),
                Some(Entry::Folder) => return Err(Error::IsDirectory),
                Some(Entry::File(_)) => model.remove(path),
            };
        }
        Step::Remove(path) => {
            check_parents(model, path)?;
            match model.get(path) {
                None => return Err(Error::NotFound),
                Some(Entry::File(_)) => return Err(Error::NotDirectory),
                Some(Entry::Folder) if has_children(model, path) => return Err(Error::NotEmpty),
                Some(Entry::Folder) => model.remove(path),
            };
        }
        Step::Rename(old, new) => {
            check_parents(model, old)?;
            let moved = model.get(old).cloned().ok_or(Error::NotFound)?;
            check_parents(model, new)?;
            if moved == Entry::Folder && new.starts_with(&format!("{old}/")) {
                return Err(Error::Invalid);
            }
            if old == new {
                return Ok(());
            }
            match (model.get(new), &moved) {
                (Some(Entry::Folder), Entry::File(_)) => return Err(Error::IsDirectory),
                (Some(Entry::File(_)), Entry::Folder) => return Err(Error::NotDirectory),
                (Some(Entry::Folder), Entry::Folder) if has_children(model, new) => {
                    return Err(Error::NotEmpty);
                }
                _ => {}
            }
            let beneath = format!("{old}/");
            let keys: Vec<String> = model
                .keys()
                .filter(|key| *key == old || key.starts_with(&beneath))
                .cloned()
                .collect();
            for key in keys {
                let entry = model.remove(&key).unwrap();
                model.insert(format!("{new}{}", &key[old.len()..]), entry);
            }
        }
    }
    Ok(())
}

fn actual(tree: &mut Tree, step: &Step) -> Result<(), Error> {
    let with_file = |tree: &mut Tree, path: &str, write: &dyn Fn(&mut Tree, &_) -> _| match tree
        .vfs
        .open(&tree.root, path, CREATE)?
    {
        Opened::File(file) => {
            let result = write(tree, &file);
            tree.vfs.close_file(file);
            result
        }
        Opened::Directory(_) => Err(Error::IsDirectory),
    };
    match step {
        Step::Folder(path) => tree.folder(path),
        Step::Write(path, at, bytes) => with_file(tree, path, &|tree, file| {
            tree.vfs.write(file, *at as u64, bytes)
        }),
        Step::Resize(path, size) => with_file(tree, path, &|tree, file| {
            tree.vfs.resize(file, *size as u64)
        }),
        Step::Rename(old, new) => tree.rename(old, new),
        Step::Unlink(path) => tree.unlink(path),
        Step::Remove(path) => tree.remove(path),
    }
}

proptest! {
    #[test]
    fn the_tree_does_what_the_model_does(steps in prop::collection::vec(step(), 0..60)) {
        let (mut tree, mut model) = (free_tree(), Model::new());
        for step in &steps {
            let (want, got) = (expected(&mut model, step), actual(&mut tree, step));
            prop_assert!(got == want, "{step:?}: {got:?}, not {want:?}");
        }
        let files: Model = tree
            .vfs
            .files()
            .map(|(path, file)| {
                (path[1..].to_owned(), Entry::File(file.chunks().collect::<Vec<_>>().concat()))
            })
            .collect();
        let bytes: u64 = files.values().map(|entry| match entry {
            Entry::File(bytes) => bytes.len() as u64,
            Entry::Folder => 0,
        }).sum();
        prop_assert_eq!(tree.vfs.used_bytes(), bytes);
        prop_assert_eq!(tree.vfs.used_files(), model.len() as u64);
        model.retain(|_, entry| *entry != Entry::Folder);
        prop_assert_eq!(files, model);
    }

}

proptest! {
    // Megabytes a case: a few will do.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn writing_over_a_shared_input_is_writing_over_a_copy(
        changes in prop::collection::vec((0..3 * EXTENT_BYTES + 100, 0..2000usize, any::<bool>()), 0..12)
    ) {
        let input: Vec<u8> = (0..3 * EXTENT_BYTES).map(|n| (n % 251) as u8).collect();
        let mut copy = input.clone();
        let mut tree = free_tree();
        tree.vfs.provide("/data", Arc::new(input)).unwrap();
        let Opened::File(file) = tree.vfs.open(&tree.root, "data", CREATE).unwrap() else { unreachable!() };
        for (at, len, cut) in changes {
            let place = usize::try_from(at).unwrap();
            if cut {
                tree.vfs.resize(&file, at).unwrap();
                copy.resize(place, 0);
            } else if len > 0 {
                tree.vfs.write(&file, at, &vec![255; len]).unwrap();
                copy.resize(copy.len().max(place + len), 0);
                copy[place..place + len].fill(255);
            }
        }
        tree.vfs.close_file(file);
        prop_assert!(tree.read("data").unwrap() == copy);
        tree.unlink("data").unwrap();
        prop_assert_eq!(tree.vfs.used_bytes(), 0);
    }

}

proptest! {
    #[test]
    fn no_path_text_panics_or_leaves_the_root(text in "[ab./\u{0}\u{e9}]{0,40}", other in "[ab./]{0,12}") {
        let rules = [("/a/", Rights::READ_WRITE), ("/a/b", Rights::READ), ("/b", Rights::WRITE)];
        let mut tree = tree_with(&rules, Quotas { bytes: 100, files: 10 });
        tree.vfs.provide("/a/b", Arc::new(b"in".to_vec())).unwrap();
        tree.vfs.provide("/secret", Arc::new(b"secret".to_vec())).unwrap();
        let everything = OpenOptions { follow: true, read: true, truncate: true, ..CREATE };
        let _ = tree.symlink(&other, "a/l");
        let _ = tree.try_open(&text, everything);
        let _ = tree.folder(&text);
        let _ = tree.rename(&text, &other);
        let _ = tree.link(&text, &other);
        let _ = tree.symlink(&text, &other);
        let _ = tree.remove(&text);
        let _ = tree.unlink(&text);
        prop_assert!(tree.vfs.file("/secret").is_some_and(|file| file.is_unchanged()));
        prop_assert!(tree.vfs.file("/a/b").is_some_and(|file| file.is_unchanged()));
        prop_assert!(tree.vfs.used_files() <= 10 && tree.vfs.used_bytes() <= 100);
    }
}
