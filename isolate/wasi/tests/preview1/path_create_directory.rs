//! `path_create_directory`: making folders.

use crate::common::{PATH, ROOT, call, config, give_up, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;
use veracruz_wasi::flags::PATH_CREATE_DIRECTORY;

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
fn needs_the_right_to_it() {
    let mut guest = guest();
    let len = guest.put(PATH, b"d");
    give_up(&mut guest, ROOT, PATH_CREATE_DIRECTORY);
    assert_eq!(
        call!(guest, path_create_directory, ROOT, PATH, len),
        Err(Errno::Notcapable)
    );
}

#[test]
fn nothing_is_made_outside_of_what_may_be_written_nor_above_the_start() {
    let mut guest = start(config(&[
        ("/out/", Rights::READ_WRITE),
        ("/in/", Rights::READ),
    ]));
    assert_eq!(guest.folder("out/d"), Ok(()));
    for (path, errno) in [
        ("in/d", Errno::Acces),
        ("d", Errno::Acces),
        ("../d", Errno::Perm),
        ("/d", Errno::Perm),
    ] {
        assert_eq!(guest.folder(path), Err(errno), "{path}");
    }
}

#[test]
fn a_link_that_leads_nowhere_takes_the_name() {
    let mut guest = guest();
    guest.symlink("nowhere", "l").unwrap();
    assert_eq!(guest.folder("l"), Err(Errno::Exist));
}
