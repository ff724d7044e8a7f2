//! Which folder may depend on which.

use std::path::Path;

use crate::graph::{self, Graph};

/// A folder of the layout, or one crate that has rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// `common/`: read the same way by every side.
    Common,
    /// `isolate/`: what is measured.
    Isolate,
    /// `isolate/images`: makes and reads what isolates are started from. It is in none of them, and
    /// whoever starts one uses it.
    Images,
    /// `attestation/`: who decides whether evidence is good.
    Attestation,
    /// `host/`: trusted by nobody.
    Host,
    /// `participant/`, but for the binary.
    Participant,
    /// The binary `veracruz`, which is every side at once.
    Binary,
    /// `tests/`, `xtask/`, benchmarks: see everything, and nothing sees them.
    Tool,
}

impl Layer {
    fn of(name: &str, folder: &Path) -> Self {
        match name {
            "veracruz-cli" => return Self::Binary,
            "veracruz-images" => return Self::Images,
            _ => {}
        }
        let top = folder.iter().next().and_then(|top| top.to_str());
        match top {
            Some("common") => Self::Common,
            Some("isolate") => Self::Isolate,
            Some("attestation") => Self::Attestation,
            Some("host") => Self::Host,
            Some("participant") => Self::Participant,
            Some("tests" | "xtask" | "benches" | "fuzz") => Self::Tool,
            other => panic!("{name} is in {other:?}, for which there is no rule: write one here"),
        }
    }

    fn may_depend_on(self, other: Self) -> bool {
        match self {
            Self::Common => other == Self::Common,
            Self::Isolate => matches!(other, Self::Common | Self::Isolate),
            Self::Images => matches!(other, Self::Common | Self::Images),
            Self::Attestation => matches!(other, Self::Common | Self::Attestation),
            Self::Host => matches!(
                other,
                Self::Common | Self::Attestation | Self::Images | Self::Host
            ),
            Self::Participant => {
                matches!(other, Self::Common | Self::Attestation | Self::Participant)
            }
            Self::Binary => other != Self::Tool,
            Self::Tool => true,
        }
    }
}

/// Every dependency out of `layer` that its rule forbids, in words.
fn broken(graph: &Graph, layer: Layer) -> Vec<String> {
    let layer_of = |name: &str| graph.get(name).map(|(folder, _)| Layer::of(name, folder));
    let mut broken = Vec::new();
    for (name, (folder, dependencies)) in graph {
        if Layer::of(name, folder) != layer {
            continue;
        }
        for dependency in dependencies {
            match layer_of(dependency) {
                Some(other) if layer.may_depend_on(other) => {}
                other => broken.push(format!("{name} depends on {dependency} ({other:?})")),
            }
        }
    }
    broken
}

fn assert_kept(layer: Layer) {
    let broken = broken(&graph::of_this_workspace(), layer);
    assert!(
        broken.is_empty(),
        "an arrow points the wrong way:\n{}",
        broken.join("\n")
    );
}

#[test]
fn common_depends_on_nothing_but_itself() {
    assert_kept(Layer::Common);
}

#[test]
fn the_isolate_depends_on_nothing_but_common() {
    assert_kept(Layer::Isolate);
}

#[test]
fn images_are_made_with_nothing_but_common() {
    assert_kept(Layer::Images);
}

#[test]
fn attestation_depends_on_nothing_but_common() {
    assert_kept(Layer::Attestation);
}

#[test]
fn the_host_sees_neither_participants_nor_the_isolate() {
    assert_kept(Layer::Host);
}

#[test]
fn participants_see_neither_the_host_nor_the_isolate() {
    assert_kept(Layer::Participant);
}

#[test]
fn nothing_depends_on_tools() {
    assert_kept(Layer::Binary);
}

#[test]
fn every_layer_has_a_crate() {
    let graph = graph::of_this_workspace();
    let layers: Vec<Layer> = graph
        .iter()
        .map(|(name, (folder, _))| Layer::of(name, folder))
        .collect();
    let all = [
        Layer::Common,
        Layer::Isolate,
        Layer::Images,
        Layer::Attestation,
        Layer::Host,
        Layer::Participant,
        Layer::Binary,
        Layer::Tool,
    ];
    for layer in all {
        assert!(
            layers.contains(&layer),
            "no crate in {layer:?}: is it still the folder's name?"
        );
    }
}

/// So that the tests above cannot pass because nothing is ever found.
#[test]
fn each_broken_arrow_would_be_found() {
    let forbidden = [
        ("policy", "common/policy", Layer::Common, "isolate/vfs"),
        (
            "policy",
            "common/policy",
            Layer::Common,
            "attestation/appraisal",
        ),
        (
            "runtime",
            "isolate/runtime",
            Layer::Isolate,
            "attestation/appraisal",
        ),
        ("runtime", "isolate/runtime", Layer::Isolate, "host/launch"),
        (
            "appraisal",
            "attestation/appraisal",
            Layer::Attestation,
            "participant/client",
        ),
        (
            "appraisal",
            "attestation/appraisal",
            Layer::Attestation,
            "isolate/vfs",
        ),
        ("server", "host/server", Layer::Host, "participant/client"),
        ("server", "host/server", Layer::Host, "isolate/engine"),
        (
            "client",
            "participant/client",
            Layer::Participant,
            "host/server",
        ),
        (
            "client",
            "participant/client",
            Layer::Participant,
            "isolate/runtime",
        ),
        ("veracruz-cli", "participant/cli", Layer::Binary, "tests"),
    ];
    for (name, folder, layer, other) in forbidden {
        let graph = Graph::from([
            (name.to_owned(), (folder.into(), vec!["other".to_owned()])),
            ("other".to_owned(), (other.into(), Vec::new())),
        ]);
        assert_eq!(broken(&graph, layer).len(), 1, "{folder} → {other}");
    }
}

#[test]
fn the_arrows_that_the_design_allows_are_allowed() {
    let allowed = [
        (Layer::Host, "host/server", "attestation/attester"),
        (
            Layer::Participant,
            "participant/client",
            "attestation/appraisal",
        ),
        (Layer::Isolate, "isolate/runtime", "common/session"),
    ];
    for (layer, folder, other) in allowed {
        let graph = Graph::from([
            ("one".to_owned(), (folder.into(), vec!["other".to_owned()])),
            ("other".to_owned(), (other.into(), Vec::new())),
        ]);
        assert!(broken(&graph, layer).is_empty(), "{folder} → {other}");
    }
}
