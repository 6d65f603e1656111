//! Records the demo's tape: the real program against the test servers, seeded with the demo company.

use crate::run::{command, say};
use crate::{root, servers};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Records fixtures/demo/tape anew.
pub(crate) fn run() -> Result<(), String> {
    let root = root();
    let seed = root.join("fixtures/demo/seed");
    let work = root.join("target/demo-tape");
    fresh(&work)?;
    say("==> servers");
    let aws = servers::aws(&root, Some(&seed.join("aws.py")))?;
    let access = work.join("access.yaml");
    write(&access, &rights(&root)?)?;
    let kubernetes = servers::kubernetes(&root, &[seed.join("kubernetes.yaml"), access], &["annexa"])?;
    let github = servers::github(&root, &seed.join("github.json"))?;
    servers::documents(&root, &work.join("isms"))?;
    say("==> scan");
    copy_folder(&root.join("fixtures/demo/company"), &work)?;
    let config = configuration(&work, &aws, &kubernetes, &github)?;
    let bundle = work.join("bundle");
    scan(&root, &config, &bundle, &aws)?;
    keep(&bundle, &root.join("fixtures/demo/tape"))
}

/// The company's configuration with the addresses of this run.
fn configuration(
    work: &Path,
    aws: &servers::Server,
    kubernetes: &servers::Server,
    github: &servers::Server,
) -> Result<PathBuf, String> {
    let path = work.join("annexa.yaml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = text
        .replace("http://127.0.0.1:5000", &format!("http://127.0.0.1:{}", aws.ready["port"]))
        .replace("http://127.0.0.1:5001", github.ready["url"].as_str().unwrap_or_default())
        .replace("./kubeconfig", kubernetes.ready["kubeconfig"].as_str().unwrap_or_default());
    write(&path, &text)?;
    Ok(path)
}

/// What the scanner may read in the cluster: the role that the program prints, less one rule, so that the demo has a
/// call that is denied.
fn rights(root: &Path) -> Result<String, String> {
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--package", "annexa", "--", "permissions", "kubernetes"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo run: {error}"))?;
    let role = String::from_utf8_lossy(&output.stdout).replace("resources: [\"ingresses\"]", "resources: [\"none\"]");
    Ok(format!(
        "{role}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: annexa}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: annexa}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: annexa}}]\n"
    ))
}

fn scan(root: &Path, config: &Path, bundle: &Path, aws: &servers::Server) -> Result<(), String> {
    let key = &aws.ready["seeded"]["scanner"];
    let secret = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let mut scan = Command::new("cargo");
    scan.args(["run", "--quiet", "--package", "annexa", "--", "scan", "--allow-incomplete", "-c"])
        .arg(config)
        .arg("--out")
        .arg(bundle)
        .current_dir(root)
        .env("AWS_ACCESS_KEY_ID", secret("access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", secret("secret_access_key"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("GITHUB_TOKEN", "ghp_demo");
    command(&mut scan)
}

/// Takes the evidence of a bundle as the demo's tape.
fn keep(bundle: &Path, tape: &Path) -> Result<(), String> {
    let manifest =
        std::fs::read_to_string(bundle.join("manifest.json")).map_err(|error| format!("manifest.json: {error}"))?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).map_err(|error| format!("manifest.json: {error}"))?;
    fresh(tape)?;
    copy_folder(&bundle.join("evidence"), tape)?;
    write(&tape.join("as_of"), &format!("{}\n", manifest["as_of"].as_str().unwrap_or_default()))
}

fn fresh(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(problem)?;
    for entry in std::fs::read_dir(from).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            let bytes = std::fs::read(&path).map_err(problem)?;
            std::fs::write(&target, bytes).map_err(|error| format!("{}: {error}", target.display()))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
