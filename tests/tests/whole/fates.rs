//! What the feeder was told of each of its rows, and whether the source's log agrees. It uses no code of the client.

use std::collections::BTreeMap;

use upsert_kafka_client::{Error, Receipt};
use upsert_kafka_protocol::ErrorCode;

use super::topic_log::{KeyedRow, TopicLog};

/// Every row that was sent, in the order of sending: each key's are the numbers 0, 1, 2, …
#[derive(Debug, Default)]
pub(crate) struct Fates {
    next: BTreeMap<i32, i64>,
    rows: Vec<SentRow>,
    /// A row may fail, and is told so; else each must be written.
    may_fail: bool,
}

/// A row that was sent.
#[derive(Debug)]
struct SentRow {
    row: KeyedRow,
    fate: Fate,
    /// It was sent in quiet: nothing can have hindered it.
    must_be_written: bool,
}

/// What was told of a row.
#[derive(Debug)]
enum Fate {
    Nothing,
    /// It was not taken in.
    Refused,
    /// -1 where no broker knew the offset any more.
    Written {
        partition: i32,
        offset: i64,
    },
    Failed {
        may_be_written: bool,
        /// It was refused as out of order, and no attempt may still come: so the log tells whether it was written.
        can_be_known: bool,
        why: String,
    },
}

impl Fates {
    pub(crate) fn new(may_fail: bool) -> Self {
        Self { may_fail, ..Self::default() }
    }

    /// A key's next row, and its place among all.
    pub(crate) fn add(&mut self, key: i32, must_be_written: bool) -> (usize, i64) {
        let next = self.next.entry(key).or_default();
        *next += 1;
        let row = (key, *next - 1);
        self.rows.push(SentRow { row, fate: Fate::Nothing, must_be_written });
        (self.rows.len() - 1, row.1)
    }

    /// A row has its outcome.
    pub(crate) fn tell(&mut self, place: usize, outcome: &Result<Receipt, Error>) -> Result<(), String> {
        let SentRow { row, fate, must_be_written } = &mut self.rows[place];
        if !matches!(fate, Fate::Nothing) {
            return Err(format!("row {row:?} has two outcomes: {fate:?} and {outcome:?}"));
        }
        *fate = match outcome {
            Ok(receipt) => Fate::Written { partition: receipt.partition, offset: receipt.offset },
            Err(error) if *must_be_written => {
                return Err(format!("row {row:?} failed, though nothing was wrong: {error}"));
            }
            Err(error) if error.is_fatal() || error.is_fenced() => {
                return Err(format!("the feeder came to its end at row {row:?}, for no cause: {error}"));
            }
            Err(error) if !self.may_fail => return Err(format!("row {row:?} failed: {error}")),
            Err(error) => Fate::failed(error),
        };
        Ok(())
    }

