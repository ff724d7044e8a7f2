//! The committed description of the API is the one that the types give.

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/openapi.json"
);

#[test]
fn the_committed_description_is_current() {
    let mut made = serde_json::to_string_pretty(&veracruz_protocol::openapi()).unwrap();
    made.push('\n');
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        committed == made,
        "docs/reference/openapi.json is stale; make it anew with \
         `UPDATE_EXPECT=1 cargo test -p veracruz-protocol --features openapi --test openapi`"
    );
}

#[test]
fn every_route_is_described() {
    let paths = veracruz_protocol::openapi().paths.paths;
    for (path, methods) in [
        ("/v1/policy", 1),
        ("/v1/attestation", 1),
        ("/v1/attestation/credential", 1),
        ("/v1/status", 1),
        ("/v1/approval", 2),
        ("/v1/files/{path}", 4),
        ("/v1/runs", 1),
        ("/v1/runs/{run}", 1),
        ("/v1/runs/{run}/receipt", 1),
        ("/v1/runs/{run}/agreement", 2),
    ] {
        let item = paths.get(path).expect(path);
        let described = [&item.get, &item.put, &item.post, &item.delete, &item.head];
        assert_eq!(described.into_iter().flatten().count(), methods, "{path}");
        let target = path.replace("{path}", "a").replace("{run}", "1");
        assert_eq!(
            veracruz_protocol::Route::allowed(&target).len(),
            methods,
            "{path}"
        );
    }
    assert_eq!(paths.len(), 10);
}
