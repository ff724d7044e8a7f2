//! `path_*` but `path_open`.

mod common;

use std::sync::Arc;

use common::{DATA, PATH, RESULT, ROOT, SECOND, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{ATIM, ATIM_NOW, DIRECTORY, MTIM, SYMLINK_FOLLOW};

#[test]
fn path_create_directory_makes_folders() {
    let mut guest = guest();
    assert_eq!(guest.folder("d"), Ok(()));
    assert_eq!(guest.folder("d"), Err(Errno::Exist));
    assert_eq!(guest.folder("d/e/"), Ok(()));
    assert_eq!(guest.folder("absent/e"), Err(Errno::Noent));
    assert_eq!(guest.stat("d/e", 0).map(|stat| stat.0), Ok(3));
    assert_eq!(
        call!(guest, path_create_directory, 1, PATH, 1),
        Err(Errno::Notdir)
    );
    assert_eq!(
        call!(guest, path_create_directory, 99, PATH, 1),
        Err(Errno::Badf)
    );
}

#[test]
fn path_filestat_get_follows_links_where_asked() {
    let mut guest = guest();
    guest.make("a", b"abc");
    guest.symlink("a", "l").unwrap();
    assert_eq!(guest.stat("l", 0), Ok((7, 1, 1)));
    assert_eq!(guest.stat("l", SYMLINK_FOLLOW), Ok((4, 1, 3)));
    assert_eq!(guest.stat("l", 2), Err(Errno::Inval));
    assert_eq!(guest.stat("absent", 0), Err(Errno::Noent));
    assert_eq!(guest.stat("a/", 0), Err(Errno::Notdir));
    let len = guest.put(PATH, b"a");
    assert_eq!(
        call!(guest, path_filestat_get, ROOT, 0, PATH, len, u32::MAX),
        Err(Errno::Fault)
    );
}

#[test]
fn path_filestat_set_times_sets_those_of_the_link_or_of_its_target() {
    let mut guest = guest();
    guest.make("a", b"");
    guest.symlink("a", "l").unwrap();
    let len = guest.put(PATH, b"l");
    let set = call!(
        guest,
        path_filestat_set_times,
        ROOT,
        0,
        PATH,
        len,
        0,
        77,
        MTIM
    );
    assert_eq!(set, Ok(()));
    guest.stat("l", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 48), 77);
    guest.stat("a", 0).unwrap();
    assert_ne!(guest.u64(RESULT + 48), 77);
    guest.put(PATH, b"l");
    let set = call!(
        guest,
        path_filestat_set_times,
        ROOT,
        SYMLINK_FOLLOW,
        PATH,
        len,
        66,
        0,
        ATIM
    );
    assert_eq!(set, Ok(()));
    guest.stat("a", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 40), 66);
    let both = ATIM | ATIM_NOW;
    let set = call!(
        guest,
        path_filestat_set_times,
        ROOT,
        0,
        PATH,
        len,
        0,
        0,
        both
    );
    assert_eq!(set, Err(Errno::Inval));
}

#[test]
fn path_link_makes_one_more_name() {
    let mut guest = guest();
    guest.make("a", b"x");
    guest.folder("d").unwrap();
    assert_eq!(guest.link("a", "d/b"), Ok(()));
    assert_eq!(guest.stat("a", 0), Ok((4, 2, 1)));
    assert_eq!(guest.link("a", "d/b"), Err(Errno::Exist));
    assert_eq!(guest.link("d", "e"), Err(Errno::Perm));
    assert_eq!(guest.link("a", "e/"), Err(Errno::Noent));
    assert_eq!(guest.link("absent", "e"), Err(Errno::Noent));
    let (first, second) = (guest.put(PATH, b"a"), guest.put(SECOND, b"e"));
    let follow = SYMLINK_FOLLOW;
    let link = call!(
        guest, path_link, ROOT, follow, PATH, first, ROOT, SECOND, second
    );
    assert_eq!(link, Err(Errno::Inval));
}

