//! The oracle: what a producer was told, number by number, against what lies in the log.

use std::collections::HashMap;
use std::fmt;

use super::numbered::KEYS;

/// What became of a number, as its sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there; the offset is -1 where the broker no longer knew it.
    Acknowledged { partition: i32, offset: i64 },
    /// It failed, and may be there all the same or not.
    Failed { may_be_written: bool },
}

/// One record as it was read; without a number it is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) offset: i64,
    pub(crate) number: Option<u64>,
}

/// What was read, by partition, in the order of reading.
pub(crate) type Log = Vec<Vec<Entry>>;

/// What is wrong: how much of each kind, and the first of them in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Acknowledged, and not there.
    pub(crate) lost: u64,
    /// There more than once, or read more than once.
    pub(crate) duplicates: u64,
    /// After one that was sent later, or apart from its key's others.
    pub(crate) disordered: u64,
    /// Not where its receipt says.
    pub(crate) misplaced: u64,
    /// There, though its failure said that it cannot be.
    pub(crate) untrue: u64,
    /// Damaged, or never sent.
    pub(crate) foreign: u64,
    /// Transactions of which a part is seen.
    pub(crate) halved: u64,
    first: Vec<String>,
    /// Which numbers are there untruly.
    pub(crate) untruths: Vec<usize>,
}

/// Compares them. Numbers were sent in their order.
pub(crate) fn audit(outcomes: &[Outcome], log: &Log) -> Findings {
    let mut findings = Findings::default();
    let places = findings.walk(outcomes.len(), log);
    for (number, (outcome, place)) in outcomes.iter().zip(places).enumerate() {
        match (*outcome, place) {
            (Outcome::Acknowledged { .. }, None) => {
                findings.add(|it| &mut it.lost, format!("{number} is lost: {outcome:?}"));
            }
            (Outcome::Acknowledged { partition, offset }, Some(place)) => {
                let known = if offset < 0 { (partition, place.1) } else { (partition, offset) };
                if known != place {
                    findings.add(|it| &mut it.misplaced, format!("{number} lies at {place:?}: {outcome:?}"));
                }
            }
            (Outcome::Failed { may_be_written: false }, Some(place)) => {
                findings.untruths.push(number);
                findings.add(|it| &mut it.untrue, format!("{number} lies at {place:?}: {outcome:?}"));
            }
            (Outcome::Failed { .. }, _) => {}
        }
    }
    findings
}

/// How many of those that failed in doubt were written.
pub(crate) fn written_in_doubt(outcomes: &[Outcome], log: &Log) -> usize {
    let numbers = log.iter().flatten().filter_map(|entry| entry.number);
    let outcomes = numbers.filter_map(|number| outcomes.get(usize::try_from(number).ok()?));
    outcomes.filter(|it| **it == Outcome::Failed { may_be_written: true }).count()
}

impl Findings {
    /// Nothing is wrong, or a panic that says what.
    pub(crate) fn assert_none(&self) {
        let sum = self.lost + self.duplicates + self.disordered + self.misplaced + self.untrue + self.foreign;
        assert!(sum == 0, "{self}\n{}", self.first.join("\n"));
    }

    pub(crate) fn halved(&mut self, sentence: String) {
        self.add(|it| &mut it.halved, sentence);
    }

    /// Looks at every record in the order of reading; tells where each number lies.
    fn walk(&mut self, sent: usize, log: &Log) -> Vec<Option<(i32, i64)>> {
        let mut places = vec![None; sent];
        let mut homes = HashMap::new();
        for (partition, entries) in (0..).zip(log) {
            let (mut last_offset, mut last_number) = (-1, None);
            for Entry { offset, number } in entries.iter().copied() {
                let at = format!("partition {partition}, offset {offset}");
                if offset <= last_offset {
                    self.add(|it| &mut it.duplicates, format!("{at}: read after offset {last_offset}"));
                }
                last_offset = offset;
                let slot = number.and_then(|it| places.get_mut(usize::try_from(it).ok()?));
                let (Some(number), Some(slot)) = (number, slot) else {
                    self.add(|it| &mut it.foreign, format!("{at}: nobody sent this ({number:?})"));
                    continue;
                };
                if let Some(place) = slot.replace((partition, offset)) {
                    self.add(|it| &mut it.duplicates, format!("{at}: {number}, as at {place:?}"));
                } else if last_number >= Some(number) {
                    self.add(|it| &mut it.disordered, format!("{at}: {number} after {last_number:?}"));
                } else if *homes.entry(number % KEYS).or_insert(partition) != partition {
                    self.add(
                        |it| &mut it.disordered,
                        format!("{at}: {number} is apart from its key's others"),
                    );
                }
                last_number = last_number.max(Some(number));
            }
        }
        places
    }

