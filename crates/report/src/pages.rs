//! The pages one after the other, rendered many at a time side by side.

use crate::page::{self, Page};
use crate::plan::Plan;
use crate::{ReportError, Templates};
use rayon::prelude::*;
use std::borrow::Borrow;
use std::collections::VecDeque;

/// Pages that are rendered before the first of them is handed out, when they are handed out whole: some MB.
pub(crate) const FEW: usize = 16;
/// The same when little is left of each: so many that no core waits for long.
pub(crate) const MANY: usize = 512;

type Rendered<T> = Result<T, ReportError>;

/// What is made of each page, in the order of pages; so many are made `ahead` of the first one.
pub(crate) fn each<'a, P, F, T>(
    plan: P,
    templates: &Templates,
    ahead: usize,
    then: F,
) -> impl Iterator<Item = Rendered<T>>
where
    P: Borrow<Plan<'a>>,
    F: Fn(String, Vec<u8>) -> T + Sync,
    T: Send,
{
    let mut left: VecDeque<Page> = page::all(plan.borrow()).into();
    let mut ready: VecDeque<Rendered<T>> = VecDeque::new();
    std::iter::from_fn(move || {
        if ready.is_empty() {
            let batch: Vec<Page> = left.drain(..ahead.min(left.len())).collect();
            let (plan, then) = (plan.borrow(), &then);
            let render = |page: &Page| page::render(plan, templates, page).map(|(path, bytes)| then(path, bytes));
            ready = batch.par_iter().map(render).collect();
        }
        ready.pop_front()
    })
}
