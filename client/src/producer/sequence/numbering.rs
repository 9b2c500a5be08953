//! The sequences of a partition's batches: given when they first leave, kept by halves, given again after a gap.

use upsert_kafka_protocol::records::Stamp;

use super::Sequence;
use super::entry::{Entry, Sequenced};
use super::flow::{Flow, Then};

impl Sequence {
    /// The next epoch, from 0. When the epochs are used up, another producer id is needed.
    pub(super) fn resequence(&mut self) {
        self.identity = self.identity.bumped();
        (self.next, self.gap) = (0, None);
        self.entries.iter_mut().for_each(|entry| entry.sequenced = None);
    }

    /// What the leader is to know the batch by.
    pub(super) fn stamp(&mut self, at: usize) -> Stamp {
        let (Some(identity), true) = (self.identity.current(), self.config.idempotent) else {
            return Stamp::NONE;
        };
        let entry = &mut self.entries[at];
        let sequenced = entry.sequenced.get_or_insert_with(|| {
            let sequenced = Sequenced { base_sequence: self.next, number: self.sequenced };
            self.next = after(self.next, entry.batch.count);
            self.sequenced += 1;
            sequenced
        });
        Stamp {
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            base_sequence: sequenced.base_sequence,
            transactional: self.config.transactional,
        }
    }

    /// Puts two halves in a batch's place, which take its sequences: those behind it keep theirs.
    pub(super) fn split(&mut self, at: usize) -> bool {
        let Some(halves) = self.entries[at].batch.split(&mut self.parts) else { return false };
        let Some(Entry { mut sequenced, doubt, reported, .. }) = self.entries.remove(at) else {
            return false;
        };
        for (index, batch) in (at..).zip(halves) {
            let count = batch.count;
            let half = Entry { sequenced, doubt: doubt.of_half(), reported, ..Entry::new(batch) };
            self.entries.insert(index, half);
            sequenced = sequenced
                .map(|it| Sequenced { base_sequence: after(it.base_sequence, count), number: it.number + 1 });
        }
        // One batch more for the leader to remember.
        self.sequenced += 1;
        let behind = self.entries.iter_mut().skip(at + 2).filter_map(|entry| entry.sequenced.as_mut());
        behind.for_each(|it| it.number += 1);
        // What is in flight behind it comes back out of order, and then follows again.
        if self.flow.is_flowing() {
            self.flow = Flow::Draining(Then::Resend);
        }
        true
    }

    /// True if another batch would push the oldest unacknowledged one out of the leader's window of five: those
    /// between the two are acknowledged or in flight.
    pub(super) fn outruns_memory(&self) -> bool {
        let oldest = self.entries.front().and_then(|entry| entry.sequenced);
        oldest.is_some_and(|oldest| self.sequenced - oldest.number >= BATCHES_REMEMBERED)
    }
}

/// So many of a producer's last batches a partition's leader knows again (Kafka's `ProducerStateEntry`).
const BATCHES_REMEMBERED: u64 = 5;

/// Sequences run from 0 to `i32::MAX` and wrap.
fn after(first: i32, count: u32) -> i32 {
    first.wrapping_add(count.cast_signed()) & i32::MAX
}
