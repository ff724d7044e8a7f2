//! The event log of the firmware.

use veracruz_appraisal::AppraisalError;

use crate::forge::{self, events, log};
use crate::{ak, form, malformed, resigned, verify};

#[test]
fn refuses_logs_that_do_not_lead_to_the_registers() {
    let good = events();
    let differs = |events: &[forge::Event]| {
        let error = resigned(|form| form.log = log(events));
        assert!(
            matches!(error, AppraisalError::EventLogMismatch { .. }),
            "{error:?}"
        );
    };
    // Each event left out, and each two after each other exchanged.
    for index in 0..good.len() {
        let mut events = good.clone();
        events.remove(index);
        differs(&events);
    }
    let mut events = good.clone();
    events.swap(5, 10); // both of PCR 4
    differs(&events);
    // Events more: one that is measured, and ones that are not.
    for more in [
        (4, 13, b"more".as_slice(), b"".as_slice()),
        (9, 13, b"more", b""),
        (14, 3, b"", b"anything"),
        (0, 3, b"", b"StartupLocality\0\x03"),
    ] {
        let mut events = good.clone();
        events.push(more);
        differs(&events);
    }
    // The digests of another bank.
    let mut other = log(&good);
    let place = other
        .windows(4)
        .position(|w| w == [0x0b, 0, 32, 0])
        .unwrap();
    other[place] = 0x0c;
    let error = resigned(|form| form.log = other);
    malformed(&error, "event log");
    // No log is no lie; a register that no event led to is not zero.
    let ak = ak();
    let mut form = form(&ak);
    form.log = Vec::new();
    verify(&form.content(&ak)).unwrap();
    let old = [
        &[0, 0, 0, 0, 8, 0, 0, 0][..],
        &[0; 20],
        &[4, 0, 0, 0],
        b"data",
    ]
    .concat();
    let error = resigned(|form| form.log = old);
    assert!(matches!(
        error,
        AppraisalError::WeakDigest {
            part: "event log",
            ..
        }
    ));
}
