//! Every example, played through real isolates, with its answers.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use veracruz_tests::{Artifacts, Demo};

/// A test an example, so that they run side by side and each has a name.
macro_rules! examples {
    ($($test:ident $name:literal)*) => {
        const PLAYED: &[&str] = &[$($name),*];
        $(
            #[test]
            fn $test() {
                play($name);
            }
        )*
    };
}

examples! {
    auction "auction"
    genomics "genomics"
    graph "graph"
    hello_c "hello-c"
    hello_cpp "hello-cpp"
    hello_go "hello-go"
    hello_javascript "hello-javascript"
    hello_python "hello-python"
    hello_rust "hello-rust"
    infer "infer"
    offload "offload"
    pipeline "pipeline"
    psi "psi"
    psi_sum "psi-sum"
    query "query"
    recommend "recommend"
    route "route"
    survey "survey"
    train "train"
}

#[test]
fn every_example_is_played() {
    let folders = std::fs::read_dir(folder()).expect("the examples");
    let found: BTreeSet<_> = folders
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let played: BTreeSet<_> = PLAYED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, played);
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/examples"))
}

fn play(name: &str) {
    let Some(built) = Artifacts::find() else {
        return;
    };
    let needs_more_than_rust = name.starts_with("hello-") || name == "query";
    if needs_more_than_rust && !built.programs.join(format!("{name}.wasm")).is_file() {
        println!("skipped: {name} is not built; `cargo xtask test` says why");
        return;
    }
    let arguments = [
        OsStr::new(name),
        OsStr::new("--programs"),
        built.programs.as_os_str(),
        OsStr::new("--runtime"),
        built.runtime.as_os_str(),
    ];
    let demo = Demo::run(&built.veracruz, arguments);
    demo.assert_says(&["Done in", "Answers equal"]);
}
