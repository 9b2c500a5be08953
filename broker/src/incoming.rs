//! A request that was parsed and is not served yet.

use bytes::Bytes;
use upsert_kafka_protocol::header::RequestHeader;
use upsert_kafka_protocol::{AnyRequest, ApiKey, Str};

use crate::api;

/// The most elements that all arrays of one request may have together. What they are decoded into takes about a
/// hundred bytes each, so 20 MB for a request; a consumer that fetches every partition of a full broker needs a
/// tenth of it.
const ELEMENTS_MAX: usize = 200_000;

/// What came in a frame. Parsing looks at nothing that the broker keeps, so a connection's task does it.
#[derive(Debug)]
pub(crate) enum Incoming {
    Request(Box<ReceivedRequest>),
    /// It is no request, for this reason.
    Malformed(String),
    /// It was not parsed: before a client has logged in, a frame may be a token and no request.
    Unread(Bytes),
}

/// A request with its header.
#[derive(Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: Str,
    /// `None` asks for ApiVersions in a version that is not served.
    pub(crate) request: Option<AnyRequest>,
}

impl Incoming {
    /// Parses a frame without its length, as leniently as Kafka does: bytes behind the request are ignored.
    pub(crate) fn read(frame: &Bytes) -> Self {
        match read(frame) {
            Ok(request) => Self::Request(Box::new(request)),
            Err(why) => Self::Malformed(why),
        }
    }

    /// Whether the answer may be held back: until there are records, or for the other members of a group.
    pub(crate) fn may_wait(&self) -> bool {
        use AnyRequest::{Fetch, JoinGroup, SyncGroup};
        let Self::Request(received) = self else { return false };
        matches!(received.request, Some(Fetch(_) | JoinGroup(_) | SyncGroup(_)))
    }
}

fn read(frame: &Bytes) -> Result<ReceivedRequest, String> {
    let (header, body) =
        RequestHeader::read_leniently(frame).map_err(|why| format!("request header: {why}"))?;
    let RequestHeader { request_api_key: api_key, request_api_version: version, correlation_id, .. } = header;
    let api = ApiKey(api_key);
    let client_id = header.client_id.0.unwrap_or_default();
    let served = api::versions(api).is_some_and(|served| served.contains(version));
    if !served && api != ApiKey::API_VERSIONS {
        return Err(format!("{api} version {version} is not served"));
    }
    let named = |why| format!("{api} version {version}: {why}");
    let request = match served {
        true => {
            let request = AnyRequest::decode_leniently(api_key, version, &body, ELEMENTS_MAX);
            let request = request.ok_or_else(|| named("unknown".to_owned()))?;
            Some(request.map_err(|why| named(why.to_string()))?)
        }
        false => None,
    };
    Ok(ReceivedRequest { api, version, correlation_id, client_id, request })
}
