//! `fd_prestat_dir_name`: the name of a folder that was open from the start.

use std::sync::Arc;

use crate::common::{DATA, RESULT, ROOT, call, config, guest, start};
use veracruz_vfs::Rights;
use veracruz_wasi::flags::FD_READ;
use veracruz_wasi::{Errno, Preopen};

#[test]
fn preopened_folders_have_names() {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config
        .vfs
        .provide("/data/a", Arc::new(b"x".to_vec()))
        .unwrap();
    config.preopens.push(Preopen {
        path: "/data".into(),
        name: "relative".into(),
    });
    let mut guest = start(config);
    assert_eq!(call!(guest, fd_prestat_get, ROOT, RESULT), Ok(()));
    assert_eq!((guest.u8(RESULT), guest.u32(RESULT + 4)), (0, 1));
    assert_eq!(call!(guest, fd_prestat_dir_name, 4, DATA, 8), Ok(()));
    assert_eq!(guest.bytes(DATA, 8), b"relative");
    assert_eq!(call!(guest, fd_prestat_dir_name, 4, DATA, 9), Ok(()));
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 4, DATA, 7),
        Err(Errno::Nametoolong)
    );
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 1, DATA, 7),
        Err(Errno::Notdir)
    );
    assert_eq!(
        call!(guest, fd_prestat_dir_name, 5, DATA, 7),
        Err(Errno::Badf)
    );
    assert_eq!(call!(guest, fd_prestat_get, 5, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_prestat_get, 1, RESULT), Err(Errno::Badf));
    assert_eq!(guest.open_with(4, "a", 0, 0, FD_READ, 0), Ok(5));
    assert_eq!(
        guest.open_with(4, "../data/a", 0, 0, FD_READ, 0),
        Err(Errno::Perm)
    );
}

#[test]
fn a_buffer_out_of_range_is_a_fault_and_one_too_small_is_left_alone() {
    let mut guest = guest();
    let end = u32::try_from(guest.memory.len()).unwrap();
    assert_eq!(
        call!(guest, fd_prestat_dir_name, ROOT, end, 1),
        Err(Errno::Fault)
    );
    guest.put(DATA, b"x");
    assert_eq!(
        call!(guest, fd_prestat_dir_name, ROOT, DATA, 0),
        Err(Errno::Nametoolong)
    );
    assert_eq!(guest.bytes(DATA, 1), b"x");
}
