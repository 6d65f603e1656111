//! kube's client on the one transport.

use annexa_tape::{Call, Transport, TransportError};
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use kube::client::Body;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::{BoxError, Service};

/// Gives kube's requests, which have a path only, the cluster's host, and their bodies as a whole to the transport.
#[derive(Clone)]
struct OnTape {
    transport: Transport,
    scheme: Scheme,
    authority: Authority,
}

/// A kube client whose every request goes through the transport. Its own retry is not part of it.
pub(crate) fn client(transport: Transport, url: &Uri) -> kube::Client {
    let scheme = url.scheme().cloned().unwrap_or(Scheme::HTTPS);
    let authority = url.authority().cloned().unwrap_or_else(|| Authority::from_static("cluster.invalid"));
    kube::Client::new(OnTape { transport, scheme, authority }, "default")
}

/// Sends a GET with kube's client and gives the answer back as `T`. `page` counts from 1.
pub(crate) async fn get<T: serde::de::DeserializeOwned>(
    client: &kube::Client,
    mut request: Request<Vec<u8>>,
    page: u32,
) -> Result<T, kube::Error> {
    request.extensions_mut().insert(Call { page, ..Call::default() });
    client.request(request).await
}

impl Service<Request<Body>> for OnTape {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request<Bytes>>::poll_ready(&mut self.transport, context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut service = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let body = body.collect_bytes().await?;
            let mut uri = parts.uri.into_parts();
            uri.scheme = Some(service.scheme);
            uri.authority = Some(service.authority);
            parts.uri = Uri::from_parts(uri)?;
            let response = service.transport.call(Request::from_parts(parts, body)).await?;
            Ok(response.map(Body::from))
        })
    }
}

/// What must end the target: evidence that can't be written or read, or a stop. All else is a gap on the tape.
pub(crate) fn fatal(error: &kube::Error) -> Option<TransportError> {
    let kube::Error::Service(source) = error else { return None };
    match source.downcast_ref::<TransportError>() {
        Some(fatal @ (TransportError::Interrupted | TransportError::Write(_) | TransportError::Read(_))) => {
            Some(fatal.clone())
        }
        _ => None,
    }
}
