//! What a function answers, as an engine needs it.

use crate::Errno;

/// The program ended itself by `proc_exit`. Not a failure: it carries the program's own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program exited with code {0}")]
pub struct Exit(pub u32);

/// Turns a function's answer into the value that WebAssembly sees, or into the end of the run.
pub trait IntoWasm {
    /// `i32` for an errno, `()` for `proc_exit`.
    type Value;

    /// The value to return to the program.
    ///
    /// # Errors
    /// [`Exit`] where the program is not to be returned to.
    fn into_wasm(self) -> Result<Self::Value, Exit>;
}

impl IntoWasm for Result<(), Errno> {
    type Value = i32;

    fn into_wasm(self) -> Result<i32, Exit> {
        Ok(match self {
            Ok(()) => 0,
            Err(errno) => i32::from(errno.code()),
        })
    }
}

impl IntoWasm for Exit {
    type Value = ();

    fn into_wasm(self) -> Result<(), Exit> {
        Err(self)
    }
}
