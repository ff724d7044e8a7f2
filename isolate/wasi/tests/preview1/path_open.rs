//! `path_open` with every flag.

use std::sync::Arc;

use crate::common::{PATH, RESULT, ROOT, call, config, give_up, guest, rights, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::{
    CREAT, DIRECTORY, EXCL, FD_READ, FD_SEEK, FD_WRITE, NONBLOCK, PATH_CREATE_FILE, PATH_OPEN,
    SYMLINK_FOLLOW, TRUNC,
};
use veracruz_wasi::{Errno, LimitMet};

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

#[test]
fn path_open_trunc_without_write_is_refused() {
    let mut config = config(&[("/in/", Rights::READ)]);
    config
        .vfs
        .provide("/in/a", Arc::new(b"precious".to_vec()))
        .unwrap();
    let mut guest = start(config);
    for rights in [0, FD_READ, FD_WRITE, FD_READ | FD_WRITE] {
        assert_eq!(guest.open("in/a", TRUNC, rights), Err(Errno::Acces));
        assert_eq!(guest.open("in/a", TRUNC | CREAT, rights), Err(Errno::Acces));
    }
    assert_eq!(guest.content("in/a"), Ok(b"precious".to_vec()));
}

#[test]
fn truncation_cuts_a_writable_file_to_nothing() {
    let mut guest = guest();
    guest.make("a", b"old");
    assert!(guest.open("a", TRUNC, FD_WRITE).is_ok());
    assert_eq!(guest.stat("a", 0), Ok((4, 1, 0)));
}

#[test]
fn creation_and_exclusion() {
    let mut guest = guest();
    assert_eq!(guest.open("a", 0, FD_READ), Err(Errno::Noent));
    assert!(guest.open("a", CREAT | EXCL, FD_WRITE).is_ok());
    assert_eq!(guest.open("a", CREAT | EXCL, FD_WRITE), Err(Errno::Exist));
    assert!(
        guest.open("a", EXCL, FD_WRITE).is_ok(),
        "means nothing alone"
    );
    assert_eq!(guest.open("absent/a", CREAT, FD_WRITE), Err(Errno::Noent));
    assert_eq!(guest.open("a/b", CREAT, FD_WRITE), Err(Errno::Notdir));
    assert_eq!(guest.open("d", CREAT | DIRECTORY, 0), Err(Errno::Inval));
}

#[test]
fn folders_are_opened_for_reading_only() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("a", b"");
    assert!(guest.open("d", DIRECTORY, FD_READ).is_ok());
    assert!(guest.open("d", 0, 0).is_ok());
    assert!(guest.open("d/", DIRECTORY, 0).is_ok());
    assert!(guest.open(".", DIRECTORY, 0).is_ok());
    assert_eq!(guest.open("d", 0, FD_WRITE), Err(Errno::Isdir));
    assert_eq!(guest.open("d", TRUNC, 0), Err(Errno::Isdir));
    assert_eq!(guest.open("d", CREAT, 0), Err(Errno::Isdir));
    assert_eq!(guest.open("a", DIRECTORY, 0), Err(Errno::Notdir));
    let fd = guest.open("a", 0, 0).unwrap();
    assert_eq!(guest.open_with(fd, "b", 0, CREAT, 0, 0), Err(Errno::Notdir));
    assert_eq!(guest.open_with(99, "b", 0, CREAT, 0, 0), Err(Errno::Badf));
    assert_eq!(guest.open_with(1, "b", 0, CREAT, 0, 0), Err(Errno::Notdir));
}

#[test]
fn links_are_followed_where_asked() {
    let mut guest = guest();
    guest.make("a", b"target");
    guest.symlink("a", "l").unwrap();
    guest.symlink("made", "dangling").unwrap();
    guest.symlink("loop", "loop").unwrap();
    assert_eq!(guest.open("l", 0, FD_READ), Err(Errno::Loop));
    assert_eq!(guest.open("l", DIRECTORY, FD_READ), Err(Errno::Loop));
    let fd = guest
        .open_with(ROOT, "l", SYMLINK_FOLLOW, 0, FD_READ, 0)
        .unwrap();
    assert_eq!(guest.read(fd, 9), Ok(b"target".to_vec()));
    assert_eq!(
        guest.open_with(ROOT, "dangling", SYMLINK_FOLLOW, 0, 0, 0),
        Err(Errno::Noent)
    );
    assert_eq!(
        guest.open("dangling", CREAT | EXCL, FD_WRITE),
        Err(Errno::Exist)
    );
    assert!(
        guest
            .open_with(ROOT, "dangling", SYMLINK_FOLLOW, CREAT, FD_WRITE, 0)
            .is_ok()
    );
    assert_eq!(guest.stat("made", 0), Ok((4, 1, 0)));
    assert_eq!(
        guest.open_with(ROOT, "loop", SYMLINK_FOLLOW, 0, 0, 0),
        Err(Errno::Loop)
    );
}

