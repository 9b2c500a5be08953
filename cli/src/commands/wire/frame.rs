//! Frames: a length, a header, a body.

use serde_json::Value;
use upsert_kafka_protocol::header::{RequestHeader, ResponseHeader};
use upsert_kafka_protocol::schema::{Direction, HEADERS, Schema};
use upsert_kafka_protocol::{ApiKey, Bytes, ErrorCode, json};

use super::fault::Fault;
use super::named::Target;

/// A frame taken apart.
pub(super) struct Frame {
    /// Whose the body is.
    pub(super) target: Target,
    pub(super) header: Value,
    pub(super) body: Bytes,
    /// Where in the frame, its length included, the body begins.
    pub(super) body_begins: usize,
}

/// How many bytes the length takes.
pub(super) const LENGTH_BYTES: usize = 4;

impl Frame {
    /// A request, which says what it is.
    pub(super) fn request(content: &Bytes) -> Result<Self, Fault> {
        let (header, body) =
            RequestHeader::read(content).map_err(|e| Fault::malformed("RequestHeader", LENGTH_BYTES, &e))?;
        let (key, version) = (header.request_api_key, header.request_api_version);
        let Some(schema) = Schema::request(key) else {
            return Err(Fault::new(
                LENGTH_BYTES,
                format!("the header says API {key}: it is not of this build"),
            ));
        };
        let target = Target::new(schema, version)
            .map_err(|e| Fault::new(LENGTH_BYTES + 2, format!("the header: {}", e.message)))?;
        Self::split(target, content, body)
    }

    /// The response to a request; it does not say to which.
    pub(super) fn response(content: &Bytes, mut target: Target) -> Result<Self, Fault> {
        let key = target.schema.key;
        let (_, body) = ResponseHeader::read(content, key, target.version)
            .map_err(|e| Fault::malformed("ResponseHeader", LENGTH_BYTES, &e))?;
        if key == ApiKey::API_VERSIONS.0 && body.starts_with(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes())
        {
            // A broker that does not know the version answers in one that everybody does.
            target.version = 0;
        }
        Self::split(target, content, body)
    }

    /// The body's view.
    pub(super) fn view(&self) -> Result<Value, Fault> {
        let Target { schema, version } = self.target;
        json::decode(schema, version, &self.body)
            .map_err(|e| Fault::malformed(self.target, self.body_begins, &e))
    }

    fn split(target: Target, content: &Bytes, body: Bytes) -> Result<Self, Fault> {
        let header = content.slice(..content.len() - body.len());
        let head = head(target);
        let view = json::decode(head.schema, head.version, &header)
            .map_err(|e| Fault::malformed(head, LENGTH_BYTES, &e))?;
        Ok(Self { target, header: view, body, body_begins: LENGTH_BYTES + header.len() })
    }
}

/// What leads such a message. ApiVersions answers keep the first header for ever.
pub(super) fn head(target: Target) -> Target {
    let flexible = i16::from(target.schema.is_flexible(target.version));
    match target.schema.direction {
        Direction::Response if target.schema.key == ApiKey::API_VERSIONS.0 => {
            Target { schema: &HEADERS[1], version: 0 }
        }
        Direction::Response => Target { schema: &HEADERS[1], version: flexible },
        _ => Target { schema: &HEADERS[0], version: 1 + flexible },
    }
}

/// A whole frame without its length.
pub(super) fn content(frame: &Bytes) -> Result<Bytes, Fault> {
    let Some((length, content)) = frame.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(Fault::new(frame.len(), "a frame begins with four bytes of length"));
    };
    let length = i32::from_be_bytes(*length);
    if usize::try_from(length) != Ok(content.len()) {
        let there = content.len();
        return Err(Fault::new(0, format!("the frame's length says {length} bytes, and {there} follow")));
    }
    Ok(frame.slice(LENGTH_BYTES..))
}
