//! `fd_read`: reading at the position.

use std::sync::Arc;

use crate::common::{DATA, RESULT, ROOT, VECTORS, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::{CREAT, FD_READ, FD_WRITE};
use veracruz_wasi::{Errno, Input};

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

/// Gives what is there, piece by piece.
struct Typed(Vec<&'static [u8]>);

impl Input for Typed {
    fn read(&mut self, target: &mut [u8]) -> Result<usize, Errno> {
        let piece = if self.0.is_empty() {
            &[]
        } else {
            self.0.remove(0)
        };
        if piece == b"broken" {
            return Err(Errno::Io);
        }
        target[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

#[test]
fn live_input_comes_as_it_is_typed_and_never_waits_for_more_than_there_is() {
    let mut config = config(&[]);
    config.live.stdin = Some(Box::new(Typed(vec![b"one\n", b"two\n", b"broken"])));
    let mut guest = start(config);
    let count = guest.vectors(&[0, 4, 100]);
    assert_eq!(call!(guest, fd_read, 0, VECTORS, count, RESULT), Ok(()));
    assert_eq!(
        guest.u32(RESULT),
        4,
        "the second buffer is for the next call"
    );
    assert_eq!(guest.read(0, 100), Ok(b"two\n".to_vec()));
    assert_eq!(guest.read(0, 0), Ok(vec![]), "no room, no waiting");
    assert_eq!(guest.read(0, 100), Err(Errno::Io));
    assert_eq!(guest.read(0, 100), Ok(vec![]), "the end");
}

/// A 32-bit program reads what lies beyond 32 bits.
#[test]
fn a_file_of_six_gib_is_read_beyond_four() {
    const GIB: usize = 1 << 30;
    // Zeros that nobody touches take no memory.
    let mut bytes = vec![0u8; 6 * GIB];
    bytes[4 * GIB - 2..4 * GIB + 2].copy_from_slice(b"seam");
    bytes[6 * GIB - 3..].copy_from_slice(b"end");
    let mut config = config(&[("/in/", Rights::READ)]);
    config.vfs.provide("/in/big", Arc::new(bytes)).unwrap();
    let mut guest = start(config);
    let fd = guest.open("in/big", 0, FD_READ).unwrap();
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!(guest.u64(RESULT + 32), 6 << 30);
    assert_eq!(guest.seek(fd, (4 << 30) - 2, 0), Ok((4 << 30) - 2));
    assert_eq!(guest.read(fd, 4), Ok(b"seam".to_vec()));
    assert_eq!(call!(guest, fd_tell, fd, RESULT), Ok(()));
    assert_eq!(guest.u64(RESULT), (4 << 30) + 2);
    assert_eq!(guest.seek(fd, -3, 2), Ok((6 << 30) - 3));
    assert_eq!(guest.read(fd, 100), Ok(b"end".to_vec()));
    let count = guest.vectors(&[3]);
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, (4 << 30) - 1, RESULT),
        Ok(())
    );
    assert_eq!(guest.bytes(DATA, 3), b"eam");
}
