//! Requests that wait: for records in a partition, for the others of a group, or for their time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::wait::{PeerId, Place, Wait};

/// The most places that all requests together wait for. One thing that happens in a partition has every request that
/// waits for it look at all its places again: about a tenth of a second, when all are of the same one. A fetch beyond
/// that waits for its time alone.
const PLACES_MAX: usize = 200_000;

/// Requests in the order they came.
#[derive(Debug)]
pub(crate) struct Parking<R> {
    /// By the number they came under.
    parked: BTreeMap<u64, (PeerId, Wait, R)>,
    by_place: BTreeMap<Place, BTreeSet<u64>>,
    by_time: BTreeSet<(Instant, u64)>,
    by_peer: BTreeMap<PeerId, BTreeSet<u64>>,
    came: u64,
    /// How many places are waited for in all.
    places: usize,
}

impl<R> Default for Parking<R> {
    fn default() -> Self {
        Self {
            parked: BTreeMap::new(),
            by_place: BTreeMap::new(),
            by_time: BTreeSet::new(),
            by_peer: BTreeMap::new(),
            came: 0,
            places: 0,
        }
    }
}

impl<R> Parking<R> {
    pub(crate) fn park(&mut self, peer: PeerId, mut wait: Wait, request: R) {
        self.came += 1;
        if wait.until.is_some() && self.places + wait.on.len() > PLACES_MAX {
            wait.on.clear();
        }
        self.places += wait.on.len();
        for place in &wait.on {
            self.by_place.entry(*place).or_default().insert(self.came);
        }
        self.by_time.extend(wait.until.map(|until| (until, self.came)));
        self.by_peer.entry(peer).or_default().insert(self.came);
        self.parked.insert(self.came, (peer, wait, request));
    }

    /// The connection is gone; nobody would read the answer.
    pub(crate) fn leave(&mut self, peer: PeerId) {
        for number in self.by_peer.get(&peer).cloned().unwrap_or_default() {
            self.take(number);
        }
    }

    /// Takes those that are of that kind.
    pub(crate) fn expel(&mut self, which: impl Fn(&R) -> bool) -> Vec<R> {
        let parked = self.parked.iter().filter(|(_, (.., request))| which(request));
        let numbers: Vec<_> = parked.map(|(number, _)| *number).collect();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    /// Takes those that wait for one of the places.
    pub(crate) fn touched(&mut self, places: &[Place]) -> Vec<R> {
        let waiting = places.iter().filter_map(|place| self.by_place.get(place)).flatten();
        let numbers: BTreeSet<_> = waiting.copied().collect();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    /// Takes those whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<R> {
        let due = self.by_time.iter().take_while(|(until, _)| *until <= now);
        let numbers: BTreeSet<_> = due.map(|(_, number)| *number).collect();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    /// When the next one's time comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.by_time.first().map(|(until, _)| *until)
    }

    fn take(&mut self, number: u64) -> Option<R> {
        let (peer, wait, request) = self.parked.remove(&number)?;
        if let Some(until) = wait.until {
            self.by_time.remove(&(until, number));
        }
        for place in &wait.on {
            forget(&mut self.by_place, place, number);
        }
        self.places -= wait.on.len();
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
    fn one_leaves_by_place_by_time_or_with_its_peer() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let topic = |n, index| Place::Partition(Uuid([n; 16]), index);
        let mut parking = Parking::default();
        parking.park(PeerId(1), Wait { until: Some(at(30)), on: vec![topic(1, 0)] }, "a");
        parking.park(PeerId(2), Wait { until: Some(at(20)), on: vec![topic(1, 1)] }, "b");
        parking.park(PeerId(3), Wait { until: Some(at(10)), on: vec![] }, "c");
        parking.park(PeerId(4), Wait { until: Some(at(5)), on: vec![] }, "d");
        parking.leave(PeerId(4));
        assert_eq!(parking.deadline(), Some(at(10)));
        assert_eq!(parking.touched(&[topic(2, 0), topic(1, 1), Place::Peer(PeerId(1))]), ["b"]);
        assert!(parking.due(at(9)).is_empty());
        assert_eq!(parking.due(at(30)), ["a", "c"]);
        assert_eq!(parking.deadline(), None);
        parking.park(PeerId(5), Wait { until: Some(at(40)), on: vec![topic(1, 0), topic(1, 2)] }, "e");
        assert_eq!(parking.expel(|request| *request == "e"), ["e"]);
        let Parking { parked, by_place, by_time, by_peer, places, .. } = parking;
        assert_eq!(places, 0);
        assert!(parked.is_empty() && by_place.is_empty() && by_time.is_empty() && by_peer.is_empty());
    }
    #[test]
    fn beyond_so_many_places_one_waits_for_its_time_alone() {
        let start = Instant::now();
        let place = |index| Place::Partition(Uuid([1; 16]), index);
        let mut parking = Parking::default();
        let all = (0..i32::try_from(PLACES_MAX).unwrap()).map(place).collect();
        parking.park(PeerId(1), Wait { until: Some(start), on: all }, "all");
        parking.park(PeerId(2), Wait { until: Some(start), on: vec![place(0)] }, "late");
        parking.park(PeerId(3), Wait { until: None, on: vec![Place::Peer(PeerId(3))] }, "joins");
        assert_eq!(parking.touched(&[place(0), Place::Peer(PeerId(3))]), ["all", "joins"]);
        assert_eq!(parking.due(start), ["late"]);
        parking.park(PeerId(1), Wait { until: Some(start), on: vec![place(0)] }, "again");
        assert_eq!(parking.touched(&[place(0)]), ["again"]);
    }
}
