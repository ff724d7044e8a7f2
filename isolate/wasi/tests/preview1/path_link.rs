//! `path_link`: one more name for a file.

use std::sync::Arc;

use crate::common::{PATH, ROOT, SECOND, call, config, give_up, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{PATH_LINK_SOURCE, PATH_LINK_TARGET, SYMLINK_FOLLOW};

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
fn needs_the_right_to_it() {
    let mut guest = guest();
    guest.make("a", b"");
    give_up(&mut guest, ROOT, PATH_LINK_SOURCE);
    assert_eq!(guest.link("a", "b"), Err(Errno::Notcapable));
}

#[test]
fn links_get_names_too_and_are_not_followed() {
    let mut guest = guest();
    guest.symlink("nowhere", "dangling").unwrap();
    guest.symlink("loop", "loop").unwrap();
    for old in ["dangling", "loop"] {
        assert_eq!(guest.link(old, "new"), Ok(()), "{old}");
        assert_eq!(
            guest.stat("new", 0).map(|stat| (stat.0, stat.1)),
            Ok((7, 2))
        );
        guest.unlink("new").unwrap();
    }
    guest.make("a", b"");
    assert_eq!(guest.link("a", "dangling"), Err(Errno::Exist));
    assert_eq!(guest.link("a", "a"), Err(Errno::Exist), "itself");
    give_up(&mut guest, ROOT, PATH_LINK_TARGET);
    assert_eq!(guest.link("a", "b"), Err(Errno::Notcapable));
}
