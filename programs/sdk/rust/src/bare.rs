//! For programs without the standard library: an allocator, a panic handler, files, arguments, and
//! [`entry!`](crate::entry). Beside the feature `std`, which another crate of the same build may switch
//! on, the first two are the standard library's. All of it is C's library, which the compiler brings for
//! `wasm32-wasip1`.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! extern crate alloc;
//! use veracruz_guest::{Failure, Origin, bare};
//!
//! veracruz_guest::entry!(program);
//!
//! fn program() -> Result<(), Failure> {
//!     let input = bare::read_file(&Origin::at("/input/acme.csv"))?;
//!     bare::write_file("/output/copy.csv", &input)
//! }
//! ```
#![expect(unsafe_code, reason = "C's library is called")]

use alloc::ffi::CString;
use alloc::string::ToString;
use alloc::vec::Vec;
#[cfg(not(feature = "std"))]
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int, c_void};

use crate::failure::Failure;
use crate::origin::Origin;

#[link(name = "c")]
unsafe extern "C" {
    #[cfg(not(feature = "std"))]
    fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    #[cfg(not(feature = "std"))]
    fn free(memory: *mut c_void);
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn read(file: c_int, to: *mut c_void, length: usize) -> isize;
    fn write(file: c_int, from: *const c_void, length: usize) -> isize;
    fn close(file: c_int) -> c_int;
}

// `fcntl.h` of wasi-libc.
const O_RDONLY: c_int = 0x0400_0000;
const O_WRONLY: c_int = 0x1000_0000;
const O_CREAT: c_int = 1 << 12;
const O_TRUNC: c_int = 8 << 12;

const STANDARD_ERROR: c_int = 2;

#[cfg(not(feature = "std"))]
struct Allocator;

#[cfg(not(feature = "std"))]
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[cfg(not(feature = "std"))]
// SAFETY: `aligned_alloc` gives memory of that size and alignment that nothing else has, or null;
// it wants a size that is a multiple of the alignment. `free` takes what it gave.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = layout.pad_to_align();
        // SAFETY: the alignment is a power of two, and `pad_to_align` rounded the size up to it.
        unsafe { aligned_alloc(layout.align().max(8), layout.size().next_multiple_of(8)).cast() }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller got it from `alloc`.
        unsafe { free(memory.cast()) }
    }
}

/// Says that it panicked, and not why (a message may hold what it likes), and traps.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    print("the program panicked\n");
    core::arch::wasm32::unreachable()
}

/// Reads a whole file.
///
/// # Errors
/// Where it is not there, or may not be read.
pub fn read_file(origin: &Origin) -> Result<Vec<u8>, Failure> {
    let missing = || origin.failure("is not there, or may not be read");
    let path = CString::new(origin.path()).map_err(|_| missing())?;
    // SAFETY: the path ends with a zero.
    let file = unsafe { open(path.as_ptr(), O_RDONLY) };
    if file < 0 {
        return Err(missing());
    }
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 16 * 1024];
    loop {
        // SAFETY: `piece` has that many bytes.
        let length = unsafe { read(file, piece.as_mut_ptr().cast(), piece.len()) };
        match usize::try_from(length) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(_) => return Err(origin.failure("could not be read")),
        }
    }
    // SAFETY: it is open.
    unsafe { close(file) };
    Ok(bytes)
}

/// Writes a whole file.
///
/// # Errors
/// Where the policy does not let the program write there, or there is no room.
pub fn write_file(path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let failure = |reason: &'static str| Failure::Output {
        path: path.to_string(),
        reason: reason.into(),
    };
    let name = CString::new(path).map_err(|_| failure("has a zero in its name"))?;
    // SAFETY: the path ends with a zero; the mode is the third argument that `open` takes then.
    let file = unsafe { open(name.as_ptr(), O_WRONLY | O_CREAT | O_TRUNC, 0o666_u32) };
    if file < 0 {
        return Err(failure("could not be made"));
    }
    let complete = write_all(file, bytes);
    // SAFETY: it is open.
    unsafe { close(file) };
    complete
        .then_some(())
        .ok_or_else(|| failure("could not be written"))
}

/// Writes to standard error, as far as that goes.
pub fn print(text: &str) {
    write_all(STANDARD_ERROR, text.as_bytes());
}

/// What [`entry!`](crate::entry) makes of a result: 0, or the exit code of the failure, which is
/// printed.
#[doc(hidden)]
#[must_use]
pub fn exit_code(result: Result<(), Failure>) -> i32 {
    let Err(failure) = result else {
        return 0;
    };
    print(&failure.to_string());
    print("\n");
    if let Some(owner) = failure.owner() {
        // There may be no such folder, or no right to write in it.
        let _ = write_file(
            &alloc::format!("/report/{owner}"),
            alloc::format!("{failure}\n").as_bytes(),
        );
    }
    failure.exit_code().into()
}

fn write_all(file: c_int, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: `bytes` has that many bytes.
        let written = unsafe { write(file, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(0) | Err(_) => return false,
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
        }
    }
    true
}

/// Makes a function of type `fn() -> Result<(), Failure>` the program's start.
#[macro_export]
macro_rules! entry {
    ($program:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn __main_void() -> i32 {
            $crate::bare::exit_code($program())
        }
    };
}
