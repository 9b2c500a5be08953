//! What was asked on a connection, so that its answer finds a reader.

use bytes::Bytes;
use upsert_kafka_protocol::messages::{
    FetchRequest, FindCoordinatorResponse, ListOffsetsRequest, MetadataResponse, ProduceRequest,
    ProduceResponse,
};
use upsert_kafka_protocol::{Message, header};

use crate::Error;
use crate::cluster::Coordinator;
use crate::connection::versions;
use crate::producer::dispatch::LogRequest;
use crate::producer::log_request;
use crate::producer::node::Request;
use crate::producer::question::{Question, Reply};
use crate::producer::resolution;

/// A question that awaits its answer.
pub(super) enum Asked {
    /// For the versions; at which version.
    Versions(i16),
    Metadata(i16),
    Coordinator(Coordinator, i16),
    Question(Question, i16),
    Produce(Box<Request>),
    Log(LogRequest, i16),
}

/// An answer, understood.
pub(super) enum Told {
    Versions(upsert_kafka_protocol::messages::ApiVersionsResponse),
    Metadata(MetadataResponse),
    Coordinator(Coordinator, FindCoordinatorResponse),
    Reply(Reply),
    Produced(Box<Request>, Result<ProduceResponse, Error>),
    Read(LogRequest, Result<resolution::Answer, Error>),
}

impl Asked {
    /// Reads the answer.
    pub(super) fn understand(self, frame: &Bytes) -> Result<Told, Error> {
        use upsert_kafka_protocol::messages::{ApiVersionsRequest, FindCoordinatorRequest, MetadataRequest};
        Ok(match self {
            Self::Versions(version) => {
                let (_, body) = header::response_body::<ApiVersionsRequest>(frame, version)?;
                Told::Versions(versions::decode(&body, version)?)
            }
            Self::Metadata(version) => Told::Metadata(answer::<MetadataRequest>(frame, version)?),
            Self::Coordinator(of, version) => {
                Told::Coordinator(of, answer::<FindCoordinatorRequest>(frame, version)?)
            }
            Self::Question(question, version) => Told::Reply(reply(&question, frame, version)?),
            Self::Log(request, version) => {
                let answer = log(&request, frame, version);
                Told::Read(request, answer)
            }
            Self::Produce(request) => {
                let response = answer::<ProduceRequest>(frame, request.version);
                Told::Produced(request, response)
            }
        })
    }
}

fn reply(question: &Question, frame: &Bytes, version: i16) -> Result<Reply, Error> {
    fn of<R: upsert_kafka_protocol::Request>(
        _: &R,
        frame: &Bytes,
        version: i16,
    ) -> Result<R::Response, Error> {
        answer::<R>(frame, version)
    }
    Ok(match question {
        Question::Identify(request) => Reply::Identify(of(request, frame, version)?),
        Question::AddPartitions(request) => Reply::AddPartitions(of(request, frame, version)?),
        Question::AddOffsets(request) => Reply::AddOffsets(of(request, frame, version)?),
        Question::CommitOffsets(request) => Reply::CommitOffsets(of(request, frame, version)?),
        Question::End(request) => Reply::End(of(request, frame, version)?),
    })
}

fn log(request: &LogRequest, frame: &Bytes, version: i16) -> Result<resolution::Answer, Error> {
    match request.question {
        resolution::Question::HighWatermark | resolution::Question::LogStart => {
            log_request::end(request, &answer::<ListOffsetsRequest>(frame, version)?)
        }
        resolution::Question::Batches(_) => log_request::fetched(answer::<FetchRequest>(frame, version)?),
    }
}

fn answer<R: upsert_kafka_protocol::Request>(frame: &Bytes, version: i16) -> Result<R::Response, Error> {
    let (_, body) = header::response_body::<R>(frame, version)?;
    let unread = |error| Error::from(error).with_written(true);
    R::Response::decode(&body, version).map_err(unread)
}
