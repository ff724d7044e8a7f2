//! `path_symlink`: making symbolic links.

use crate::common::{ROOT, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::PATH_SYMLINK;

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

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();

    give_up(&mut guest, ROOT, PATH_SYMLINK);
    assert_eq!(guest.symlink("a", "l"), Err(Errno::Notcapable));
}

#[test]
fn a_slash_at_the_end_says_what_stands_there() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("a", b"");
    for (path, errno) in [
        ("d", Errno::Exist),
        ("d/", Errno::Exist),
        ("a", Errno::Exist),
        ("a/", Errno::Notdir),
    ] {
        assert_eq!(guest.symlink("x", path), Err(errno), "{path}");
    }
}

#[test]
fn a_target_may_lead_out_but_nobody_gets_there() {
    let mut guest = guest();
    guest.symlink("../../etc", "l").unwrap();
    assert_eq!(guest.open("l/passwd", 0, 0), Err(Errno::Perm));
    let long = "x/".repeat(2049);
    assert_eq!(guest.symlink(&long, "m"), Err(Errno::Nametoolong));
}
