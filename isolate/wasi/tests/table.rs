//! The table of all functions, and what an engine makes of their answers.

mod common;

use common::guest;
use veracruz_wasi::{Errno, Exit, FUNCTIONS, IntoWasm, ValueType, Wasi, for_each_function};

#[test]
fn errnos_are_values_and_not_the_end() {
    assert_eq!(Ok(()).into_wasm(), Ok(0));
    assert_eq!(Err(Errno::Badf).into_wasm(), Ok(8));
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
