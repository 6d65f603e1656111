//! How long each stage takes and how much memory was needed until then, for the log (`-v`) and `cargo xtask bench`.

use std::time::Instant;

/// Does some work and says how long it took. Nothing that is derived depends on it.
pub(crate) fn timed<T>(stage: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    tracing::info!("stage={stage} seconds={:.2} peak_mb={}", start.elapsed().as_secs_f64(), peak());
    done
}

/// The most memory so far, in MB, where the system says so.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    high.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}
