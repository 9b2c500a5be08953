//! Bugs that are injected between the cores and the network, to see that the simulation finds them.
//!
//! The cores are the shipped ones and know nothing of this. [`Injector`] changes what goes in and what comes out:
//! a batch on its way to the broker, a broker's answer, what a log is said to hold, and the outcome of a delivery.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::records::{Stamp, batches, restamp};

use crate::producer::ProducerId;
use crate::producer::delivery::Outcome;
use crate::producer::dispatch::{DeliveryReport, SentBatch};
use crate::producer::resolution::LogAnswer;
use crate::producer::verdict::{BatchAnswer, Verdict};
use crate::{Error, ErrorKind};

/// A bug in the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedBug {
    /// A batch that is refused as out of order counts as written.
    OutOfOrderAccepted,
    /// After a gap sequences begin at 0 again under the old epoch.
    EpochNotBumped,
    /// A response that was lost counts as a good one.
    LostAcknowledged,
    /// The second half of a batch that was split gets the first one's sequence.
    SequenceReused,
    /// A batch in doubt that is refused as out of order is acknowledged without a look into the log.
    UnreadAcknowledged,
    /// It is sent again under the next epoch without a look into the log, as Java's producer does.
    UnreadResent,
    /// It fails without a look into the log.
    UnreadFailed,
    /// A transaction is ended while its batches are still in flight.
    EndedUnanswered,
}

/// Makes one bug, or none.
pub(super) struct Injector {
    bug: Option<InjectedBug>,
    transactional: bool,
    /// Batches that may have been written though nobody said so, by topic, partition and number.
    in_doubt: BTreeSet<BatchId>,
    /// The first sequence of the first half of each batch that was split.
    first_halves: BTreeMap<(BatchId, u32), i32>,
    in_flight: Vec<SentBatch>,
}

type BatchId = (String, i32, u64);

impl Injector {
    pub(super) fn new(bug: Option<InjectedBug>, transactional: bool) -> Self {
        Self {
            bug,
            transactional,
            in_doubt: BTreeSet::new(),
            first_halves: BTreeMap::new(),
            in_flight: Vec::new(),
        }
    }

    /// A batch on its way to the broker.
    pub(super) fn batch(&mut self, sent: &mut SentBatch, identity: Option<ProducerId>) {
        if self.bug == Some(InjectedBug::EndedUnanswered) {
            self.in_flight.push(sent.clone());
        }
        let Some(Ok(batch)) = batches(&sent.batch.bytes).next() else { return };
        let stamp = Stamp {
            producer_id: batch.producer_id(),
            producer_epoch: batch.producer_epoch(),
            base_sequence: batch.base_sequence(),
            transactional: batch.is_transactional(),
        };
        let changed = match (self.bug, identity) {
            (Some(InjectedBug::EpochNotBumped), Some(identity)) if !self.transactional => {
                Stamp { producer_epoch: identity.epoch, ..stamp }
            }
            (Some(InjectedBug::SequenceReused), _) => {
                Stamp { base_sequence: self.sequence_of_first_half(sent, stamp.base_sequence), ..stamp }
            }
            _ => return,
        };
        if changed != stamp {
            let mut bytes = BytesMut::from(&sent.batch.bytes[..]);
            restamp(&mut bytes, changed);
            sent.batch.bytes = bytes.freeze();
        }
    }

    /// Halves are numbered in pairs from 1 on: the second one has an even number.
    fn sequence_of_first_half(&mut self, sent: &SentBatch, base_sequence: i32) -> i32 {
        let (id, part) = (id(sent), sent.batch.key.part);
        if part % 2 == 1 {
            self.first_halves.insert((id, part), base_sequence);
            return base_sequence;
        }
        let first = part.checked_sub(1).and_then(|first| self.first_halves.get(&(id, first)));
        first.copied().unwrap_or(base_sequence)
    }

    /// A broker's answer, or the lack of one, on its way to the core.
    pub(super) fn answer(&mut self, sent: &SentBatch, answer: BatchAnswer) -> BatchAnswer {
        let out_of_order = matches!(&answer, BatchAnswer::Refused { error, .. }
            if error.code() == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        self.in_flight.retain(|it| (id(it), it.batch.key) != (id(sent), sent.batch.key));
        let was_in_doubt = self.in_doubt.contains(&id(sent));
        if answer.leaves_doubt() && !self.transactional {
            self.in_doubt.insert(id(sent));
        }
        let acknowledged = match self.bug {
            Some(InjectedBug::OutOfOrderAccepted) => out_of_order,
            Some(InjectedBug::LostAcknowledged) => matches!(answer, BatchAnswer::Lost(_)),
            Some(InjectedBug::UnreadAcknowledged) => out_of_order && was_in_doubt,
            _ => false,
        };
        match answer {
            _ if acknowledged => written(),
            answer if self.bug == Some(InjectedBug::UnreadResent) && !self.transactional => certain(answer),
            answer => answer,
        }
    }

    /// While a transaction is being aborted: the batches that the core is to take for answered.
    pub(super) fn answered_before_the_end(&mut self) -> Vec<SentBatch> {
        std::mem::take(&mut self.in_flight)
    }

    /// What a partition's log is said to hold.
    pub(super) fn log(&self, answer: Result<LogAnswer, Error>) -> Result<LogAnswer, Error> {
        match self.bug {
            Some(InjectedBug::UnreadFailed) => Err(Error::new(ErrorKind::Unsupported, "nobody reads it")),
            _ => answer,
        }
    }

    /// The outcome of deliveries, with the doubt that was kept from the core.
    pub(super) fn done(&self, done: DeliveryReport) -> DeliveryReport {
        if self.bug != Some(InjectedBug::UnreadResent) {
            return done;
        }
        let doubted = |topic: &str, index: i32, number: u64, outcome: Outcome| match outcome {
            Outcome::Failed { error, records }
                if self.in_doubt.contains(&(topic.to_owned(), index, number)) =>
            {
                Outcome::Failed { error: error.with_written(true), records }
            }
            outcome => outcome,
        };
        match done {
            DeliveryReport::Final(batch, outcome) => {
                let (topic, index) = (&batch.partition.topic, batch.partition.index);
                let outcome = doubted(topic, index, batch.key().id, outcome);
                DeliveryReport::Final(batch, outcome)
            }
            DeliveryReport::Early(expired, outcome) => {
                let (topic, index) = (&expired.partition.topic, expired.partition.index);
                let outcome = doubted(topic, index, expired.token.id, outcome);
                DeliveryReport::Early(expired, outcome)
            }
        }
    }
}

/// That a batch was written, nobody knows where.
pub(super) fn written() -> BatchAnswer {
    BatchAnswer::Written { base_offset: -1, log_append_time_ms: None }
}

fn id(sent: &SentBatch) -> BatchId {
    (sent.partition.topic.to_string(), sent.partition.index, sent.batch.key.id)
}

/// The same answer, as one after which the batch is certainly not in the log.
fn certain(answer: BatchAnswer) -> BatchAnswer {
    if !answer.leaves_doubt() || answer.verdict(true) != Verdict::Again {
        return answer;
    }
    match answer {
        BatchAnswer::Written { .. } => answer,
        BatchAnswer::Lost(error) => BatchAnswer::Lost(error.with_written(false)),
        BatchAnswer::Refused { records, .. } => {
            let error = Error::from_code(ErrorCode::LEADER_NOT_AVAILABLE, "Produce");
            BatchAnswer::Refused { error, records }
        }
    }
}
