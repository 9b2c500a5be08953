//! The oracle of transactions: what their producer was told of each, against what a reader of committed ones sees.

use std::fmt;

use super::audit::{Findings, Log, Outcome, audit};

/// Transactions in their order; their records are numbered through, whatever becomes of them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) attempts: Vec<Attempt>,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) end: End,
    /// Where each of its records lies, as far as it was told.
    pub(super) places: Vec<Option<(i32, i64)>>,
}

/// How it ended, as its producer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is seen as a whole.
    Committed,
    /// It is never seen, and this was meant.
    Aborted,
    /// It is never seen, since something went wrong.
    Failed,
    /// Nobody could say: it is seen as a whole, or never.
    InDoubt,
}

impl Accounts {
    /// Judges what a reader of committed records saw.
    pub(super) fn audit(&self, log: &Log) -> Findings {
        let mut findings = audit(&self.outcomes(), log);
        let mut seen = vec![false; self.attempts.iter().map(|it| it.places.len()).sum()];
        for number in log.iter().flatten().filter_map(|entry| entry.number) {
            usize::try_from(number)
                .ok()
                .and_then(|at| seen.get_mut(at))
                .into_iter()
                .for_each(|it| *it = true);
        }
        let mut seen = &*seen;
        for (at, attempt) in self.attempts.iter().enumerate() {
            let (of_it, rest) = seen.split_at(attempt.places.len());
            let count = of_it.iter().filter(|it| **it).count();
            if attempt.end == End::InDoubt && count != 0 && count != of_it.len() {
                findings.halved(format!("of transaction {at} {count} of {} records are seen", of_it.len()));
            }
            seen = rest;
        }
        findings
    }

    /// How many ended so.
    pub(super) fn count(&self, end: End) -> usize {
        self.attempts.iter().filter(|it| it.end == end).count()
    }

    /// How many records of transactions that are not to be seen lie in a log.
    pub(super) fn unseen(&self, log: &Log) -> usize {
        let outcomes = self.outcomes();
        let numbers = log.iter().flatten().filter_map(|entry| usize::try_from(entry.number?).ok());
        numbers.filter(|at| outcomes.get(*at) == Some(&Outcome::Failed { may_be_written: false })).count()
    }

    /// The numbers, counted from 1, of the transactions that may be the last one committed.
    pub(super) fn last_committed(&self) -> Vec<i64> {
        let mut last = Vec::new();
        for (at, attempt) in self.attempts.iter().enumerate().rev() {
            let number = i64::try_from(at + 1).expect("a number in memory");
            match attempt.end {
                End::Committed => {
                    last.push(number);
                    break;
                }
                End::InDoubt => last.push(number),
                End::Aborted | End::Failed => {}
            }
        }
        last
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let outcomes = |it: &Attempt| {
            let end = it.end;
            let outcome = move |place: Option<(i32, i64)>| match (end, place) {
                (End::Committed, Some((partition, offset))) => Outcome::Acknowledged { partition, offset },
                (End::Committed, None) => panic!("committed, and no receipt"),
                (End::InDoubt, _) => Outcome::Failed { may_be_written: true },
                (End::Aborted | End::Failed, _) => Outcome::Failed { may_be_written: false },
            };
            it.places.clone().into_iter().map(outcome)
        };
        self.attempts.iter().flat_map(outcomes).collect()
    }
}

impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records: usize = self.attempts.iter().map(|it| it.places.len()).sum();
        let [committed, aborted, failed, doubt] =
            [End::Committed, End::Aborted, End::Failed, End::InDoubt].map(|end| self.count(end));
        write!(f, "{} transactions of {records} records: {committed} committed, ", self.attempts.len())?;
        write!(f, "{aborted} aborted on purpose, {failed} failed, {doubt} in doubt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::audit::Entry;

    /// Four of two records each, all in one partition: committed, aborted, in doubt, committed.
    fn story() -> (Accounts, Log) {
        let attempt = |end, first| Attempt { end, places: vec![Some((0, first)), Some((0, first + 1))] };
        let attempts = vec![
            attempt(End::Committed, 0),
            attempt(End::Aborted, 3),
            attempt(End::InDoubt, 6),
            attempt(End::Committed, 9),
        ];
        let entry = |(offset, number)| Entry { offset, number: Some(number) };
        let log = [(0, 0), (1, 1), (6, 4), (7, 5), (9, 6), (10, 7)].map(entry).to_vec();
        (Accounts { attempts }, vec![log])
    }

    #[test]
    fn a_true_story_has_no_findings() {
        let (accounts, mut log) = story();
        accounts.audit(&log).assert_none();
        assert_eq!((accounts.unseen(&log), accounts.last_committed()), (0, vec![4]));
        log[0].drain(2..4);
        accounts.audit(&log).assert_none();
    }

    #[test]
    fn each_lie_is_found() {
        let (accounts, log) = story();
        let mut half = log.clone();
        half[0].remove(2);
        assert_eq!(accounts.audit(&half).halved, 1);
        let mut lost = log.clone();
        lost[0].remove(1);
        assert_eq!(accounts.audit(&lost).lost, 1);
        let mut aborted = log.clone();
        aborted[0].insert(2, Entry { offset: 3, number: Some(2) });
        assert_eq!((accounts.audit(&aborted).untrue, accounts.unseen(&aborted)), (1, 1));
    }

    #[test]
    fn the_last_one_committed_may_be_in_doubt() {
        let (mut accounts, _) = story();
        accounts.attempts.pop();
        assert_eq!(accounts.last_committed(), [3, 1]);
    }
}