#[test]
fn path_link_and_path_rename_do_not_go_around_the_rights_of_a_file() {
    let mut config = config(&[("/in/", Rights::READ), ("/out/", Rights::READ_WRITE)]);
    config
        .vfs
        .provide("/in/a", Arc::new(b"precious".to_vec()))
        .unwrap();
    let mut guest = start(config);
    guest.make("out/b", b"x");
    assert_eq!(guest.link("in/a", "out/a"), Err(Errno::Acces));
    assert_eq!(guest.rename("in/a", "out/a"), Err(Errno::Acces));
    assert_eq!(guest.rename("out/b", "in/a"), Err(Errno::Acces));
    assert_eq!(guest.link("out/b", "in/b"), Err(Errno::Acces));
    assert_eq!(guest.rename("out", "in"), Err(Errno::Acces));
    assert_eq!(guest.content("in/a"), Ok(b"precious".to_vec()));
}

#[test]
fn path_readlink_cuts_off_where_the_buffer_ends() {
    let mut guest = guest();
    guest.symlink("a/target", "l").unwrap();
    let len = guest.put(PATH, b"l");
    for (room, found) in [
        (100, &b"a/target"[..]),
        (8, b"a/target"),
        (3, b"a/t"),
        (0, b""),
    ] {
        assert_eq!(
            call!(guest, path_readlink, ROOT, PATH, len, DATA, room, RESULT),
            Ok(())
        );
        assert_eq!(guest.bytes(DATA, guest.u32(RESULT)), found);
    }
    let read = call!(guest, path_readlink, ROOT, PATH, len, u32::MAX, 8, RESULT);
    assert_eq!(read, Err(Errno::Fault));
    guest.make("a", b"");
    let len = guest.put(PATH, b"a");
    let read = call!(guest, path_readlink, ROOT, PATH, len, DATA, 8, RESULT);
    assert_eq!(read, Err(Errno::Inval));
}

#[test]
fn path_remove_directory_and_path_unlink_file_take_their_own_kind() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("d/a", b"");
    assert_eq!(guest.remove("d"), Err(Errno::Notempty));
    assert_eq!(guest.remove("d/a"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("d"), Err(Errno::Isdir));
    assert_eq!(guest.unlink("d/a/"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("d/a"), Ok(()));
    assert_eq!(guest.unlink("d/a"), Err(Errno::Noent));
    assert_eq!(guest.remove("d/"), Ok(()));
    assert_eq!(guest.remove("d"), Err(Errno::Noent));
    assert_eq!(guest.remove("."), Err(Errno::Inval));
}

#[test]
fn path_rename_between_folders() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.folder("e").unwrap();
    guest.make("d/a", b"x");
    let d = guest.open("d", DIRECTORY, 0).unwrap();
    let e = guest.open("e", DIRECTORY, 0).unwrap();
    let (first, second) = (guest.put(PATH, b"a"), guest.put(SECOND, b"b"));
    assert_eq!(
        call!(guest, path_rename, d, PATH, first, e, SECOND, second),
        Ok(())
    );
    assert_eq!(guest.content("e/b"), Ok(b"x".to_vec()));
    assert_eq!(guest.rename("e", "e/f"), Err(Errno::Inval));
    assert_eq!(guest.rename("e", "d"), Ok(()), "over an empty folder");
    assert_eq!(guest.content("d/b"), Ok(b"x".to_vec()));
    assert_eq!(guest.rename("d/b", "d/c/"), Err(Errno::Notdir));
    let first = guest.put(PATH, b"b");
    assert_eq!(
        call!(guest, path_rename, e, PATH, first, d, SECOND, second),
        Err(Errno::Noent)
    );
}

#[test]
fn path_symlink_refuses_names_that_are_taken() {
    let mut guest = guest();
    assert_eq!(guest.symlink("anywhere/../x", "l"), Ok(()));
    assert_eq!(guest.symlink("x", "l"), Err(Errno::Exist));
    assert_eq!(guest.symlink("x", "m/"), Err(Errno::Noent));
    assert_eq!(guest.symlink("", "m"), Err(Errno::Noent));
    assert_eq!(guest.symlink("/x", "m"), Err(Errno::Perm));
    assert_eq!(guest.unlink("l"), Ok(()));
}
