//! Mistakes that can be planted, to see that the simulation finds them.

use upsert_kafka_protocol::ErrorCode;

use super::sequence::SequenceConfig;
use super::verdict::BatchAnswer;

/// A mistake in the client's counting. None is made unless the simulation asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "simulation"),
    allow(dead_code, unreachable_pub, reason = "planted by the simulation alone")
)]
pub enum Planted {
    /// A batch that is refused as out of order counts as written.
    OutOfOrderAccepted,
    /// After a gap sequences begin at 0 again under the old epoch.
    EpochNotBumped,
    /// An answer that was lost counts as a good one.
    LostAcknowledged,
    /// The second half of a batch that was split gets the first one's sequence.
    SequenceReused,
    /// A batch in doubt that is refused as out of order is acknowledged without a look into the log.
    UnreadAcknowledged,
    /// It is sent again under the next epoch without a look into the log.
    UnreadResent,
    /// It fails without a look into the log.
    UnreadFailed,
    /// A transaction is ended while its batches are still under way.
    EndedUnanswered,
}

impl SequenceConfig {
    /// Whether this mistake is to be made.
    #[cfg(feature = "simulation")]
    pub(crate) fn planted(&self, mistake: Planted) -> bool {
        self.planted == Some(mistake)
    }

    /// Never, outside of a simulation.
    #[cfg(not(feature = "simulation"))]
    pub(crate) fn planted(&self, _: Planted) -> bool {
        false
    }
}

impl BatchAnswer {
    /// What it is taken for: itself, unless a mistake was planted.
    pub(super) fn mistaken(self, config: &SequenceConfig) -> Self {
        let good = match &self {
            Self::Written { .. } => false,
            Self::Lost(_) => config.planted(Planted::LostAcknowledged),
            Self::Refused { error, .. } => {
                error.code() == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
                    && config.planted(Planted::OutOfOrderAccepted)
            }
        };
        if good { Self::Written { base_offset: -1, log_append_time_ms: None } } else { self }
    }
}
