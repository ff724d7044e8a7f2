//! The functions of preview 1, one file each, written from the specification.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails in a helper fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod args_get;
mod args_sizes_get;
mod clock_res_get;
mod clock_time_get;
mod environ_get;
mod environ_sizes_get;
mod fd_advise;
mod fd_allocate;
mod fd_close;
mod fd_datasync;
mod fd_fdstat_get;
mod fd_fdstat_set_flags;
mod fd_fdstat_set_rights;
mod fd_filestat_get;
mod fd_filestat_set_size;
mod fd_filestat_set_times;
mod fd_pread;
mod fd_prestat_dir_name;
mod fd_prestat_get;
mod fd_pwrite;
mod fd_read;
mod fd_readdir;
mod fd_renumber;
mod fd_seek;
mod fd_sync;
mod fd_tell;
mod fd_write;
mod path_create_directory;
mod path_filestat_get;
mod path_filestat_set_times;
mod path_link;
mod path_open;
mod path_readlink;
mod path_remove_directory;
mod path_rename;
mod path_symlink;
mod path_unlink_file;
mod poll_oneoff;
mod proc_exit;
mod proc_raise;
mod random_get;
mod sched_yield;
mod sock_accept;
mod sock_recv;
mod sock_send;
mod sock_shutdown;

use veracruz_wasi::FUNCTIONS;

#[test]
fn every_function_has_a_file_of_its_own() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/preview1");
    for function in FUNCTIONS {
        let file = format!("{folder}/{}.rs", function.name);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(text.contains("#[test]"), "{file}");
    }
}
