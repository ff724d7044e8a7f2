//! The description of the API has the routes of the service, and no others.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use std::collections::BTreeSet;

use serde_json::Value;
use veracruz_verifier::ROUTES;

#[test]
fn the_openapi_document_has_every_route_and_method() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/verifier-openapi.json"
    );
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let paths = document.get("paths").and_then(Value::as_object).unwrap();
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    let served = ROUTES.iter().flat_map(|(path, methods)| {
        let methods = methods.iter();
        methods.map(move |method| ((*path).to_owned(), (*method).to_owned()))
    });
    assert_eq!(described, served.collect());
}
