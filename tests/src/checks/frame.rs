//! A request's frame: header and body.

use bytes::Bytes;
use upsert_kafka_protocol::header::{RequestHeader, ResponseHeader};
use upsert_kafka_protocol::{AnyRequest, AnyResponse};

/// What is read as a request is written and read as the same one; the same bytes as a response hurt nobody.
pub fn frame(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok((header, body)) = RequestHeader::read(&bytes) else { return };
    let (key, version) = (header.request_api_key, header.request_api_version);
    if let Ok((_, body)) = ResponseHeader::read(&bytes, key, version) {
        let _ = AnyResponse::decode(key, version, &body);
    }
    let Some(Ok(request)) = AnyRequest::decode(key, version, &body) else { return };
    let client_id = header.client_id.0.as_ref();
    let frame =
        request.frame(version, header.correlation_id, client_id).expect("what was read can be written");
    let frame = frame.into_bytes();
    let (size, rest) = frame.split_first_chunk::<4>().expect("a size");
    assert_eq!(u32::from_be_bytes(*size) as usize, rest.len());
    let (again, body) = RequestHeader::read(&frame.slice(4..)).expect("a header");
    assert_eq!((again.request_api_key, again.client_id), (key, header.client_id));
    let request_again =
        AnyRequest::decode(key, version, &body).expect("the same API").expect("what was written");
    assert_eq!(format!("{request_again:?}"), format!("{request:?}"));
}
