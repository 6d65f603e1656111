//! Ctrl-C and SIGTERM: what was collected is kept, in a bundle that says incomplete.

use crate::console::Console;
use annexa_tape::Stop;
use std::path::PathBuf;

/// Pulls the stop at the first signal; a second one ends the program at once.
pub(crate) fn pulls(stop: Stop, console: Console) {
    tokio::spawn(async move {
        wait().await;
        console.always("stopping: calls under way are ended, what was collected is kept (once more ends at once)");
        stop.pull();
        wait().await;
        std::process::exit(130);
    });
}

/// Removes a folder at a signal, then ends the program.
pub(crate) fn removes(folder: PathBuf) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(wait());
        let _ = std::fs::remove_dir_all(folder);
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        // without the handler Ctrl-C still works
        Err(_) => ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn wait() {
    ctrl_c().await;
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
