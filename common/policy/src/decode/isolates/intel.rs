//! `sgx` and `tdx`.

use alloc::{string::String, vec::Vec};

use super::{
    super::{
        At, Errors,
        object::{Fields, Object, SHOWN},
    },
    values,
};
use crate::{
    Cause, MAX_ADVISORIES, SgxIsolate, TcbException, TcbStatus, TdxIsolate, text::shorten,
};

pub(crate) const SGX: Fields = Fields {
    unit: "field",
    known: &[
        "mrenclave",
        "minimum_isv_svn",
        "chip_ids",
        "any_chip",
        "tcb_exceptions",
    ],
    later: &[],
};

pub(crate) const TDX: Fields = Fields {
    unit: "field",
    known: &[
        "mrtd",
        "rtmr0",
        "rtmr1",
        "rtmr2",
        "rtmr3",
        "chip_ids",
        "any_chip",
        "tcb_exceptions",
    ],
    later: &[],
};

pub(crate) const TCB_EXCEPTION: Fields = Fields {
    unit: "field",
    known: &["status", "advisories"],
    later: &[],
};

/// Bytes of a PPID (Intel SGX PCK Certificate and CRL Profile, section 1.3.5).
const PPID: usize = 16;

/// The words of [`TcbStatus::ALL`].
const STATUSES: &[&str] = &[
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
];

pub(super) fn sgx(at: At<'_>, errors: &mut Errors<'_>) -> Option<SgxIsolate> {
    let object = Object::open(at, &SGX, errors)?;
    let mrenclave = object.required("mrenclave", errors, values::sha256);
    let minimum_isv_svn = object.optional("minimum_isv_svn", errors, |at, errors| {
        let svn = at.count(0, u64::from(u16::MAX), errors)?;
        u16::try_from(svn).ok()
    });
    let chips = values::chips(&object, PPID, errors);
    let tcb_exceptions = object.optional("tcb_exceptions", errors, tcb_exceptions);
    Some(SgxIsolate {
        mrenclave: mrenclave?,
        minimum_isv_svn: minimum_isv_svn.unwrap_or(0),
        chips: chips?,
        tcb_exceptions: tcb_exceptions.unwrap_or_default(),
    })
}

pub(super) fn tdx(at: At<'_>, errors: &mut Errors<'_>) -> Option<TdxIsolate> {
    let object = Object::open(at, &TDX, errors)?;
    for name in ["rtmr1", "rtmr2"] {
        if !object.has(name) {
            object.fail(Cause::MissingField { name }, errors);
        }
    }
    tdx_fields(&object, errors)
}

/// The report below Azure's paravisor, which measures in the vTPM and extends no RTMR.
pub(super) fn azure_tdx(at: At<'_>, errors: &mut Errors<'_>) -> Option<TdxIsolate> {
    let object = Object::open(at, &TDX, errors)?;
    tdx_fields(&object, errors)
}

fn tdx_fields(object: &Object<'_>, errors: &mut Errors<'_>) -> Option<TdxIsolate> {
    let mrtd = object.required("mrtd", errors, values::sha384);
    let mut rtmr = |name| {
        object
            .optional(name, errors, values::sha384)
            .unwrap_or_default()
    };
    let rtmr = [rtmr("rtmr0"), rtmr("rtmr1"), rtmr("rtmr2"), rtmr("rtmr3")];
    let chips = values::chips(object, PPID, errors);
    let tcb_exceptions = object.optional("tcb_exceptions", errors, tcb_exceptions);
    Some(TdxIsolate {
        mrtd: mrtd?,
        rtmr,
        chips: chips?,
        tcb_exceptions: tcb_exceptions.unwrap_or_default(),
    })
}

fn tcb_exceptions(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<TcbException>> {
    let most = TcbStatus::ALL.len();
    let mut seen = Vec::new();
    at.elements("exceptions", 1, most, errors, |at, errors| {
        let exception = tcb_exception(at, errors)?;
        if seen.contains(&exception.status) {
            let found = exception.status.name().into();
            at.fail(Cause::DuplicateElement { found }, errors);
            return None;
        }
        seen.push(exception.status);
        Some(exception)
    })
}

fn tcb_exception(at: At<'_>, errors: &mut Errors<'_>) -> Option<TcbException> {
    let object = Object::open(at, &TCB_EXCEPTION, errors)?;
    let status = object.required("status", errors, |at, errors| {
        at.word(STATUSES, TcbStatus::ALL, &[], errors)
    });
    let advisories = object.optional("advisories", errors, |at, errors| {
        at.distinct("advisories", 0, MAX_ADVISORIES, errors, advisory)
    });
    Some(TcbException {
        status: status?,
        advisories: advisories.unwrap_or_default(),
    })
}

/// `INTEL-SA-` and five digits.
fn advisory(at: At<'_>, errors: &mut Errors<'_>) -> Option<String> {
    let text = at.string(errors)?;
    let fits = text
        .strip_prefix("INTEL-SA-")
        .is_some_and(|digits| digits.len() == 5 && digits.bytes().all(|c| c.is_ascii_digit()));
    if !fits {
        let cause = Cause::InvalidName {
            expected: "an advisory as INTEL-SA-00289",
            found: shorten(text, SHOWN),
        };
        at.fail(cause, errors);
        return None;
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_intels() {
        let names: Vec<_> = TcbStatus::ALL.iter().map(|status| status.name()).collect();
        assert_eq!(names, STATUSES);
    }
}
