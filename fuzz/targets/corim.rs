//! Reference values in CoRIMs: what one names is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_appraisal::corim::{self, Corim};
use veracruz_policy::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let Ok(corim) = Corim::parse(bytes, None) else {
        return;
    };
    for seconds in [i64::MIN, 0, i64::MAX] {
        let _ = corim.check_dates(Timestamp::from_seconds(seconds));
    }
    match corim::isolates(&[corim], &[]) {
        Ok(isolates) => {
            let written = corim::write(&isolates, "fuzz");
            let again = Corim::parse(&written, None).expect("what is written is a CoRIM");
            let again = corim::isolates(&[again], &[]).expect("with the same values");
            // The order of alternatives means nothing, and is the file's.
            assert_eq!(corim::write(&again, "fuzz"), written);
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
    }
});
