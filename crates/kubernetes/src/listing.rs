//! The pages of one list, put together again: which objects there are, and whether these are all.

use crate::dialect::{PAGE_SIZE, api_path, list_operation, page_name, page_path};
use crate::kinds::Kind;
use annexa_model::{Exchange, FailureKind, Gap, Request, SetState};
use serde_json::{Map, Value};

/// How many pages in a row are named one by one when they are missing. Evidence may give a page any number.
const MAX_MISSING: usize = 100;

/// One object and the exchange that holds it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) object: Value,
    pub(crate) exchange: String,
}

/// All objects of a kind.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// The version that was asked: `apps/v1`.
    pub(crate) api: String,
    pub(crate) objects: Vec<Listed>,
    pub(crate) state: SetState,
    /// The exchanges that listed them, failed ones too.
    pub(crate) evidence: Vec<String>,
    pub(crate) gaps: Vec<Gap>,
}

impl Listing {
    /// A kind that the server does not serve.
    pub(crate) fn not_served(kind: &Kind, discovery: Vec<String>) -> Self {
        let reason = format!("the API server does not serve {}", kind.qualified_resource());
        Self {
            api: String::new(),
            objects: Vec::new(),
            state: SetState::NotApplicable { reason },
            evidence: discovery,
            gaps: Vec::new(),
        }
    }

    /// Puts the pages of a list together. `identity` is what the exchanges' ids were made with.
    pub(crate) fn of(kind: &Kind, api: &str, target: &str, identity: &str, mut exchanges: Vec<Exchange>) -> Self {
        exchanges.sort_by_key(|exchange| exchange.page);
        let evidence = exchanges.iter().map(|exchange| exchange.id.clone()).collect();
        let expected = Expected { kind, api, target, identity };
        let mut listing =
            Self { api: api.to_owned(), objects: Vec::new(), state: SetState::Complete, evidence, gaps: Vec::new() };
        // after a 410 the list was started again: what came before does not count
        let start = exchanges.iter().rposition(|exchange| !has_continue(exchange)).unwrap_or(0);
        let pages = exchanges.split_off(start);
        let first = pages.first().filter(|exchange| !has_continue(exchange)).map(|exchange| exchange.page);
        let mut next = Some(first.unwrap_or(1));
        for exchange in pages {
            let mut named = 0;
            while let Some(missing) = next.filter(|next| *next < exchange.page) {
                listing.lose(expected.missing(missing, first.unwrap_or(1)));
                named += 1;
                next = if named < MAX_MISSING { missing.checked_add(1) } else { None };
            }
            let failed = exchange.failure.is_some();
            if failed {
                listing.lose(expected.failed(&exchange));
            }
            let page = exchange.page;
            let Some(mut answer) = exchange.answer.filter(|_| !failed) else {
                next = None;
                continue;
            };
            let more = answer
                .body
                .pointer("/metadata/continue")
                .and_then(Value::as_str)
                .is_some_and(|token| !token.is_empty());
            next = more.then(|| page.saturating_add(1));
            if let Some(Value::Array(items)) = answer.body.get_mut("items").map(Value::take) {
                let id = &exchange.id;
                listing.objects.extend(items.into_iter().map(|object| Listed { object, exchange: id.clone() }));
            }
        }
        if let Some(missing) = next {
            listing.lose(expected.missing(missing, first.unwrap_or(1)));
        }
        listing
    }

    fn lose(&mut self, gap: Gap) {
        let reason = format!("{}: {}", gap.operation, gap.message);
        if self.state == SetState::Complete {
            self.state = SetState::Unobserved { reason, gap: gap.id.clone() };
        }
        self.gaps.push(gap);
    }

    /// Settles whether anything is known at all, once all pages are in.
    pub(crate) fn settle(mut self) -> Self {
        if let (SetState::Unobserved { reason, gap }, false) = (&self.state, self.objects.is_empty()) {
            self.state = SetState::Partial { reason: reason.clone(), gap: gap.clone() };
        }
        self
    }
}

fn has_continue(exchange: &Exchange) -> bool {
    exchange.request.path.contains("continue=")
}

struct Expected<'a> {
    kind: &'a Kind,
    api: &'a str,
    target: &'a str,
    identity: &'a str,
}

impl Expected<'_> {
    fn gap(&self, id: String, kind: FailureKind, message: String) -> Gap {
        let permission = format!("list {}", self.kind.qualified_resource());
        Gap {
            id,
            target: self.target.to_owned(),
            operation: list_operation(self.api, &self.kind.resource),
            region: None,
            subject: format!("all {}", self.kind.qualified_resource()),
            kind,
            message,
            remedy: remedy(kind, &permission),
            permission: Some(permission),
            checks: Vec::new(),
            exception: None,
        }
    }

    fn failed(&self, exchange: &Exchange) -> Gap {
        let (kind, message) = match &exchange.failure {
            Some(failure) => (failure.kind, describe(failure.code.as_deref(), &failure.message)),
            None => (FailureKind::Invalid, "no answer".to_owned()),
        };
        self.gap(exchange.id.clone(), kind, message)
    }

    /// A page that should be there.
    fn missing(&self, page: u32, first: u32) -> Gap {
        let list = format!("{}/{}", api_path(self.api), self.kind.resource);
        let name = (page > first).then(|| page_name(page));
        let path = page_path(&list, name.as_deref());
        let mut parameters = Map::from_iter([("limit".to_owned(), Value::String(PAGE_SIZE.to_string()))]);
        parameters.extend(name.map(|name| ("continue".to_owned(), Value::String(name))));
        let request = Request { method: "GET".to_owned(), path, parameters, body: None };
        let id = Exchange::id_of(self.identity, &list_operation(self.api, &self.kind.resource), None, &request, page);
        self.gap(id, FailureKind::NotAsked, format!("page {page} was never asked, or is not among the evidence"))
    }
}

