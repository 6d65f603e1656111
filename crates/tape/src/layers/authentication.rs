//! Layer 6: authentication. Each try is signed anew; nothing above this layer ever holds a credential.

use super::allow_list::Asked;
use super::wire::Raw;
use super::{Course, Trouble, deadlines};
use crate::transport::Line;
use annexa_model::FailureKind;

/// Puts credentials on a request and sends it.
pub(crate) async fn send(line: &Line, asked: &Asked, course: &Course, renew: bool) -> Result<Raw, Trouble> {
    let (mut parts, mut body) = (asked.parts.clone(), asked.body.clone());
    let signed = line.dialect.authenticate(&asked.call, &mut parts, &mut body, renew);
    match tokio::time::timeout(line.session.limits.call, signed).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => return Err(Trouble { failure, passing: false }),
        Err(_) => {
            let message = "the credentials did not come in time".to_owned();
            return Err(Trouble::lasting(FailureKind::Timeout, message));
        }
    }
    course.sent();
    deadlines::send(line, parts, body).await
}
