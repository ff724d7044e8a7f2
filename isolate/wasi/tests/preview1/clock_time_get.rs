//! `clock_time_get`: time stands still but for what the program does.

use crate::common::{RESULT, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::Errno;

#[test]
fn the_real_time_is_the_one_that_was_given() {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config.realtime_ns = 1_700_000_000_000_000_000;
    let mut guest = start(config);
    for _ in 0..2 {
        assert_eq!(call!(guest, clock_time_get, 0, 0, RESULT), Ok(()));
        assert_eq!(guest.u64(RESULT), 1_700_000_000_000_000_000);
    }
    guest.make("a", b"");
    guest.stat("a", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 48), 1_700_000_000_000_000_000);
}

#[test]
fn the_monotonic_clock_moves_on_at_each_look_so_that_spinning_ends() {
    let mut guest = guest();
    let mut last = 0;
    for _ in 0..3 {
        assert_eq!(call!(guest, clock_time_get, 1, 0, RESULT), Ok(()));
        assert!(guest.u64(RESULT) > last);
        last = guest.u64(RESULT);
    }
    assert_eq!(call!(guest, clock_res_get, 1, RESULT), Ok(()));
    assert_eq!(guest.u64(RESULT), 1000);
}

#[test]
fn clocks_of_the_processor_are_not_offered() {
    let mut guest = guest();
    for id in [2, 3] {
        assert_eq!(
            call!(guest, clock_time_get, id, 0, RESULT),
            Err(Errno::Badf)
        );
        assert_eq!(call!(guest, clock_res_get, id, RESULT), Err(Errno::Badf));
    }
    assert_eq!(
        call!(guest, clock_time_get, 4, 0, RESULT),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, clock_res_get, u32::MAX, RESULT),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, clock_time_get, 0, 0, u32::MAX),
        Err(Errno::Fault)
    );
}

#[test]
fn the_precision_makes_no_difference() {
    let mut guest = guest();
    for precision in [0, 1, u64::MAX] {
        assert_eq!(call!(guest, clock_time_get, 0, precision, RESULT), Ok(()));
        assert_eq!(guest.u64(RESULT), 946_684_800_000_000_000);
    }
}
