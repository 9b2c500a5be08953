//! Ends the fetch sessions of a consumer that ends (KIP-227): brokers have few places for sessions, and keep one for minutes
//! for whoever comes back.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use upsert_kafka_protocol::messages::FetchRequest;

use crate::Error;
use crate::cluster::Cluster;

/// Tells each broker that the session with it is over, all at once. What cannot be told within [`CLOSE_TIMEOUT`] is not.
pub(super) async fn close(cluster: Cluster, sessions: Vec<(i32, i32)>) {
    let mut closing = JoinSet::new();
    for (node, session_id) in sessions {
        let cluster = cluster.clone();
        closing.spawn(async move {
            if let Err(error) = close_one(&cluster, node, session_id).await {
                tracing::debug!(node, %error, "the fetch session is left to the broker");
            }
        });
    }
    // Those that are not done are dropped with the set.
    _ = timeout(CLOSE_TIMEOUT, async { while closing.join_next().await.is_some() {} }).await;
}

async fn close_one(cluster: &Cluster, node: i32, session_id: i32) -> Result<(), Error> {
    let connection = cluster.fetch_connection(node).await?;
    let version = connection.version::<FetchRequest>()?;
    let request =
        FetchRequest { max_wait_ms: 1, session_id, session_epoch: FINAL_EPOCH, ..Default::default() };
    connection.call_at(&request, version, CLOSE_TIMEOUT).await?;
    Ok(())
}

/// The epoch of a session's last request.
const FINAL_EPOCH: i32 = -1;

/// How long a consumer that ends has for telling so. It is longer than a fetch under way is held (`fetch.max.wait.ms`, half a
/// second by default), behind which a broker answers.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