    /// The client did not take it in.
    pub(crate) fn refuse(&mut self, place: usize) {
        self.rows[place].fate = Fate::Refused;
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many failed, or were not taken in.
    pub(crate) fn failed(&self) -> usize {
        self.rows.iter().filter(|it| matches!(it.fate, Fate::Failed { .. } | Fate::Refused)).count()
    }

    /// The source must hold what was told to be written once, and nothing that was told not to be; all of it in order.
    pub(crate) fn judge(&self, log: &TopicLog, partitions: i32) -> Result<(), String> {
        let mut places: BTreeMap<KeyedRow, usize> = BTreeMap::new();
        for (place, sent) in self.rows.iter().enumerate() {
            places.insert(sent.row, place);
        }
        let (mut lies_at, mut last) = (vec![None; self.rows.len()], BTreeMap::new());
        for (row, lies_in) in log.rows.iter().zip(&log.places) {
            let place = *places.get(row).ok_or_else(|| format!("the source: nobody sent {row:?}"))?;
            if let Some(before) = lies_at[place].replace(*lies_in) {
                return Err(format!("the source: row {row:?} lies at {before:?} and at {lies_in:?}"));
            }
            if lies_in.0 != row.0 % partitions {
                return Err(format!("the source: row {row:?} lies at {lies_in:?}, and was sent elsewhere"));
            }
            if let Some(before) = last.insert(lies_in.0, place).filter(|before| *before > place) {
                let before = self.rows[before].row;
                return Err(format!("the source: row {row:?} lies behind {before:?}, which was sent later"));
            }
        }
        self.rows.iter().zip(lies_at).try_for_each(|(sent, lies_at)| sent.judge(lies_at))
    }
}

impl SentRow {
    fn judge(&self, lies_at: Option<(i32, i64)>) -> Result<(), String> {
        let row = self.row;
        match (&self.fate, lies_at) {
            (Fate::Nothing, _) => Err(format!("row {row:?} has no outcome")),
            (Fate::Written { .. }, None) => {
                Err(format!("the source: row {row:?} was acknowledged, and is missing"))
            }
            (Fate::Written { partition, offset }, Some(at))
                if *partition != at.0 || *offset >= 0 && *offset != at.1 =>
            {
                let told = (partition, offset);
                Err(format!("the source: row {row:?} was acknowledged at {told:?}, and lies at {at:?}"))
            }
            (Fate::Refused, Some(at)) => {
                Err(format!("the source: row {row:?} was not taken in, and lies at {at:?}"))
            }
            (Fate::Failed { may_be_written: false, why, .. }, Some(at)) => Err(format!(
                "the source: row {row:?} failed and cannot have been written ({why}), and lies at {at:?}"
            )),
            (Fate::Failed { can_be_known: true, why, .. }, Some(at)) => {
                Err(format!("the source: row {row:?} is said to be in doubt ({why}), and lies at {at:?}"))
            }
            _ => Ok(()),
        }
    }
}

impl Fate {
    /// What a leader refuses as out of order may lie in its log. No log is cut here, so whoever says that it is not
    /// known could have read it there: but for an attempt that was under way when it was read.
    fn failed(error: &Error) -> Self {
        let (may_be_written, why) = (error.may_have_been_written(), error.to_string());
        let was_refused = error.code() == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        let can_be_known = was_refused && may_be_written && !why.contains("may still come");
        Self::Failed { may_be_written, can_be_known, why }
    }
}

#[test]
fn the_judge_of_the_source_sees_what_was_told_and_is_not_so() {
    let written = |offset| Fate::Written { partition: 0, offset };
    let failed =
        |may_be_written, can_be_known| Fate::Failed { may_be_written, can_be_known, why: String::new() };
    let judge = |fates: Vec<Fate>, rows: &[i64]| {
        let sent = |(number, fate)| SentRow { row: (1, number), fate, must_be_written: false };
        let rows_sent = (0..).zip(fates).map(sent).collect();
        let fates = Fates { rows: rows_sent, may_fail: true, ..Fates::default() };
        let rows: Vec<_> = rows.iter().map(|number| (1, *number)).collect();
        let places = (0..rows.len() as i64).map(|offset| (0, offset)).collect();
        fates.judge(&TopicLog { rows, places, unstable: 0 }, 1).is_ok()
    };
    assert!(judge(vec![written(0), written(-1)], &[0, 1]));
    assert!(!judge(vec![written(0), written(1)], &[0]), "1 is missing");
    assert!(!judge(vec![written(0), written(1)], &[0, 1, 1]), "twice");
    assert!(!judge(vec![written(1), written(0)], &[1, 0]), "out of order");
    assert!(!judge(vec![written(1)], &[0]), "elsewhere than told");
    assert!(!judge(vec![Fate::Nothing], &[0]), "nothing was told");
    assert!(!judge(vec![written(0)], &[0, 7]), "nobody sent it");
    assert!(judge(vec![Fate::Refused, failed(false, false)], &[]));
    assert!(!judge(vec![Fate::Refused], &[0]), "written though it was not taken in");
    assert!(!judge(vec![failed(false, false)], &[0]), "written though it is told that it is not");
    assert!(judge(vec![failed(true, false), failed(true, false)], &[1]));
    assert!(!judge(vec![failed(true, true)], &[0]), "a look into the log would have told");
}
