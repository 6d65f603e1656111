//! A server that refuses everything and shows the request it got: in the words of AWS, Kubernetes and GitHub, plain,
//! in base64 and in hexadecimal digits, in bodies and in headers. Only who asks it for credentials gets some.

use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server gives to those who ask for credentials.
#[derive(Clone)]
pub(crate) struct Gives {
    /// The secret key and the session token of a role; none: refused as everything else.
    pub(crate) role: Option<(String, String)>,
    /// The token of a GitHub App's installation.
    pub(crate) installation: String,
}

/// A server that runs as long as the tests do.
pub(crate) struct Echo {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    /// Starts one that refuses with a status.
    pub(crate) fn start(status: u16, gives: Gives) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (gives, seen) = (gives.clone(), Arc::clone(&seen));
                // who hangs up early wanted no answer
                std::thread::spawn(move || drop(serve(stream, status, &gives, &seen)));
            }
        });
        Self { url, requests }
    }

    /// All requests so far, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, status: u16, gives: &Gives, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let mut body = vec![0; header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let request = format!("{head}{}", String::from_utf8_lossy(&body));
    seen.lock().unwrap().push(request.clone());
    let (status, kind, body) = credentials(&request, gives).unwrap_or_else(|| refusal(status, &request));
    let shown = header(&head, "x-amz-security-token").or_else(|| header(&head, "authorization")).unwrap_or_default();
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    )?;
    for name in
        ["x-amzn-requestid", "x-github-request-id", "x-accepted-github-permissions", "x-amzn-errortype", "audit-id"]
    {
        write!(stream, "{name}: {shown}\r\n")?;
    }
    write!(stream, "\r\n{body}")
}

fn header(head: &str, wanted: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
}

fn credentials(request: &str, gives: &Gives) -> Option<(u16, &'static str, String)> {
    let line = request.lines().next()?;
    if line.starts_with("POST /app/installations/") {
        let token = json!({"token": gives.installation, "expires_at": "2099-01-01T00:00:00Z"});
        return Some((201, "application/json", token.to_string()));
    }
    if line.contains("/installation ") {
        return Some((200, "application/json", json!({"id": 88}).to_string()));
    }
    let (secret, token) = gives.role.as_ref().filter(|_| request.contains("Action=AssumeRole"))?;
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROA:annexa</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/annexa/annexa</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    Some((200, "text/xml", body))
}

/// An error with the whole request in it.
fn refusal(status: u16, request: &str) -> (u16, &'static str, String) {
    let bytes: Vec<String> = request.bytes().map(|byte| format!("{byte:02x}")).collect();
    let message = format!(
        "no\n{request}\n{}\n{}\n{}",
        crate::search::base64(request.as_bytes()),
        bytes.concat(),
        bytes.join(" ")
    );
    let path = request.split(' ').nth(1).unwrap_or_default();
    if request.contains("AWS4-HMAC-SHA256") {
        if request.to_lowercase().contains("x-amz-target") || request.contains("/2015-03-31/") {
            let body = json!({"__type": "AccessDeniedException", "message": message});
            return (status, "application/x-amz-json-1.1", body.to_string());
        }
        let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let error = format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");
        return (status, "text/xml", format!("<ErrorResponse>{error}</ErrorResponse>"));
    }
    let kubernetes = path == "/version" || path.starts_with("/api");
    let body = if kubernetes {
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "message": message, "code": status})
    } else {
        json!({"message": message, "documentation_url": "https://docs.github.com/rest"})
    };
    (status, "application/json", body.to_string())
}
