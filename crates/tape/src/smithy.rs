//! The credential lane as AWS's own libraries want an HTTP client, so that they have no HTTP and TLS stack of their own.

use crate::{CredentialClient, CredentialError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

async fn send(lane: CredentialClient, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |problem: &str| ConnectorError::user(problem.to_owned().into());
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().map(Bytes::copy_from_slice).ok_or_else(|| user("a call with a streamed body"))?;
    let response = lane.send(http::Request::from_parts(parts, body)).await.map_err(connector_error)?;
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
}

fn connector_error(error: CredentialError) -> ConnectorError {
    match error {
        CredentialError::Timeout(_) => ConnectorError::timeout(error.into()),
        CredentialError::Connection(_) => ConnectorError::io(error.into()),
        CredentialError::Replay | CredentialError::Interrupted => ConnectorError::user(error.into()),
    }
}

impl HttpConnector for CredentialClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(send(self.clone(), request))
    }
}

impl HttpClient for CredentialClient {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
