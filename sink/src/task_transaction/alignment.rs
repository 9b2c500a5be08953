//! When a checkpoint of several tasks is made that read, and whose rows go into one transaction: once all stand still.
//!
//! A task that is due asks the others. Each then hands over what it has, has that flushed, arrives with its positions, and
//! reads nothing more. The one that arrives last commits for all, and all go on: so what is in the transaction lies before
//! the positions that are committed with it, whoever read it and whichever task of the sink wrote it.
//!
//! **What must never happen:** a commit while one reads on, or without the positions of one whose rows are in it. So a task
//! retires only behind a checkpoint of its own, and one that fails ends the transaction for all. Where one has lost what it
//! read, all that is in the transaction is undone while all stand still, and all go back to what is committed.

use std::collections::BTreeSet;

/// Who reads, and who has arrived. Readers are numbers.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    readers: BTreeSet<usize>,
    arrived: BTreeSet<usize>,
    joined: usize,
}

impl Alignment {
    /// One more reader, before any of them begins.
    pub(super) fn join(&mut self) -> usize {
        let number = self.joined;
        self.joined += 1;
        self.readers.insert(number);
        number
    }

    /// A reader stands still. Whether all do, so that it is time to commit.
    pub(super) fn handle_arrived(&mut self, reader: usize) -> bool {
        self.arrived.insert(reader);
        self.is_aligned()
    }

    /// A reader has ended, behind its last checkpoint. Whether those that are left all stand still, some of them.
    pub(super) fn handle_retired(&mut self, reader: usize) -> bool {
        self.readers.remove(&reader);
        self.arrived.remove(&reader);
        !self.arrived.is_empty() && self.is_aligned()
    }

    /// It was committed, or undone, and all go on.
    pub(super) fn handle_made(&mut self) {
        self.arrived.clear();
    }

    fn is_aligned(&self) -> bool {
        self.readers.is_subset(&self.arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(readers: usize) -> Alignment {
        let mut alignment = Alignment::default();
        for number in 0..readers {
            assert_eq!(alignment.join(), number);
        }
        alignment
    }

    #[test]
    fn the_last_that_arrives_commits_and_then_all_go_on() {
        let mut alignment = of(3);
        for _ in 0..3 {
            assert!(!alignment.handle_arrived(2) && !alignment.handle_arrived(0));
            assert!(!alignment.handle_arrived(2), "twice is once");
            assert!(alignment.handle_arrived(1));
            alignment.handle_made();
        }
    }

    #[test]
    fn a_reader_alone_waits_for_nobody() {
        let mut alignment = of(1);
        assert!(alignment.handle_arrived(0));
    }

    #[test]
    fn who_has_ended_is_not_waited_for_and_those_that_waited_for_it_commit() {
        let mut alignment = of(3);
        assert!(!alignment.handle_retired(1), "nobody waits");
        assert!(!alignment.handle_arrived(0));
        assert!(alignment.handle_retired(2), "the one that is left waits");
        alignment.handle_made();
        assert!(!alignment.handle_retired(0), "nobody is left");
    }
}
