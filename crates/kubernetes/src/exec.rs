//! Exec plugins of kubeconfig: a program that prints credentials. It gets no standard input and a deadline, so that a
//! plugin that wants to ask somebody something ends the target, not the scan.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long a plugin may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How much of what it writes to standard error stands in messages.
const MAX_MESSAGE: usize = 400;

/// Why a plugin gave no credentials. Never holds what it printed to standard output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecError {
    #[error("the credential plugin `{0}` wants to ask a person (interactiveMode: Always)")]
    Interactive(String),
    #[error("the user's exec entry names no command")]
    NoCommand,
    #[error("the credential plugin `{0}` could not be started: {1}")]
    Start(String, std::io::Error),
    #[error("the credential plugin `{0}` did not end within {1} s")]
    Deadline(String, u64),
    #[error("the credential plugin `{0}` failed ({1}): {2}")]
    Failed(String, std::process::ExitStatus, String),
    #[error("the credential plugin `{0}` did not print an ExecCredential with a token or a client certificate")]
    Output(String),
}

/// What a plugin gave.
#[derive(Clone)]
pub(crate) struct ExecCredential {
    pub(crate) token: Option<SecretString>,
    /// Client certificate and key in PEM.
    pub(crate) identity_pem: Option<SecretString>,
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Printed {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// Runs a plugin once.
pub(crate) async fn run(config: &ExecConfig) -> Result<ExecCredential, ExecError> {
    let name = config.command.clone().ok_or(ExecError::NoCommand)?;
    if config.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(ExecError::Interactive(name));
    }
    let mut command = Command::new(&name);
    command
        .args(config.args.iter().flatten())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for entry in config.env.iter().flatten() {
        if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) {
            command.env(name, value);
        }
    }
    for name in config.drop_env.iter().flatten() {
        command.env_remove(name);
    }
    command.env("KUBERNETES_EXEC_INFO", exec_info(config).to_string());
    let running = command.spawn().map_err(|error| ExecError::Start(name.clone(), error))?;
    let output = match tokio::time::timeout(DEADLINE, running.wait_with_output()).await {
        Ok(output) => output.map_err(|error| ExecError::Start(name.clone(), error))?,
        Err(_) => return Err(ExecError::Deadline(name, DEADLINE.as_secs())),
    };
    if !output.status.success() {
        let mut message: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(MAX_MESSAGE).collect();
        if message.is_empty() {
            "it said nothing".clone_into(&mut message);
        }
        return Err(ExecError::Failed(name, output.status, message));
    }
    parse(&output.stdout).ok_or(ExecError::Output(name))
}

fn parse(printed: &[u8]) -> Option<ExecCredential> {
    let status = serde_json::from_slice::<Printed>(printed).ok()?.status?;
    let identity_pem = match (status.client_key_data, status.client_certificate_data) {
        (Some(key), Some(certificate)) => {
            Some(SecretString::from(format!("{}\n{}\n", key.trim_end(), certificate.trim_end())))
        }
        _ => None,
    };
    let token = status.token.filter(|token| !token.is_empty()).map(SecretString::from);
    (token.is_some() || identity_pem.is_some()).then_some(ExecCredential {
        token,
        identity_pem,
        expires_at: status.expiration_timestamp,
    })
}

/// What a plugin is told: that nobody can answer it, and which cluster, where its entry asks for that.
fn exec_info(config: &ExecConfig) -> Value {
    let mut spec = json!({"interactive": false});
    if let (true, Some(cluster)) = (config.provide_cluster_info, &config.cluster) {
        spec["cluster"] = cluster_info(cluster);
    }
    let version = config.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
    json!({"kind": "ExecCredential", "apiVersion": version, "spec": spec})
}

fn cluster_info(cluster: &ExecAuthCluster) -> Value {
    let mut info = json!({});
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            info[key] = value;
        }
    };
    put("server", cluster.server.clone().map(Value::from));
    put("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify.map(Value::from));
    put(
        "certificate-authority-data",
        cluster.certificate_authority_data.as_ref().map(|data| Value::from(STANDARD.encode(data))),
    );
    put("proxy-url", cluster.proxy_url.clone().map(Value::from));
    put("tls-server-name", cluster.tls_server_name.clone().map(Value::from));
    put("config", cluster.config.clone());
    info
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn shell(script: &str) -> ExecConfig {
        let config = json!({"command": "sh", "args": ["-c", script], "apiVersion": "client.authentication.k8s.io/v1", "env": [{"name": "A", "value": "b"}]});
        serde_json::from_value(config).unwrap()
    }

    #[tokio::test]
    async fn a_plugin_gives_a_token_and_its_expiry() {
        let script = r#"printf '{"status": {"token": "t-%s", "expirationTimestamp": "2026-01-01T00:00:00Z"}}' "$A""#;
        let credential = run(&shell(script)).await.unwrap();
        assert_eq!(credential.token.unwrap().expose_secret(), "t-b");
        assert!(credential.expires_at.is_some());
    }

    #[tokio::test]
    async fn a_plugin_that_reads_gets_nothing_and_its_failure_shows_stderr_only() {
        let error =
            run(&shell("read x || { echo no terminal >&2; echo SECRET; exit 3; }")).await.err().unwrap().to_string();
        assert!(error.contains("no terminal") && !error.contains("SECRET"), "{error}");
        assert!(run(&shell("echo SECRET")).await.is_err_and(|error| !error.to_string().contains("SECRET")));
    }

    #[tokio::test]
    async fn an_interactive_plugin_is_refused() {
        let mut config = shell("true");
        config.interactive_mode = Some(ExecInteractiveMode::Always);
        assert!(matches!(run(&config).await, Err(ExecError::Interactive(_))));
    }
}
