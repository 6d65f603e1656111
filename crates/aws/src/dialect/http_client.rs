//! AWS's credential library on the transport's credential lane.

use annexa_tape::{CredentialClient, CredentialError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

/// The credential lane as AWS's libraries want it.
#[derive(Clone, Debug)]
pub(crate) struct LaneClient {
    lane: CredentialClient,
}

impl LaneClient {
    pub(crate) fn new(lane: CredentialClient) -> Self {
        Self { lane }
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let user = |problem: &str| ConnectorError::user(problem.to_owned().into());
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        let body =
            body.bytes().map(Bytes::copy_from_slice).ok_or_else(|| user("a credential call with a streamed body"))?;
        let response = self.lane.send(http::Request::from_parts(parts, body)).await.map_err(connector_error)?;
        HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

fn connector_error(error: CredentialError) -> ConnectorError {
    match error {
        CredentialError::Timeout(_) => ConnectorError::timeout(error.into()),
        CredentialError::Connection(_) => ConnectorError::io(error.into()),
        CredentialError::Replay | CredentialError::Interrupted => ConnectorError::user(error.into()),
    }
}

impl HttpConnector for LaneClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl HttpClient for LaneClient {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
