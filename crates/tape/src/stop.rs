//! A way to stop a scan that is under way.

use tokio::sync::watch;

/// Stops all calls of a scan once it is pulled. Clones are one and the same.
#[derive(Clone, Debug)]
pub struct Stop {
    pulled: watch::Sender<bool>,
}

impl Stop {
    /// A stop that is not pulled.
    #[must_use]
    pub fn new() -> Self {
        Self { pulled: watch::Sender::new(false) }
    }

    /// Calls under way end as recorded failures of kind `interrupted`; new ones are not made.
    pub fn pull(&self) {
        self.pulled.send_replace(true);
    }

    /// Whether it was pulled.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        *self.pulled.borrow()
    }

    /// Waits until it is pulled.
    pub async fn pulled(&self) {
        let mut receiver = self.pulled.subscribe();
        // the sender lives as long as `self`, so waiting can't fail
        let _ = receiver.wait_for(|pulled| *pulled).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
