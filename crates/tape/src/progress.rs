//! Who wants to see calls come and go.

use annexa_model::Exchange;

/// Told of every call, live and in replay. Called from many tasks at once: be quick.
pub trait Progress: Send + Sync {
    /// A call begins.
    fn call_started(&self, target: &str, operation: &str, region: Option<&str>);

    /// A call ended, well or not.
    fn call_finished(&self, exchange: &Exchange);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unseen;

impl Progress for Unseen {
    fn call_started(&self, _target: &str, _operation: &str, _region: Option<&str>) {}
    fn call_finished(&self, _exchange: &Exchange) {}
}
