//! The whole answer to a question: its pages put together, in its state.

use super::Run;
use super::ask::Question;
use super::codecs;
use super::gap::Trouble;
use super::page::{PageAnswer, read};
use crate::caller::{Hole, PageTokens, next_page};
use crate::description::{CallDef, Service};
use crate::shapes::Page;
use annexa_model::{FailureKind, Reason};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How often a call that starts something is repeated at most.
const POLLS: u32 = 60;

/// More pages than any list has; a hostile server could go on for ever.
const PAGES: u32 = 20_000;

/// What is known of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Known,
    /// Pages are missing: the lists that they would go on are not whole.
    Partial(Reason),
    Absent,
    NotApplicable(String),
    Unobserved(Reason),
}

/// An answer over all its pages.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) state: State,
    pub(crate) value: Value,
    pub(crate) holes: Vec<Hole>,
    /// Pointers of the lists that pages go on.
    pub(crate) paged: Vec<String>,
    /// The exchanges, in order of pages.
    pub(crate) evidence: Vec<String>,
    /// For each paged list: from which index on items came from which exchange.
    origins: BTreeMap<String, Vec<(usize, String)>>,
}

/// The pages of a question, or the region where it must be asked instead.
enum Pages {
    Read(Reply),
    Elsewhere(String),
}

/// A call that should have started something.
struct NotStarted {
    call: CallDef,
    question: Question,
    id: String,
    trouble: Trouble,
}

impl Reply {
    pub(crate) fn empty(state: State) -> Self {
        Self {
            state,
            value: Value::Object(Map::new()),
            holes: Vec::new(),
            paged: Vec::new(),
            evidence: Vec::new(),
            origins: BTreeMap::new(),
        }
    }

    /// Why nothing, or not all, is known; for people.
    pub(crate) fn reason(&self) -> &str {
        match &self.state {
            State::Partial(reason) | State::Unobserved(reason) => &reason.reason,
            State::NotApplicable(reason) => reason,
            State::Known | State::Absent => "the answer lacks it",
        }
    }

    /// The exchanges that show the value at a pointer: those of its page, or all.
    pub(crate) fn evidence_of(&self, pointer: &str) -> Vec<String> {
        for (list, origins) in &self.origins {
            let Some(rest) = pointer.strip_prefix(list.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
                continue;
            };
            let Some(index) = rest.split('/').next().and_then(|index| index.parse::<usize>().ok()) else { continue };
            if let Some((_, id)) = origins.iter().rev().find(|(start, _)| *start <= index) {
                return vec![id.clone()];
            }
        }
        self.evidence.clone()
    }

    /// Adds a page to the lists that go on.
    fn extend(&mut self, items: &[String], page: Value, mut holes: Vec<Hole>, exchange: &str) {
        let first = self.evidence.is_empty();
        self.evidence.push(exchange.to_owned());
        for list in items {
            let pointer: String = list.split('.').map(|step| format!("/{step}")).collect();
            let start = self.value.pointer(&pointer).and_then(Value::as_array).map_or(0, Vec::len);
            self.origins.entry(pointer.clone()).or_default().push((start, exchange.to_owned()));
            if first {
                self.paged.push(pointer);
                continue;
            }
            for hole in &mut holes {
                hole.pointer = moved(&hole.pointer, &pointer, start);
            }
            let Some(more) = page.pointer(&pointer).and_then(Value::as_array) else { continue };
            match self.value.pointer_mut(&pointer) {
                Some(Value::Array(known)) => known.extend(more.iter().cloned()),
                _ if !list.contains('.') => {
                    self.value[list.as_str()] = Value::Array(more.clone());
                }
                _ => {}
            }
        }
        if first {
            self.value = page;
        }
        self.holes.extend(holes);
    }

