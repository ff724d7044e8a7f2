//! `poll_oneoff` on clocks, files and streams.

use crate::common::{DATA, Guest, RESULT, ROOT, VECTORS, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::POLL_FD_READWRITE;

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;

fn clock(guest: &mut Guest, index: u32, id: u32, timeout: u64, absolute: bool) {
    let at = VECTORS + 48 * index;
    guest.put(at, &[0; 48]);
    guest.put(at, &u64::from(100 + index).to_le_bytes());
    guest.put(at + 16, &id.to_le_bytes());
    guest.put(at + 24, &timeout.to_le_bytes());
    guest.put(at + 40, &[u8::from(absolute)]);
}

fn descriptor(guest: &mut Guest, index: u32, tag: u8, fd: u32) {
    let at = VECTORS + 48 * index;
    guest.put(at, &[0; 48]);
    guest.put(at, &u64::from(100 + index).to_le_bytes());
    guest.put(at + 8, &[tag]);
    guest.put(at + 16, &fd.to_le_bytes());
}

/// The events: userdata, kind, bytes.
fn poll(guest: &mut Guest, count: u32) -> Result<Vec<(u64, u8, u64)>, Errno> {
    call!(guest, poll_oneoff, VECTORS, DATA, count, RESULT)?;
    let events = 0..guest.u32(RESULT);
    Ok(events
        .map(|index| {
            let at = DATA + 32 * index;
            assert_eq!(guest.u16(at + 8), 0);
            assert_eq!(guest.u16(at + 24), 0, "nobody has hung up");
            (guest.u64(at), guest.u8(at + 10), guest.u64(at + 16))
        })
        .collect())
}

fn now(guest: &mut Guest, id: u32) -> u64 {
    assert_eq!(call!(guest, clock_time_get, id, 0, RESULT), Ok(()));
    guest.u64(RESULT)
}

#[test]
fn sleeping_moves_both_clocks_on() {
    let mut guest = guest();
    let (real, mono) = (now(&mut guest, REALTIME), now(&mut guest, MONOTONIC));
    clock(&mut guest, 0, MONOTONIC, 5_000_000, false);
    assert_eq!(poll(&mut guest, 1), Ok(vec![(100, 0, 0)]));
    assert_eq!(now(&mut guest, REALTIME), real + 5_000_000);
    assert!(now(&mut guest, MONOTONIC) >= mono + 5_000_000);
    guest.make("a", b"");
    guest.stat("a", 0).unwrap();
    assert_eq!(
        guest.u64(RESULT + 48),
        real + 5_000_000,
        "and what files are stamped with"
    );
}

#[test]
fn the_earliest_of_several_clocks_fires() {
    let mut guest = guest();
    let real = now(&mut guest, REALTIME);
    clock(&mut guest, 0, MONOTONIC, 9000, false);
    clock(&mut guest, 1, REALTIME, real + 4000, true);
    clock(&mut guest, 2, REALTIME, 4000, false);
    assert_eq!(poll(&mut guest, 3), Ok(vec![(101, 0, 0), (102, 0, 0)]));
    assert_eq!(now(&mut guest, REALTIME), real + 4000);
    clock(&mut guest, 0, REALTIME, 5, true);
    assert_eq!(
        poll(&mut guest, 1),
        Ok(vec![(100, 0, 0)]),
        "a time that is past"
    );
    assert_eq!(now(&mut guest, REALTIME), real + 4000);
    clock(&mut guest, 0, MONOTONIC, u64::MAX, false);
    assert_eq!(poll(&mut guest, 1), Ok(vec![(100, 0, 0)]));
    assert_eq!(now(&mut guest, REALTIME), u64::MAX);
}

#[test]
fn files_and_streams_are_always_ready_and_clocks_then_wait() {
    let mut guest = guest();
    guest.make("a", b"12345");
    let fd = guest.file("a");
    guest.seek(fd, 2, 0).unwrap();
    let real = now(&mut guest, REALTIME);
    clock(&mut guest, 0, MONOTONIC, 1000, false);
    descriptor(&mut guest, 1, 1, fd);
    descriptor(&mut guest, 2, 2, fd);
    descriptor(&mut guest, 3, 1, 0);
    descriptor(&mut guest, 4, 2, 1);
    let events = poll(&mut guest, 5).unwrap();
    assert_eq!(events, [(101, 1, 3), (102, 2, 1), (103, 1, 5), (104, 2, 1)]);
    assert_eq!(now(&mut guest, REALTIME), real);
}

#[test]
fn subscriptions_that_are_none_are_refused() {
    let mut guest = guest();
    assert_eq!(poll(&mut guest, 0), Err(Errno::Inval));
    assert_eq!(poll(&mut guest, 1025), Err(Errno::Inval));
    assert_eq!(poll(&mut guest, u32::MAX), Err(Errno::Inval));
    descriptor(&mut guest, 0, 3, 0);
    assert_eq!(poll(&mut guest, 1), Err(Errno::Inval));
    clock(&mut guest, 0, 4, 1, false);
    assert_eq!(poll(&mut guest, 1), Err(Errno::Inval));
    clock(&mut guest, 0, 1, 1, false);
    guest.put(VECTORS + 40, &[2]);
    assert_eq!(poll(&mut guest, 1), Err(Errno::Inval));
    let faults = [
        (u32::MAX - 40, DATA, RESULT),
        (VECTORS, u32::MAX - 8, RESULT),
    ];
    for (subscriptions, events, size) in faults {
        clock(&mut guest, 0, 1, 1, false);
        let poll = call!(guest, poll_oneoff, subscriptions, events, 1, size);
        assert_eq!(poll, Err(Errno::Fault));
    }
}

/// The error of the first event.
fn error(guest: &mut Guest) -> u16 {
    call!(guest, poll_oneoff, VECTORS, DATA, 1, RESULT).unwrap();
    assert_eq!(guest.u32(RESULT), 1);
    guest.u16(DATA + 8)
}

#[test]
fn what_cannot_be_waited_for_is_an_event_with_an_error() {
    let mut guest = guest();
    for (tag, fd) in [(1, ROOT), (2, ROOT), (1, 99), (2, 0), (1, 1)] {
        descriptor(&mut guest, 0, tag, fd);
        assert_eq!(error(&mut guest), Errno::Badf.code(), "{tag} {fd}");
        assert_eq!(guest.u8(DATA + 10), tag);
        assert_eq!(guest.u64(DATA), 100);
    }
    for id in [2, 3] {
        clock(&mut guest, 0, id, 1, false);
        assert_eq!(error(&mut guest), Errno::Notsup.code());
    }
    let fd = guest.file("a");
    give_up(&mut guest, fd, POLL_FD_READWRITE);
    descriptor(&mut guest, 0, 1, fd);
    assert_eq!(error(&mut guest), Errno::Notcapable.code());
}

#[test]
fn one_that_fails_does_not_keep_the_others_from_being_told() {
    let mut guest = guest();
    descriptor(&mut guest, 0, 1, 99);
    descriptor(&mut guest, 1, 2, 1);
    clock(&mut guest, 2, MONOTONIC, 1000, false);
    assert_eq!(call!(guest, poll_oneoff, VECTORS, DATA, 3, RESULT), Ok(()));
    assert_eq!(guest.u32(RESULT), 2, "and nobody waits for the clock");
    let errors = [guest.u16(DATA + 8), guest.u16(DATA + 32 + 8)];
    assert_eq!(errors, [Errno::Badf.code(), 0]);
}
