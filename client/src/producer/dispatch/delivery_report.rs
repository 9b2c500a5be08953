//! What deliveries learn of their batch.

use std::sync::Arc;

use crate::Error;
use crate::producer::batch::{Batch, ExpiredBatch};
use crate::producer::delivery::Outcome;
use crate::producer::sequence::Expired;

/// The end of a batch, for its deliveries. Each batch that comes in gets one `Final`, before it an `Early` at most.
#[derive(Debug)]
pub(crate) enum DeliveryReport {
    /// The batch is done with, and its memory comes back.
    Final(Batch, Outcome),
    /// Deliveries learn the outcome now, though the batch is still in flight.
    Early(ExpiredBatch, Outcome),
}

impl DeliveryReport {
    /// The topic, and how many records, when they failed.
    pub(crate) fn failed(&self) -> Option<(Arc<str>, u32)> {
        self.error()?;
        Some(match self {
            Self::Final(batch, _) => (Arc::clone(&batch.partition.topic), batch.count),
            Self::Early(expired, _) => (Arc::clone(&expired.partition.topic), expired.count),
        })
    }

    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Self::Final(_, outcome) | Self::Early(_, outcome) => outcome.error(),
        }
    }
}

impl From<Expired> for DeliveryReport {
    fn from(expired: Expired) -> Self {
        match expired {
            Expired::Finished(batch, outcome) => Self::Final(batch, outcome),
            Expired::Reported(expired, outcome) => Self::Early(expired, outcome),
        }
    }
}
