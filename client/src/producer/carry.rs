//! Carries one question to the broker that answers it, and the answer back.

use upsert_kafka_protocol::Request;

use super::question::{Call, Heard, Protocol, Question, Reply};
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
