//! What leaves for a broker: batches to append, or a query of what a partition's log holds.

use std::sync::Arc;

use crate::producer::coordinator_request::Protocol;
use crate::producer::partition::Partition;
use crate::producer::resolution::LogQuery;
use crate::producer::sequence::InFlightBatch;

/// The batches of one Produce request: one of each partition, ordered by topic.
#[derive(Debug)]
pub(crate) struct OutgoingBatches {
    pub(crate) node: i32,
    pub(crate) batches: Vec<SentBatch>,
    /// The `transactional.id` and the protocol of its transactions, if the batches belong to one.
    pub(crate) transaction: Option<(Arc<str>, Protocol)>,
}

/// A batch in a request.
#[derive(Clone, Debug)]
pub(crate) struct SentBatch {
    pub(crate) partition: Arc<Partition>,
    pub(crate) batch: InFlightBatch,
}

/// What a broker is asked of a partition's log.
#[derive(Clone, Debug)]
pub(crate) struct LogRequest {
    pub(crate) node: i32,
    pub(crate) partition: Arc<Partition>,
    pub(crate) query: LogQuery,
    /// By which the partition's `Sequence` knows the answer.
    pub(super) number: u64,
}
