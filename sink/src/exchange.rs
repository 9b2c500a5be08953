//! The core of an exchange: the changes of one task, in batches for the tasks of a sink that write them.
//!
//! Each task that reads has one for each INSERT whose rows other tasks write, and no two tasks share one. Changes for one
//! target leave in the order in which they came, so what reaches that target keeps the order of its key's partition.
//! A change crosses as bytes, in a batch with others: what crosses is allocated once a batch, not once a row.

use upsert_kafka_client::partition_for_key;

use crate::changes::{Change, Changes};
use crate::row::Row;
use crate::state::write_row;

/// Which target a row goes to: the same one for every row of a key, whichever task asks.
pub(crate) struct KeyHash {
    key: Vec<usize>,
    targets: i32,
}

/// Batches that are being filled, one for each target.
pub(crate) struct Exchange {
    open: Vec<Changes>,
    batch_bytes_max: usize,
    /// Where the next change goes that has no key.
    turn: usize,
}

impl KeyHash {
    /// By these columns of a sink's row, to one of so many.
    pub(crate) fn new(key: Vec<usize>, targets: u32) -> Self {
        Self { key, targets: i32::try_from(targets).unwrap_or(i32::MAX).max(1) }
    }

    /// Where the row goes. What is hashed lies at the end of `scratch` meanwhile.
    pub(crate) fn target(&self, row: Row<'_>, scratch: &mut Vec<u8>) -> u32 {
        let from = scratch.len();
        write_row(row, &self.key, scratch);
        let target = partition_for_key(&scratch[from..], self.targets);
        scratch.truncate(from);
        target.unsigned_abs()
    }
}

impl Exchange {
    /// An empty one, for so many targets; changes without a key begin with this one.
    pub(crate) fn new(targets: usize, first: usize) -> Self {
        let targets = targets.max(1);
        Self {
            open: (0..targets).map(|_| Changes::default()).collect(),
            batch_bytes_max: (OPEN_BYTES_MAX / targets).min(BATCH_BYTES_MAX),
            turn: first % targets,
        }
    }

    /// Takes a change in, for this target or in turns. Back comes the target whose batch is full by it.
    #[inline]
    pub(crate) fn put(&mut self, target: Option<u32>, change: Change<'_>) -> Option<usize> {
        let count = self.open.len();
        let at = match target {
            Some(target) => target as usize % count,
            None => {
                let next = (self.turn + 1) % count;
                std::mem::replace(&mut self.turn, next)
            }
        };
        self.open[at].append(change);
        (self.open[at].size_bytes() >= self.batch_bytes_max).then_some(at)
    }

    /// What has gathered for a target, if anything has.
    pub(crate) fn take(&mut self, target: usize) -> Option<Changes> {
        let open = self.open.get_mut(target).filter(|open| !open.is_empty())?;
        Some(std::mem::take(open))
    }
}

/// What one batch holds, but for its last change: enough that handing it over costs little for each row.
const BATCH_BYTES_MAX: usize = 64 << 10;

/// What all open batches of one exchange hold together.
const OPEN_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{RowKind, Value};

    #[test]
    fn rows_of_a_key_have_one_target_and_all_targets_have_rows() {
        let (hash, other) = (KeyHash::new(vec![1, 0], 4), KeyHash::new(vec![1, 0], 4));
        let mut scratch = b"before".to_vec();
        let mut hit = [0; 4];
        for id in 0..1_000 {
            let row = [Value::Int(id), Value::String("a"), Value::Int(id * 7)];
            let target = hash.target(&row, &mut scratch);
            let later = [Value::Int(id), Value::String("a"), Value::Null];
            assert_eq!(
                other.target(&later, &mut Vec::new()),
                target,
                "another row of the key, in another task"
            );
            hit[target as usize] += 1;
        }
        assert_eq!(scratch, b"before");
        assert!(hit.iter().all(|it| *it > 150), "{hit:?}");
    }

    fn change(value: &[u8]) -> Change<'_> {
        Change { kind: RowKind::Insert, key: Some(b"k"), value: Some(value), metadata: None }
    }

    fn values(batch: Option<Changes>) -> Vec<u8> {
        batch.iter().flat_map(Changes::iter).map(|it| it.value.unwrap()[0]).collect()
    }

    #[test]
    fn changes_of_a_target_leave_together_and_in_order() {
        let mut exchange = Exchange::new(3, 0);
        for value in 0..9_u8 {
            assert_eq!(exchange.put(Some(u32::from(value) % 2), change(&[value])), None);
        }
        assert_eq!(values(exchange.take(0)), [0, 2, 4, 6, 8]);
        assert_eq!(values(exchange.take(1)), [1, 3, 5, 7]);
        assert!(
            exchange.take(2).is_none() && exchange.take(0).is_none(),
            "nothing is left, and nothing was there"
        );
    }

    #[test]
    fn changes_without_a_key_go_in_turns() {
        let mut exchange = Exchange::new(2, 5);
        for value in 0..5 {
            exchange.put(None, change(&[value]));
        }
        assert_eq!(values(exchange.take(1)), [0, 2, 4]);
        assert_eq!(values(exchange.take(0)), [1, 3]);
    }

    #[test]
    fn a_batch_is_full_by_its_bytes_and_by_many_small_changes_too() {
        let mut exchange = Exchange::new(2, 0);
        assert_eq!(exchange.put(Some(0), change(&[0; 1_000])), None);
        assert_eq!(exchange.put(Some(0), change(&[0; BATCH_BYTES_MAX])), Some(0));
        exchange.take(0);
        let tombstone = Change { value: None, key: None, ..change(&[]) };
        let full = (0..BATCH_BYTES_MAX).position(|_| exchange.put(Some(1), tombstone).is_some());
        assert!(full.is_some_and(|at| at > 1_000), "{full:?}");
    }

    #[test]
    fn many_targets_share_what_may_be_open() {
        let mut exchange = Exchange::new(256, 0);
        assert_eq!(exchange.put(Some(255), change(&[0; OPEN_BYTES_MAX / 256])), Some(255));
    }

    #[test]
    fn a_change_is_the_same_behind_it() {
        let mut exchange = Exchange::new(1, 0);
        let all = [
            change(b"value"),
            Change { kind: RowKind::Delete, value: None, ..change(b"") },
            Change { kind: RowKind::UpdateAfter, key: None, ..change(b"x") },
        ];
        for change in all {
            assert_eq!(exchange.put(None, change), None);
        }
        let batch = exchange.take(0).unwrap();
        assert!(batch.iter().eq(all));
    }
}
