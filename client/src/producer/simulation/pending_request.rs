//! The requests in flight on a connection, by which their responses are decoded.

use bytes::Bytes;
use upsert_kafka_protocol::messages::{
    FetchRequest, FindCoordinatorResponse, ListOffsetsRequest, MetadataResponse, ProduceRequest,
    ProduceResponse,
};
use upsert_kafka_protocol::{Message, header};

use crate::Error;
use crate::cluster::Coordinator;
use crate::connection::versions;
use crate::producer::coordinator_request::{RequestBody, ResponseBody};
use crate::producer::dispatch::LogRequest;
use crate::producer::leader_connection::SentRequest;
use crate::producer::log_request;
use crate::producer::resolution;

/// A request in flight.
pub(super) enum PendingRequest {
    /// ApiVersions, with its version.
    ApiVersions(i16),
    Metadata(i16),
    FindCoordinator(Coordinator, i16),
    ToCoordinator(RequestBody, i16),
    Produce(Box<SentRequest>),
    Log(LogRequest, i16),
}

/// A decoded response.
pub(super) enum Received {
    ApiVersions(upsert_kafka_protocol::messages::ApiVersionsResponse),
    Metadata(MetadataResponse),
    FindCoordinator(Coordinator, FindCoordinatorResponse),
    FromCoordinator(ResponseBody),
    Produce(Box<SentRequest>, Result<ProduceResponse, Error>),
    Log(LogRequest, Result<resolution::LogAnswer, Error>),
}

impl PendingRequest {
    /// Decodes the response.
    pub(super) fn decode(self, frame: &Bytes) -> Result<Received, Error> {
        use upsert_kafka_protocol::messages::{ApiVersionsRequest, FindCoordinatorRequest, MetadataRequest};
        Ok(match self {
            Self::ApiVersions(version) => {
                let (_, body) = header::response_body::<ApiVersionsRequest>(frame, version)?;
                Received::ApiVersions(versions::decode(&body, version)?)
            }
            Self::Metadata(version) => Received::Metadata(answer::<MetadataRequest>(frame, version)?),
            Self::FindCoordinator(of, version) => {
                Received::FindCoordinator(of, answer::<FindCoordinatorRequest>(frame, version)?)
            }
            Self::ToCoordinator(body, version) => {
                Received::FromCoordinator(from_coordinator(&body, frame, version)?)
            }
            Self::Log(request, version) => {
                let answer = log(&request, frame, version);
                Received::Log(request, answer)
            }
            Self::Produce(request) => {
                let response = answer::<ProduceRequest>(frame, request.version);
                Received::Produce(request, response)
            }
        })
    }
}

fn from_coordinator(body: &RequestBody, frame: &Bytes, version: i16) -> Result<ResponseBody, Error> {
    fn of<R: upsert_kafka_protocol::Request>(
        _: &R,
        frame: &Bytes,
        version: i16,
    ) -> Result<R::Response, Error> {
        answer::<R>(frame, version)
    }
    Ok(match body {
        RequestBody::InitProducerId(request) => ResponseBody::InitProducerId(of(request, frame, version)?),
        RequestBody::AddPartitionsToTxn(request) => {
            ResponseBody::AddPartitionsToTxn(of(request, frame, version)?)
        }
        RequestBody::AddOffsetsToTxn(request) => ResponseBody::AddOffsetsToTxn(of(request, frame, version)?),
        RequestBody::TxnOffsetCommit(request) => ResponseBody::TxnOffsetCommit(of(request, frame, version)?),
        RequestBody::EndTxn(request) => ResponseBody::EndTxn(of(request, frame, version)?),
    })
}

fn log(request: &LogRequest, frame: &Bytes, version: i16) -> Result<resolution::LogAnswer, Error> {
    match request.query {
        resolution::LogQuery::HighWatermark | resolution::LogQuery::LogStart => {
            log_request::end(request, &answer::<ListOffsetsRequest>(frame, version)?)
        }
        resolution::LogQuery::Batches(_) => log_request::fetched(answer::<FetchRequest>(frame, version)?),
    }
}

fn answer<R: upsert_kafka_protocol::Request>(frame: &Bytes, version: i16) -> Result<R::Response, Error> {
    let (_, body) = header::response_body::<R>(frame, version)?;
    let unread = |error| Error::from(error).with_written(true);
    R::Response::decode(&body, version).map_err(unread)
}
