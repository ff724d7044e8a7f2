//! `fd_fdstat_set_rights`: rights are given up, for ever.

use crate::common::{call, give_up, guest, rights};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{CREAT, DIRECTORY, FD_READ, FD_WRITE};

#[test]
fn what_was_given_up_is_gone_and_cannot_be_had_again() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(guest.write(fd, b"abc"), Ok(3));
    let (base, inheriting) = rights(&mut guest, fd);
    let without = base & !(FD_READ | FD_WRITE);
    assert_eq!(
        call!(guest, fd_fdstat_set_rights, fd, without, inheriting),
        Ok(())
    );
    assert_eq!(rights(&mut guest, fd), (without, inheriting));
    assert_eq!(guest.read(fd, 1), Err(Errno::Badf));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0), "what was kept is there");
    assert_eq!(
        call!(guest, fd_fdstat_set_rights, fd, base, inheriting),
        Err(Errno::Notcapable)
    );
    assert_eq!(
        call!(guest, fd_fdstat_set_rights, fd, without, inheriting),
        Ok(()),
        "again"
    );
}

#[test]
fn a_right_that_a_descriptor_never_had_cannot_be_had() {
    let mut guest = guest();
    let fd = guest.open("a", CREAT, FD_READ).unwrap();
    let (base, inheriting) = rights(&mut guest, fd);
    for (base, inheriting) in [
        (base | FD_WRITE, inheriting),
        (base, inheriting | FD_WRITE),
        (u64::MAX, 0),
    ] {
        assert_eq!(
            call!(guest, fd_fdstat_set_rights, fd, base, inheriting),
            Err(Errno::Notcapable)
        );
    }
    assert_eq!(
        call!(guest, fd_fdstat_set_rights, 99, 0, 0),
        Err(Errno::Badf)
    );
    assert_eq!(call!(guest, fd_fdstat_set_rights, 1, 0, 0), Ok(()));
    assert_eq!(guest.write(1, b"x"), Err(Errno::Badf));
}

#[test]
fn what_a_folder_gave_up_to_pass_on_nothing_opened_through_it_has() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("d/a", b"x");
    let folder = guest.open("d", DIRECTORY, 0).unwrap();
    let (base, inheriting) = rights(&mut guest, folder);
    let set = call!(
        guest,
        fd_fdstat_set_rights,
        folder,
        base,
        inheriting & !FD_READ
    );
    assert_eq!(set, Ok(()));
    assert_eq!(
        guest.open_with(folder, "a", 0, 0, FD_READ, 0),
        Err(Errno::Notcapable)
    );
    let fd = guest.open_with(folder, "a", 0, 0, FD_WRITE, 0).unwrap();
    let (base, inheriting) = rights(&mut guest, fd);
    assert_eq!((base | inheriting) & FD_READ, 0);
    assert_eq!(guest.read(fd, 1), Err(Errno::Badf));
    let nested = guest.open_with(folder, ".", 0, DIRECTORY, 0, 0).unwrap();
    assert_eq!(
        rights(&mut guest, nested).1 & FD_READ,
        0,
        "nor through what is opened through it"
    );
    assert!(
        guest.open("d/a", 0, FD_READ).is_ok(),
        "another way there is another matter"
    );
}

#[test]
fn they_move_with_the_descriptor_and_go_with_it() {
    let mut guest = guest();
    let (a, b) = (guest.file("a"), guest.file("b"));
    give_up(&mut guest, a, FD_WRITE);
    assert_eq!(call!(guest, fd_renumber, a, b), Ok(()));
    assert_eq!(guest.write(b, b"x"), Err(Errno::Badf));
    assert_eq!(guest.file("c"), a);
    assert_eq!(
        guest.write(a, b"x"),
        Ok(1),
        "a number that comes again has them all"
    );
}
