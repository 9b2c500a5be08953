//! What writers were told of each of their transactions, and whether the log agrees. It uses no code of the client.

use std::collections::BTreeMap;

use super::topic_log::TopicLog;

/// The transactions of all writers; one's number is its place, and its rows are the numbers 0, 1, 2, …
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: Vec<Written>,
}

/// A transaction that was written.
#[derive(Debug)]
struct Written {
    /// Which of the writers.
    writer: usize,
    rows: i64,
    /// It has its own number as the position of a group.
    carries_position: bool,
    end: End,
}

/// How a transaction ended, as far as its writer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Committed,
    /// Its commit failed, and may have been heard.
    Doubtful,
    NotCommitted,
}

/// Of the ledger's topic: a transaction lies in one of them.
pub(crate) const PARTITIONS: i32 = 2;

/// Where a transaction lies.
pub(crate) fn partition(transaction: i32) -> i32 {
    transaction % PARTITIONS
}

impl Ledger {
    /// A writer has begun a transaction: its number.
    pub(crate) fn begin(&mut self, writer: usize) -> i32 {
        let written = Written { writer, rows: 0, carries_position: false, end: End::NotCommitted };
        self.transactions.push(written);
        self.transactions.len() as i32 - 1
    }

    /// The number of its next row.
    pub(crate) fn next_row(&self, transaction: i32) -> i64 {
        self.transactions[transaction as usize].rows
    }

    /// The client has taken that row in.
    pub(crate) fn add_row(&mut self, transaction: i32) {
        self.transactions[transaction as usize].rows += 1;
    }

    pub(crate) fn carries_position(&mut self, transaction: i32) {
        self.transactions[transaction as usize].carries_position = true;
    }

    pub(crate) fn end(&mut self, transaction: i32, end: End) {
        self.transactions[transaction as usize].end = end;
    }

    /// Each is seen whole or not at all, as its writer knows it, and in order; and nothing was written twice.
    pub(crate) fn judge(&self, written: &TopicLog, committed: &TopicLog) -> Result<(), String> {
        let mut sorted = written.rows.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("row {:?} of a transaction lies in the log twice", twice[0]));
        }
        let (mut seen, mut last) = (BTreeMap::new(), BTreeMap::new());
        for (number, row) in &committed.rows {
            let Some(of) = self.transactions.get(*number as usize) else {
                return Err(format!("nobody has written transaction {number}"));
            };
            *seen.entry(*number).or_insert(0) += 1;
            if let Some(before) = last
                .insert((of.writer, partition(*number)), (*number, *row))
                .filter(|it| *it > (*number, *row))
            {
                return Err(format!("row {row} of transaction {number} is seen behind {before:?}"));
            }
        }
        for (number, of) in (0..).zip(&self.transactions) {
            let seen = seen.get(&number).copied().unwrap_or(0);
            let is_right = match of.end {
                End::Committed => seen == of.rows,
                End::Doubtful => seen == of.rows || seen == 0,
                End::NotCommitted => seen == 0,
            };
            if !is_right {
                return Err(format!("of transaction {number}, {of:?}, {seen} rows are seen"));
            }
        }
        Ok(())
    }

    /// The group has the position of the last committed transaction that carries one.
    pub(crate) fn judge_position(&self, position: Option<i64>) -> Result<(), String> {
        let mut allowed = vec![None];
        for (number, of) in (0..).zip(&self.transactions).filter(|(_, of)| of.carries_position) {
            match of.end {
                End::Committed => allowed = vec![Some(number)],
                End::Doubtful => allowed.push(Some(number)),
                End::NotCommitted => {}
            }
        }
        if allowed.contains(&position) {
            return Ok(());
        }
        Err(format!("the position that transactions carry is {position:?}, and should be one of {allowed:?}"))
    }
}

#[test]
fn the_judge_of_transactions_sees_what_was_told_and_is_not_so() {
    let judge = |end, written: &[i64], committed: &[i64]| {
        let of = Written { writer: 0, rows: 2, carries_position: true, end };
        let ledger = Ledger { transactions: vec![of] };
        let log = |rows: &[i64]| TopicLog {
            rows: rows.iter().map(|row| (0, *row)).collect(),
            ..TopicLog::default()
        };
        ledger.judge(&log(written), &log(committed)).is_ok()
    };
    assert!(judge(End::Committed, &[0, 1], &[0, 1]));
    assert!(!judge(End::Committed, &[0, 1], &[0]), "the half of it");
    assert!(!judge(End::Committed, &[0, 1], &[1, 0]), "out of order");
    assert!(!judge(End::Committed, &[0, 1, 1], &[0, 1]), "twice");
    assert!(judge(End::Doubtful, &[0, 1], &[]) && judge(End::Doubtful, &[0, 1], &[0, 1]));
    assert!(!judge(End::Doubtful, &[0, 1], &[0]), "the half of it");
    assert!(judge(End::NotCommitted, &[0], &[]));
    assert!(!judge(End::NotCommitted, &[0, 1], &[0, 1]), "it was not committed");
    let of = |end| Written { writer: 0, rows: 0, carries_position: true, end };
    let ends = [End::Committed, End::Committed, End::Doubtful, End::NotCommitted];
    let ledger = Ledger { transactions: ends.map(of).into() };
    let judged = [None, Some(0), Some(1), Some(2), Some(3)].map(|it| ledger.judge_position(it).is_ok());
    assert_eq!(judged, [false, false, true, true, false]);
}
