//! Runs example programs as an isolate would, through `veracruz exec`, each under the policy that its
//! folder comes with, and compares what they write with the published answers. For tests: whatever
//! goes wrong here panics.
//!
//! What an example is made of stands in its `example.json`:
//!
//! | member | |
//! |---|---|
//! | `policy` | the policy's template, `policy.template.json` unless it says otherwise |
//! | `programs` | path in the policy → the package that is compiled to it |
//! | `inputs` | path in the policy → the party's file, from the example's folder |
//! | `answers` | output → what must stand in it: members of a JSON document (numbers to six digits), or the file that it equals |
#![expect(clippy::panic, reason = "this is for tests alone")]

mod answers;
mod example;
mod run;
mod tools;

pub use answers::assert_holds;
pub use example::Example;
pub use run::{Guest, Run};
pub use tools::{Tools, cargo, shared};
