//! Fetching the schemas that a message turns out to need.

use crate::error::Error;
use crate::message::Message;
use crate::transform::{Fed, SchemaRequest, Transform};

/// Goes on with a message that needs a schema, and perhaps another one then, until it is read.
pub(crate) async fn resume(
    transform: &mut Transform,
    message: &Message<'_>,
    mut request: SchemaRequest,
) -> Result<(), Error> {
    loop {
        request.fetch().await?;
        match transform.resume(message)? {
            Fed::Complete => return Ok(()),
            Fed::NeedsSchema(next) => request = next,
        }
    }
}
