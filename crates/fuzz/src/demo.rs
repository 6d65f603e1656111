//! The recorded company of fixtures/demo, which seeds are cut from.

use annexa_model::{Exchange, Kind, RuleFiles, Target, Timestamp};
use annexa_tape::Evidence;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A file of the demo, as text.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).expect("the demo has this file")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo")
}

/// The time of the recording.
pub(crate) fn as_of() -> Timestamp {
    text("tape/as_of").trim().parse().expect("as_of is a time")
}

/// The targets of the demo's annexa.yaml.
pub(crate) fn target(kind: Kind) -> Target {
    let settings = match kind {
        Kind::Aws => {
            r#"{"name": "production", "kind": "aws", "account": "111122223333", "regions": ["eu-central-1", "us-east-1"]}"#
        }
        Kind::Kubernetes => r#"{"name": "shop", "kind": "kubernetes", "namespaces": {"exclude": ["kube-system"]}}"#,
        Kind::Github => r#"{"name": "code", "kind": "github", "organization": "nordwind-demo"}"#,
        Kind::Documents | Kind::Import => r#"{"name": "isms", "kind": "documents", "path": "."}"#,
    };
    serde_json::from_str(settings).expect("these are settings of a target")
}

/// The recorded exchanges of a kind of target.
pub(crate) fn tape(kind: Kind) -> &'static [Exchange] {
    static TAPES: OnceLock<BTreeMap<Kind, Vec<Exchange>>> = OnceLock::new();
    let read = || {
        let evidence = Evidence::open(&folder().join("tape")).expect("the demo has a tape");
        let of = |kind: Kind| evidence.of_target(kind, &target(kind).name).expect("the tape can be read");
        Kind::ALL.into_iter().map(|kind| (kind, of(kind))).collect()
    };
    TAPES.get_or_init(read).get(&kind).map_or(&[], Vec::as_slice)
}

/// The texts of the demo's documents and registers whose names end so.
pub(crate) fn documents(ending: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![folder().join("seed/isms")];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("a folder of the demo")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                texts.push(std::fs::read_to_string(path).expect("the demo's documents are text"));
            }
        }
    }
    texts
}

/// All rule files of the library.
pub(crate) fn library() -> &'static RuleFiles {
    static LIBRARY: OnceLock<RuleFiles> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut files = RuleFiles::new();
        files.extend(annexa_annex::rules());
        files.extend(annexa_aws::rules());
        files.extend(annexa_checks::rules());
        files.extend(annexa_documents::rules());
        files.extend(annexa_github::rules());
        files.extend(annexa_kubernetes::rules());
        files
    })
}
