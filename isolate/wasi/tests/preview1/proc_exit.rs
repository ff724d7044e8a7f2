//! `proc_exit`: the program ends itself.

use crate::common::{call, guest};
use veracruz_wasi::{Exit, IntoWasm};

#[test]
fn proc_exit_is_an_outcome_with_the_code_of_the_program() {
    let mut guest = guest();
    let exit = call!(guest, proc_exit, 42);
    assert_eq!((exit, exit.into_wasm()), (Exit(42), Err(Exit(42))));
    assert_eq!(exit.to_string(), "the program exited with code 42");
}
