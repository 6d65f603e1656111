//! Asks all targets side by side. What can't be asked at all becomes a recorded failure, never the end of the scan.

use crate::failure::Failure;
use crate::rules::Rules;
use annexa_model::{CONNECT, Exchange, Failure as CallFailure, FailureKind, Request, Target, Timestamp};
use annexa_tape::{CollectError, Evidence, EvidenceWriter, Limits, Progress, Redactor, Session, Sink, Stop};
use serde_json::Map;
use std::path::PathBuf;
use std::sync::Arc;

/// How to ask.
pub(crate) struct Asking {
    pub as_of: Timestamp,
    pub base_dir: PathBuf,
    pub concurrency: usize,
    pub limits: Limits,
    pub redactor: Redactor,
    /// Answers come from here and from nowhere else.
    pub replay: Option<Evidence>,
    pub progress: Arc<dyn Progress>,
    pub stop: Stop,
}

/// Asks all targets; the evidence is in the folder when this ends.
pub(crate) async fn collect(
    asking: &Asking,
    rules: &Rules,
    targets: &[Target],
    wanted: Option<&[String]>,
    folder: PathBuf,
) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| Failure::usage(format!("evidence can't be written: {error}"));
    let writer = Arc::new(EvidenceWriter::create(&folder).map_err(unwritable)?);
    let mut running = tokio::task::JoinSet::new();
    for target in targets {
        let Some(collector) = rules.collector(target.kind()).cloned() else { continue };
        let session = session(asking, target, writer.clone());
        let wanted = wanted.map(<[String]>::to_vec);
        running.spawn(async move {
            let result = collector.collect(&session, wanted.as_deref()).await;
            (session, result)
        });
    }
    let mut fatal = None;
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok((_, Ok(()) | Err(CollectError::Interrupted))) => {}
            Ok((_, Err(CollectError::Write { target, source }))) => {
                asking.stop.pull();
                fatal
                    .get_or_insert(Failure::usage(format!("evidence of target `{target}` can't be written: {source}")));
            }
            Ok((session, Err(error))) => keep_failure(&session, &error, writer.as_ref()).map_err(unwritable)?,
            Err(error) => {
                fatal.get_or_insert(Failure::usage(format!("a collector broke off ({error}); please report this")));
            }
        }
    }
    writer.close().map_err(unwritable)?;
    fatal.map_or(Ok(()), Err)
}

fn session(asking: &Asking, target: &Target, sink: Arc<dyn Sink>) -> Session {
    let mut builder = Session::builder(target.clone(), asking.as_of, sink, asking.redactor.clone())
        .concurrency(asking.concurrency)
        .base_dir(asking.base_dir.clone())
        .limits(asking.limits.clone())
        .progress(asking.progress.clone())
        .stop(asking.stop.clone());
    if let Some(evidence) = &asking.replay {
        builder = builder.replay(evidence.clone());
    }
    builder.build()
}

/// Records why a target could not be asked.
fn keep_failure(session: &Session, error: &CollectError, sink: &dyn Sink) -> std::io::Result<()> {
    let (message, remedy) = match error {
        CollectError::Setup { problem, remedy, .. } => (problem.clone(), Some(remedy.clone())),
        other => (other.to_string(), None),
    };
    let kind = match error {
        CollectError::WrongIdentity { .. } => FailureKind::Rejected,
        _ => FailureKind::Connection,
    };
    let request = Request { method: "NONE".to_owned(), path: String::new(), parameters: Map::new(), body: None };
    let target = &session.target;
    sink.keep(&Exchange {
        id: Exchange::id_of(&format!("target:{}", target.name), CONNECT, None, &request, 1),
        target: target.name.clone(),
        kind: target.kind(),
        operation: CONNECT.to_owned(),
        region: None,
        page: 1,
        request,
        asked_by: "unknown".to_owned(),
        asked_at: session.as_of,
        attempts: 0,
        host: String::new(),
        tls: "no TLS".to_owned(),
        request_id: None,
        server_date: None,
        answer: None,
        failure: Some(CallFailure { kind, code: remedy, message }),
        cuts: Vec::new(),
    })
}
