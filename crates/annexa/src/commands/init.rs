//! `annexa init`: a commented annexa.yaml from what this machine knows. It reads names only, never a credential.

use crate::cli::InitArgs;
use crate::config::is_region;
use crate::console::Console;
use crate::failure::{DONE, Failure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What can be proposed as targets.
#[derive(Debug, Default, PartialEq)]
struct Found {
    /// AWS profiles with the region that they name.
    profiles: Vec<(String, Option<String>)>,
    contexts: Vec<String>,
    organizations: BTreeSet<String>,
    documents: Option<String>,
    /// AWS credentials in the environment, with its region; it holds no profile that is in `profiles`.
    environment: Option<Environment>,
}

/// AWS's variables that name things; never those that hold a secret.
#[derive(Debug, Default, PartialEq)]
struct Environment {
    profile: Option<String>,
    region: Option<String>,
}

pub(crate) fn run(arguments: &InitArgs, console: &Console) -> Result<u8, Failure> {
    let path = arguments.dir.join("annexa.yaml");
    if path.exists() {
        let text = format!("{} exists already and stays as it is", path.display());
        return Err(Failure::usage(text).help("remove it first, or name another folder with --dir"));
    }
    let found = detect(&arguments.dir);
    let text = configuration(&found);
    std::fs::create_dir_all(&arguments.dir)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))?;
    console.say(&format!(
        "Wrote {}.\nRead it, keep the targets that are in scope, then run `annexa scan`.\n\
         `annexa permissions aws|kubernetes|github` prints the rights that a scan needs.",
        path.display()
    ));
    Ok(DONE)
}

fn detect(folder: &Path) -> Found {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    let in_home = |path: &str| home.as_ref().map(|h| h.join(path));
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let aws = from_env("AWS_CONFIG_FILE").or_else(|| in_home(".aws/config"));
    let kube = from_env("KUBECONFIG").or_else(|| in_home(".kube/config"));
    let read = |path: Option<PathBuf>| path.and_then(|p| std::fs::read_to_string(p).ok()).unwrap_or_default();
    let profiles = profiles(&read(aws));
    let environment = environment(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let listed = |e: &Environment| e.profile.as_ref().is_some_and(|p| profiles.iter().any(|(name, _)| name == p));
    Found {
        environment: environment.filter(|e| !listed(e)),
        profiles,
        contexts: contexts(&read(kube)),
        organizations: organizations(&read(Some(folder.join(".git/config")))),
        documents: documents(folder),
    }
}

/// Credentials that AWS's chain would find in the environment.
fn environment(variable: &dyn Fn(&str) -> Option<String>) -> Option<Environment> {
    let sources = [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    sources.iter().find_map(|name| variable(name))?;
    // keys win over a profile, as in AWS's chain
    let profile = variable("AWS_PROFILE").filter(|_| variable("AWS_ACCESS_KEY_ID").is_none());
    Some(Environment { profile, region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) })
}

/// The folder that is most likely the management system's: one with registers, else one with a telling name.
fn documents(folder: &Path) -> Option<String> {
    const USUAL: [&str; 4] = ["isms", "docs/isms", "compliance", "policies"];
    let shown = |name: &str| if name == "." { name.to_owned() } else { format!("./{name}") };
    let mut names: Vec<String> = USUAL.into_iter().chain(["docs", "."]).map(str::to_owned).collect();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let plain = |name: &String| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let mut others: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(plain).collect();
    others.sort();
    names.extend(others);
    let with_registers = names.iter().find(|name| {
        let here = folder.join(name);
        holds_register(&here) || holds_register(&here.join("registers"))
    });
    with_registers
        .map(|name| shown(name))
        .or_else(|| USUAL.into_iter().find(|name| folder.join(name).is_dir()).map(shown))
}

fn holds_register(folder: &Path) -> bool {
    let register = |name: &str| ["csv", "yaml", "yml"].iter().any(|end| folder.join(format!("{name}.{end}")).is_file());
    ["people", "suppliers", "assets", "risks", "scope", "admins", "trainings", "ndas", "acknowledgements"]
        .into_iter()
        .any(register)
}

/// Profile names and their regions in an AWS configuration file.
fn profiles(text: &str) -> Vec<(String, Option<String>)> {
    let mut profiles: Vec<(String, Option<String>)> = Vec::new();
    let mut in_profile = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let name = section.trim().strip_prefix("profile ").or((section.trim() == "default").then_some("default"));
            in_profile = name.is_some();
            profiles.extend(name.map(|n| (n.trim().to_owned(), None)));
        } else if let (true, Some((key, value)), Some(last)) = (in_profile, line.split_once('='), profiles.last_mut())
            && key.trim() == "region"
        {
            last.1 = Some(value.trim().to_owned());
        }
    }
    profiles
}

/// Context names of a kubeconfig.
fn contexts(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Kubeconfig {
        #[serde(default)]
        contexts: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let file = annexa_source::SourceFile::new("kubeconfig", text);
    file.parse_yaml::<Kubeconfig>().map(|k| k.contexts.into_iter().map(|c| c.name).collect()).unwrap_or_default()
}

/// Owners of GitHub remotes in a git configuration.
fn organizations(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("url"))
        .filter_map(|rest| rest.split_once("github.com"))
        .filter_map(|(_, path)| path.trim_start_matches([':', '/']).split('/').next().map(str::to_owned))
        .filter(|owner| !owner.is_empty())
        .collect()
}

/// A word that is safe as a target's name.
fn name_of(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    name.trim_matches('-').to_owned()
}

