//! Files on this machine, read and recorded like any other exchange.

use crate::{Redactor, Session};
use annexa_model::{Answer, Cut, Exchange, Failure, FailureKind, Request, Timestamp};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// What a local read gives: already redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalAnswer {
    /// The media type of what was read.
    pub content_type: String,
    /// What was read.
    pub body: Value,
    /// What is not in it any more.
    pub cuts: Vec<Cut>,
}

/// The way to files of this machine for one target: what goes through it is recorded, and on replay nothing is read.
pub struct Local {
    session: Session,
    identity: String,
    tape: Option<BTreeMap<String, Exchange>>,
}

impl Session {
    /// Opens the way to files of this machine. Until [`Local::identify`] exchanges carry the target's name as identity.
    pub fn local(&self) -> io::Result<Local> {
        let tape = match &self.replay {
            None => None,
            Some(evidence) => {
                let exchanges = evidence.of_target(self.target.kind(), &self.target.name)?;
                Some(exchanges.into_iter().map(|exchange| (exchange.id.clone(), exchange)).collect())
            }
        };
        Ok(Local { session: self.clone(), identity: self.target.name.clone(), tape })
    }
}

impl Local {
    /// Sets what the target is, for the ids of the exchanges that follow.
    pub fn identify(&mut self, identity: &str) {
        identity.clone_into(&mut self.identity);
    }

    /// Makes one exchange of one read, and keeps it. `read` is not called on replay.
    ///
    /// A read that fails is an exchange too; only evidence that can't be written is an error.
    pub fn read(
        &self,
        operation: &str,
        request: Request,
        read: impl FnOnce(&Redactor) -> Result<LocalAnswer, Failure>,
    ) -> io::Result<Arc<Exchange>> {
        let id = Exchange::id_of(&self.identity, operation, None, &request, 1);
        let exchange = match &self.tape {
            Some(tape) => tape.get(&id).cloned().unwrap_or_else(|| {
                self.not_read(id, operation, request, FailureKind::NotOnTape, "the tape does not hold this request")
            }),
            None if self.session.stop().is_pulled() => self.not_read(
                id,
                operation,
                request,
                FailureKind::Interrupted,
                "the scan was stopped before it was read",
            ),
            None => {
                let asked_at = Timestamp::now();
                let result = read(&self.session.redactor);
                self.exchange(id, operation, request, asked_at, result)
            }
        };
        self.session.record(&exchange)?;
        Ok(Arc::new(exchange))
    }

    fn not_read(&self, id: String, operation: &str, request: Request, kind: FailureKind, why: &str) -> Exchange {
        let failure = Failure { kind, code: None, message: why.to_owned() };
        let mut exchange = self.exchange(id, operation, request, self.session.as_of, Err(failure));
        exchange.attempts = 0;
        exchange
    }

    fn exchange(
        &self,
        id: String,
        operation: &str,
        request: Request,
        asked_at: Timestamp,
        result: Result<LocalAnswer, Failure>,
    ) -> Exchange {
        let (answer, failure, cuts) = match result {
            Ok(answer) => {
                let LocalAnswer { content_type, body, cuts } = answer;
                (Some(Answer { status: 200, headers: Map::new(), content_type, body }), None, cuts)
            }
            Err(failure) => (None, Some(failure), Vec::new()),
        };
        Exchange {
            id,
            target: self.session.target.name.clone(),
            kind: self.session.target.kind(),
            operation: operation.to_owned(),
            region: None,
            page: 1,
            request,
            asked_by: "the user who ran the scan".to_owned(),
            asked_at,
            attempts: 1,
            host: "this machine".to_owned(),
            tls: "no TLS".to_owned(),
            request_id: None,
            server_date: None,
            answer,
            failure,
            cuts,
        }
    }
}
