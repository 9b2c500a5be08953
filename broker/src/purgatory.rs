//! Delayed requests: Kafka's `DelayedOperationPurgatory`.
//!
//! A Fetch waits here for records in its partitions, a JoinGroup or SyncGroup for the other members of its group. Each
//! request is delayed under some watch keys and until a time, or for ever. It leaves in one of four ways:
//!
//! - one of its keys is *completed*: a partition has something new, or a group has an answer for the connection;
//! - it *expires*: its time has come;
//! - its connection is gone, or its node is stopped: the request is *removed*.
//!
//! A request that leaves is served again and may come back. The purgatory neither knows what a request is nor answers it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::wait::{PeerId, Wait, WatchKey};

/// The most keys that all requests together wait for. What happens in a partition has every request that waits for it
/// look at all its keys again: about a tenth of a second, when all are of the same request. A fetch beyond that waits
/// for its time alone.
const WATCHED_KEYS_MAX: usize = 200_000;

/// Delayed requests, found by key, by time and by connection. Requests that leave together leave in the order they came.
#[derive(Debug)]
pub(crate) struct Purgatory<R> {
    /// By their numbers, which grow.
    delayed: BTreeMap<u64, (PeerId, Wait, R)>,
    by_key: BTreeMap<WatchKey, BTreeSet<u64>>,
    by_time: BTreeSet<(Instant, u64)>,
    by_peer: BTreeMap<PeerId, BTreeSet<u64>>,
    last_number: u64,
    /// How many keys are waited for in all.
    watched: usize,
}

impl<R> Default for Purgatory<R> {
    fn default() -> Self {
        Self {
            delayed: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_time: BTreeSet::new(),
            by_peer: BTreeMap::new(),
            last_number: 0,
            watched: 0,
        }
    }
}

impl<R> Purgatory<R> {
    /// Keeps a request until one of its keys is completed, or its time has come.
    pub(crate) fn delay(&mut self, peer: PeerId, mut wait: Wait, request: R) {
        self.last_number += 1;
        if wait.until.is_some() && self.watched + wait.on.len() > WATCHED_KEYS_MAX {
            wait.on.clear();
        }
        self.watched += wait.on.len();
        for key in &wait.on {
            self.by_key.entry(*key).or_default().insert(self.last_number);
        }
        self.by_time.extend(wait.until.map(|until| (until, self.last_number)));
        self.by_peer.entry(peer).or_default().insert(self.last_number);
        self.delayed.insert(self.last_number, (peer, wait, request));
    }

    /// Removes the requests of a connection that is gone: nobody would read the answers.
    pub(crate) fn remove_peer(&mut self, peer: PeerId) {
        for number in self.by_peer.get(&peer).cloned().unwrap_or_default() {
            self.remove(number);
        }
    }

    /// Removes those of that kind.
    pub(crate) fn remove_if(&mut self, which: impl Fn(&R) -> bool) -> Vec<R> {
        let delayed = self.delayed.iter().filter(|(_, (.., request))| which(request));
        let numbers: Vec<_> = delayed.map(|(number, _)| *number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Removes those that wait for one of the keys: it has happened.
    pub(crate) fn complete(&mut self, keys: &[WatchKey]) -> Vec<R> {
        let waiting = keys.iter().filter_map(|key| self.by_key.get(key)).flatten();
        let numbers: BTreeSet<_> = waiting.copied().collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Removes those whose time has come.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<R> {
        let due = self.by_time.iter().take_while(|(until, _)| *until <= now);
        let numbers: BTreeSet<_> = due.map(|(_, number)| *number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// When the next one's time comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.by_time.first().map(|(until, _)| *until)
    }

    fn remove(&mut self, number: u64) -> Option<R> {
        let (peer, wait, request) = self.delayed.remove(&number)?;
        if let Some(until) = wait.until {
            self.by_time.remove(&(until, number));
        }
        for key in &wait.on {
            forget(&mut self.by_key, key, number);
        }
        self.watched -= wait.on.len();
        forget(&mut self.by_peer, &peer, number);
        Some(request)
    }
}

fn forget<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, number: u64) {
    if let Some(numbers) = index.get_mut(key) {
        numbers.remove(&number);
        if numbers.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use upsert_kafka_protocol::Uuid;

    use super::*;

    #[test]
    fn one_leaves_by_key_by_time_or_with_its_peer() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let topic = |n, index| WatchKey::Partition(Uuid([n; 16]), index);
        let mut purgatory = Purgatory::default();
        purgatory.delay(PeerId(1), Wait { until: Some(at(30)), on: vec![topic(1, 0)] }, "a");
        purgatory.delay(PeerId(2), Wait { until: Some(at(20)), on: vec![topic(1, 1)] }, "b");
        purgatory.delay(PeerId(3), Wait { until: Some(at(10)), on: vec![] }, "c");
        purgatory.delay(PeerId(4), Wait { until: Some(at(5)), on: vec![] }, "d");
        purgatory.remove_peer(PeerId(4));
        assert_eq!(purgatory.deadline(), Some(at(10)));
        assert_eq!(purgatory.complete(&[topic(2, 0), topic(1, 1), WatchKey::Peer(PeerId(1))]), ["b"]);
        assert!(purgatory.expire(at(9)).is_empty());
        assert_eq!(purgatory.expire(at(30)), ["a", "c"]);
        assert_eq!(purgatory.deadline(), None);
        purgatory.delay(PeerId(5), Wait { until: Some(at(40)), on: vec![topic(1, 0), topic(1, 2)] }, "e");
        assert_eq!(purgatory.remove_if(|request| *request == "e"), ["e"]);
        let Purgatory { delayed, by_key, by_time, by_peer, watched, .. } = purgatory;
        assert_eq!(watched, 0);
        assert!(delayed.is_empty() && by_key.is_empty() && by_time.is_empty() && by_peer.is_empty());
    }

    #[test]
    fn beyond_so_many_keys_one_waits_for_its_time_alone() {
        let start = Instant::now();
        let key = |index| WatchKey::Partition(Uuid([1; 16]), index);
        let mut purgatory = Purgatory::default();
        let all = (0..i32::try_from(WATCHED_KEYS_MAX).unwrap()).map(key).collect();
        purgatory.delay(PeerId(1), Wait { until: Some(start), on: all }, "all");
        purgatory.delay(PeerId(2), Wait { until: Some(start), on: vec![key(0)] }, "late");
        purgatory.delay(PeerId(3), Wait { until: None, on: vec![WatchKey::Peer(PeerId(3))] }, "joins");
        assert_eq!(purgatory.complete(&[key(0), WatchKey::Peer(PeerId(3))]), ["all", "joins"]);
        assert_eq!(purgatory.expire(start), ["late"]);
        purgatory.delay(PeerId(1), Wait { until: Some(start), on: vec![key(0)] }, "again");
        assert_eq!(purgatory.complete(&[key(0)]), ["again"]);
    }
}