    fn add(&mut self, count: impl FnOnce(&mut Self) -> &mut u64, sentence: String) {
        *count(self) += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(sentence);
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, duplicates, disordered, misplaced, untrue, foreign, halved, .. } = self;
        write!(f, "duplicates = {duplicates}, lost = {lost}, disordered = {disordered}, ")?;
        write!(f, "misplaced = {misplaced}, seen untruly = {untrue}, halved = {halved}, foreign = {foreign}")
    }
}

const TOLD_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers 0 to 5 in turn to two partitions; 3 failed in doubt and is there, 4 failed and is not.
    fn story() -> (Vec<Outcome>, Log) {
        let told = |partition, offset| Outcome::Acknowledged { partition, offset };
        let outcomes = vec![
            told(0, 0),
            told(1, 0),
            told(0, 1),
            Outcome::Failed { may_be_written: true },
            Outcome::Failed { may_be_written: false },
            told(1, -1),
        ];
        let entry = |(offset, number)| Entry { offset, number: Some(number) };
        let log = vec![[(0, 0), (1, 2)].map(entry).to_vec(), [(0, 1), (1, 3), (2, 5)].map(entry).to_vec()];
        (outcomes, log)
    }

    fn told(change: impl FnOnce(&mut Vec<Outcome>, &mut Log)) -> String {
        let (mut outcomes, mut log) = story();
        change(&mut outcomes, &mut log);
        let Findings { lost, duplicates, disordered, misplaced, untrue, foreign, .. } =
            audit(&outcomes, &log);
        let counts = [
            ("lost", lost),
            ("duplicates", duplicates),
            ("disordered", disordered),
            ("misplaced", misplaced),
            ("untrue", untrue),
            ("foreign", foreign),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_true_story_has_no_findings() {
        assert_eq!(told(|_, _| {}), "");
        let (outcomes, log) = story();
        audit(&outcomes, &log).assert_none();
        assert_eq!(written_in_doubt(&outcomes, &log), 1);
        assert_eq!(
            told(|_, log| log[1].retain(|it| it.number != Some(3))),
            "",
            "what failed in doubt need not be there"
        );
    }

    #[test]
    fn each_lie_is_found() {
        assert_eq!(told(|_, log| log[1].truncate(2)), "lost 1");
        assert_eq!(told(|_, log| log[0].clear()), "lost 2");
        let again = Entry { offset: 3, number: Some(1) };
        assert_eq!(
            told(|outcomes, log| (outcomes[1], ()) = (outcomes[5], log[1].push(again))),
            "duplicates 1"
        );
        let elsewhere = Entry { offset: 2, number: Some(5) };
        assert_eq!(told(|_, log| log[0].push(elsewhere)), "duplicates 1");
        let twice = |_: &mut Vec<Outcome>, log: &mut Log| {
            let entry = log[1][0];
            log[1].insert(1, entry);
        };
        assert_eq!(told(twice), "duplicates 2", "by its offset and by its number");
        let swap = |_: &mut Vec<Outcome>, log: &mut Log| {
            (log[1][1].number, log[1][2].number) = (log[1][2].number, log[1][1].number);
        };
        assert_eq!(told(swap), "disordered 1");
        assert_eq!(told(|_, log| log[0][1].offset = 7), "misplaced 1");
        let ghost = Entry { offset: 2, number: Some(4) };
        assert_eq!(told(|_, log| log[0].push(ghost)), "untrue 1");
        assert_eq!(told(|_, log| log[1].push(Entry { offset: 3, number: None })), "foreign 1");
        assert_eq!(told(|_, log| log[1].push(Entry { offset: 3, number: Some(6) })), "foreign 1");
    }

    #[test]
    fn a_key_in_two_partitions_is_found() {
        let told = |partition, offset| Outcome::Acknowledged { partition, offset };
        let mut outcomes = vec![Outcome::Failed { may_be_written: false }; 1001];
        (outcomes[0], outcomes[1000]) = (told(0, 0), told(1, 0));
        let entry = |number| vec![Entry { offset: 0, number: Some(number) }];
        let findings = audit(&outcomes, &vec![entry(0), entry(1000)]);
        assert_eq!((KEYS, findings.disordered), (1000, 1));
    }
}
