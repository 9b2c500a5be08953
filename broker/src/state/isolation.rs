//! What a consumer with `isolation.level=read_committed` may see of one partition.
//!
//! Records up to the *last stable offset* are readable: no open transaction began before it. Records of aborted
//! transactions lie among them; a Fetch tells which, and the consumer leaves them out.

use std::collections::BTreeMap;

/// The open and the aborted transactions of a partition.
#[derive(Debug, Default)]
pub(crate) struct Isolation {
    /// Producers by the offset of their transaction's first record.
    open: BTreeMap<i64, i64>,
    /// In the order of their markers.
    aborted: Vec<Aborted>,
}

/// An aborted transaction, whose records a consumer leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// The marker's.
    pub(crate) last_offset: i64,
}

impl Isolation {
    /// Notes the first record of a producer's transaction.
    pub(crate) fn begin(&mut self, producer_id: i64, first_offset: i64) {
        self.open.insert(first_offset, producer_id);
    }

    /// Notes the marker of the transaction that began at that offset.
    pub(crate) fn end(&mut self, first_offset: i64, marker_offset: i64, committed: bool) {
        let Some(producer_id) = self.open.remove(&first_offset) else { return };
        if !committed {
            self.aborted.push(Aborted { producer_id, first_offset, last_offset: marker_offset });
        }
    }

    /// The offset before which every transaction is decided: the log's end, when none is open.
    pub(crate) fn last_stable_offset(&self, end_offset: i64) -> i64 {
        self.open.keys().next().copied().unwrap_or(end_offset)
    }

    /// Whether the producer's record at that offset belongs to an aborted transaction.
    pub(crate) fn is_aborted(&self, producer_id: i64, offset: i64) -> bool {
        let holds = |it: &Aborted| (it.first_offset..it.last_offset).contains(&offset);
        self.aborted.iter().any(|it| it.producer_id == producer_id && holds(it))
    }

    /// Forgets aborted transactions that ended before that offset: they are no longer in the log.
    pub(crate) fn forget_before(&mut self, offset: i64) {
        self.aborted.retain(|it| it.last_offset >= offset);
    }

    /// The aborted transactions that overlap with the offsets from one up to another.
    pub(crate) fn aborted(&self, from: i64, to: i64) -> impl Iterator<Item = &Aborted> {
        let first = self.aborted.partition_point(|it| it.last_offset < from);
        self.aborted[first..].iter().filter(move |it| it.first_offset < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_open_transaction_bounds_what_is_stable() {
        let mut isolation = Isolation::default();
        assert_eq!(isolation.last_stable_offset(9), 9);
        isolation.begin(7, 2);
        isolation.begin(8, 4);
        assert_eq!(isolation.last_stable_offset(9), 2);
        isolation.end(2, 9, true);
        assert_eq!(isolation.last_stable_offset(10), 4);
        isolation.end(4, 10, false);
        assert_eq!(isolation.last_stable_offset(11), 11);
        let aborted = Aborted { producer_id: 8, first_offset: 4, last_offset: 10 };
        let of = |from, to| isolation.aborted(from, to).copied().collect::<Vec<_>>();
        assert_eq!((of(0, 11), of(10, 11), of(0, 5)), (vec![aborted], vec![aborted], vec![aborted]));
        assert_eq!((of(0, 4), of(11, 20)), (vec![], vec![]));
    }
}
