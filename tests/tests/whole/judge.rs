//! The judge: an independent fold of what was fed. It uses no code of the sink.

use std::collections::BTreeMap;

use super::recipe::{Harm, Recipe};
use super::topic_log::TopicLog;

/// The rows that were fed: each key's are the numbers 0, 1, 2, … in this order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fed {
    next: BTreeMap<i32, i64>,
}

impl Fed {
    /// The number of a key's next row.
    pub(crate) fn number(&mut self, key: i32) -> i64 {
        let next = self.next.entry(key).or_default();
        *next += 1;
        *next - 1
    }

    /// The keys, each with how many rows it has.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (i32, i64)> {
        self.next.iter().map(|(key, next)| (*key, *next))
    }

    pub(crate) fn rows(&self) -> i64 {
        self.next.values().sum()
    }

    /// Whether the newest row of every key is the last one of it in a log.
    pub(crate) fn is_reached_by(&self, log: &TopicLog) -> bool {
        let newest: BTreeMap<i32, i64> = log.rows.iter().copied().collect();
        self.next.iter().all(|(key, next)| newest.get(key) == Some(&(next - 1)))
    }

    /// The source must hold every row once, in order: the feeder's producer is idempotent.
    pub(crate) fn judge_source(&self, log: &TopicLog) -> Result<(), String> {
        self.judge_once(log).map_err(|why| format!("the source: {why}"))
    }

    /// Judges what the sink's readers see.
    ///
    /// Exactly-once, and where nobody was killed: every row once, in order. At-least-once: nothing missing, and whenever
    /// a row of a key comes that is new, it is the next one: older rows come after newer ones in replays alone, and
    /// these never leave the last word.
    pub(crate) fn judge_sink(&self, recipe: &Recipe, log: &TopicLog) -> Result<(), String> {
        if recipe.job.is_exactly_once || recipe.harm == Harm::Gentle {
            return self.judge_once(log).map_err(|why| format!("the sink: {why}"));
        }
        let by_key = log.by_key();
        for (key, next) in self.counts() {
            let numbers = by_key.get(&key).map_or(&[][..], Vec::as_slice);
            let mut due = 0;
            for number in numbers {
                if *number > due {
                    return Err(format!(
                        "the sink, key {key}: {due} is missing before {number} in {numbers:?}"
                    ));
                }
                due = due.max(number + 1);
            }
            if due != next || numbers.last() != Some(&(next - 1)) {
                return Err(format!(
                    "the sink, key {key} of {next} rows: the last word is wrong: {numbers:?}"
                ));
            }
        }
        Ok(())
    }

    fn judge_once(&self, log: &TopicLog) -> Result<(), String> {
        let by_key = log.by_key();
        for (key, next) in self.counts() {
            let numbers = by_key.get(&key).map_or(&[][..], Vec::as_slice);
            if !numbers.iter().copied().eq(0..next) {
                return Err(format!("key {key} of {next} rows, each once and in order: {numbers:?}"));
            }
        }
        Ok(())
    }
}

#[test]
fn the_judge_sees_what_is_missing_doubled_and_out_of_order() {
    let mut fed = Fed::default();
    (0..4).for_each(|number| assert_eq!(fed.number(1), number));
    let judge = |is_exactly_once, numbers: &[i64]| {
        let mut recipe = Recipe::draw(0);
        recipe.job.is_exactly_once = is_exactly_once;
        recipe.harm = Harm::Kills;
        let rows = numbers.iter().map(|number| (1, *number)).collect();
        fed.judge_sink(&recipe, &TopicLog { rows, unstable: 0 }).is_ok()
    };
    assert!(judge(true, &[0, 1, 2, 3]));
    assert!(!judge(true, &[0, 1, 1, 2, 3]), "twice");
    assert!(!judge(true, &[0, 2, 1, 3]), "out of order");
    assert!(!judge(true, &[0, 1, 2]), "3 is missing");
    assert!(judge(false, &[0, 1, 2, 1, 2, 3]), "a replay");
    assert!(!judge(false, &[0, 2, 1, 2, 3]), "newer before older");
    assert!(!judge(false, &[0, 1, 2, 3, 2]), "the last word is an old one");
    assert!(!judge(false, &[0, 1, 3]), "2 is missing");
}
