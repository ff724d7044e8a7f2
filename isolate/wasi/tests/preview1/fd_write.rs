//! `fd_write`: writing at the position.

use std::sync::{Arc, Mutex};

use crate::common::{DATA, RESULT, ROOT, VECTORS, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::{APPEND, CREAT, FD_READ, FD_WRITE};
use veracruz_wasi::{Errno, LimitMet, Output, Sink};

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
fn a_limit_that_was_met_is_remembered() {
    let unmet = guest();
    assert_eq!(unmet.wasi.finish().limit_met, None);
    let mut full = guest();
    assert_eq!(full.write(1, b"12345678"), Ok(8));
    assert_eq!(full.write(1, b"9"), Err(Errno::Nospc));
    assert_eq!(full.wasi.finish().limit_met, Some(LimitMet::Stdout));
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
fn a_read_only_input_cannot_be_written() {
    let mut config = config(&[("/in/", Rights::READ)]);
    config
        .vfs
        .provide("/in/a", Arc::new(b"input".to_vec()))
        .unwrap();
    let mut guest = start(config);
    assert_eq!(guest.content("in/a"), Ok(b"input".to_vec()));
    assert_eq!(guest.open("in/a", 0, FD_WRITE), Err(Errno::Acces));
    assert_eq!(guest.open("in/b", CREAT, FD_WRITE), Err(Errno::Acces));
}

/// Passes on what it gets, until nobody reads any more.
struct Passed(Arc<Mutex<Vec<u8>>>);

impl Output for Passed {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        if bytes == b"x" {
            return Err(Errno::Pipe);
        }
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
}

#[test]
fn live_output_goes_on_as_it_is_written_within_the_same_limit() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut config = config(&[]);
    config.live.stdout = Some(Box::new(Passed(Arc::clone(&seen))));
    let mut guest = start(config);
    assert_eq!(guest.write(1, b"12345"), Ok(5));
    assert_eq!(
        *seen.lock().unwrap(),
        b"12345",
        "before the program has ended"
    );
    assert_eq!(guest.write(1, b"x"), Err(Errno::Pipe));
    assert_eq!(guest.write(1, b"67890"), Ok(3));
    assert_eq!(guest.write(1, b"6"), Err(Errno::Nospc));
    assert_eq!(*seen.lock().unwrap(), b"12345678");
    assert_eq!(guest.wasi.finish().stdout, b"", "nothing is kept besides");
}

#[test]
fn a_number_that_is_no_descriptor_is_refused_before_anything_is_looked_at() {
    let mut guest = guest();
    let written = call!(
        guest,
        fd_write,
        (-31337i32).cast_unsigned(),
        u32::MAX,
        1,
        u32::MAX
    );
    assert_eq!(written, Err(Errno::Badf));
}
