//! One target's way to its provider.

use crate::layers::limits::Gate;
use crate::layers::wire::Wire;
use crate::{
    CredentialClient, Dialect, Evidence, Limits, Progress, Redactor, Settings, SettingsError, Sink, Stop, Transport,
    Unseen,
};
use annexa_model::{Exchange, Target, Timestamp};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What a collector gets for one target. Cheap to clone; clones share limits and the stop.
#[derive(Clone)]
pub struct Session {
    /// The target.
    pub target: Target,
    /// The start of the scan; on replay the start of the recorded one. The only clock that a collector may look at.
    pub as_of: Timestamp,
    /// How many calls may be under way at once.
    pub concurrency: usize,
    /// The folder of annexa.yaml, for relative paths.
    pub base_dir: PathBuf,
    #[doc(hidden)]
    pub sink: Arc<dyn Sink>,
    #[doc(hidden)]
    pub replay: Option<Evidence>,
    #[doc(hidden)]
    pub redactor: Redactor,
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) progress: Arc<dyn Progress>,
    pub(crate) stop: Stop,
    pub(crate) gate: Arc<Gate>,
}

impl Session {
    /// Starts a session: a live one, unless [`SessionBuilder::replay`] is called.
    pub fn builder(target: Target, as_of: Timestamp, sink: Arc<dyn Sink>, redactor: Redactor) -> SessionBuilder {
        SessionBuilder {
            target,
            as_of,
            sink,
            redactor,
            concurrency: 8,
            base_dir: PathBuf::from("."),
            replay: None,
            limits: Limits::default(),
            settings: Settings::default(),
            progress: Arc::new(Unseen),
            stop: Stop::new(),
        }
    }

    /// Whether answers come from a tape: then nothing below the tape is touched, no credential is looked for, and no
    /// file of the target is read.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// Opens the way to the provider: everything that goes through it is recorded.
    ///
    /// Each transport has connections of its own: open one for a dialect and clone it.
    /// Settings that can't be used make every call a recorded failure; see [`Session::transport_with`] for an error.
    #[must_use]
    pub fn transport(&self, dialect: Arc<dyn Dialect>) -> Transport {
        let wire = self.wire(&self.settings).map_err(|error| error.to_string());
        Transport::new(self.clone(), dialect, self.settings.hosts.clone(), wire)
    }

    /// Opens the way to the provider with settings of its own in place of the session's.
    pub fn transport_with(&self, dialect: Arc<dyn Dialect>, settings: &Settings) -> Result<Transport, SettingsError> {
        let wire = self.wire(settings)?;
        Ok(Transport::new(self.clone(), dialect, settings.hosts.clone(), Ok(wire)))
    }

    /// The lane for calls that fetch credentials: never on the tape, and closed in replay.
    #[must_use]
    pub fn credential_lane(&self) -> CredentialClient {
        let wire = self.wire(&self.settings).map_err(|error| error.to_string());
        CredentialClient::new(self.target.name.clone(), wire, self.limits.clone(), self.stop.clone())
    }

    /// The credential lane with settings of its own in place of the session's.
    pub fn credential_lane_with(&self, settings: &Settings) -> Result<CredentialClient, SettingsError> {
        let wire = self.wire(settings)?;
        Ok(CredentialClient::new(self.target.name.clone(), Ok(wire), self.limits.clone(), self.stop.clone()))
    }

    /// The redactor, for collectors that make exchanges themselves.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The session's own settings, to derive others from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The stop of the scan.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Keeps an exchange that went through no transport (a document), redacted by the caller, and tells progress of it.
    pub fn record(&self, exchange: &Exchange) -> io::Result<()> {
        self.progress.call_started(&exchange.target, &exchange.operation, exchange.region.as_deref());
        self.sink.keep(exchange)?;
        self.progress.call_finished(exchange);
        Ok(())
    }

    /// The way to the network, or none in replay.
    fn wire(&self, settings: &Settings) -> Result<Option<Wire>, SettingsError> {
        if self.is_replay() { Ok(None) } else { Wire::new(settings, &self.limits).map(Some) }
    }
}

/// Puts a session together.
#[must_use]
pub struct SessionBuilder {
    target: Target,
    as_of: Timestamp,
    sink: Arc<dyn Sink>,
    redactor: Redactor,
    concurrency: usize,
    base_dir: PathBuf,
    replay: Option<Evidence>,
    limits: Limits,
    settings: Settings,
    progress: Arc<dyn Progress>,
    stop: Stop,
}

impl SessionBuilder {
    /// Answers come from this evidence; nothing is asked.
    pub fn replay(mut self, evidence: Evidence) -> Self {
        self.replay = Some(evidence);
        self
    }

    /// How many calls may be under way at once (default 8, at least 1).
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// The folder of annexa.yaml (default: the current one).
    pub fn base_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base_dir = folder.into();
        self
    }

    /// Deadlines, retries and sizes.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Roots, client certificate, proxy, more headers.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Who is told of calls.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// The stop of the scan; give the same one to all its sessions.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// The session.
    #[must_use]
    pub fn build(self) -> Session {
        let gate = Arc::new(Gate::new(self.concurrency, self.limits.min_interval));
        Session {
            target: self.target,
            as_of: self.as_of,
            concurrency: self.concurrency,
            base_dir: self.base_dir,
            sink: self.sink,
            replay: self.replay,
            redactor: self.redactor,
            limits: self.limits,
            settings: self.settings,
            progress: self.progress,
            stop: self.stop,
            gate,
        }
    }
}
