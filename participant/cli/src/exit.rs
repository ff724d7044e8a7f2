//! The codes with which commands end: one table, for scripts and for the reference.

/// A fault of Veracruz.
pub(crate) const INTERNAL: u8 = 1;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 2;

/// Every code, and what it means, as Markdown.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (INTERNAL, "a fault of Veracruz"),
    (
        USAGE,
        "a command or option that there is not, or a value that an option does not take",
    ),
    (
        3,
        "something on your side: a file, the policy, your identity, your settings, your ledger",
    ),
    (
        4,
        "not to be trusted: evidence, a receipt or an isolate was refused",
    ),
    (5, "refused by the isolate or the host, or the run failed"),
    (
        6,
        "unavailable: nobody answers, or this machine lacks something",
    ),
    (
        7,
        "`appraise`: good by an exception that the reference values name",
    ),
    (8, "`appraise`: not evidence of that kind at all"),
    (
        9,
        "the answer is no, and that is no error: `policy diff` of policies that differ, `policy approve` where you said no, `policy approvals` where one is missing, `receipt compare` of outputs that differ, `status --watch` where a state did not come",
    ),
    (
        10,
        "`receipt compare`: whether they are the same cannot be told here",
    ),
    (130, "`status --watch`: interrupted"),
    (
        134,
        "`exec`: the program ended in a trap; otherwise `exec` ends with the program's own code",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use veracruz_client::ErrorClass;

    #[test]
    fn the_table_is_in_order_and_has_every_class_of_error() {
        assert!(EXIT_CODES.is_sorted_by(|one, two| one.0 < two.0));
        let classes = [
            ErrorClass::Local,
            ErrorClass::Trust,
            ErrorClass::Refused,
            ErrorClass::Unavailable,
        ];
        for code in classes.map(ErrorClass::exit_code) {
            assert!(EXIT_CODES.iter().any(|(known, _)| *known == code));
        }
    }
}
