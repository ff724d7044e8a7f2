//! WASI 0.2: what its interfaces do, where that is not what preview 1's functions do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails here fails"
)]

use std::sync::Arc;

use veracruz_vfs::{Kind, Quotas, Rights, Rules, Vfs};
use veracruz_wasi::{
    Config, Errno, LimitMet, Limits, Sink, Wasi,
    interfaces::{
        CHUNK_BYTES, Interfaces, MOST_RANDOM_BYTES, Misuse, NewTime, OpenFlags, StreamError,
    },
};

const OPEN_FILES: u32 = 16;

fn program() -> Interfaces {
    let mut rules = Rules::new();
    rules.grant("/", Rights::READ_WRITE).unwrap();
    rules.grant("/secret/", Rights::NONE).unwrap();
    rules.grant("/fixed", Rights::READ).unwrap();
    let quotas = Quotas {
        bytes: 4 << 20,
        files: 100,
    };
    let mut vfs = Vfs::new(rules, quotas, 0);
    vfs.provide("/fixed", Arc::new(b"0123456789".to_vec()))
        .unwrap();
    vfs.provide("/secret/key", Arc::new(b"k".to_vec())).unwrap();
    let mut config = Config::new(vfs, [7; 32]);
    config.args = vec!["program".into(), "ü".into()];
    config.env = vec![("A".into(), "b=c".into()), ("E".into(), String::new())];
    config.stdin = Some(Arc::new(b"typed".to_vec()));
    config.stdout = Sink::Keep { max_bytes: 10 };
    config.limits = Limits {
        open_files: OPEN_FILES,
        ..Limits::default()
    };
    Interfaces::new(Wasi::new(config).unwrap())
}

fn root(program: &mut Interfaces) -> u32 {
    let open = program.preopened().unwrap();
    let [(root, name)] = open.as_slice() else {
        panic!("one folder")
    };
    assert_eq!(name, "/");
    *root
}

const READ: OpenFlags = OpenFlags {
    read: true,
    write: false,
    follow: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
};
const CREATE: OpenFlags = OpenFlags {
    write: true,
    create: true,
    ..READ
};

#[test]
fn arguments_and_environment_are_those_of_preview_1() {
    let program = program();
    assert_eq!(program.arguments(), ["program", "ü"]);
    let environment = program.environment();
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(environment, [("A", "b=c"), ("E", "")]);
}

#[test]
fn a_stream_outlives_its_descriptor() {
    let mut program = program();
    let root = root(&mut program);
    let file = program.open_at(root, "fixed", READ).unwrap();
    let stream = program.read_via_stream(file, 3).unwrap();
    program.drop_descriptor(file).unwrap();
    assert_eq!(program.stream_read(stream, 4), Ok(b"3456".to_vec()));
    assert_eq!(program.stream_skip(stream, 1), Ok(1));
    assert_eq!(program.stream_read(stream, 100), Ok(b"89".to_vec()));
    assert_eq!(program.stream_read(stream, 1), Err(StreamError::Closed));
    assert_eq!(program.stream_skip(stream, 1), Err(StreamError::Closed));
    program.drop_stream(stream).unwrap();
    assert_eq!(
        program.stream_read(stream, 1),
        Err(StreamError::Misuse(Misuse::Unknown))
    );
}

#[test]
fn a_file_that_is_removed_lives_as_long_as_a_stream() {
    let mut program = program();
    let root = root(&mut program);
    let file = program.open_at(root, "made", CREATE).unwrap();
    let stream = program.write_via_stream(file, 0).unwrap();
    program.drop_descriptor(file).unwrap();
    program.unlink_file_at(root, "made").unwrap();
    assert_eq!(program.stream_write(stream, b"gone"), Ok(()));
    program.drop_stream(stream).unwrap();
    assert!(program.finish().vfs.file("/made").is_none());
}

