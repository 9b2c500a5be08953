//! Sends one request to the coordinator or broker that answers it, and brings the response back.

use upsert_kafka_protocol::Request;
use upsert_kafka_protocol::messages::ListOffsetsRequest;

use super::coordinator_request::{
    CoordinatorRequest, CoordinatorResponse, Protocol, RequestBody, ResponseBody,
};
use super::dispatch::LogRequest;
use super::log_request;
use super::resolution;
use crate::Error;
use crate::cluster::Cluster;
use crate::connection::Connection;

/// Sends it once. Dropped before it is done, the request may have been received all the same.
///
/// # Errors
/// No broker could be reached, the connection broke, or the broker does not have the API.
pub(super) async fn send(
    cluster: Cluster,
    request: CoordinatorRequest,
) -> Result<CoordinatorResponse, Error> {
    let connection = match &request.to {
        None => cluster.any().await?,
        Some(coordinator) => {
            if request.rediscover {
                cluster.forget_coordinator(coordinator).await;
            }
            cluster.coordinator(coordinator).await?
        }
    };
    let offered = Protocol::of_level(connection.transaction_version());
    let max = request.body.version_max(request.protocol.unwrap_or(offered));
    let body = match &request.body {
        RequestBody::InitProducerId(request) => {
            ResponseBody::InitProducerId(ask(&connection, request, max).await?)
        }
        RequestBody::AddPartitionsToTxn(request) => {
            ResponseBody::AddPartitionsToTxn(ask(&connection, request, max).await?)
        }
        RequestBody::AddOffsetsToTxn(request) => {
            ResponseBody::AddOffsetsToTxn(ask(&connection, request, max).await?)
        }
        RequestBody::TxnOffsetCommit(request) => {
            ResponseBody::TxnOffsetCommit(ask(&connection, request, max).await?)
        }
        RequestBody::EndTxn(request) => ResponseBody::EndTxn(ask(&connection, request, max).await?),
    };
    Ok(CoordinatorResponse { body, offered })
}

async fn ask<R: Request>(connection: &Connection, request: &R, max: i16) -> Result<R::Response, Error> {
    let version = connection.version_up_to::<R>(max)?;
    connection.call_at(request, version, connection.request_timeout()).await
}

/// Reads what a partition's log holds from the broker that leads it.
///
/// # Errors
/// The broker cannot be reached, or does not say.
pub(super) async fn read_log(cluster: Cluster, request: LogRequest) -> Result<resolution::LogAnswer, Error> {
    let connection = cluster.fetch_connection(request.node).await?;
    match request.query {
        resolution::LogQuery::HighWatermark | resolution::LogQuery::LogStart => {
            let version = connection.version::<ListOffsetsRequest>()?;
            if version < log_request::HIGH_WATERMARK_SINCE {
                return Err(log_request::too_old());
            }
            let timeout_ms = i32::try_from(connection.request_timeout().as_millis()).unwrap_or(i32::MAX);
            let ends = log_request::end_request(&request, timeout_ms);
            log_request::end(&request, &ask(&connection, &ends, version).await?)
        }
        resolution::LogQuery::Batches(offset) => {
            let view = cluster.metadata();
            let fetch = log_request::fetch_request(&request, offset, &view);
            let version_max = log_request::fetch_version_max(&request, &view);
            log_request::fetched(ask(&connection, &fetch, version_max).await?)
        }
    }
}
