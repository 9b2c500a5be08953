//! Requests that wait: for records in a partition, for the others of a group, or for their time.

use std::time::Instant;

use upsert_kafka_protocol::Uuid;

use crate::cluster::PeerId;

/// What is waited for, or has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Something new in a partition of a topic.
    Partition(Uuid, i32),
    /// An answer for this connection.
    Peer(PeerId),
}

/// Until when, if not for ever, and for what.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) until: Option<Instant>,
    pub(crate) on: Vec<Place>,
}

/// Requests in the order they came. There are never more than connections, so a scan is cheap.
#[derive(Debug)]
pub(crate) struct Parking<R> {
    parked: Vec<(PeerId, Wait, R)>,
}

impl<R> Default for Parking<R> {
    fn default() -> Self {
        Self { parked: Vec::new() }
    }
}

impl<R> Parking<R> {
    pub(crate) fn park(&mut self, peer: PeerId, wait: Wait, request: R) {
        self.parked.push((peer, wait, request));
    }

    /// The connection is gone; nobody would read the answer.
    pub(crate) fn leave(&mut self, peer: PeerId) {
        self.parked.retain(|(parked, ..)| *parked != peer);
    }

    /// Takes those that are of that kind.
    pub(crate) fn expel(&mut self, which: impl Fn(&R) -> bool) -> Vec<R> {
        self.parked.extract_if(.., |(.., request)| which(request)).map(|(.., request)| request).collect()
    }

    /// Takes those that wait for one of the places.
    pub(crate) fn touched(&mut self, places: &[Place]) -> Vec<R> {
        self.take(|wait| wait.on.iter().any(|place| places.contains(place)))
    }

    /// Takes those whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<R> {
        self.take(|wait| wait.until.is_some_and(|until| until <= now))
    }

    /// When the next one's time comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.parked.iter().filter_map(|(_, wait, _)| wait.until).min()
    }

    fn take(&mut self, ready: impl Fn(&Wait) -> bool) -> Vec<R> {
        self.parked.extract_if(.., |(_, wait, _)| ready(wait)).map(|(.., request)| request).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    }
}
