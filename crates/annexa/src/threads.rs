//! The same work for many things, side by side, with results in the order of the things.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

/// Works on each item; results come in the order of the items, whatever the number of threads.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let left = Mutex::new(items.iter().enumerate());
    let run = || {
        let mut done = Vec::new();
        loop {
            // the lock is poisoned only when another thread panicked; the items left are then still to be done
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, item)) = next else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for thread in others {
            done.extend(thread.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order() {
        let items: Vec<u32> = (0..1_000).collect();
        assert_eq!(each(&items, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert!(each(&[] as &[u32], |n| *n).is_empty());
    }
}
