//! Who answers the walk's questions: the network while collecting, the evidence while extracting.

mod live;
mod recorded;

pub(crate) use live::Live;
pub(crate) use recorded::Recorded;

use crate::describe::Ask;
use annexa_model::Exchange;
use async_trait::async_trait;
use std::sync::Arc;

/// Answers questions. The same walk with the same answers asks the same questions.
#[async_trait]
pub(crate) trait Asker: Send + Sync {
    /// One page of a REST call; `paging` are the query parameters that the page before named.
    async fn rest(&self, ask: &Ask, page: u32, paging: &[(String, String)]) -> Arc<Exchange>;

    /// One page of a GraphQL query, after a cursor; `size`: how many items at most.
    async fn query(&self, ask: &Ask, page: u32, after: Option<&str>, size: Option<u32>) -> Arc<Exchange>;

    /// Whether going on makes no sense.
    fn stopped(&self) -> bool {
        false
    }
}
