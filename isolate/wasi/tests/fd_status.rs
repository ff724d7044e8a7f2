//! `fd_fdstat_*`, `fd_filestat_*`, `fd_advise`, `fd_allocate`, `fd_sync`, `fd_datasync`.

mod common;

use common::{RESULT, ROOT, call, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{
    APPEND, ATIM, ATIM_NOW, CREAT, DSYNC, FD_READ, FD_WRITE, MTIM, MTIM_NOW, NONBLOCK,
    PATH_FILESTAT_SET_SIZE,
};

#[test]
fn fdstat_says_what_a_descriptor_is() {
    let mut guest = guest();
    let fd = guest
        .open_with(ROOT, "a", 0, CREAT, FD_READ, APPEND | NONBLOCK)
        .unwrap();
    assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
    assert_eq!((guest.u8(RESULT), guest.u16(RESULT + 2)), (4, 5));
    assert_eq!(guest.u64(RESULT + 8) & (FD_READ | FD_WRITE), FD_READ);
    assert_eq!(call!(guest, fd_fdstat_get, ROOT, RESULT), Ok(()));
    assert_eq!(guest.u8(RESULT), 3);
    assert_eq!(guest.u64(RESULT + 8) & PATH_FILESTAT_SET_SIZE, 0);
    assert_eq!(
        guest.u64(RESULT + 16) & (FD_READ | FD_WRITE),
        FD_READ | FD_WRITE
    );
    for (fd, rights) in [(0, FD_READ), (1, FD_WRITE), (2, FD_WRITE)] {
        assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
        assert_eq!((guest.u8(RESULT), guest.u64(RESULT + 8)), (0, rights));
    }
    assert_eq!(call!(guest, fd_fdstat_get, 99, RESULT), Err(Errno::Badf));
    assert_eq!(
        call!(guest, fd_fdstat_get, fd, u32::MAX - 8),
        Err(Errno::Fault)
    );
}

#[test]
fn flags_about_a_disk_are_kept_and_ask_for_nothing_more() {
    let mut guest = guest();
    let fd = guest
        .open_with(ROOT, "a", 0, CREAT, FD_WRITE, DSYNC)
        .unwrap();
    assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
    assert_eq!(u32::from(guest.u16(RESULT + 2)), DSYNC);
    assert_eq!(call!(guest, fd_fdstat_set_flags, fd, APPEND), Ok(()));
    assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
    assert_eq!(u32::from(guest.u16(RESULT + 2)), APPEND);
    assert_eq!(
        call!(guest, fd_fdstat_set_flags, fd, 1 << 9),
        Err(Errno::Inval)
    );
    assert_eq!(call!(guest, fd_fdstat_set_flags, ROOT, 0), Err(Errno::Badf));
}

#[test]
fn filestat_says_size_kind_and_times() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"abc").unwrap();
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!(
        (
            guest.u8(RESULT + 16),
            guest.u64(RESULT + 24),
            guest.u64(RESULT + 32)
        ),
        (4, 1, 3)
    );
    assert_eq!(guest.u64(RESULT), 1, "one device");
    let inode = guest.u64(RESULT + 8);
    guest.stat("a", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 8), inode);
    assert_eq!(call!(guest, fd_filestat_get, ROOT, RESULT), Ok(()));
    assert_eq!(guest.u8(RESULT + 16), 3);
    assert_eq!(call!(guest, fd_filestat_get, 1, RESULT), Ok(()));
    assert_eq!(guest.bytes(RESULT, 64), [0; 64]);
}

#[test]
fn sizes_are_set_through_writable_descriptors_only() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"abc").unwrap();
    assert_eq!(call!(guest, fd_filestat_set_size, fd, 5), Ok(()));
    assert_eq!(guest.content("a"), Ok(b"abc\0\0".to_vec()));
    assert_eq!(call!(guest, fd_filestat_set_size, fd, 1), Ok(()));
    assert_eq!(guest.content("a"), Ok(b"a".to_vec()));
    assert_eq!(
        call!(guest, fd_filestat_set_size, fd, u64::MAX),
        Err(Errno::Nospc)
    );
    let reading = guest.open("a", 0, FD_READ).unwrap();
    assert_eq!(
        call!(guest, fd_filestat_set_size, reading, 0),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, fd_filestat_set_size, ROOT, 0),
        Err(Errno::Badf)
    );
    assert_eq!(call!(guest, fd_filestat_set_size, 1, 0), Err(Errno::Badf));
}

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
fn advice_is_checked_and_changes_nothing() {
    let mut guest = guest();
    let fd = guest.file("a");
    for advice in 0..=5 {
        assert_eq!(call!(guest, fd_advise, fd, 0, 100, advice), Ok(()));
    }
    assert_eq!(call!(guest, fd_advise, fd, 0, 100, 6), Err(Errno::Inval));
    assert_eq!(
        call!(guest, fd_advise, fd, u64::MAX, 1, 0),
        Err(Errno::Inval)
    );
    assert_eq!(call!(guest, fd_advise, ROOT, 0, 0, 0), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_advise, 1, 0, 0, 0), Err(Errno::Spipe));
    assert_eq!(guest.stat("a", 0), Ok((4, 1, 0)));
}

#[test]
fn allocation_grows_a_file_and_never_cuts_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    for (offset, len, size) in [(0, 100, 100), (10, 10, 100), (90, 20, 110)] {
        assert_eq!(call!(guest, fd_allocate, fd, offset, len), Ok(()));
        assert_eq!(guest.stat("a", 0), Ok((4, 1, size)));
    }
    assert_eq!(call!(guest, fd_allocate, fd, 0, 0), Err(Errno::Inval));
    assert_eq!(call!(guest, fd_allocate, fd, u64::MAX, 1), Err(Errno::Fbig));
    assert_eq!(call!(guest, fd_allocate, fd, 0, 1 << 40), Err(Errno::Nospc));
    assert_eq!(call!(guest, fd_allocate, ROOT, 0, 1), Err(Errno::Badf));
    let reading = guest.open("a", 0, FD_READ).unwrap();
    assert_eq!(
        call!(guest, fd_allocate, reading, 0, 1000),
        Err(Errno::Badf)
    );
}

#[test]
fn syncing_files_and_folders_succeeds() {
    let mut guest = guest();
    let fd = guest.file("a");
    for fd in [fd, ROOT] {
        assert_eq!(call!(guest, fd_sync, fd), Ok(()));
        assert_eq!(call!(guest, fd_datasync, fd), Ok(()));
    }
    assert_eq!(call!(guest, fd_sync, 1), Err(Errno::Inval));
    assert_eq!(call!(guest, fd_datasync, 99), Err(Errno::Badf));
}
