//! Frames read for the trace, and answers changed on their way.

use bytes::Buf;
use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::header::{self, RequestHeader};
use upsert_kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::records::batches;
use upsert_kafka_protocol::{AnyRequest, Api, ApiKey, Message, Uuid};

use super::wire::Asked;

/// A Produce answer that asks for a pause; `None` for other answers.
pub(crate) fn throttled(frame: &Bytes, asked: Asked, pause_ms: i32) -> Option<Bytes> {
    let (id, mut response) = produce_response(frame, asked)?;
    response.throttle_time_ms = pause_ms;
    Some(header::response_frame(&response, asked.version, id).ok()?.into_bytes())
}

fn produce_response(frame: &Bytes, asked: Asked) -> Option<(i32, ProduceResponse)> {
    if ApiKey(asked.api_key) != ApiKey::PRODUCE {
        return None;
    }
    let mut frame = frame.clone();
    frame.advance(4);
    let (id, body) = header::response_body::<ProduceRequest>(&frame, asked.version).ok()?;
    Some((id, ProduceResponse::decode(&body, asked.version).ok()?))
}

fn name(api_key: i16) -> String {
    Api::of(api_key).map_or_else(|| format!("api {api_key}"), |api| api.name.to_owned())
}

/// A request in words.
pub(crate) fn request(frame: &Bytes) -> String {
    let Ok((head, body)) = RequestHeader::read(frame) else { return "a request nobody can read".to_owned() };
    let (key, version) = (head.request_api_key, head.request_api_version);
    let said = match AnyRequest::decode(key, version, &body) {
        Some(Ok(AnyRequest::Produce(produce))) => produced(&produce),
        Some(Ok(AnyRequest::Metadata(_) | AnyRequest::ApiVersions(_))) | None => String::new(),
        Some(Ok(other)) => format!("{other:?}"),
        Some(Err(error)) => error.to_string(),
    };
    format!("{} {version} #{} {said}", name(key), head.correlation_id)
}

fn produced(produce: &ProduceRequest) -> String {
    let mut said = Vec::new();
    for topic in &produce.topic_data {
        for partition in &topic.partition_data {
            let named = if topic.topic_id == Uuid::ZERO {
                topic.name.to_string()
            } else {
                format!("{:?}", topic.topic_id)
            };
            let batch = partition.records.as_ref().and_then(|records| batches(records).next()?.ok());
            let told = batch.map_or_else(String::new, |batch| {
                format!(
                    "producer {} epoch {} sequence {} +{}",
                    batch.producer_id(),
                    batch.producer_epoch(),
                    batch.base_sequence(),
                    batch.count()
                )
            });
            said.push(format!("[{}-{}: {told}]", &named[..named.len().min(14)], partition.index));
        }
    }
    said.join(" ")
}

/// An answer in words.
pub(crate) fn response(frame: &Bytes, asked: Asked) -> String {
    let mut inner = frame.clone();
    inner.advance(4);
    let id = header::correlation_id(&inner).unwrap_or(-1);
    let Some((_, response)) = produce_response(frame, asked) else {
        return format!("{} #{id}", name(asked.api_key));
    };
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let said: Vec<_> =
        partitions.map(|it| format!("[{}: {:?} at {}]", it.index, it.error_code, it.base_offset)).collect();
    format!("Produce #{id} {}", said.join(" "))
}