#[test]
fn a_stream_writes_where_it_stands_and_one_that_appends_at_the_end() {
    let mut program = program();
    let root = root(&mut program);
    let file = program.open_at(root, "made", CREATE).unwrap();
    let stream = program.write_via_stream(file, 2).unwrap();
    program.stream_write(stream, b"cd").unwrap();
    program.stream_write(stream, b"ef").unwrap();
    let append = program.append_via_stream(file).unwrap();
    program.stream_write(append, b"gh").unwrap();
    assert_eq!(program.write(file, b"ab", 0), Ok(2));
    assert_eq!(program.read(file, 100, 1), Ok((b"bcdefgh".to_vec(), true)));
    assert_eq!(program.read(file, 3, 1), Ok((b"bcd".to_vec(), false)));
    assert_eq!(program.set_size(file, 3), Ok(()));
    let input = program.read_via_stream(file, 0).unwrap();
    let to = program.append_via_stream(file).unwrap();
    assert_eq!(program.stream_splice(to, input, 2), Ok(2));
    assert_eq!(program.read(file, 9, 0), Ok((b"abcab".to_vec(), true)));
}

#[test]
fn rights_are_those_of_the_rules() {
    let mut program = program();
    let root = root(&mut program);
    assert_eq!(program.open_at(root, "secret/key", READ), Err(Errno::Noent));
    let write = OpenFlags {
        write: true,
        ..READ
    };
    assert_eq!(program.open_at(root, "fixed", write), Err(Errno::Acces));
    let file = program.open_at(root, "fixed", READ).unwrap();
    assert_eq!(program.write_via_stream(file, 0), Err(Errno::Badf));
    assert_eq!(program.append_via_stream(file), Err(Errno::Badf));
    assert_eq!(program.write(file, b"x", 0), Err(Errno::Badf));
    assert_eq!(program.set_size(file, 0), Err(Errno::Badf));
    assert_eq!(
        program.set_times(file, NewTime::Now, NewTime::Keep),
        Err(Errno::Acces)
    );
    for escape in ["/fixed", "../fixed", "a/../../fixed"] {
        assert!(program.open_at(root, escape, READ).is_err(), "{escape}");
    }
}

#[test]
fn a_listing_has_what_may_be_seen_and_neither_dot() {
    let mut program = program();
    let root = root(&mut program);
    program.create_directory_at(root, "folder").unwrap();
    let listing = program.read_directory(root).unwrap();
    // Made after the listing began.
    program.create_directory_at(root, "later").unwrap();
    let mut found = Vec::new();
    while let Some(entry) = program.next_entry(listing).unwrap() {
        found.push((entry.name, entry.kind));
    }
    let expected = [("fixed", Kind::File), ("folder", Kind::Directory)];
    assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(program.drop_listing(listing), Ok(()));
    assert_eq!(program.next_entry(listing), Err(Errno::Badf));
}

#[test]
fn standard_output_takes_what_fits_and_says_where_it_ends() {
    let mut program = program();
    let stdout = program.stdout().unwrap();
    assert_eq!(program.stream_write(stdout, b"1234567"), Ok(()));
    assert_eq!(
        program.stream_write(stdout, b"89abcd"),
        Err(StreamError::Failed(Errno::Nospc))
    );
    let stdin = program.stdin().unwrap();
    assert_eq!(program.stream_read(stdin, 100), Ok(b"typed".to_vec()));
    assert_eq!(program.stream_read(stdin, 100), Err(StreamError::Closed));
    assert_eq!(program.finish().stdout, b"123456789a");
}

#[test]
fn no_call_moves_more_than_a_chunk() {
    let mut program = program();
    let root = root(&mut program);
    let file = program.open_at(root, "made", CREATE).unwrap();
    program.set_size(file, 2 * CHUNK_BYTES).unwrap();
    let stream = program.read_via_stream(file, 0).unwrap();
    let read = program.stream_read(stream, u64::MAX).unwrap();
    assert_eq!(read.len() as u64, CHUNK_BYTES);
    let (read, end) = program.read(file, u64::MAX, 1).unwrap();
    assert_eq!((read.len() as u64, end), (CHUNK_BYTES, false));
    assert_eq!(program.read(file, 10, u64::MAX), Ok((Vec::new(), true)));
    let stdout = program.stdout().unwrap();
    assert_eq!(
        program.stream_write_zeros(stdout, CHUNK_BYTES + 1),
        Err(StreamError::Failed(Errno::Inval))
    );
    assert_eq!(
        program.random_bytes(MOST_RANDOM_BYTES + 1),
        Err(Misuse::TooMuchRandomness {
            wanted: MOST_RANDOM_BYTES + 1
        })
    );
    assert_eq!(program.random_bytes(3).map(|bytes| bytes.len()), Ok(3));
}

