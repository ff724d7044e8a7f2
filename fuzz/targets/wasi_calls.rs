//! All 46 functions of WASI preview 1 in any order with any arguments: no panic, nothing beyond
//! the limits, and what the program has no right to stays as it is.
#![no_main]

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use veracruz_vfs::{Quotas, Rights, Rules, Vfs};
use veracruz_wasi::{Config, FUNCTIONS, IntoWasm, Sink, Wasi, for_each_function};

const MOST_CALLS: usize = 200;
const MOST_BYTES: u64 = 1 << 20;
const MOST_FILES: u64 = 20;
const MOST_OUTPUT: u64 = 100;

const PATHS: [&str; 16] = [
    "a",
    "in",
    "in/a",
    "out",
    "out/a",
    "out/b",
    "out/b/c",
    "out/hidden",
    "secret",
    "..",
    ".",
    "out/",
    "out/../secret",
    "out/a/../hidden",
    "/",
    "",
];

// Where the program keeps a first and a second path, vectors and data.
const PATH: u32 = 1024;
const SECOND: u32 = 2048;
const VECTORS: u32 = 3072;
const DATA: u32 = 4096;

fuzz_target!(|bytes: &[u8]| {
    let mut wasi = start();
    let mut memory = vec![0; 1 << 16];
    let mut choices = Unstructured::new(bytes);
    for _ in 0..MOST_CALLS {
        if choices.is_empty() || call(&mut wasi, &mut memory, &mut choices).is_err() {
            break;
        }
    }
    check(wasi);
});

fn start() -> Wasi {
    let mut rules = Rules::new();
    for (pattern, rights) in [
        ("/in/", Rights::READ),
        ("/out/", Rights::READ_WRITE),
        ("/out/hidden", Rights::NONE),
        ("/a", Rights::WRITE),
    ] {
        rules.grant(pattern, rights).expect("a rule");
    }
    let quotas = Quotas {
        bytes: MOST_BYTES,
        files: MOST_FILES,
    };
    let mut vfs = Vfs::new(rules, quotas, 0);
    for path in ["/in/a", "/secret", "/out/hidden"] {
        vfs.provide(path, Arc::new(path.as_bytes().to_vec()))
            .expect("a place");
    }
    let mut config = Config::new(vfs, [7; 32]);
    config.args = vec!["program".into(), "argument".into()];
    config.env = vec![("NAME".into(), "value".into())];
    config.stdin = Some(Arc::new(b"typed".to_vec()));
    config.stdout = Sink::Keep {
        max_bytes: MOST_OUTPUT,
    };
    config.limits.open_files = 10;
    Wasi::new(config).expect("a root")
}

fn check(wasi: Wasi) {
    let finished = wasi.finish();
    let vfs = finished.vfs;
    for path in ["/in/a", "/secret", "/out/hidden"] {
        assert!(
            vfs.file(path).is_some_and(|file| file.is_unchanged()),
            "{path}"
        );
    }
    for (path, file) in vfs.files() {
        let known = path == "/a"
            || path.starts_with("/out/")
            || ["/in/a", "/secret"].contains(&path.as_str());
        assert!(known, "{path}");
        assert!(file.size() <= MOST_BYTES);
    }
    assert!(vfs.used_bytes() <= MOST_BYTES && vfs.used_files() <= MOST_FILES);
    assert!(finished.stdout.len() as u64 <= MOST_OUTPUT);
}

/// Puts two paths and two vectors in place, and calls a function.
fn call(wasi: &mut Wasi, memory: &mut [u8], choices: &mut Unstructured) -> Result<()> {
    let paths = [*choices.choose(&PATHS)?, *choices.choose(&PATHS)?];
    put(memory, PATH, paths[0].as_bytes());
    put(memory, SECOND, paths[1].as_bytes());
    let vectors = [DATA, choices.arbitrary::<u8>()?.into(), DATA + 300, 20];
    put(
        memory,
        VECTORS,
        vectors.map(u32::to_le_bytes).as_flattened(),
    );

    let chosen = choices.choose_index(FUNCTIONS.len())?;
    let mut index = 0;
    macro_rules! dispatch {
        ([] $(fn $name:ident($($parameter:ident: $type:ty),*);)*) => { $(
            if index == chosen {
                $(let $parameter = argument(choices, paths)? as $type;)*
                let _ = wasi.$name(memory $(, $parameter)*).into_wasm();
            }
            index += 1;
        )* };
    }
    for_each_function!(dispatch);
    assert_eq!(index, FUNCTIONS.len());
    Ok(())
}

/// Arguments that mean something often enough, and anything else.
fn argument(choices: &mut Unstructured, paths: [&str; 2]) -> Result<u64> {
    let choice: u8 = choices.arbitrary()?;
    Ok(match choice {
        0..128 => u64::from(choice % 16),
        128..160 => PATH.into(),
        160..176 => SECOND.into(),
        176..192 => VECTORS.into(),
        192..200 => DATA.into(),
        200..216 => paths[0].len() as u64,
        216..224 => paths[1].len() as u64,
        224..240 => choices.arbitrary::<u16>()?.into(),
        240..244 => 1 << 31,
        244..248 => u32::MAX.into(),
        248..252 => u64::MAX,
        252.. => choices.arbitrary()?,
    })
}

fn put(memory: &mut [u8], address: u32, bytes: &[u8]) {
    memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
}