#[test]
fn dot_dot_and_absolute_paths_do_not_leave_the_root() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("d/a", b"");
    assert!(guest.open("d/../d/./a", 0, 0).is_ok());
    for path in ["/d/a", "..", "../d/a", "d/../../d/a", "/"] {
        assert_eq!(guest.open(path, 0, 0), Err(Errno::Perm), "{path}");
    }
    let fd = guest.open("d", DIRECTORY, 0).unwrap();
    assert_eq!(guest.open_with(fd, "../d/a", 0, 0, 0, 0), Err(Errno::Perm));
    assert_eq!(guest.symlink("/etc", "l"), Err(Errno::Perm));
}

#[test]
fn a_trailing_slash_needs_a_folder() {
    let mut guest = guest();
    guest.make("a", b"x");
    for path in ["a/", "a///"] {
        assert_eq!(guest.open(path, 0, 0), Err(Errno::Notdir));
        assert_eq!(
            guest.open(path, CREAT | TRUNC, FD_WRITE),
            Err(Errno::Notdir)
        );
    }
    assert_eq!(guest.open("new/", CREAT, FD_WRITE), Err(Errno::Isdir));
    assert_eq!(guest.content("a"), Ok(b"x".to_vec()));
}

#[test]
fn a_write_only_output_opens_for_what_is_allowed() {
    let mut guest = start(config(&[("/out/a", Rights::WRITE)]));
    let fd = guest.open("out/a", CREAT | TRUNC, FD_WRITE).unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(guest.open("out/a", 0, FD_READ), Err(Errno::Acces));
    let both = guest.open("out/a", 0, FD_READ | FD_WRITE).unwrap();
    assert_eq!(guest.read(both, 1), Err(Errno::Badf));
    assert_eq!(guest.open("out/b", CREAT, FD_WRITE), Err(Errno::Acces));
}

#[test]
fn flags_and_paths_that_are_none_are_refused() {
    let mut guest = guest();
    assert_eq!(guest.open("a", 16, 0), Err(Errno::Inval));
    assert_eq!(
        guest.open_with(ROOT, "a", 2, CREAT, 0, 0),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.open_with(ROOT, "a", 0, CREAT, 0, 32),
        Err(Errno::Inval)
    );
    assert_eq!(guest.open("a\0b", CREAT, 0), Err(Errno::Inval));
    assert_eq!(guest.open("", CREAT, 0), Err(Errno::Noent));
    let long = "x".repeat(256);
    assert_eq!(guest.open(&long, CREAT, 0), Err(Errno::Nametoolong));
    let open = call!(
        guest, path_open, ROOT, 0, PATH, 4097, CREAT, 0, 0, 0, RESULT
    );
    assert_eq!(open, Err(Errno::Nametoolong));
    guest.put(PATH, &[0xc3, 0x28]);
    let open = call!(guest, path_open, ROOT, 0, PATH, 2, CREAT, 0, 0, 0, RESULT);
    assert_eq!(open, Err(Errno::Ilseq));
    let open = call!(
        guest,
        path_open,
        ROOT,
        0,
        u32::MAX,
        2,
        CREAT,
        0,
        0,
        0,
        RESULT
    );
    assert_eq!(open, Err(Errno::Fault));
    guest.put(PATH, b"a");
    let open = call!(guest, path_open, ROOT, 0, PATH, 1, CREAT, 0, 0, 0, u32::MAX);
    assert_eq!(open, Err(Errno::Fault));
    assert_eq!(guest.stat("a", 0), Err(Errno::Noent), "nothing was made");
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();

    give_up(&mut guest, ROOT, PATH_OPEN);
    assert_eq!(guest.open("a", 0, 0), Err(Errno::Notcapable));
}

#[test]
fn to_make_a_file_needs_one_right_more_than_to_open_it() {
    let mut guest = guest();
    guest.make("a", b"");
    give_up(&mut guest, ROOT, PATH_CREATE_FILE);
    assert!(guest.open("a", 0, FD_READ).is_ok());
    assert_eq!(guest.open("b", CREAT, FD_WRITE), Err(Errno::Notcapable));
}

#[test]
fn rights_that_a_kind_does_not_have_are_not_granted_and_no_error() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    let fd = guest.open("d", DIRECTORY, FD_SEEK).unwrap();
    assert_eq!(rights(&mut guest, fd).0 & FD_SEEK, 0);
    assert_eq!(guest.seek(fd, 0, 1), Err(Errno::Badf));
    assert!(guest.open_with(ROOT, ".", 0, 0, 0, NONBLOCK).is_ok());
}

#[test]
fn a_file_and_a_folder_can_be_removed_and_made_again_while_they_are_open() {
    let mut guest = guest();
    for _ in 0..2 {
        let fd = guest.open("a", CREAT | EXCL, FD_WRITE).unwrap();
        guest.unlink("a").unwrap();
        assert_eq!(guest.write(fd, b"x"), Ok(1), "what is open stays");
        guest.folder("d").unwrap();
        let folder = guest.open("d", DIRECTORY, 0).unwrap();
        guest.remove("d").unwrap();
        let inside = guest.open_with(folder, "a", 0, CREAT, FD_WRITE, 0);
        assert_eq!(
            inside,
            Err(Errno::Noent),
            "but nothing comes into a folder that is gone"
        );
    }
}
