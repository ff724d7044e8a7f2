//! `fd_fdstat_get`: kind, flags and rights of a descriptor.

use crate::common::{RESULT, ROOT, call, guest, rights};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{
    APPEND, CREAT, FD_FILESTAT_SET_SIZE, FD_READ, FD_READDIR, FD_SEEK, FD_WRITE, NONBLOCK,
    PATH_CREATE_FILE, PATH_FILESTAT_GET, PATH_FILESTAT_SET_SIZE, PATH_OPEN,
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
fn folders_have_rights_of_paths_and_files_have_none_of_them() {
    let mut guest = guest();
    let fd = guest.open("a", CREAT, FD_READ | PATH_FILESTAT_GET).unwrap();
    let (base, inheriting) = rights(&mut guest, fd);
    assert_eq!(
        (base | inheriting) & PATH_FILESTAT_GET,
        0,
        "even where they were asked for"
    );
    let (base, inheriting) = rights(&mut guest, ROOT);
    let folder = PATH_FILESTAT_GET | PATH_OPEN | PATH_CREATE_FILE | FD_READDIR;
    assert_eq!(base & folder, folder);
    assert_eq!(base & (FD_SEEK | FD_FILESTAT_SET_SIZE), 0);
    assert_eq!(
        inheriting & (folder | FD_SEEK | FD_FILESTAT_SET_SIZE),
        folder | FD_SEEK | FD_FILESTAT_SET_SIZE
    );
}