fn configuration(found: &Found) -> String {
    let mut targets = String::new();
    let usable = |region: &Option<String>| {
        region.as_ref().filter(|region| is_region(region)).map_or("eu-central-1", String::as_str).to_owned()
    };
    if let Some(Environment { profile, region }) = &found.environment {
        let profile =
            profile.as_ref().map(|profile| format!(", profile: {}", serde_json::json!(profile))).unwrap_or_default();
        let _ = writeln!(
            targets,
            "  # from the AWS credentials in the environment; add `account: \"<12 digits>\"`, so that no other account can answer\n\
             \x20 - {{name: aws, kind: aws{profile}, regions: [{}]}}",
            usable(region)
        );
    }
    for (profile, region) in &found.profiles {
        let region = usable(region);
        let name = name_of(profile);
        // writing to a String can't fail
        let _ = writeln!(targets, "  - {{name: aws-{name}, kind: aws, profile: \"{profile}\", regions: [{region}]}}");
    }
    for context in &found.contexts {
        let name = name_of(context);
        let _ = writeln!(targets, "  - {{name: k8s-{name}, kind: kubernetes, context: \"{context}\"}}");
    }
    for owner in &found.organizations {
        let _ = writeln!(targets, "  - {{name: github-{}, kind: github, organization: {owner}}}", name_of(owner));
    }
    if let Some(path) = &found.documents {
        let _ = writeln!(targets, "  - {{name: isms, kind: documents, path: {path}}}");
    }
    if targets.is_empty() {
        targets.push_str(
            "  # nothing was detected here; keep what you have and delete the rest\n\
             \x20 - {name: prod, kind: aws, regions: [eu-central-1]}\n\
             \x20 # - {name: shop, kind: kubernetes, context: my-context}\n\
             \x20 # - {name: code, kind: github, organization: my-organization}\n\
             \x20 # - {name: isms, kind: documents, path: ./isms}\n",
        );
    }
    TEMPLATE.replace("@targets@\n", &targets)
}

const TEMPLATE: &str = "\
# annexa: what is scanned, and with which inputs. Credentials never stand here: they come from AWS's own chain,
# your kubeconfig, and GITHUB_TOKEN or a GitHub App.
organization: My organization          # as it stands on the cover
edition: \"2022\"                        # the edition that leads in reports; 2013 is always there too
# period: {from: 2026-01-01, to: 2026-12-31}      # the period under audit

targets:
@targets@

# Other keys of an aws target: assume_role, external_id, and endpoint_url (a gateway or a test server).
# Pin an identity, so that no other account, cluster or organization can answer:
#   account: \"111122223333\" (aws), cluster_uid: … (kubernetes), organization_id: … (github)

# statement_of_applicability: soa.yaml   # which controls apply, and why
# exceptions: exceptions.yaml            # accepted deviations and gaps, each with owner, approver and expiry date
# manual_evidence: manual-evidence.yaml  # what people show: file, date, expiry
# checks: [./our-checks]                 # your own checks, one YAML file each
# services: [./our-services]             # your own AWS services, one YAML file each
privacy: default                         # default | full | strict
# signing: {key: ./annexa.pem}           # `annexa keygen --out annexa.pem`; ANNEXA_SIGNING_KEY wins
# locker: {retain: {mode: governance, days: 400}}   # for `--out s3://bucket/folder/`, in a bucket with Object Lock
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use annexa_source::SourceFile;

    #[test]
    fn what_is_written_is_a_valid_configuration() {
        let found = Found {
            profiles: profiles(
                "[default]\nregion = eu-west-1\n[profile audit prod]\nsso_session = x\n[sso-session x]\nregion = y\n",
            ),
            contexts: contexts("contexts:\n- name: shop@prod\n  context: {cluster: c, user: u}\n"),
            organizations: organizations("[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n"),
            documents: Some("./isms".to_owned()),
            environment: Some(Environment { profile: Some("a \"b\"".to_owned()), region: Some("nowhere".to_owned()) }),
        };
        assert_eq!(found.profiles.len(), 2, "{:?}", found.profiles);
        for found in [found, Found::default()] {
            let text = configuration(&found);
            let parsed = Config::parse(SourceFile::new("annexa.yaml", text.as_str()), ".".into());
            assert!(parsed.is_ok(), "{text}\n{:?}", parsed.err());
        }
    }

    #[test]
    fn credentials_in_the_environment_make_a_target() {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
            let variables = [(name, "auditing"), ("AWS_REGION", "eu-west-1")];
            let variable =
                |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            let found = Found { environment: environment(&variable), ..Found::default() };
            let text = configuration(&found);
            let profile = if name == "AWS_PROFILE" { ", profile: \"auditing\"" } else { "" };
            let target = format!("- {{name: aws, kind: aws{profile}, regions: [eu-west-1]}}");
            assert!(text.contains(&target) && !text.contains("nothing was detected"), "{text}");
            assert!(name == "AWS_PROFILE" || !text.contains("auditing"), "{text}");
        }
        assert_eq!(environment(&|name| (name == "AWS_REGION").then(|| "eu-west-1".to_owned())), None);
    }

    #[test]
    fn the_folder_with_the_registers_is_proposed() {
        for (files, expected) in [
            (["policies/a.md", "people.csv"].as_slice(), Some(".")),
            (&["isms/policies/a.md", "isms/people.csv", "policies/b.md"], Some("./isms")),
            (&["isms/a.md", "compliance/registers/risks.yaml"], Some("./compliance")),
            (&["management/suppliers.csv", "policies/a.md"], Some("./management")),
            (&["policies/a.md"], Some("./policies")),
            (&["src/people.rs"], None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            assert_eq!(documents(folder.path()).as_deref(), expected, "{files:?}");
        }
    }
}