#[test]
fn everything_a_program_holds_is_limited() {
    let mut program = program();
    let root = root(&mut program);
    let full = Misuse::Exhausted { limit: OPEN_FILES };
    let file = program.open_at(root, "fixed", READ).unwrap();
    while program.open_at(root, "fixed", READ).is_ok() {}
    assert_eq!(program.open_at(root, "fixed", READ), Err(Errno::Mfile));
    assert_eq!(program.open_at(root, "new", CREATE), Err(Errno::Mfile));
    assert!(
        program.status_at(root, "new", false).is_err(),
        "and nothing was made"
    );
    for _ in 0..OPEN_FILES {
        program.read_via_stream(file, 0).unwrap();
        program.read_directory(root).unwrap();
        program.subscribe_stream().unwrap();
        program.keep_error(Errno::Io).unwrap();
    }
    assert_eq!(program.read_via_stream(file, 0), Err(Errno::Mfile));
    assert_eq!(program.read_directory(root), Err(Errno::Mfile));
    assert_eq!(program.stdin(), Err(full.clone()));
    assert_eq!(program.subscribe_duration(1), Err(full.clone()));
    assert_eq!(program.keep_error(Errno::Io), Err(full));
    assert_eq!(program.error(0), Ok(Errno::Io));
    assert_eq!(program.finish().limit_met, Some(LimitMet::OpenFiles));
}

#[test]
fn waiting_moves_both_clocks_to_the_earliest() {
    let mut program = program();
    let wall = program.wall_time();
    let late = program.subscribe_duration(5_000_000).unwrap();
    let early = program.subscribe_duration(3_000_000).unwrap();
    assert_eq!(program.wait(&[late, early]), Ok(vec![1]));
    assert_eq!(program.wall_time(), wall + 3_000_000);
    let ready = program.subscribe_stream().unwrap();
    assert_eq!(program.wait(&[late, ready, early]), Ok(vec![1, 2]));
    assert_eq!(program.wall_time(), wall + 3_000_000);
    // Who only looks gets there too.
    let soon = program.monotonic_time() + 100_000;
    let soon = program.subscribe_instant(soon).unwrap();
    while !program.is_ready(soon).unwrap() {}
    assert_eq!(program.wait(&[]), Err(Misuse::NothingToWaitFor));
    assert_eq!(program.wait(&[99]), Err(Misuse::Unknown));
}

#[test]
fn files_and_folders_are_told_apart() {
    let mut program = program();
    let root = root(&mut program);
    let file = program.open_at(root, "fixed", READ).unwrap();
    assert_eq!(program.open_at(file, "x", READ), Err(Errno::Notdir));
    assert_eq!(program.read_directory(file), Err(Errno::Notdir));
    assert_eq!(program.read(root, 1, 0), Err(Errno::Badf));
    assert_eq!(program.read_via_stream(root, 0), Err(Errno::Badf));
    assert_eq!(program.advise(root, 0, 1), Err(Errno::Badf));
    assert_eq!(program.advise(file, 1, u64::MAX), Err(Errno::Inval));
    assert_eq!(program.rights(root), Ok(None));
    assert_eq!(program.rights(file), Ok(Some(Rights::READ)));
    let same = program.status(file).unwrap().inode;
    assert_eq!(program.status_at(root, "fixed", true).unwrap().inode, same);
    assert_eq!(
        program.link_at(root, "fixed", true, root, "x"),
        Err(Errno::Inval)
    );
    // The standard streams of preview 1 are no descriptors here.
    assert_eq!(program.status(0).err(), Some(Errno::Badf));
}
