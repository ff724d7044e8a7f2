//! Downloads, whole and in parts.

use crate::client::provision;
use crate::isolate::Isolate;

const PATH: &str = "/v1/files/input/acme.csv";
const CONTENTS: &[u8] = b"0123456789abcdef";

#[test]
fn ranges_are_exact_to_the_byte_and_others_unsatisfiable() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    let stored = client.ask("PUT", PATH, &provision(CONTENTS), CONTENTS);
    assert_eq!(stored.status, 201);
    for (range, part, found) in [
        ("bytes=0-0", &CONTENTS[..1], "bytes 0-0/16"),
        ("bytes=3-7", &CONTENTS[3..8], "bytes 3-7/16"),
        ("bytes=15-15", &CONTENTS[15..], "bytes 15-15/16"),
        ("bytes=10-99", &CONTENTS[10..], "bytes 10-15/16"),
    ] {
        let answer = client.ask("GET", PATH, &[format!("Range: {range}")], &[]);
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (206, part),
            "{range}"
        );
        assert_eq!(answer.header("content-range"), found);
        assert_eq!(answer.header("repr-digest"), stored.header("repr-digest"));
    }
    for (range, status) in [
        ("bytes=16-20", 416),
        ("bytes=99999999999-", 416),
        ("bytes=7-3", 400),
        ("bytes=0-1,3-4", 400),
        ("lines=1-2", 400),
    ] {
        let answer = client.ask("GET", PATH, &[format!("Range: {range}")], &[]);
        assert_eq!(answer.status, status, "{range}");
    }
}

#[test]
fn head_has_length_and_digest_and_no_body() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    let stored = client.ask("PUT", PATH, &provision(CONTENTS), CONTENTS);
    let head = client.ask("HEAD", PATH, &[], &[]);
    assert_eq!((head.status, head.header("content-length")), (200, "16"));
    assert_eq!(head.header("repr-digest"), stored.header("repr-digest"));
    // A body would be taken for the next answer.
    assert_eq!(client.get(PATH).body, CONTENTS);
    assert_eq!(
        client.ask("HEAD", "/v1/files/input/none", &[], &[]).status,
        404
    );
    assert_eq!(client.get(PATH).body, CONTENTS);
}

#[test]
fn only_receivers_fetch() {
    let isolate = Isolate::start();
    isolate
        .acme()
        .ask("PUT", PATH, &provision(CONTENTS), CONTENTS);
    let mut lab = isolate.attested(&isolate.lab);
    let refused = lab.get(PATH);
    assert_eq!((refused.status, refused.code().as_str()), (403, "VC-0404"));
    assert_eq!(lab.ask("HEAD", PATH, &[], &[]).status, 403);
    assert_eq!(lab.ask("PUT", PATH, &provision(b"x"), b"x").status, 403);
}
