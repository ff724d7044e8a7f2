//! `fd_prestat_get`: which folders were open from the start.

use crate::common::{RESULT, ROOT, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::DIRECTORY;
use veracruz_wasi::{Errno, Preopen};

#[test]
fn programs_count_up_from_three_until_there_is_no_more() {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config.preopens = ["/", "data", "."]
        .map(|name| Preopen {
            path: "/".into(),
            name: name.into(),
        })
        .into();
    let mut guest = start(config);
    let mut lengths = Vec::new();
    for fd in 3.. {
        if call!(guest, fd_prestat_get, fd, RESULT) == Err(Errno::Badf) {
            break;
        }
        assert_eq!(guest.u8(RESULT), 0, "a folder");
        lengths.push(guest.u32(RESULT + 4));
    }
    assert_eq!(lengths, [1, 4, 1]);
}

#[test]
fn where_nothing_is_open_there_is_none() {
    let mut config = config(&[]);
    config.preopens.clear();
    let mut guest = start(config);
    for fd in 0..5 {
        assert_eq!(call!(guest, fd_prestat_get, fd, RESULT), Err(Errno::Badf));
    }
}

#[test]
fn a_folder_that_the_program_opened_itself_was_not_open_from_the_start() {
    let mut guest = guest();
    let fd = guest.open(".", DIRECTORY, 0).unwrap();
    assert_eq!(call!(guest, fd_prestat_get, fd, RESULT), Err(Errno::Badf));
    assert_eq!(
        call!(guest, fd_prestat_get, ROOT, u32::MAX),
        Err(Errno::Fault)
    );
}
