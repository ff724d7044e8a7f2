//! Reports of SEV-SNP, documents of Nitro and evidence of Azure's machines, and files that are said
//! to hold one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_appraisal::{Collateral, azure_vtpm, nitro, sev_snp};
use veracruz_policy::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);

fuzz_target!(|bytes: &[u8]| {
    let mut collateral = Collateral::none();
    // Nobody has the keys that good evidence needs.
    assert!(sev_snp::examine(bytes, &collateral, None, NOW).is_err());
    assert!(nitro::examine(bytes, &collateral, None, NOW).is_err());
    assert!(azure_vtpm::examine(bytes, &collateral, None, NOW).is_err());
    if let Ok(content) = sev_snp::import(bytes, &mut collateral) {
        assert!(sev_snp::examine(&content, &collateral, None, NOW).is_err());
    }
    if let Ok(document) = nitro::import(bytes, &mut collateral) {
        assert!(nitro::examine(&document, &collateral, None, NOW).is_err());
    }
    if let Ok(content) = azure_vtpm::import(bytes, &mut collateral) {
        assert!(azure_vtpm::examine(&content, &collateral, None, NOW).is_err());
    }
});
