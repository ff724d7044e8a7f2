//! `fd_read`, `fd_pread`, `fd_write`, `fd_pwrite`, `fd_seek`, `fd_tell`.

mod common;

use common::{DATA, RESULT, ROOT, VECTORS, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::{APPEND, CREAT, FD_READ, FD_WRITE};
use veracruz_wasi::{Errno, LimitMet, Sink};

#[test]
fn reads_and_writes_move_the_position_through_all_vectors() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.put(DATA, b"abcdefgh");
    let count = guest.vectors(&[3, 0, 5]);
    assert_eq!(call!(guest, fd_write, fd, VECTORS, count, RESULT), Ok(()));
    assert_eq!(guest.u32(RESULT), 8);
    assert_eq!(guest.seek(fd, 2, 0), Ok(2));
    guest.memory[DATA as usize..DATA as usize + 8].fill(0);
    let count = guest.vectors(&[2, 0, 20]);
    assert_eq!(call!(guest, fd_read, fd, VECTORS, count, RESULT), Ok(()));
    assert_eq!(
        (guest.u32(RESULT), guest.bytes(DATA, 7)),
        (6, &b"cdefgh\0"[..])
    );
    assert_eq!(guest.read(fd, 5), Ok(vec![]), "the end");
    assert_eq!(call!(guest, fd_tell, fd, RESULT), Ok(()));
    assert_eq!(guest.u64(RESULT), 8);
}

#[test]
fn pread_and_pwrite_leave_the_position() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.put(DATA, b"0123");
    let count = guest.vectors(&[2, 2]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 3, RESULT),
        Ok(())
    );
    assert_eq!(guest.u32(RESULT), 4);
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, 4, RESULT),
        Ok(())
    );
    assert_eq!((guest.u32(RESULT), guest.bytes(DATA, 3)), (3, &b"123"[..]));
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, u64::MAX, RESULT),
        Ok(())
    );
    assert_eq!(guest.u32(RESULT), 0);
    assert_eq!(guest.read(fd, 9), Ok(b"\0\0\x000123".to_vec()));
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, 1, u64::MAX, RESULT),
        Err(Errno::Fbig)
    );
}

#[test]
fn appending_goes_to_the_end_wherever_the_position_is() {
    let mut guest = guest();
    guest.make("a", b"one");
    let fd = guest
        .open_with(ROOT, "a", 0, 0, FD_READ | FD_WRITE, APPEND)
        .unwrap();
    assert_eq!(guest.write(fd, b"two"), Ok(3));
    assert_eq!(guest.seek(fd, 0, 1), Ok(6));
    guest.put(DATA, b"!");
    let count = guest.vectors(&[1]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 0, RESULT),
        Ok(())
    );
    assert_eq!(guest.content("a"), Ok(b"!netwo".to_vec()));
    assert_eq!(call!(guest, fd_fdstat_set_flags, fd, 0), Ok(()));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.write(fd, b"ONE"), Ok(3));
    assert_eq!(guest.content("a"), Ok(b"ONEtwo".to_vec()));
}

#[test]
fn seeking_counts_from_start_position_and_end() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, &[1; 100]).unwrap();
    assert_eq!(guest.seek(fd, 50, 0), Ok(50));
    assert_eq!(guest.seek(fd, -20, 1), Ok(30));
    assert_eq!(guest.seek(fd, -10, 2), Ok(90));
    assert_eq!(guest.seek(fd, 200, 2), Ok(300), "beyond the end");
    assert_eq!(guest.seek(fd, -301, 1), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, i64::MIN, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 1), Ok(300), "what failed moved nothing");
    assert_eq!(guest.seek(ROOT, 0, 0), Err(Errno::Badf));
    assert_eq!(guest.seek(1, 0, 0), Err(Errno::Spipe));
    assert_eq!(guest.seek(99, 0, 0), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_tell, ROOT, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_tell, 0, RESULT), Err(Errno::Spipe));
}

#[test]
fn descriptors_do_only_what_they_were_opened_for() {
    let mut guest = guest();
    guest.make("a", b"x");
    let reading = guest.open("a", 0, FD_READ).unwrap();
    let writing = guest.open("a", 0, FD_WRITE).unwrap();
    let count = guest.vectors(&[1]);
    assert_eq!(guest.write(reading, b"y"), Err(Errno::Badf));
    assert_eq!(guest.read(writing, 1), Err(Errno::Badf));
    assert_eq!(
        call!(guest, fd_pwrite, reading, VECTORS, count, 0, RESULT),
        Err(Errno::Badf)
    );
    assert_eq!(
        call!(guest, fd_pread, writing, VECTORS, count, 0, RESULT),
        Err(Errno::Badf)
    );
    for fd in [ROOT, 99] {
        assert_eq!(guest.write(fd, b"y"), Err(Errno::Badf));
        assert_eq!(guest.read(fd, 1), Err(Errno::Badf));
        assert_eq!(
            call!(guest, fd_pwrite, fd, VECTORS, count, 0, RESULT),
            Err(Errno::Badf)
        );
        assert_eq!(
            call!(guest, fd_pread, fd, VECTORS, count, 0, RESULT),
            Err(Errno::Badf)
        );
    }
}

