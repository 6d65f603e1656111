//! The pages one after the other, rendered a few at a time side by side.

use crate::page::{self, Page};
use crate::plan::Plan;
use crate::{ReportError, Templates};
use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::Mutex;

/// Pages that are rendered before the first of them is handed out.
const AHEAD: usize = 16;

type Rendered = Result<(String, Vec<u8>), ReportError>;

/// The pages of a report, in a fixed order whatever the number of threads.
pub(crate) struct Pages<'a> {
    plan: Plan<'a>,
    templates: &'a Templates,
    left: VecDeque<Page>,
    ready: VecDeque<Rendered>,
    threads: usize,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(plan: Plan<'a>, templates: &'a Templates) -> Self {
        let left = page::all(&plan).into();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
        Self { plan, templates, left, ready: VecDeque::new(), threads }
    }

    fn render_ahead(&mut self) {
        let batch: Vec<Page> = self.left.drain(..AHEAD.min(self.left.len())).collect();
        let (plan, templates) = (&self.plan, self.templates);
        let todo = Mutex::new(batch.iter().enumerate());
        let work = || {
            let mut done = Vec::new();
            loop {
                // the lock is poisoned only when another thread panicked; the pages left are then still to be rendered. It
                // must not be held while a page is rendered, as the head of a `while let` would hold it
                let next = todo.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some((at, page)) = next else { return done };
                done.push((at, page::render(plan, templates, page)));
            }
        };
        let mut done: Vec<(usize, Rendered)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.min(batch.len())).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            done.extend(
                others
                    .into_iter()
                    .flat_map(|thread| thread.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))),
            );
            done
        });
        done.sort_by_key(|(at, _)| *at);
        self.ready = done.into_iter().map(|(_, page)| page).collect();
    }
}

impl Iterator for Pages<'_> {
    type Item = Rendered;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && !self.left.is_empty() {
            self.render_ahead();
        }
        self.ready.pop_front()
    }
}
