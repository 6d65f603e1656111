//! How long each stage takes, for the log (`-v`) and `cargo xtask bench`.

use std::time::Instant;

/// Does some work and says how long it took. Nothing that is derived depends on it.
pub(crate) fn timed<T>(stage: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    tracing::info!("stage={stage} seconds={:.2}", start.elapsed().as_secs_f64());
    done
}
