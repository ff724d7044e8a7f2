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
#[path = "support/sev_snp.rs"]
mod snp;
#[path = "support/x509.rs"]
mod x509;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use intel::{NOW, World, event_log};
use veracruz_appraisal::{Collateral, azure_vtpm, cca, nitro, psa, sev_snp, sgx, tdx, tpm};

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

#[test]
fn a_report_makes_no_more_be_allocated_than_its_length_allows() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/reports");
    let mut files: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(files.len() >= 6);
    let platform = snp::Platform::new(snp::TestProduct::Turin, false);
    files.push(platform.evidence().content().to_vec());
    files.push([0x84].repeat(60_000));
    files.push(b"HCLA".repeat(15_000));
    files.push([&[0; 1184][..], &[0xff; 24].repeat(2_000)].concat());
    let collateral = platform.collateral();
    let judge = |file: &[u8]| {
        peak(|| {
            let _ = sev_snp::examine(file, &collateral, None, NOW);
            let _ = nitro::examine(file, &collateral, None, NOW);
            let _ = azure_vtpm::examine(file, &collateral, None, NOW);
            let _ = sev_snp::import(file, &mut Collateral::none());
            let _ = nitro::import(file, &mut Collateral::none());
            let _ = azure_vtpm::import(file, &mut Collateral::none());
        })
    };
    for file in files {
        let most = judge(&file);
        assert!(most <= bound(file.len()), "{most} bytes for {}", file.len());
        for changed in mutations::mutations(&file[..file.len().min(6000)], false).step_by(17) {
            let most = judge(&changed);
            assert!(most <= bound(changed.len()), "{most} bytes");
        }
    }
}

#[test]
fn a_token_makes_no_more_be_allocated_than_its_length_allows() {
    // What fuzzing begins with: everything is right but the signatures.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/tokens");
    let mut files: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(files.len() >= 6);
    files.extend([
        [0x81].repeat(60_000),
        [0xa1, 0x01].repeat(30_000),
        [0x9f].repeat(60_000),
        b"[".repeat(60_000),
        b"[0,".repeat(20_000),
        [0x0a, 0x00].repeat(30_000),
        [0x12, 0x02, 0x1a, 0x00].repeat(15_000),
    ]);
    let key = br#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
    let mut collateral = Collateral::none();
    collateral.add(key).unwrap();
    let judge = |file: &[u8]| {
        peak(|| {
            let _ = cca::examine(file, &collateral, None, NOW);
            let _ = psa::examine(file, &collateral, None, NOW);
            let _ = tpm::examine(file, &collateral, None, NOW);
            let _ = cca::import(file, &mut Collateral::none());
            let _ = psa::import(file, &mut Collateral::none());
            if let Ok(content) = tpm::import(file, &mut Collateral::none()) {
                let _ = tpm::examine(&content, &collateral, None, NOW);
            }
        })
    };
    for file in files {
        let most = judge(&file);
        assert!(most <= bound(file.len()), "{most} bytes for {}", file.len());
        for changed in mutations::mutations(&file[..file.len().min(2000)], false).step_by(3) {
            let most = judge(&changed);
            assert!(most <= bound(changed.len()), "{most} bytes");
        }
    }
}
