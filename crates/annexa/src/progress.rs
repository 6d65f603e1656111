//! Progress on a terminal: one line with counts and the call that is under way.

use crate::console::Console;
use annexa_model::Exchange;
use annexa_tape::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts calls, and draws them where a person looks.
pub(crate) struct Calls {
    bar: ProgressBar,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Calls {
    pub(crate) fn new(console: &Console) -> Self {
        let target = if console.draws() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {prefix} {wide_msg}") {
            bar.set_style(style);
        }
        if console.draws() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, done: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Calls {
    fn call_started(&self, target: &str, operation: &str, region: Option<&str>) {
        let place = region.map(|r| format!(" · {r}")).unwrap_or_default();
        self.bar.set_message(crate::text::printable(&format!("{target} · {operation}{place}")));
    }

    fn call_finished(&self, exchange: &Exchange) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let failed = self.failed.fetch_add(u64::from(exchange.failure.is_some()), Ordering::Relaxed)
            + u64::from(exchange.failure.is_some());
        self.bar.set_prefix(format!("{done} answers, {failed} without"));
    }
}
