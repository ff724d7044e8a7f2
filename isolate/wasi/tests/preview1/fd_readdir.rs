//! `fd_readdir`: listing of folders.

use std::sync::Arc;

use crate::common::{DATA, Guest, RESULT, ROOT, call, config, give_up, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{DIRECTORY, FD_READDIR};

struct Entry {
    name: String,
    next: u64,
    inode: u64,
    kind: u8,
}

/// One call: what is whole of it, and whether the buffer was not filled.
fn page(guest: &mut Guest, fd: u32, len: u32, cookie: u64) -> (Vec<Entry>, bool) {
    call!(guest, fd_readdir, fd, DATA, len, cookie, RESULT).unwrap();
    let used = guest.u32(RESULT);
    assert!(used <= len);
    let (mut entries, mut at) = (Vec::new(), DATA);
    while DATA + used >= at + 24 {
        let name_len = guest.u32(at + 16);
        if at + 24 + name_len > DATA + used {
            break;
        }
        entries.push(Entry {
            name: String::from_utf8(guest.bytes(at + 24, name_len).to_vec()).unwrap(),
            next: guest.u64(at),
            inode: guest.u64(at + 8),
            kind: guest.u8(at + 20),
        });
        at += 24 + name_len;
    }
    (entries, used < len)
}

/// All names, by calls with a buffer of this length.
fn all(guest: &mut Guest, fd: u32, len: u32) -> (Vec<String>, u32) {
    let (mut names, mut cookie, mut calls) = (Vec::new(), 0, 0);
    loop {
        let (entries, end) = page(guest, fd, len, cookie);
        calls += 1;
        cookie = entries.last().map_or(cookie, |entry| entry.next);
        names.extend(entries.into_iter().map(|entry| entry.name));
        if end {
            return (names, calls);
        }
    }
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn lists_dots_then_entries_with_cookies_to_go_on_from() {
    let mut guest = guest();
    let (entries, end) = page(&mut guest, ROOT, 4096, 0);
    assert_eq!((names(&entries), end), (vec![".", ".."], true));
    guest.make("file", b"");
    guest.folder("folder").unwrap();
    guest.symlink("file", "link").unwrap();
    let (entries, _) = page(&mut guest, ROOT, 4096, 0);
    assert_eq!(names(&entries), [".", "..", "file", "folder", "link"]);
    let kinds: Vec<u8> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [3, 3, 4, 3, 7]);
    for (index, entry) in entries.iter().enumerate() {
        let (rest, _) = page(&mut guest, ROOT, 4096, entry.next);
        assert_eq!(names(&rest), names(&entries[index + 1..]));
    }
    guest.stat("file", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 8), entries[2].inode);
}

#[test]
fn a_small_buffer_cuts_the_last_entry_off_and_is_full() {
    let mut guest = guest();
    guest.make("a-rather-long-name", b"");
    for len in 0..100 {
        call!(guest, fd_readdir, ROOT, DATA, len, 0, RESULT).unwrap();
        assert_eq!(guest.u32(RESULT), len.min(24 + 1 + 24 + 2 + 24 + 18));
    }
    let (listed, _) = all(&mut guest, ROOT, 42);
    assert_eq!(listed, [".", "..", "a-rather-long-name"]);
}

#[test]
fn readdir_of_20_000_entries_writes_each_of_them_about_once() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    for n in 0..20_000 {
        guest.make(&format!("d/{n:05}"), b"");
    }
    let fd = guest.open("d", DIRECTORY, FD_READDIR).unwrap();
    let (listed, calls) = all(&mut guest, fd, 4096);
    assert_eq!(listed.len(), 20_002);
    assert!(listed[2..].is_sorted());
    // 29 bytes an entry, 141 whole ones in a buffer: what is written grows with the folder, not
    // with its square. What a call looks at is counted in the tests of the files.
    assert_eq!(calls, 20_002u32.div_ceil(141));
}

#[test]
fn renaming_and_removing_while_listing_comes_to_an_end() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    for n in 0..50 {
        guest.make(&format!("d/{n:02}"), b"");
    }
    let fd = guest.open("d", DIRECTORY, 0).unwrap();
    let (mut cookie, mut seen) = (0, 0);
    loop {
        let (entries, end) = page(&mut guest, fd, 100, cookie);
        for entry in entries.iter().filter(|entry| !entry.name.starts_with('.')) {
            seen += 1;
            let old = format!("d/{}", entry.name);
            match seen % 2 {
                0 => guest.unlink(&old).unwrap(),
                _ => guest.rename(&old, &format!("{old}.new")).unwrap(),
            }
        }
        cookie = entries.last().map_or(cookie, |entry| entry.next);
        if end {
            break;
        }
    }
    assert_eq!(seen, 50);
    assert_eq!(
        all(&mut guest, fd, 4096).0.len(),
        27,
        "a new listing shows the new names"
    );
}

#[test]
fn what_a_program_has_no_right_to_is_not_listed() {
    let mut config = config(&[("/in/mine", Rights::READ), ("/out/", Rights::READ_WRITE)]);
    for path in ["/in/mine", "/in/theirs", "/program.wasm"] {
        config.vfs.provide(path, Arc::new(vec![])).unwrap();
    }
    let mut guest = start(config);
    assert_eq!(all(&mut guest, ROOT, 4096).0, [".", "..", "in", "out"]);
    let fd = guest.open("in", DIRECTORY, 0).unwrap();
    assert_eq!(all(&mut guest, fd, 4096).0, [".", "..", "mine"]);
}

#[test]
fn refuses_what_is_no_folder_and_buffers_out_of_range() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(
        call!(guest, fd_readdir, fd, DATA, 100, 0, RESULT),
        Err(Errno::Notdir)
    );
    assert_eq!(
        call!(guest, fd_readdir, 0, DATA, 100, 0, RESULT),
        Err(Errno::Notdir)
    );
    assert_eq!(
        call!(guest, fd_readdir, 99, DATA, 100, 0, RESULT),
        Err(Errno::Badf)
    );
    assert_eq!(
        call!(guest, fd_readdir, ROOT, DATA, u32::MAX, 0, RESULT),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(guest, fd_readdir, ROOT, DATA, 100, 0, u32::MAX),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(guest, fd_readdir, ROOT, DATA, 100, u64::MAX, RESULT),
        Ok(())
    );
    assert_eq!(guest.u32(RESULT), 0);
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    give_up(&mut guest, ROOT, FD_READDIR);
    assert_eq!(
        call!(guest, fd_readdir, ROOT, DATA, 100, 0, RESULT),
        Err(Errno::Notcapable)
    );
}

#[test]
fn a_cookie_that_was_never_given_out_is_harmless() {
    let mut guest = guest();
    guest.make("a", b"");
    for cookie in [3, 4, 1 << 40, u64::MAX - 1] {
        let (entries, end) = page(&mut guest, ROOT, 4096, cookie);
        assert_eq!((names(&entries), end), (vec![], true), "{cookie}");
    }
}
