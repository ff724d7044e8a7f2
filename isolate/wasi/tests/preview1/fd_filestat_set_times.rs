//! `fd_filestat_set_times`: the times of what is open.

use std::sync::Arc;

use crate::common::{RESULT, ROOT, call, config, give_up, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{ATIM, ATIM_NOW, FD_FILESTAT_SET_TIMES, FD_READ, MTIM, MTIM_NOW};

#[test]
fn times_are_set_as_given_or_to_now_but_not_both() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(
        call!(guest, fd_filestat_set_times, fd, 5, 6, ATIM | MTIM),
        Ok(())
    );
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!((guest.u64(RESULT + 40), guest.u64(RESULT + 48)), (5, 6));
    assert_eq!(
        call!(guest, fd_filestat_set_times, fd, 0, 0, MTIM_NOW),
        Ok(())
    );
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    let now = 946_684_800_000_000_000;
    assert_eq!((guest.u64(RESULT + 40), guest.u64(RESULT + 48)), (5, now));
    for both in [ATIM | ATIM_NOW, MTIM | MTIM_NOW, 16] {
        assert_eq!(
            call!(guest, fd_filestat_set_times, fd, 0, 0, both),
            Err(Errno::Inval)
        );
    }
    assert_eq!(
        call!(guest, fd_filestat_set_times, ROOT, 1, 1, ATIM),
        Ok(())
    );
    assert_eq!(
        call!(guest, fd_filestat_set_times, 1, 1, 1, ATIM),
        Err(Errno::Badf)
    );
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_FILESTAT_SET_TIMES);
    assert_eq!(
        call!(guest, fd_filestat_set_times, fd, 1, 1, ATIM),
        Err(Errno::Notcapable)
    );
}

#[test]
fn no_flags_change_no_time_and_contradictions_change_none() {
    let mut guest = guest();
    let fd = guest.file("a");
    let set = call!(guest, fd_filestat_set_times, fd, 5, 6, ATIM | MTIM);
    assert_eq!(set, Ok(()));
    assert_eq!(call!(guest, fd_filestat_set_times, fd, 9, 9, 0), Ok(()));
    let both = ATIM | MTIM | MTIM_NOW;
    assert_eq!(
        call!(guest, fd_filestat_set_times, fd, 9, 9, both),
        Err(Errno::Inval)
    );
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!((guest.u64(RESULT + 40), guest.u64(RESULT + 48)), (5, 6));
}

#[test]
fn an_input_that_may_not_be_written_keeps_its_times() {
    let mut config = config(&[("/in/", Rights::READ)]);
    config.vfs.provide("/in/a", Arc::new(vec![1])).unwrap();
    let mut guest = start(config);
    let fd = guest.open("in/a", 0, FD_READ).unwrap();
    let set = call!(guest, fd_filestat_set_times, fd, 1, 1, ATIM | MTIM);
    assert_eq!(set, Err(Errno::Acces));
}
