//! The program proper.
extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::format;
use veracruz_guest::{Failure, Origin, bare};

veracruz_guest::entry!(program);

/// How often each byte stands in the input; a `!` in it is a failure, and a `?` a panic.
fn program() -> Result<(), Failure> {
    let origin = Origin::at("/input/acme.txt");
    let bytes = bare::read_file(&origin)?;
    let mut counts = BTreeMap::<u8, u64>::new();
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        for byte in text {
            assert_ne!(*byte, b'?');
            if *byte == b'!' {
                return Err(origin.failure_in_line(line, "should have no `!`"));
            }
            *counts.entry(*byte).or_default() += 1;
        }
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let most = most.map_or((0, 0), |(byte, count)| (*byte, *count));
    bare::write_file(
        "/output/most.txt",
        format!("{} {}\n", char::from(most.0), most.1).as_bytes(),
    )
}
