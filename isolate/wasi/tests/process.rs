//! `proc_*`, `sched_yield`, `random_get`, `sock_*`, and the table of them all.

mod common;

use common::{DATA, RESULT, ROOT, call, config, guest, start};
use veracruz_wasi::{Errno, Exit, FUNCTIONS, IntoWasm, ValueType, Wasi, for_each_function};

#[test]
fn proc_exit_is_an_outcome_with_the_code_of_the_program() {
    let mut guest = guest();
    let exit = call!(guest, proc_exit, 42);
    assert_eq!((exit, exit.into_wasm()), (Exit(42), Err(Exit(42))));
    assert_eq!(exit.to_string(), "the program exited with code 42");
}

#[test]
fn errnos_are_values_and_not_the_end() {
    assert_eq!(Ok(()).into_wasm(), Ok(0));
    assert_eq!(Err(Errno::Badf).into_wasm(), Ok(8));
}

#[test]
fn there_are_no_signals() {
    let mut guest = guest();
    assert_eq!(call!(guest, proc_raise, 9), Err(Errno::Notsup));
    assert_eq!(call!(guest, proc_raise, 31), Err(Errno::Inval));
    assert_eq!(call!(guest, sched_yield), Ok(()));
}

/// The key stream of ChaCha20 under the key 07…07 and a zero nonce, as openssl gives it:
/// `openssl enc -chacha20 -K 07…07 -iv 00…00 -in /dev/zero`.
const STREAM: &str = "f400927857aaf64114f561baacb379708c79a1dc1476ab573216a4020764bde545c143dbb9609c22ab855d60925a997603d78a3f20d154abd8ddfa6974eedf6b";

#[test]
fn randomness_is_the_stream_of_chacha20_under_the_seed() {
    let mut guest = guest();
    // In pieces, since no call may lose any of the stream.
    for (at, len) in [(0, 20), (20, 0), (20, 44)] {
        assert_eq!(call!(guest, random_get, DATA + at, len), Ok(()));
    }
    let hex: String = guest
        .bytes(DATA, 64)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, STREAM);
}

#[test]
fn another_seed_gives_other_bytes_and_a_large_buffer_is_filled() {
    let (mut one, mut other) = (guest(), config(&[]));
    other.seed = [8; 32];
    let mut other = start(other);
    assert_eq!(call!(one, random_get, 0, 1 << 20), Ok(()));
    assert_eq!(call!(other, random_get, 0, 1 << 20), Ok(()));
    assert_ne!(one.memory, other.memory);
    assert!(
        one.memory
            .chunks(64)
            .all(|chunk| chunk.iter().any(|byte| *byte != 0))
    );
    assert_eq!(call!(one, random_get, 1, 1 << 20), Err(Errno::Fault));
    assert_eq!(
        call!(one, random_get, u32::MAX, u32::MAX),
        Err(Errno::Fault)
    );
}

#[test]
fn sockets_are_not_supported() {
    let mut guest = guest();
    for fd in [1, ROOT] {
        assert_eq!(call!(guest, sock_accept, fd, 0, RESULT), Err(Errno::Notsup));
        assert_eq!(
            call!(guest, sock_recv, fd, 0, 0, 0, 0, 0),
            Err(Errno::Notsup)
        );
        assert_eq!(call!(guest, sock_send, fd, 0, 0, 0, 0), Err(Errno::Notsup));
        assert_eq!(call!(guest, sock_shutdown, fd, 1), Err(Errno::Notsock));
    }
    assert_eq!(call!(guest, sock_accept, 99, 0, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, sock_shutdown, 99, 1), Err(Errno::Badf));
}

#[test]
fn the_table_has_all_46_functions_with_their_types() {
    assert_eq!(FUNCTIONS.len(), 46);
    let mut names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 46);
    let of = |name| {
        FUNCTIONS
            .iter()
            .find(|function| function.name == name)
            .unwrap()
    };
    use ValueType::{I32, I64};
    assert_eq!(
        of("path_open").params,
        [I32, I32, I32, I32, I32, I64, I64, I32, I32]
    );
    assert_eq!(of("fd_seek").params, [I32, I64, I32, I32]);
    assert_eq!(of("sched_yield").params, []);
    assert!(of("fd_read").returns_errno && !of("proc_exit").returns_errno);
}

/// What an engine does: every function of the table exists with these parameters.
#[test]
fn the_macro_binds_every_function() {
    let mut bound: Vec<(&str, Result<i32, Exit>)> = Vec::new();
    macro_rules! bind {
        ([$bound:expr] $(fn $name:ident($($parameter:ident: $type:ty),*);)*) => { $(
            let closure = |wasi: &mut Wasi, memory: &mut [u8] $(, $parameter: $type)*| {
                wasi.$name(memory $(, $parameter)*).into_wasm()
            };
            let answer = closure(&mut guest().wasi, &mut [] $(, <$type>::MAX)*);
            // `i32` for an errno, and `()`, which never comes, for the end.
            $bound.push((stringify!($name), answer.map(|value| Wide::from(value).0)));
        )* };
    }
    for_each_function!(bind, bound);
    assert_eq!(bound.len(), 46);
    for (name, answer) in bound {
        match name {
            "proc_exit" => assert_eq!(answer, Err(Exit(u32::MAX))),
            // With nothing to write, there is no pointer that could be wrong.
            "args_get" | "environ_get" | "sched_yield" => assert_eq!(answer, Ok(0)),
            _ => assert!(answer.is_ok_and(|errno| errno > 0), "{name}"),
        }
    }
}

struct Wide(i32);

impl From<i32> for Wide {
    fn from(value: i32) -> Self {
        Self(value)
    }
}

impl From<()> for Wide {
    fn from((): ()) -> Self {
        Self(-1)
    }
}