    /// The whole answer: without the marks of its pages, and with an empty list where it has none.
    fn close(&mut self, page: &Page) {
        if let Value::Object(members) = &mut self.value {
            members.retain(|name, _| page.more.as_ref() != Some(name) && !page.output.contains(name));
        }
        for list in page.items.iter().filter(|list| !list.contains('.')) {
            let holed = self.holes.iter().any(|hole| hole.pointer == format!("/{list}"));
            if let Value::Object(members) = &mut self.value
                && !holed
                && !members.contains_key(list)
            {
                members.insert(list.clone(), Value::Array(Vec::new()));
            }
        }
    }
}

/// A pointer below a list, after the list was put behind `start` other items.
fn moved(pointer: &str, list: &str, start: usize) -> String {
    let inside = pointer.strip_prefix(list).and_then(|rest| rest.strip_prefix('/'));
    let Some((index, rest)) = inside.map(|inside| inside.split_once('/').unwrap_or((inside, ""))) else {
        return pointer.to_owned();
    };
    match index.parse::<usize>() {
        Ok(index) if rest.is_empty() => format!("{list}/{}", start + index),
        Ok(index) => format!("{list}/{}/{rest}", start + index),
        Err(_) => pointer.to_owned(),
    }
}

impl Run<'_> {
    /// Asks a question with all its pages. `subject` is what it is about, for people.
    pub(crate) async fn reply(&self, call: &CallDef, question: Question, subject: &str) -> Reply {
        let Some(service) = self.catalog.services.get(&call.service) else {
            return Reply::empty(State::Absent);
        };
        let not_started = self.poll(call, &question, service).await;
        let mut question = question;
        let mut reply = match self.pages(call, &question, service, subject, true).await {
            Pages::Read(reply) => reply,
            Pages::Elsewhere(region) => {
                question.region = Some(region);
                match self.pages(call, &question, service, subject, false).await {
                    Pages::Read(reply) => reply,
                    Pages::Elsewhere(_) => Reply::empty(State::Absent),
                }
            }
        };
        if let (Some(failed), State::Unobserved(_)) = (not_started, &reply.state) {
            // what was made earlier could have been there still; as it is not, this is the cause
            reply.state =
                State::Unobserved(self.lack(&failed.call, &failed.question, subject, failed.id, failed.trouble));
        }
        codecs::apply(&service.model, call, &mut reply);
        reply
    }

    /// The pages of a question. Only with `may_move` the answer can be another region to ask.
    async fn pages(
        &self,
        call: &CallDef,
        question: &Question,
        service: &Service,
        subject: &str,
        may_move: bool,
    ) -> Pages {
        let Some(shape) = service.model.operations.get(&call.operation) else {
            return Pages::Read(Reply::empty(State::Absent));
        };
        let items = &shape.page.items;
        let mut reply = Reply::empty(State::Known);
        let mut tokens = PageTokens::new();
        let mut asked = vec![tokens.clone()];
        for page in 1..=PAGES {
            let exchange = self.asker.ask(question, &tokens, page).await;
            let answer = match &exchange {
                None => PageAnswer::Trouble(Trouble::not_asked()),
                Some(exchange) => read(service, call, question, exchange),
            };
            let id = exchange
                .map_or_else(|| question.id(self.catalog, self.place, &tokens, page), |exchange| exchange.id.clone());
            let (value, holes) = match answer {
                PageAnswer::Usable(value, holes) => (value, holes),
                PageAnswer::Elsewhere(region) if may_move => return Pages::Elsewhere(region),
                PageAnswer::Elsewhere(_) => {
                    let trouble =
                        Trouble::new(FailureKind::Rejected, "the answer names another region again".to_owned());
                    let lack = self.lack(call, question, subject, id, trouble);
                    return Pages::Read(lessened(reply, lack, &shape.page));
                }
                PageAnswer::Absent => {
                    reply.state = State::Absent;
                    reply.evidence.push(id);
                    return Pages::Read(reply);
                }
                PageAnswer::NotApplicable(reason) => {
                    reply.state = State::NotApplicable(reason);
                    reply.evidence.push(id);
                    return Pages::Read(reply);
                }
                PageAnswer::Trouble(trouble) => {
                    let lack = self.lack(call, question, subject, id, trouble);
                    return Pages::Read(lessened(reply, lack, &shape.page));
                }
            };
            let next = next_page(shape, &value);
            reply.extend(items, value, holes, &id);
            let Some(next) = next else {
                reply.close(&shape.page);
                return Pages::Read(reply);
            };
            if asked.contains(&next) {
                let trouble = Trouble::new(
                    FailureKind::Invalid,
                    format!("after page {page} the token of an earlier page came again"),
                );
                let lack = self.lack(call, question, subject, id, trouble);
                return Pages::Read(lessened(reply, lack, &shape.page));
            }
            asked.push(next.clone());
            tokens = next;
        }
        let trouble = Trouble::new(FailureKind::TooLarge, format!("the list goes on after {PAGES} pages"));
        let id = question.id(self.catalog, self.place, &tokens, PAGES);
        let lack = self.lack(call, question, subject, id, trouble);
        Pages::Read(lessened(reply, lack, &shape.page))
    }

    /// Repeats a call until its answer says that what it starts is done. Gives what failed.
    async fn poll(&self, call: &CallDef, question: &Question, service: &Service) -> Option<NotStarted> {
        let poll = call.poll.as_ref()?;
        let starter = CallDef {
            operation: poll.operation.clone(),
            permission: poll.permission.clone(),
            poll: None,
            ..call.clone()
        };
        let question = Question { operation: poll.operation.clone(), parameters: Map::new(), ..question.clone() };
        let tokens = PageTokens::new();
        for page in 1..=POLLS {
            let exchange = self.asker.ask(&question, &tokens, page).await;
            let id = exchange
                .as_ref()
                .map_or_else(|| question.id(self.catalog, self.place, &tokens, page), |exchange| exchange.id.clone());
            let answer = exchange.map_or_else(
                || PageAnswer::Trouble(Trouble::not_asked()),
                |exchange| read(service, &starter, &question, &exchange),
            );
            match answer {
                PageAnswer::Usable(value, _) => {
                    let done = poll
                        .until
                        .iter()
                        .all(|(member, wanted)| value.get(member).and_then(Value::as_str) == Some(wanted));
                    if done {
                        return None;
                    }
                }
                PageAnswer::Trouble(trouble) => return Some(NotStarted { call: starter, question, id, trouble }),
                _ => return None,
            }
            self.asker.pause().await;
        }
        None
    }
}

