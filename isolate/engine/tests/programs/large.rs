//! Inputs larger than everything that a 32-bit program can address.

use std::{os::fd::OwnedFd, os::unix::fs::FileExt as _, time::Duration};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use veracruz_engine::{Input, Strategy, memfd::Sealed};

use crate::support::{command, compile_with, out, program_settings, settings, written};

crate::trials![a_file_of_six_gib_is_streamed_to_its_end];

const GIB: u64 = 1 << 30;

/// Reads /in in pieces of 64 KiB, and writes how many bytes there were, and all words xored.
const STREAM: &str = "
    (local $fd i32) (local $n i32) (local $at i32) (local $total i64) (local $xor i64)
    (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 110) (i32.const 2)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
    (local.set $fd (i32.load (i32.const 0)))
    (i32.store (i32.const 8) (i32.const 65536))
    (i32.store (i32.const 12) (i32.const 65536))
    (block $end (loop $more
        (call $check (call $fd_read (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 16)))
        (local.set $n (i32.load (i32.const 16)))
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $total (i64.add (local.get $total) (i64.extend_i32_u (local.get $n))))
        (local.set $at (i32.const 0))
        (loop $words
            (local.set $xor (i64.xor (local.get $xor)
                (i64.load (i32.add (i32.const 65536) (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $words (i32.lt_u (local.get $at) (local.get $n))))
        (br $more)))
    (i64.store (i32.const 1000) (local.get $total))
    (i64.store (i32.const 1008) (local.get $xor))
    (call $out (i32.const 1000) (i32.const 16))";

/// What is not zero in the file: at its begin, on both sides of 4 GiB, and at its end.
const WORDS: [(u64, u64); 4] = [
    (0, 0x0123_4567_89ab_cdef),
    (4 * GIB - 8, 0x1111_0000_2222_0000),
    (4 * GIB, 0x0000_3333_0000_4444),
    (6 * GIB - 8, 0xfedc_ba98_7654_3210),
];

fn a_file_of_six_gib_is_streamed_to_its_end() {
    let flags = MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC;
    let file = memfd_create("six GiB", flags).unwrap();
    ftruncate(&file, 6 * GIB).unwrap();
    let file = std::fs::File::from(file);
    for (offset, word) in WORDS {
        file.write_all_at(&word.to_le_bytes(), offset).unwrap();
    }
    fcntl_add_seals(
        &file,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL,
    )
    .unwrap();
    let content = Sealed::adopt(OwnedFd::from(file), 6 * GIB).unwrap();

    let mut program_settings = program_settings();
    program_settings.strategy = Strategy::Compiled;
    let program = compile_with(&command(STREAM), program_settings).unwrap();
    let mut settings = settings();
    settings.wall_time = Duration::from_secs(600);
    settings.cpu_time = Duration::from_secs(600);
    let input = Input {
        path: "/in".into(),
        content,
    };
    let report = program.run(settings, &[input], &[out()]).unwrap();
    let all = WORDS.iter().fold(0, |all, (_, word)| all ^ word);
    let expected = [(6 * GIB).to_le_bytes(), all.to_le_bytes()].concat();
    assert_eq!(written(&report), expected);
}
