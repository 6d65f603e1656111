//! Ctrl-C and SIGTERM: what was collected is kept, in a bundle that says incomplete.

use crate::console::Console;
use annexa_tape::Stop;
use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};

/// Pulls the stop at the first signal; a second one ends the program at once.
pub(crate) fn pulls(stop: Stop, console: Console) {
    tokio::spawn(async move {
        wait().await;
        console.always("stopping: calls under way are ended, what was collected is kept (once more ends at once)");
        stop.pull();
        wait().await;
        end();
    });
}

/// Folders with copies of what is confidential. Whoever ends the program before its time removes them.
static COPIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Has a folder removed when a signal ends the program.
pub(crate) fn removes(folder: PathBuf) {
    COPIES.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
}

/// Ends the program at the first signal, for commands that have nothing to bring to an end.
pub(crate) fn ends() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::thread::spawn(|| {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(wait());
            end();
        });
    });
}

fn end() -> ! {
    for folder in COPIES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = std::fs::remove_dir_all(folder);
    }
    std::process::exit(130);
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
