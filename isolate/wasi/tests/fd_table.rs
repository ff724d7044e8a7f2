//! `fd_close`, `fd_renumber`, `fd_prestat_*`.

mod common;

use std::sync::Arc;

use common::{DATA, RESULT, ROOT, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::{CREAT, FD_READ, FD_WRITE};
use veracruz_wasi::{Errno, LimitMet, Preopen};

#[test]
fn a_closed_descriptor_is_gone_and_its_number_comes_again() {
    let mut guest = guest();
    let (a, b) = (guest.file("a"), guest.file("b"));
    assert_eq!((a, b), (4, 5));
    assert_eq!(call!(guest, fd_close, a), Ok(()));
    assert_eq!(call!(guest, fd_close, a), Err(Errno::Badf));
    assert_eq!(guest.read(a, 1), Err(Errno::Badf));
    assert_eq!(guest.file("c"), a, "the lowest free number");
    assert_eq!(call!(guest, fd_close, u32::MAX), Err(Errno::Badf));
}

#[test]
fn fd_renumber_moves_a_descriptor_and_closes_the_one_that_was_there() {
    let mut guest = guest();
    guest.make("a", b"in a");
    guest.make("b", b"in b");
    let a = guest.open("a", 0, FD_READ).unwrap();
    let b = guest.open("b", 0, FD_READ).unwrap();
    assert_eq!(call!(guest, fd_renumber, a, b), Ok(()));
    assert_eq!(guest.read(b, 9), Ok(b"in a".to_vec()));
    assert_eq!(guest.read(a, 9), Err(Errno::Badf));
    // The handle of b was given back: removing it frees its bytes.
    guest.unlink("b").unwrap();
    assert_eq!(guest.wasi.finish().vfs.used_bytes(), 4);
}

#[test]
fn fd_renumber_takes_only_descriptors_that_are_open() {
    let mut guest = guest();
    let a = guest.file("a");
    assert_eq!(call!(guest, fd_renumber, a, a), Ok(()));
    assert_eq!(
        guest.write(a, b"x"),
        Ok(1),
        "the same number twice changes nothing"
    );
    for (from, to) in [(a, 99), (99, a), (99, 99), (a, u32::MAX), (u32::MAX, a)] {
        assert_eq!(call!(guest, fd_renumber, from, to), Err(Errno::Badf));
    }
    assert_eq!(guest.write(a, b"x"), Ok(1));
    assert_eq!(
        call!(guest, fd_renumber, a, ROOT),
        Ok(()),
        "a preopened one too"
    );
    assert_eq!(call!(guest, fd_prestat_get, ROOT, RESULT), Err(Errno::Badf));
    assert_eq!(guest.folder("d"), Err(Errno::Notdir));
}

#[test]
fn preopened_folders_have_names() {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config
        .vfs
        .provide("/data/a", Arc::new(b"x".to_vec()))
        .unwrap();
    config.preopens.push(Preopen {
        path: "/data".into(),
        name: "relative".into(),
    });
    let mut guest = start(config);
    assert_eq!(call!(guest, fd_prestat_get, ROOT, RESULT), Ok(()));
    assert_eq!((guest.u8(RESULT), guest.u32(RESULT + 4)), (0, 1));
    assert_eq!(call!(guest, fd_prestat_dir_name, 4, DATA, 8), Ok(()));
    assert_eq!(guest.bytes(DATA, 8), b"relative");
    assert_eq!(call!(guest, fd_prestat_dir_name, 4, DATA, 9), Ok(()));
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 4, DATA, 7),
        Err(Errno::Nametoolong)
    );
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 1, DATA, 7),
        Err(Errno::Notdir)
    );
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 5, DATA, 7),
        Err(Errno::Badf)
    );
    assert_eq!(call!(guest, fd_prestat_get, 5, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_prestat_get, 1, RESULT), Err(Errno::Badf));
    assert_eq!(guest.open_with(4, "a", 0, 0, FD_READ, 0), Ok(5));
    assert_eq!(
        guest.open_with(4, "../data/a", 0, 0, FD_READ, 0),
        Err(Errno::Perm)
    );
}

#[test]
fn no_more_descriptors_than_the_limit() {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config.limits.open_files = 5;
    let mut guest = start(config);
    assert_eq!(guest.open("a", CREAT, FD_WRITE), Ok(4));
    assert_eq!(guest.open("b", CREAT, FD_WRITE), Err(Errno::Mfile));
    assert_eq!(guest.stat("b", 0), Err(Errno::Noent), "and nothing is made");
    call!(guest, fd_close, 4).unwrap();
    assert_eq!(guest.open("b", CREAT, FD_WRITE), Ok(4));
    assert_eq!(guest.wasi.finish().limit_met, Some(LimitMet::OpenFiles));
}
