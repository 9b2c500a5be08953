//! What a sink must hold, by a count of the input alone: every key up to its last number, in order, replays aside.

use std::collections::BTreeMap;

/// What a number means that a key's log leaves out, until it comes in a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gaps {
    /// A row was skipped.
    Lost,
    /// The broker refused the row and took a later one, before the job could know.
    Allowed,
    /// A buffer wrote a later row of its key instead.
    Reduced,
}

/// The input: each key's values are the numbers 0, 1, 2, … in this order.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    next: BTreeMap<u32, u32>,
}

impl Input {
    /// The number of a key's next row.
    pub(super) fn number(&mut self, key: u32) -> u32 {
        let next = self.next.entry(key).or_default();
        *next += 1;
        *next - 1
    }

    /// How many rows there were.
    pub(super) fn rows(&self) -> usize {
        self.next.values().map(|next| *next as usize).sum()
    }

    /// Whether the newest value of every key stands in a sink's log.
    pub(super) fn is_reached_by(&self, log: &[(u32, u32)]) -> bool {
        let view: BTreeMap<u32, u32> = log.iter().copied().collect();
        view.len() == self.next.len()
            && self.next.iter().all(|(key, next)| view.get(key) == Some(&(next - 1)))
    }

    /// Judges a sink's log, key and number by offset within each partition.
    ///
    /// Each value of a key follows the one before it, or begins a replay: it then goes back, at most once for each
    /// restart, and never leaves one out. `restarts` counts the starts of a job after the first.
    pub(super) fn judge(&self, log: &[(u32, u32)], restarts: usize, gaps: Gaps) -> Result<(), String> {
        if !self.is_reached_by(log) {
            let view: BTreeMap<u32, u32> = log.iter().copied().collect();
            let behind =
                log.iter().filter(|(key, _)| view.get(key) != self.next.get(key).map(|it| it - 1).as_ref());
            let behind: Vec<_> = behind.collect();
            return Err(format!(
                "the view is {view:?}, of the input's {:?} (each one more); written of the keys behind: {behind:?}",
                self.next
            ));
        }
        let mut by_key: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        log.iter().for_each(|(key, number)| by_key.entry(*key).or_default().push(*number));
        for (key, numbers) in by_key {
            let (mut due, mut replays) = (0, 0);
            for number in &numbers {
                if *number > due && gaps == Gaps::Lost {
                    return Err(format!("key {key}: {due} is missing before {number} in {numbers:?}"));
                }
                replays += usize::from(*number < due);
                due = number + 1;
            }
            // Whatever the order: no row may be left out for good.
            let missing = (0..self.next[&key]).find(|number| !numbers.contains(number));
            if let Some(missing) = missing.filter(|_| gaps != Gaps::Reduced) {
                return Err(format!("key {key}: {missing} was never written: {numbers:?}"));
            }
            if replays > restarts {
                return Err(format!(
                    "key {key} goes back {replays} times in {restarts} restarts: {numbers:?}"
                ));
            }
        }
        Ok(())
    }
}

#[test]
fn the_oracle_sees_what_is_missing_doubled_and_out_of_order() {
    let mut input = Input::default();
    (0..4).for_each(|n| assert_eq!(input.number(1), n));
    let judge_with = |numbers: &[u32], restarts, gaps| {
        let log: Vec<_> = numbers.iter().map(|number| (1, *number)).collect();
        input.judge(&log, restarts, gaps).is_ok()
    };
    let judge = |numbers: &[u32], restarts| judge_with(numbers, restarts, Gaps::Lost);
    assert!(judge_with(&[2, 0, 1, 2, 3], 1, Gaps::Allowed), "refused, then replayed");
    assert!(!judge_with(&[0, 2, 3], 1, Gaps::Allowed), "1 was refused and never came");
    assert!(judge_with(&[1, 3], 0, Gaps::Reduced), "0 and 2 were replaced");
    assert!(!judge_with(&[1, 2], 0, Gaps::Reduced), "3 is missing");
    assert!(!judge_with(&[1, 3, 2, 3], 0, Gaps::Reduced), "backwards without a restart");
    assert!(judge(&[0, 1, 2, 3], 0));
    assert!(judge(&[0, 1, 2, 1, 2, 3], 1), "a replay");
    assert!(!judge(&[0, 1, 2, 1, 2, 3], 0), "a replay without a restart");
    assert!(!judge(&[0, 1, 3], 1), "2 was skipped");
    assert!(!judge(&[0, 1, 2], 1), "3 is missing");
    assert!(!judge(&[0, 1, 2, 3, 2], 1), "the view went back");
}
