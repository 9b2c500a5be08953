//! Transactions that earlier owners of a transactional id left open: found, and ended before anything is read.
//!
//! An open transaction holds back who reads with `read_committed`, and the offsets in it are still to come or to go. Its
//! owner is gone, or is about to be fenced; whoever has its work now ends it by taking the id over, which aborts what is
//! open, and completes what is being committed.

use tracing::info;
use upsert_kafka_client::{Admin, Clock, Error, ErrorCode, ErrorKind, TransactionDescription};

use crate::transactional_ids::{is_pooled_task, owner_of};

/// Ends what is open under ids of this prefix whose owner is meant. Brokers before Kafka 3.0 cannot list them: there it
/// ends when its id is used again, or by its timeout.
pub(crate) async fn end_of_prefix(
    admin: &Admin,
    prefix: &str,
    is_meant: impl Fn(&str) -> bool,
    clock: &Clock,
) -> Result<(), Error> {
    let listed = match admin.list_transactions(&OPEN_STATES).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        listed => listed?,
    };
    let ids = listed.iter().map(|it| it.transactional_id.as_str());
    let ids: Vec<&str> = ids.filter(|id| owner_of(prefix, id).is_some_and(&is_meant)).collect();
    end(admin, &ids, clock).await
}

/// Fences every task of a fixed share that ever wrote under this prefix and would use its id again: one that slept may
/// wake up. Where there is no list, who wakes up finds the group's offsets moved.
pub(crate) async fn fence_tasks(admin: &Admin, prefix: &str) -> Result<(), Error> {
    let listed = match admin.list_transactions(&[]).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        listed => listed?,
    };
    for it in listed.iter().filter(|it| is_pooled_task(prefix, &it.transactional_id)) {
        admin.fence_producer(&it.transactional_id).await?;
    }
    Ok(())
}

/// Has whoever writes under this id stop, and what he left open end.
pub(crate) async fn fence(admin: &Admin, id: &str) -> Result<(), Error> {
    admin.fence_producer(id).await.map(drop)
}

/// Ends what is open under these ids.
pub(crate) async fn end(admin: &Admin, ids: &[&str], clock: &Clock) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    for (id, described) in ids.iter().zip(admin.describe_transactions(ids).await?) {
        match described {
            Ok(it) if it.is_open() => {
                admin.fence_producer(id).await?;
                tell(&it, clock);
            }
            Ok(_) => {}
            Err(error) if error.code() == Some(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND) => {}
            // Nobody tells what is open, so every id is taken over.
            Err(error) if error.kind() == ErrorKind::Unsupported => _ = admin.fence_producer(id).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn tell(ended: &TransactionDescription, clock: &Clock) {
    let age_ms = ended.started_ms.map(|began| clock.unix_ms().saturating_sub(began).max(0));
    let (transactional_id, producer_id) = (&ended.transactional_id, ended.producer.id);
    info!(transactional_id, producer_id, age_ms, state = ended.state, "ended what an earlier run left open");
}

/// The states of a transaction that is not ended for all to see.
const OPEN_STATES: [&str; 3] = ["Ongoing", "PrepareCommit", "PrepareAbort"];