/// A code and a message as one sentence.
pub(crate) fn describe(code: Option<&str>, message: &str) -> String {
    match code {
        Some(code) if !message.starts_with(code) => format!("{code}: {message}"),
        _ => message.to_owned(),
    }
}

/// How a gap is closed.
pub(crate) fn remedy(kind: FailureKind, permission: &str) -> String {
    match kind {
        FailureKind::Denied => {
            format!("allow `{permission}`: `annexa permissions kubernetes` prints the whole ClusterRole")
        }
        FailureKind::Unauthenticated => "renew the credentials of this context, then scan again".to_owned(),
        FailureKind::Throttled => {
            "scan again with a lower --concurrency, or when the API server is less busy".to_owned()
        }
        FailureKind::NotFound => {
            "the API server says that it does not have this; check that the address is right".to_owned()
        }
        FailureKind::NotAsked | FailureKind::Interrupted | FailureKind::NotOnTape => {
            "scan again, and let the scan end".to_owned()
        }
        _ => "look at the API server's own log, then scan again".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::kinds::Kinds;
    use annexa_model::{Answer, Failure, Kind as TargetKind, Timestamp};
    use serde_json::json;

    fn page(number: u32, continued: bool, answer: Result<Value, FailureKind>) -> Exchange {
        let path = if continued {
            format!("/api/v1/pods?limit=500&continue=page-{number}")
        } else {
            "/api/v1/pods?limit=500".to_owned()
        };
        let (answer, failure) = match answer {
            Ok(body) => (
                Some(Answer { status: 200, headers: Map::new(), content_type: "application/json".to_owned(), body }),
                None,
            ),
            Err(kind) => (None, Some(Failure { kind, code: None, message: "no".to_owned() })),
        };
        Exchange {
            id: format!("e{number}"),
            target: "t".to_owned(),
            kind: TargetKind::Kubernetes,
            operation: "list v1 pods".to_owned(),
            region: None,
            page: number,
            request: Request { method: "GET".to_owned(), path, parameters: Map::new(), body: None },
            asked_by: String::new(),
            asked_at: Timestamp::UNIX_EPOCH,
            attempts: 1,
            host: String::new(),
            tls: String::new(),
            request_id: None,
            server_date: None,
            answer,
            failure,
            cuts: Vec::new(),
        }
    }

    fn items(name: &str, more: u32) -> Result<Value, FailureKind> {
        let token = if more > 0 { format!("page-{more}") } else { String::new() };
        Ok(json!({"metadata": {"continue": token}, "items": [{"metadata": {"name": name}}]}))
    }

    fn listing(exchanges: Vec<Exchange>) -> (Vec<String>, SetState, Vec<FailureKind>) {
        let kinds = Kinds::load(&crate::rules()).unwrap();
        let listing = Listing::of(&kinds.kinds["Pod"], "v1", "t", "u", exchanges).settle();
        let names =
            listing.objects.iter().map(|o| o.object.pointer("/metadata/name").unwrap().as_str().unwrap().to_owned());
        (names.collect(), listing.state, listing.gaps.iter().map(|gap| gap.kind).collect())
    }

    #[test]
    fn whole_lists_are_complete() {
        let (names, state, _) = listing(vec![page(2, true, items("b", 0)), page(1, false, items("a", 2))]);
        assert_eq!((names, state), (vec!["a".to_owned(), "b".to_owned()], SetState::Complete));
    }

    #[test]
    fn a_denied_list_is_unobserved() {
        let (names, state, gaps) = listing(vec![page(1, false, Err(FailureKind::Denied))]);
        assert!(names.is_empty() && matches!(state, SetState::Unobserved { .. }));
        assert_eq!(gaps, [FailureKind::Denied]);
    }

    #[test]
    fn a_list_that_was_never_asked_is_unobserved() {
        let (_, state, gaps) = listing(vec![]);
        assert!(matches!(state, SetState::Unobserved { .. }));
        assert_eq!(gaps, [FailureKind::NotAsked]);
    }

    #[test]
    fn lost_pages_make_a_list_partial() {
        for pages in [
            vec![page(1, false, items("a", 2))],
            vec![page(1, false, items("a", 2)), page(3, true, items("c", 0))],
            vec![page(2, true, items("b", 0))],
            vec![page(1, false, items("a", 2)), page(2, true, Err(FailureKind::Timeout))],
        ] {
            let (names, state, gaps) = listing(pages);
            assert!(!names.is_empty() && matches!(state, SetState::Partial { .. }), "{names:?} {state:?}");
            assert_eq!(gaps.len(), 1);
        }
    }

    #[test]
    fn page_numbers_out_of_nowhere_are_bounded() {
        let (names, state, gaps) = listing(vec![
            page(1, false, items("a", 2)),
            page(u32::MAX - 1, true, items("b", 3)),
            page(u32::MAX, true, items("c", 4)),
        ]);
        assert_eq!(names, ["a", "b", "c"]);
        assert!(matches!(state, SetState::Partial { .. }));
        assert_eq!(gaps.len(), MAX_MISSING + 1);
    }

    #[test]
    fn after_a_restart_the_first_pages_do_not_count() {
        let pages = vec![
            page(1, false, items("old", 2)),
            page(2, true, Err(FailureKind::Rejected)),
            page(3, false, items("a", 4)),
            page(4, true, items("b", 0)),
        ];
        let (names, state, gaps) = listing(pages);
        assert_eq!((names, state), (vec!["a".to_owned(), "b".to_owned()], SetState::Complete));
        assert!(gaps.is_empty());
    }
}
