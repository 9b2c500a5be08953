//! The leader epochs in which a partition's log was written: Kafka's `LeaderEpochFileCache` (KIP-101, KIP-320).

/// Each epoch with its first offset, ascending. An epoch that wrote nothing is forgotten when the next begins.
#[derive(Debug)]
pub(crate) struct LeaderEpochs(Vec<(i32, i64)>);

impl Default for LeaderEpochs {
    fn default() -> Self {
        Self(vec![(0, 0)])
    }
}

impl LeaderEpochs {
    pub(crate) fn begin(&mut self, epoch: i32, offset: i64) {
        while self.0.pop_if(|(_, begun)| *begun >= offset).is_some() {}
        self.0.push((epoch, offset));
    }

    /// Follows the log's start: forgets epochs that ended before it, and lets the first one left begin there.
    pub(crate) fn delete_before(&mut self, start_offset: i64) {
        let begun = self.0.partition_point(|(_, begun)| *begun <= start_offset);
        self.0.drain(..begun.saturating_sub(1));
        if let Some((_, first)) = self.0.first_mut().filter(|_| begun > 0) {
            *first = start_offset;
        }
    }

    /// The end offset of an epoch, or of the one before it that is there; the last one ends with the log. `None` for an
    /// epoch that is yet to come.
    pub(crate) fn end(&self, epoch: i32, log_end_offset: i64) -> Option<(i32, i64)> {
        let later = self.0.partition_point(|(begun, _)| *begun <= epoch);
        let found = later.checked_sub(1).map_or(epoch, |at| self.0[at].0);
        match self.0.get(later) {
            _ if epoch < 0 => None,
            Some((_, end)) => Some((found, *end)),
            None => (found == epoch).then_some((epoch, log_end_offset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_ends_where_the_next_that_is_there_begins() {
        let mut epochs = LeaderEpochs::default();
        assert_eq!((epochs.end(0, 5), epochs.end(1, 5), epochs.end(-1, 5)), (Some((0, 5)), None, None));
        epochs.begin(1, 5);
        epochs.begin(2, 5);
        epochs.begin(4, 9);
        let ends = [0, 1, 2, 3, 4, 5].map(|epoch| epochs.end(epoch, 12));
        assert_eq!(ends, [Some((0, 5)), Some((0, 5)), Some((2, 9)), Some((2, 9)), Some((4, 12)), None]);
        epochs.delete_before(7);
        assert_eq!(
            [0, 2, 3, 4].map(|epoch| epochs.end(epoch, 12)),
            [Some((0, 7)), Some((2, 9)), Some((2, 9)), Some((4, 12))]
        );
        epochs.delete_before(9);
        assert_eq!([0, 2, 4].map(|epoch| epochs.end(epoch, 12)), [Some((0, 9)), Some((2, 9)), Some((4, 12))]);
        let mut empty = LeaderEpochs::default();
        empty.begin(3, 0);
        assert_eq!(empty.end(1, 7), Some((1, 0)), "before all that is there");
    }
}
