//! A stack that no expression overflows.

/// Address space only: what is not used costs nothing.
const DEEP: usize = 512 * 1024 * 1024;

/// Runs work on a thread whose stack holds the deepest expression that the length limit allows. The CEL parser recurses
/// for each bracket, and says no only when it is through.
pub(crate) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread to work in: {error}"))?;
        thread.join().map_err(|_| "reading them broke off; please report this".to_owned())
    })
}
