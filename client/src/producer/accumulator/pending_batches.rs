//! Open and unanswered batches in the order of their ids: each found by its number, none by search trees.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::producer::delivery::Completion;
use crate::producer::slots::Slot;

/// What is not answered yet. Ids are given here, one after another.
#[derive(Debug, Default)]
pub(super) struct IncompleteBatches {
    first_id: u64,
    /// `None` where the answer overtook older ones.
    completions: VecDeque<Option<Arc<Completion>>>,
}

/// Open batches, and when each is to be closed. Deadlines are as good as in order: all batches linger
/// equally long, and when one need not, those before it have just been closed.
#[derive(Debug, Default)]
pub(super) struct LingeringBatches {
    /// In the order of ids; without a slot once closed.
    batches: VecDeque<(u64, Instant, Option<Arc<Slot>>)>,
    closed: usize,
}

impl IncompleteBatches {
    /// What the next batch is called.
    pub(super) fn next_id(&self) -> u64 {
        self.first_id + self.completions.len() as u64
    }

    pub(super) fn push(&mut self, completion: Arc<Completion>) {
        self.completions.push_back(Some(completion));
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Arc<Completion>> {
        let at = usize::try_from(id.checked_sub(self.first_id)?).ok()?;
        let removed = self.completions.get_mut(at)?.take();
        while let Some(None) = self.completions.front() {
            self.completions.pop_front();
            self.first_id += 1;
        }
        removed
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Arc<Completion>)> {
        (self.first_id..).zip(&self.completions).filter_map(|(id, it)| Some((id, it.as_ref()?)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.completions.is_empty()
    }
}

impl LingeringBatches {
    pub(super) fn push(&mut self, id: u64, deadline: Instant, slot: Arc<Slot>) {
        self.batches.push_back((id, deadline, Some(slot)));
    }

    /// When the first is to be closed.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.batches.front().map(|(_, deadline, _)| *deadline)
    }

    /// The first.
    pub(super) fn pop(&mut self) -> Option<(u64, Arc<Slot>)> {
        let (id, _, slot) = self.batches.pop_front()?;
        self.trim();
        Some((id, slot?))
    }

    /// It lingers no more; it may not be here.
    pub(super) fn remove(&mut self, id: u64) {
        if let Ok(at) = self.batches.binary_search_by_key(&id, |(id, ..)| *id)
            && self.batches[at].2.take().is_some()
        {
            self.closed += 1;
            self.trim();
        }
    }

    /// The first is one that lingers, and most of the others are.
    fn trim(&mut self) {
        while let Some((.., None)) = self.batches.front() {
            self.batches.pop_front();
            self.closed -= 1;
        }
        if self.closed > CLOSED_MAX.max(self.batches.len() / 2) {
            self.batches.retain(|(.., slot)| slot.is_some());
            self.closed = 0;
        }
    }
}

/// So few closed ones are not worth a walk.
const CLOSED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Record;
    use crate::producer::topic::tests::topic;

    fn completion() -> Arc<Completion> {
        Arc::new(Completion::new(0))
    }

    #[test]
    fn answers_in_any_order_leave_the_rest_in_theirs() {
        let mut incomplete = IncompleteBatches::default();
        (0..4).for_each(|_| incomplete.push(completion()));
        assert!(incomplete.remove(2).is_some() && incomplete.remove(0).is_some());
        assert!(
            incomplete.remove(0).is_none()
                && incomplete.remove(2).is_none()
                && incomplete.remove(4).is_none()
        );
        assert_eq!(incomplete.iter().map(|(id, _)| id).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(incomplete.next_id(), 4);
        assert!(incomplete.remove(1).is_some() && incomplete.remove(3).is_some());
        assert!(incomplete.is_empty());
        assert_eq!(incomplete.next_id(), 4);
    }

    #[test]
    fn a_batch_that_was_full_lingers_no_more() {
        let (topic, now) = (topic(&[Some(1)]), Instant::now());
        let slot = topic.slot_for(&Record::new(&topic)).unwrap();
        let at = |id: u64| now + Duration::from_millis(id);
        let mut lingering = LingeringBatches::default();
        (0..1000).for_each(|id| lingering.push(id, at(id), Arc::clone(slot)));
        lingering.remove(0);
        lingering.remove(0);
        assert_eq!(lingering.deadline(), Some(at(1)));
        // Behind one that lingers on, closed ones do not pile up.
        (2..999).for_each(|id| lingering.remove(id));
        assert!(lingering.batches.len() <= 2 + 2 * CLOSED_MAX, "{}", lingering.batches.len());
        assert_eq!(lingering.pop().map(|(id, _)| id), Some(1));
        assert_eq!(lingering.pop().map(|(id, _)| id), Some(999));
        assert_eq!(lingering.deadline(), None);
    }
}
