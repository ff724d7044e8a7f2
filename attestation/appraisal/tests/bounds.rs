//! Memory: what an appraisal allocates is bounded by what it is given, whatever stands in it.
#![allow(unsafe_code, reason = "an allocator that counts is written in it")]
#![allow(
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

#[path = "support/intel.rs"]
mod intel;
#[path = "support/mutations.rs"]
mod mutations;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use intel::{NOW, World, event_log};
use veracruz_appraisal::{Collateral, sgx, tdx};

/// The system's allocator, with a count of the bytes that this thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get().wrapping_add(layout.size());
        HELD.set(held);
        MOST.set(MOST.get().max(held));
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that are held at once while something is done.
fn peak(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get().saturating_sub(before)
}

fn bound(input: usize) -> usize {
    64 * 1024 + 16 * input
}

#[test]
fn a_quote_makes_no_more_be_allocated_than_its_length_allows() {
    for world in [World::sgx(), World::tdx(), World::tdx_5(4)] {
        let (quote, collateral) = (world.quote(), world.collateral());
        let given: usize = world.files().iter().map(Vec::len).sum();
        for changed in mutations::mutations(&quote, false).step_by(7) {
            let most = peak(|| {
                let _ = sgx::examine(&changed, &collateral, None, NOW);
                let _ = tdx::examine(&changed, &collateral, None, NOW);
            });
            assert!(most <= bound(changed.len() + given), "{most} bytes");
        }
        // Lengths that announce more than there is.
        for index in (0..quote.len() - 4).step_by(3) {
            let mut changed = quote.clone();
            intel::put(&mut changed, index, &[0xff, 0xff, 0x0f, 0]);
            let none = Collateral::none();
            let most = peak(|| {
                let _ = sgx::examine(&changed, &none, None, NOW);
                let _ = tdx::examine(&changed, &none, None, NOW);
                let _ = tdx::import(&changed, &mut Collateral::none());
            });
            assert!(most <= bound(changed.len()), "{most} bytes at {index}");
        }
    }
}

#[test]
fn a_file_of_collateral_makes_no_more_be_allocated_than_its_length_allows() {
    let world = World::tdx();
    let mut files = world.files();
    files.push(event_log(&[(1, [1; 48]), (2, [2; 48])]));
    files.push(b"[".repeat(100_000));
    files.push(b"{\"tcbInfo\":".repeat(10_000));
    files.push(b"30".repeat(50_000));
    for file in files {
        for cut in [file.len(), file.len() / 2, file.len() / 3] {
            let file = &file[..cut];
            let most = peak(|| {
                let _ = Collateral::none().add(file);
            });
            assert!(most <= bound(cut), "{most} bytes for {cut}");
        }
    }
}
