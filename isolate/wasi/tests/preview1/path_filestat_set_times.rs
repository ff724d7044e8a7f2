//! `path_filestat_set_times`: the times of what a path names.

use crate::common::{PATH, RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{ATIM, ATIM_NOW, MTIM, PATH_FILESTAT_SET_TIMES, SYMLINK_FOLLOW};

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
fn needs_the_right_to_it() {
    let mut guest = guest();
    let len = guest.put(PATH, b".");
    give_up(&mut guest, ROOT, PATH_FILESTAT_SET_TIMES);
    assert_eq!(
        call!(
            guest,
            path_filestat_set_times,
            ROOT,
            0,
            PATH,
            len,
            0,
            0,
            ATIM
        ),
        Err(Errno::Notcapable)
    );
}
