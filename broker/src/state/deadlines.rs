//! When something is to be done about whom, so that nobody has to ask all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The time of each who has one.
#[derive(Debug)]
pub(crate) struct Deadlines<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Deadlines<K> {
    /// From now on that is its time, or it has none.
    pub(crate) fn set(&mut self, key: &K, due: Option<Instant>) {
        if self.by_key.get(key).copied() == due {
            return;
        }
        if let Some(was) = self.by_key.remove(key) {
            self.by_time.remove(&(was, key.clone()));
        }
        if let Some(due) = due {
            self.by_time.insert((due, key.clone()));
            self.by_key.insert(key.clone(), due);
        }
    }

    /// When the next one's time comes.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Those whose time has come, in the order of their names.
    pub(crate) fn due(&self, now: Instant) -> BTreeSet<K> {
        self.by_time.iter().take_while(|(due, _)| *due <= now).map(|(_, key)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_has_one_time_and_the_earliest_is_next() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.next(), None);
        deadlines.set(&"b", Some(at(20)));
        deadlines.set(&"a", Some(at(30)));
        deadlines.set(&"c", Some(at(40)));
        assert_eq!(deadlines.next(), Some(at(20)));
        deadlines.set(&"b", Some(at(35)));
        deadlines.set(&"c", None);
        assert_eq!(deadlines.next(), Some(at(30)));
        assert_eq!(deadlines.due(at(29)), BTreeSet::new());
        assert_eq!(deadlines.due(at(99)), BTreeSet::from(["a", "b"]));
    }
}
