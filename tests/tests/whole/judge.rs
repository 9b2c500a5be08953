//! The judge of the sink: an independent fold of what lies in the source. It uses no code of the sink.

use std::collections::BTreeMap;

use super::recipe::{Harm, Recipe};
use super::topic_log::TopicLog;

/// The rows of the source: each key's, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Due {
    by_key: BTreeMap<i32, Vec<i64>>,
}

impl Due {
    /// What the source holds.
    pub(crate) fn of(source: &TopicLog) -> Self {
        Self { by_key: source.by_key() }
    }

    /// The keys, each with how many rows it has.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (i32, usize)> {
        self.by_key.iter().map(|(key, rows)| (*key, rows.len()))
    }

    /// Whether the newest row of every key is the last one of it in a log.
    pub(crate) fn is_reached_by(&self, log: &TopicLog) -> bool {
        let newest: BTreeMap<i32, i64> = log.rows.iter().copied().collect();
        self.by_key.iter().all(|(key, rows)| newest.get(key) == rows.last())
    }

    /// Judges what the sink's readers see.
    ///
    /// Exactly-once, and where nobody was killed: every row once, in order. At-least-once: nothing missing, and whenever
    /// a row of a key comes that is new, it is the next one: older rows come after newer ones in replays alone, and
    /// these never leave the last word.
    pub(crate) fn judge_sink(&self, recipe: &Recipe, log: &TopicLog) -> Result<(), String> {
        let is_once = recipe.job.is_exactly_once || recipe.harm == Harm::Gentle;
        let by_key = log.by_key();
        for (key, due) in &self.by_key {
            let rows = by_key.get(key).map_or(&[][..], Vec::as_slice);
            if is_once && rows != due {
                return Err(format!("the sink, key {key}: each of {due:?} once and in order: {rows:?}"));
            }
            judge_replays(due, rows).map_err(|why| format!("the sink, key {key}: {why} in {rows:?}"))?;
        }
        match by_key.keys().find(|key| !self.by_key.contains_key(key)) {
            Some(key) => Err(format!("the sink has key {key}, and the source has not")),
            None => Ok(()),
        }
    }
}

fn judge_replays(due: &[i64], rows: &[i64]) -> Result<(), String> {
    let mut next = 0;
    for row in rows {
        let Ok(place) = due.binary_search(row) else { return Err(format!("{row} is not in the source")) };
        if place > next {
            return Err(format!("{} is missing before {row}", due[next]));
        }
        next = next.max(place + 1);
    }
    if next != due.len() || rows.last() != due.last() {
        return Err(format!("the last word is wrong, of {due:?}"));
    }
    Ok(())
}

#[test]
fn the_judge_sees_what_is_missing_doubled_and_out_of_order() {
    let due = Due { by_key: BTreeMap::from([(1, (0..4).collect())]) };
    let judge = |is_exactly_once, numbers: &[i64]| {
        let mut recipe = Recipe::draw(0);
        recipe.job.is_exactly_once = is_exactly_once;
        recipe.harm = Harm::Kills;
        let rows = numbers.iter().map(|number| (1, *number)).collect();
        due.judge_sink(&recipe, &TopicLog { rows, ..TopicLog::default() }).is_ok()
    };
    assert!(judge(true, &[0, 1, 2, 3]));
    assert!(!judge(true, &[0, 1, 1, 2, 3]), "twice");
    assert!(!judge(true, &[0, 2, 1, 3]), "out of order");
    assert!(!judge(true, &[0, 1, 2]), "3 is missing");
    assert!(judge(false, &[0, 1, 2, 1, 2, 3]), "a replay");
    assert!(!judge(false, &[0, 2, 1, 2, 3]), "newer before older");
    assert!(!judge(false, &[0, 1, 2, 3, 2]), "the last word is an old one");
    assert!(!judge(false, &[0, 1, 3]), "2 is missing");
    assert!(!judge(false, &[0, 1, 2, 3, 4]), "4 is not in the source");
}
