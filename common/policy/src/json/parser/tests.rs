use alloc::{format, string::String};

use super::*;

fn cause(document: &str) -> Cause {
    parse(document.as_bytes()).unwrap_err().cause
}

fn place(document: &[u8]) -> (usize, usize, String) {
    let error = parse(document).unwrap_err();
    (error.line(), error.column(), error.pointer().to_owned())
}

#[test]
fn reads_every_kind_of_value_and_remembers_where_it_was() {
    let tree =
        parse(" {\"a\": [null, true, false, -12, \"\\u00e9\\ud83d\\ude00\\n\"]} ".as_bytes())
            .unwrap();
    let Value::Object(members) = &tree.value else {
        panic!("an object")
    };
    assert_eq!(
        (tree.offset, members[0].offset, members[0].node.offset),
        (1, 2, 7)
    );
    let Value::Array(elements) = &members[0].node.value else {
        panic!("an array")
    };
    assert_eq!(
        elements[3],
        Node {
            offset: 27,
            value: Value::Integer(-12)
        }
    );
    assert_eq!(elements[4].value, Value::String("é😀\n".to_owned()));
}

#[test]
fn refuses_what_is_not_json() {
    for document in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "{]",
        "[}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "tru",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "'a'",
        "\"\t\"",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "// a",
        "/* a */ 1",
        "[1]]",
        "1 1",
        "{} x",
        "\u{a0}1",
        "\u{b}1",
        "+1",
        ".5",
    ] {
        assert!(
            matches!(cause(document), Cause::Syntax { .. }),
            "{document:?}"
        );
    }
    for document in [
        "1.0",
        "1e2",
        "-",
        "-0",
        "01",
        "9007199254740992",
        "-9007199254740992",
        "1.",
        "--1",
    ] {
        assert!(
            matches!(cause(document), Cause::NotAnInteger { .. }),
            "{document:?}"
        );
    }
}

#[test]
fn refuses_lone_surrogates() {
    for text in [
        "\\ud800",
        "\\udc00",
        "\\ud800x",
        "\\ud800\\n",
        "\\ud800\\ud800",
        "\\ud83dx\\ude00",
        "\\ude00\\ud83d",
    ] {
        assert!(
            matches!(cause(&format!("\"{text}\"")), Cause::LoneSurrogate { .. }),
            "{text}"
        );
    }
}

#[test]
fn refuses_a_name_that_stands_twice_however_it_is_spelled() {
    assert_eq!(
        cause(r#"{"a": {"b": 1, "c": 2, "\u0062": 3}}"#),
        Cause::DuplicateKey {
            name: "b".to_owned()
        }
    );
    assert_eq!(
        place(b"{\"a\": {\n\"b\": 1, \"b\": 3}}"),
        (2, 9, "/a/b".to_owned())
    );
}

#[test]
fn bounds_depth_values_names_and_bytes() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(
        cause(&nested(MAX_DEPTH + 1)),
        Cause::TooDeep { limit: MAX_DEPTH }
    );
    assert_eq!(
        cause(&"[".repeat(MAX_DOCUMENT_BYTES)),
        Cause::TooDeep { limit: MAX_DEPTH }
    );
    let many = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
    assert!(parse(many(MAX_VALUES).as_bytes()).is_ok());
    assert_eq!(
        cause(&many(MAX_VALUES + 1)),
        Cause::TooManyValues { limit: MAX_VALUES }
    );
    let named = |length| format!("{{\"{}\":0}}", "a".repeat(length));
    assert!(parse(named(MAX_NAME_BYTES).as_bytes()).is_ok());
    assert!(matches!(
        cause(&named(MAX_NAME_BYTES + 1)),
        Cause::WrongLength { .. }
    ));
    let long = |length| format!("\"{}\"", "a".repeat(length - 2));
    assert!(parse(long(MAX_DOCUMENT_BYTES).as_bytes()).is_ok());
    assert!(matches!(
        cause(&long(MAX_DOCUMENT_BYTES + 1)),
        Cause::DocumentTooLarge { .. }
    ));
}

#[test]
fn refuses_bytes_that_are_not_text() {
    assert_eq!(cause("\u{feff}1"), Cause::ByteOrderMark);
    for document in [
        &b"\xff"[..],
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\xff\xfe1\0",
    ] {
        assert_eq!(parse(document).unwrap_err().cause, Cause::NotUtf8);
    }
    assert_eq!(place("{\n \"é\": \"".as_bytes()), (2, 8, "/é".to_owned()));
    assert_eq!(place(b"[\n 1, \"\xff\"]"), (2, 6, String::new()));
}

#[test]
fn points_at_what_is_wrong() {
    assert_eq!(place(b"{\"a\": [1,\n  x]}"), (2, 3, "/a/1".to_owned()));
    assert_eq!(place(b"{\"a/b\": tru}"), (1, 9, "/a~1b".to_owned()));
    assert_eq!(place("\"éé\\ud800\"".as_bytes()), (1, 4, String::new()));
}
