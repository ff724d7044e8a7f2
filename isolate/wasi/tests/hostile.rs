//! Whatever a program calls with whatever it passes: no panic, no growth beyond the limits, and
//! the files of others stay as they are.

mod common;

use std::sync::Arc;

use common::{DATA, PATH, ROOT, SECOND, VECTORS, config};
use proptest::prelude::*;
use veracruz_vfs::Rights;
use veracruz_wasi::{IntoWasm, Wasi, for_each_function};

/// A call of any function: its number, and arguments that are narrowed to its types.
type Call = (usize, Vec<u64>);

/// Arguments that mean something often enough, and anything else.
fn argument() -> impl Strategy<Value = u64> {
    let places = vec![
        0,
        8,
        u64::from(PATH),
        u64::from(SECOND),
        u64::from(DATA),
        u64::from(VECTORS),
    ];
    prop_oneof![
        4 => 0..8u64,
        3 => prop::sample::select(places),
        2 => 0..70_000u64,
        1 => Just(u64::MAX),
        1 => Just(u64::from(u32::MAX)),
        1 => Just(1 << 31),
        1 => any::<u64>(),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    (0..46usize, prop::collection::vec(argument(), 9))
}

/// Narrows to the parameter types of the table; a program's values are any bits.
trait Narrow {
    fn narrow(value: u64) -> Self;
}

#[allow(clippy::cast_possible_truncation, reason = "cutting off is the point")]
impl Narrow for u32 {
    fn narrow(value: u64) -> Self {
        value as Self
    }
}

impl Narrow for u64 {
    fn narrow(value: u64) -> Self {
        value
    }
}

impl Narrow for i64 {
    fn narrow(value: u64) -> Self {
        value.cast_signed()
    }
}

fn run(wasi: &mut Wasi, memory: &mut [u8], (number, arguments): &Call) {
    let mut index = 0;
    let mut values = arguments.iter().copied();
    macro_rules! dispatch {
        ([] $(fn $name:ident($($parameter:ident: $type:ty),*);)*) => { $(
            if index == *number {
                $(let $parameter = <$type as Narrow>::narrow(values.next().unwrap_or(0));)*
                let _ = wasi.$name(memory $(, $parameter)*).into_wasm();
            }
            index += 1;
        )* };
    }
    for_each_function!(dispatch);
    assert_eq!(index, 46);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_sequence_of_calls_panics_or_breaks_the_rules(
        calls in prop::collection::vec(call(), 1..80),
        paths in prop::collection::vec("(a|in/a|out|out/[ab]|\\.\\.|/|\\.|in/){1,2}", 2),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        size in prop::sample::select(vec![0usize, 16, 9000, 70_000]),
    ) {
        let mut config = config(&[
            ("/in/", Rights::READ),
            ("/out/", Rights::READ_WRITE),
            ("/out/hidden", Rights::NONE),
            ("/a", Rights::WRITE),
        ]);
        config.limits.open_files = 10;
        config.vfs.provide("/in/a", Arc::new(b"input".to_vec())).unwrap();
        config.vfs.provide("/secret", Arc::new(b"secret".to_vec())).unwrap();
        config.vfs.provide("/out/hidden", Arc::new(b"hidden".to_vec())).unwrap();
        let mut wasi = Wasi::new(config).unwrap();
        let mut memory = vec![0u8; size];
        for call in &calls {
            // What calls wrote is put right again, so that paths and vectors stay meaningful.
            for (place, path) in [PATH, SECOND].into_iter().zip(&paths) {
                place_at(&mut memory, place, path.as_bytes());
            }
            place_at(&mut memory, DATA, &noise);
            place_at(&mut memory, VECTORS, &[0, 128, 0, 0, 100, 0, 0, 0]);
            run(&mut wasi, &mut memory, call);
        }
        let finished = wasi.finish();
        for path in ["/in/a", "/secret", "/out/hidden"] {
            prop_assert!(finished.vfs.file(path).is_some_and(|file| file.is_unchanged()), "{}", path);
        }
        prop_assert!(finished.vfs.used_bytes() <= 1 << 20);
        prop_assert!(finished.vfs.used_files() <= 30_000);
        prop_assert!(finished.stdout.len() <= 8);
        for (path, _) in finished.vfs.files() {
            let ours = path.starts_with("/out/") || path == "/a";
            prop_assert!(ours || ["/in/a", "/secret"].contains(&path.as_str()), "{}", path);
        }
    }

    #[test]
    fn a_run_repeats_itself(calls in prop::collection::vec(call(), 1..40)) {
        let outcome = || {
            let mut wasi = Wasi::new(config(&[("/", Rights::READ_WRITE)])).unwrap();
            let mut memory = vec![0u8; 70_000];
            place_at(&mut memory, PATH, b"a");
            for call in &calls {
                run(&mut wasi, &mut memory, call);
            }
            (memory, wasi.finish().stderr)
        };
        prop_assert!(outcome() == outcome());
    }
}

/// Puts bytes where there is room for them.
fn place_at(memory: &mut [u8], address: u32, bytes: &[u8]) {
    let start = address as usize;
    if let Some(target) = memory.get_mut(start..start + bytes.len()) {
        target.copy_from_slice(bytes);
    }
}

#[test]
fn the_root_is_the_third_descriptor() {
    let mut guest = common::guest();
    assert_eq!(common::call!(guest, fd_prestat_get, ROOT, 0), Ok(()));
}
