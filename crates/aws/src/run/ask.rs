//! What is asked of whom.

use crate::caller::{PageTokens, build};
use crate::description::Catalog;
use annexa_model::{AwsSettings, Exchange, Request};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A call without its page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    /// The name of the description file.
    pub(crate) service: String,
    pub(crate) operation: String,
    /// None: the service has no regions, or it is asked where the partition's global services are.
    pub(crate) region: Option<String>,
    pub(crate) parameters: Map<String, Value>,
}

/// Who answers: the provider, or the tape.
#[async_trait]
pub(crate) trait Ask: Send + Sync {
    /// The exchange of one page, failed ones too; none when there is none.
    async fn ask(&self, question: &Question, tokens: &PageTokens, page: u32) -> Option<Arc<Exchange>>;

    /// Waits before something is asked again.
    async fn pause(&self);

    /// Whether the resources are wanted, and not the asking alone.
    fn extracts(&self) -> bool;
}

/// Where a run takes place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) target: String,
    pub(crate) account: String,
    pub(crate) partition: String,
    /// The region in which the caller's identity was asked.
    pub(crate) home: String,
    pub(crate) regions: Vec<String>,
    pub(crate) settings: AwsSettings,
}

impl Question {
    /// `s3:GetBucketPolicy`.
    pub(crate) fn full_name(&self, catalog: &Catalog) -> String {
        let service =
            catalog.services.get(&self.service).map_or(self.service.as_str(), |service| &service.model.service);
        format!("{service}:{}", self.operation)
    }

    /// All parameters of a page.
    pub(crate) fn with(&self, tokens: &PageTokens) -> Map<String, Value> {
        let mut parameters = self.parameters.clone();
        parameters.extend(tokens.clone());
        parameters
    }

    /// The unsigned HTTP request of a page; the error says why there can be none.
    pub(crate) fn request(
        &self,
        catalog: &Catalog,
        place: &Place,
        tokens: &PageTokens,
    ) -> Result<http::Request<Bytes>, String> {
        let service = catalog.services.get(&self.service).ok_or("the service is not described")?;
        let parameters = self.with(tokens);
        let endpoint = catalog.endpoints.endpoint(
            &service.model,
            &self.operation,
            &parameters,
            &place.partition,
            self.region.as_deref(),
            place.settings.endpoint_url.as_deref(),
        );
        build(&service.model, &self.operation, &parameters, &endpoint).map_err(|error| error.to_string())
    }

    /// The id that the exchange of a page has, or would have had.
    pub(crate) fn id(&self, catalog: &Catalog, place: &Place, tokens: &PageTokens, page: u32) -> String {
        let parameters = self.with(tokens);
        let request = match self.request(catalog, place, tokens) {
            Ok(request) => {
                let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
                let body = request.body();
                let text = || Value::String(String::from_utf8_lossy(body).into_owned());
                let body = (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap_or_else(|_| text()));
                Request { method: request.method().to_string(), path, parameters, body }
            }
            Err(_) => Request { method: String::new(), path: String::new(), parameters, body: None },
        };
        Exchange::id_of(&place.account, &self.full_name(catalog), self.region.as_deref(), &request, page)
    }
}