#[test]
fn a_limit_that_was_met_is_remembered() {
    let unmet = guest();
    assert_eq!(unmet.wasi.finish().limit_met, None);
    let mut full = guest();
    assert_eq!(full.write(1, b"12345678"), Ok(8));
    assert_eq!(full.write(1, b"9"), Err(Errno::Nospc));
    assert_eq!(full.wasi.finish().limit_met, Some(LimitMet::Stdout));
}

#[test]
fn standard_streams_are_bounded() {
    let mut guest = guest();
    assert_eq!(guest.read(0, 3), Ok(b"typ".to_vec()));
    assert_eq!(guest.read(0, 9), Ok(b"ed".to_vec()));
    assert_eq!(guest.read(0, 9), Ok(vec![]));
    assert_eq!(guest.write(0, b"x"), Err(Errno::Badf));
    assert_eq!(guest.read(1, 1), Err(Errno::Badf));
    assert_eq!(guest.write(1, b"12345"), Ok(5));
    assert_eq!(guest.write(1, b"67890"), Ok(3), "what fits");
    assert_eq!(guest.write(1, b"x"), Err(Errno::Nospc));
    assert_eq!(guest.write(2, b"error"), Ok(5));
    let count = guest.vectors(&[1]);
    assert_eq!(
        call!(guest, fd_pwrite, 1, VECTORS, count, 0, RESULT),
        Err(Errno::Spipe)
    );
    assert_eq!(
        call!(guest, fd_pread, 0, VECTORS, count, 0, RESULT),
        Err(Errno::Spipe)
    );
    let finished = guest.wasi.finish();
    assert_eq!(
        (finished.stdout, finished.stderr),
        (b"12345678".to_vec(), b"error".to_vec())
    );
}

#[test]
fn a_discarded_stream_takes_everything_and_keeps_nothing() {
    let mut config = config(&[]);
    config.stdout = Sink::Discard;
    let mut guest = start(config);
    assert_eq!(guest.write(1, &[1; 5000]), Ok(5000));
    assert_eq!(guest.wasi.finish().stdout, b"");
}

#[test]
fn a_quota_that_is_reached_in_the_middle_shows_in_the_count() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(
        call!(guest, fd_filestat_set_size, fd, (1 << 20) - 4),
        Ok(())
    );
    guest.seek(fd, 0, 2).unwrap();
    let count = guest.vectors(&[4, 4]);
    assert_eq!(call!(guest, fd_write, fd, VECTORS, count, RESULT), Ok(()));
    assert_eq!(guest.u32(RESULT), 4);
    assert_eq!(
        call!(guest, fd_write, fd, VECTORS, count, RESULT),
        Err(Errno::Nospc)
    );
}

#[test]
fn vectors_that_are_none_are_refused() {
    let mut guest = guest();
    let fd = guest.open("a", CREAT, FD_READ | FD_WRITE).unwrap();
    guest.write(fd, b"abc").unwrap();
    assert_eq!(
        call!(guest, fd_read, fd, VECTORS, 1025, RESULT),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, fd_write, fd, VECTORS, u32::MAX, RESULT),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, fd_write, fd, u32::MAX - 4, 1, RESULT),
        Err(Errno::Fault)
    );
    guest.put(VECTORS, &[0xff; 8]);
    assert_eq!(
        call!(guest, fd_read, fd, VECTORS, 1, RESULT),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(guest, fd_write, fd, VECTORS, 1, RESULT),
        Err(Errno::Fault)
    );
    assert_eq!(call!(guest, fd_write, fd, VECTORS, 0, RESULT), Ok(()));
    assert_eq!(guest.u32(RESULT), 0);
}

#[test]
fn a_read_only_input_cannot_be_written() {
    let mut config = config(&[("/in/", Rights::READ)]);
    config
        .vfs
        .provide("/in/a", std::sync::Arc::new(b"input".to_vec()))
        .unwrap();
    let mut guest = start(config);
    assert_eq!(guest.content("in/a"), Ok(b"input".to_vec()));
    assert_eq!(guest.open("in/a", 0, FD_WRITE), Err(Errno::Acces));
    assert_eq!(guest.open("in/b", CREAT, FD_WRITE), Err(Errno::Acces));
}
