//! Codes that only this crate knows, beside those in `veracruz_protocol::ErrorCode`.

/// A stable code and what `veracruz explain` says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeText {
    /// `VC-` and four digits. A code is never given a second meaning.
    pub code: &'static str,
    /// What happened, in one line.
    pub title: &'static str,
    /// What to do next, in one line.
    pub hint: &'static str,
    /// The explanation at length.
    pub explanation: &'static str,
}

pub(crate) const LEDGER: CodeText = CodeText {
    code: "VC-0810",
    title: "The ledger cannot be used",
    hint: "repair it or bring back a copy of it; without it a second isolate goes unnoticed",
    explanation: "The ledger beside your identity says to which isolates you have entrusted \
        something. It is damaged, readable by others, or cannot be written. Nothing is entrusted \
        to an isolate that cannot be noted there first.",
};

pub(crate) const DESTINATION: CodeText = CodeText {
    code: "VC-0811",
    title: "A file is there already",
    hint: "name another file, or pass `--force` to replace it",
    explanation: "Keys and receipts are never overwritten, downloads only when asked to.",
};

pub(crate) const STILL_RUNNING: CodeText = CodeText {
    code: "VC-0812",
    title: "The run is not over yet",
    hint: "ask again later: `veracruz status`",
    explanation: "You stopped waiting; the run goes on. The policy's limits end it at the latest.",
};

pub(crate) const FILE_CHANGED: CodeText = CodeText {
    code: "VC-0813",
    title: "The file changed while it was uploaded",
    hint: "upload it again when nobody writes to it",
    explanation: "A file's digest is announced before its contents are sent. This one became \
        shorter in between, so the upload was broken off. Nothing was committed.",
};

pub(crate) const OTHER_INSTANCE: CodeText = CodeText {
    code: "VC-0814",
    title: "Another isolate answered",
    hint: "the isolate you asked for may be gone: look at the host's state and at your ledger",
    explanation: "You asked for one isolate by its name, and the key at the other end is another \
        one's. The host may have started the policy again, in which case the earlier isolate and \
        what it held are gone, or it led you astray. Nothing was sent.",
};

pub(crate) const COLLATERAL: CodeText = CodeText {
    code: "VC-0815",
    title: "The store of collateral cannot be used",
    hint: "add certificates, revocation lists, TCB info or keys as the vendor publishes them; remove what was changed",
    explanation: "Collateral is kept in a folder, each file under the SHA-256 of its contents. A \
        file is none of the kinds that evidence is judged with, or it is not what its name says, \
        or the digits that you gave name no file or several. See the page on attestation for where \
        each vendor publishes what.",
};

pub(crate) const REFERENCE: CodeText = CodeText {
    code: "VC-0816",
    title: "The reference values cannot be used",
    hint: "give a policy, its `isolates` or the object of one kind as JSON, or CoRIM files of a known profile",
    explanation: "Evidence in a file is compared with reference values: a policy, its `isolates` \
        object, one kind's object, or CoRIM files that together name measurements and, where the \
        vendor has no root, keys. This file is none of these, or does not name enough.",
};

/// All of them, in order.
pub const CODES: &[CodeText] = &[
    LEDGER,
    DESTINATION,
    STILL_RUNNING,
    FILE_CHANGED,
    OTHER_INSTANCE,
    COLLATERAL,
    REFERENCE,
];

#[cfg(test)]
mod tests {
    use veracruz_protocol::ErrorCode;

    use super::*;

    #[test]
    fn codes_are_in_order_and_nobody_elses() {
        assert!(CODES.is_sorted_by(|one, two| one.code < two.code));
        for text in CODES {
            assert!(text.code.starts_with("VC-08"), "{}", text.code);
            assert_eq!(ErrorCode::parse(text.code), None);
        }
    }
}
