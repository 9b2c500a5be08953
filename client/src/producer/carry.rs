//! Carries one question to the broker that answers it, and the answer back.

use upsert_kafka_protocol::Request;
use upsert_kafka_protocol::messages::ListOffsetsRequest;

use super::dispatch::LogRequest;
use super::log_request;
use super::question::{Call, Heard, Protocol, Question, Reply};
use super::resolution;
use crate::Error;
use crate::cluster::Cluster;
use crate::connection::Connection;

/// Asks once. Dropped before it is done, the question may have been heard all the same.
///
/// # Errors
/// No broker could be asked, the connection broke, or the broker does not speak of this.
pub(super) async fn carry(cluster: Cluster, call: Call) -> Result<Heard, Error> {
    let connection = match &call.to {
        None => cluster.any().await?,
        Some(coordinator) => {
            if call.anew {
                cluster.forget_coordinator(coordinator).await;
            }
            cluster.coordinator(coordinator).await?
        }
    };
    let offered = Protocol::of_level(connection.transaction_version());
    let max = call.question.version_max(call.protocol.unwrap_or(offered));
    let reply = match &call.question {
        Question::Identify(request) => Reply::Identify(ask(&connection, request, max).await?),
        Question::AddPartitions(request) => Reply::AddPartitions(ask(&connection, request, max).await?),
        Question::AddOffsets(request) => Reply::AddOffsets(ask(&connection, request, max).await?),
        Question::CommitOffsets(request) => Reply::CommitOffsets(ask(&connection, request, max).await?),
        Question::End(request) => Reply::End(ask(&connection, request, max).await?),
    };
    Ok(Heard { reply, offered })
}

async fn ask<R: Request>(connection: &Connection, request: &R, max: i16) -> Result<R::Response, Error> {
    let version = connection.version_up_to::<R>(max)?;
    connection.call_at(request, version, connection.request_timeout()).await
}

/// Asks a broker what a partition's log holds.
///
/// # Errors
/// It cannot be asked, or does not tell.
pub(super) async fn read_log(cluster: Cluster, request: LogRequest) -> Result<resolution::Answer, Error> {
    let connection = cluster.fetch_connection(request.node).await?;
    match request.question {
        resolution::Question::HighWatermark | resolution::Question::LogStart => {
            let version = connection.version::<ListOffsetsRequest>()?;
            if version < log_request::HIGH_WATERMARK_SINCE {
                return Err(log_request::too_old());
            }
            let timeout_ms = i32::try_from(connection.request_timeout().as_millis()).unwrap_or(i32::MAX);
            let asked = log_request::end_request(&request, timeout_ms);
            log_request::end(&request, &ask(&connection, &asked, version).await?)
        }
        resolution::Question::Batches(offset) => {
            let view = cluster.metadata();
            let asked = log_request::fetch_request(&request, offset, &view);
            let version_max = log_request::fetch_version_max(&request, &view);
            log_request::fetched(ask(&connection, &asked, version_max).await?)
        }
    }
}