/// A reply that ends early: nothing is known when it has no page at all.
fn lessened(mut reply: Reply, lack: Reason, page: &Page) -> Reply {
    if reply.evidence.is_empty() {
        reply.state = State::Unobserved(lack);
    } else {
        reply.close(page);
        reply.state = State::Partial(lack);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_go_on_and_remember_where_items_came_from() {
        let items = vec!["Users".to_owned()];
        let mut reply = Reply::empty(State::Known);
        reply.extend(&items, json!({"Users": [{"A": 1}, {"A": 2}], "IsTruncated": true}), Vec::new(), "one");
        let hole = Hole { pointer: "/Users/0/B".to_owned(), reason: "cut".to_owned() };
        reply.extend(&items, json!({"Users": [{"A": 3}]}), vec![hole], "two");
        assert_eq!(reply.value["Users"], json!([{"A": 1}, {"A": 2}, {"A": 3}]));
        assert_eq!(reply.holes[0].pointer, "/Users/2/B");
        assert_eq!(reply.evidence_of("/Users/1/A"), ["one"]);
        assert_eq!(reply.evidence_of("/Users/2"), ["two"]);
        assert_eq!(reply.evidence_of("/Other"), ["one", "two"]);
    }

    #[test]
    fn a_missing_result_list_is_empty() {
        let items = vec!["Users".to_owned()];
        let mut reply = Reply::empty(State::Known);
        reply.extend(&items, json!({"IsTruncated": false}), Vec::new(), "one");
        reply.close(&Page { items, more: Some("IsTruncated".to_owned()), ..Page::default() });
        assert_eq!(reply.value, json!({"Users": []}));
    }
}
