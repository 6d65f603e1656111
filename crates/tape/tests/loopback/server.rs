//! A server that answers as it is told, byte for byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Lower-case names.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Promises more than it sends, then resets the connection.
    Reset,
    /// Sends a byte every few milliseconds for ever.
    Drip,
    /// Sends as fast as it can for ever.
    Flood,
    /// Says nothing for ever.
    Hang,
    /// Answers after a while.
    Slow(Duration, Box<Reply>),
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        let headers = vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("date", "Tue, 03 Mar 2026 10:00:00 GMT".to_owned()),
            ("x-request-id", "r-1".to_owned()),
        ];
        Self::Whole { status, headers, body: body.as_bytes().to_vec() }
    }

    /// A body that is compressed already, in hexadecimal.
    pub(crate) fn gzip(body: &str) -> Self {
        let mut reply = Self::json("").with("content-encoding", "gzip");
        if let Self::Whole { body: bytes, .. } = &mut reply {
            *bytes = hex::decode(body).unwrap();
        }
        reply
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Script = dyn Fn(usize, &Heard) -> Reply + Send + Sync;

/// The server, its address and what it heard. Ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    heard: Mutex<Vec<Heard>>,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Server {
    /// Starts a server; the script gets the number of the request, from 0.
    pub(crate) async fn start(script: impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static) -> Self {
        let (listener, server) = Self::bind(script).await;
        let shared = Arc::clone(&server.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).serve_plain(stream));
            }
        });
        server
    }

    /// Starts a server that speaks TLS.
    pub(crate) async fn start_tls(
        config: rustls::ServerConfig,
        script: impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (listener, server) = Self::bind(script).await;
        let shared = Arc::clone(&server.shared);
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                tokio::spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        shared.serve(&mut stream).await;
                    }
                });
            }
        });
        server
    }

    async fn bind(script: impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static) -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            script: Box::new(script),
            heard: Mutex::default(),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        };
        (listener, Self { address, shared: Arc::new(shared) })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// The most requests that were under way at once.
    pub(crate) fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn serve_plain(self: Arc<Self>, mut stream: TcpStream) {
        if self.serve(&mut stream).await {
            let _ = stream.set_zero_linger();
        }
    }

    /// Answers one request; gives back whether the connection is to be reset.
    async fn serve(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
        let Some(heard) = read(stream).await else { return false };
        let number = {
            let mut all = self.heard.lock().unwrap();
            all.push(heard.clone());
            all.len() - 1
        };
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.busiest.fetch_max(busy, Ordering::SeqCst);
        let mut reply = (self.script)(number, &heard);
        while let Reply::Slow(time, then) = reply {
            tokio::time::sleep(time).await;
            reply = *then;
        }
        // before the last byte goes out: the next request may come at once
        self.busy.fetch_sub(1, Ordering::SeqCst);
        write(stream, reply).await
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes[end..].to_vec();
    while body.len() < length {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&part[..count]);
    }
    Some(Heard { method, path, headers, body: String::from_utf8(body).unwrap() })
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> bool {
    const ENDLESS: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000000000\r\n\r\n[";
    match reply {
        Reply::Whole { status, headers, body } => {
            let mut text =
                format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                text += &format!("{name}: {value}\r\n");
            }
            let whole = [text.as_bytes(), b"\r\n", &body].concat();
            let _ = stream.write_all(&whole).await;
            let _ = stream.shutdown().await;
        }
        Reply::Reset => {
            let _ = stream.write_all(ENDLESS).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            return true;
        }
        Reply::Drip => {
            let _ = stream.write_all(ENDLESS).await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Reply::Flood => {
            let _ = stream.write_all(ENDLESS).await;
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        }
        Reply::Hang => std::future::pending::<()>().await,
        Reply::Slow(..) => unreachable!("slowness is over by now"),
    }
    false
}
