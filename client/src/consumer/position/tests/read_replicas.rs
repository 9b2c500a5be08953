//! Followers that a leader names to read from (KIP-392).

use super::*;
use crate::cluster::Broker;

impl PositionsBench {
    /// Partition 0 is led by node 1, and the brokers 1 and 2 are known.
    fn with_follower(reset: OffsetReset) -> Self {
        let mut bench = Self::new(&[1], reset);
        for node in [1, 2] {
            let broker = Broker { address: "localhost:9092".parse().unwrap(), rack: None };
            bench.metadata.brokers.insert(node, broker);
        }
        bench
    }

    /// Who is asked now, and what for.
    fn asked(&mut self) -> (i32, FetchTarget) {
        let mut plans = self.positions.poll(self.now, &self.metadata).fetches;
        assert_eq!((plans.len(), plans[0].partitions.len()), (1, 1));
        let mut plan = plans.remove(0);
        (plan.node, plan.partitions.remove(0))
    }

    /// The node sends the reader on, without records.
    fn sent_on(&mut self, from: i32, to: i32, target: &FetchTarget) {
        let told =
            LogStatus { high_watermark: 50, last_stable: 50, has_bytes: false, read_replica: Some(to) };
        assert_eq!(self.positions.handle_fetched(target, told, self.now), None);
        self.positions.handle_answered(from, false, self.now, 0.5);
    }

    /// Reads a record at the node.
    fn read_at(&mut self, node: i32, target: &FetchTarget) {
        assert_eq!(self.told(target, true), None);
        assert!(matches!(self.read(target, target.offset + 1, false), PartitionOutcome::Moved));
        self.positions.handle_answered(node, false, self.now, 0.5);
    }

    /// The node refuses the partition.
    fn refused_by(&mut self, node: i32, target: &FetchTarget, code: ErrorCode) -> PartitionOutcome {
        self.positions.handle_answered(node, false, self.now, 0.5);
        self.failed(target, code)
    }

    /// The leader has named node 2, which is asked now.
    fn at_follower(reset: OffsetReset) -> (Self, FetchTarget) {
        let mut bench = Self::with_follower(reset);
        let (node, target) = bench.asked();
        assert_eq!(node, 1);
        bench.sent_on(1, 2, &target);
        let (node, again) = bench.asked();
        assert_eq!((node, again.offset, again.leader_epoch), (2, 7, 3), "at once, and at the same offset");
        (bench, again)
    }
}

#[test]
fn the_follower_is_read_from_until_metadata_is_too_old_and_then_the_leader_is_asked() {
    let (mut bench, mut target) = PositionsBench::at_follower(OffsetReset::None);
    for _ in 0..4 {
        bench.read_at(2, &target);
        bench.now += 100 * MS;
        let (node, next) = bench.asked();
        assert_eq!(node, 2);
        target = next;
    }
    bench.read_at(2, &target);
    bench.now += 100 * MS;
    let (node, target) = bench.asked();
    assert_eq!((node, target.offset), (1, 12));
    bench.sent_on(1, 2, &target);
    assert_eq!(bench.asked().0, 2, "the leader names it anew");
}

#[test]
fn lookups_go_to_the_leader_though_a_follower_is_read_from() {
    let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
    bench.read_at(2, &target);
    bench.positions.states.values_mut().for_each(|state| state.position = Position::Latest);
    bench.looked_up();
}

#[test]
fn an_offset_that_a_follower_does_not_have_resets_nothing_and_the_leader_is_asked() {
    for reset in [OffsetReset::Earliest, OffsetReset::None] {
        let (mut bench, target) = PositionsBench::at_follower(reset);
        let outcome = bench.refused_by(2, &target, ErrorCode::OFFSET_OUT_OF_RANGE);
        assert!(matches!(outcome, PartitionOutcome::Retry), "{outcome:?}");
        bench.now += 20 * MS;
        let (node, target) = bench.asked();
        assert_eq!((node, target.offset), (1, 7));
        // The leader's word counts.
        bench.refused_by(1, &target, ErrorCode::OFFSET_OUT_OF_RANGE);
        bench.now += 20 * MS;
        let expected = match reset {
            OffsetReset::None => LookupKind::Range,
            _ => LookupKind::Position(Position::Earliest),
        };
        assert_eq!(bench.looked_up().kind, expected);
    }
}

#[test]
fn a_follower_that_fails_in_whatever_way_is_given_up_after_a_wait() {
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::OFFSET_NOT_AVAILABLE,
        ErrorCode::REPLICA_NOT_AVAILABLE,
        ErrorCode::FENCED_LEADER_EPOCH,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ] {
        let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
        let outcome = bench.refused_by(2, &target, code);
        assert!(matches!(outcome, PartitionOutcome::Retry), "{code}: {outcome:?}");
        assert!(bench.positions.poll(bench.now, &bench.metadata).fetches.is_empty(), "{code}: it waits");
        bench.now += 20 * MS;
        assert_eq!(bench.asked().0, 1, "{code}");
    }
}

#[test]
fn a_follower_that_is_named_and_never_serves_ends_as_an_error() {
    let (mut bench, mut target) = PositionsBench::at_follower(OffsetReset::None);
    let begun = bench.now;
    while let PartitionOutcome::Retry = bench.refused_by(2, &target, ErrorCode::OFFSET_NOT_AVAILABLE) {
        assert!(bench.now < begun + 300 * MS, "the leader's answers count as success");
        bench.now += 50 * MS;
        let (node, at_leader) = bench.asked();
        assert_eq!(node, 1);
        bench.sent_on(1, 2, &at_leader);
        target = bench.asked().1;
    }
}

#[test]
fn under_another_leader_epoch_the_new_leader_is_asked() {
    let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
    bench.leader_epoch = 4;
    bench.lead(&[1]);
    assert!(bench.positions.poll(bench.now, &bench.metadata).fetches.is_empty(), "one request at a time");
    bench.refused_by(2, &target, ErrorCode::FENCED_LEADER_EPOCH);
    bench.now += 20 * MS;
    assert_eq!(bench.asked().0, 1);

    let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
    bench.read_at(2, &target);
    bench.leader_epoch = 4;
    bench.lead(&[1]);
    // The position is validated, by the leader, before it is read.
    assert_eq!(bench.looked_up().kind, LookupKind::EpochEnd { offset_epoch: 3, leader_epoch: 4 });
}

#[test]
fn a_follower_that_is_no_broker_any_more_is_given_up_and_metadata_is_renewed() {
    let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
    bench.read_at(2, &target);
    bench.metadata.brokers.remove(&2);
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    assert_eq!((requests.fetches[0].node, requests.misses_follower), (1, true));
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    assert!(!requests.misses_follower, "it is said once");
}

#[test]
fn a_follower_sends_nobody_on() {
    let (mut bench, target) = PositionsBench::at_follower(OffsetReset::None);
    bench.metadata.brokers.insert(3, bench.metadata.brokers[&2].clone());
    bench.sent_on(2, 3, &target);
    assert_eq!(bench.asked().0, 2);
}

#[test]
fn a_reset_is_told_when_records_come_and_not_when_the_leader_sends_on() {
    let mut bench = PositionsBench::with_follower(OffsetReset::Earliest);
    let (_, target) = bench.asked();
    bench.refused_by(1, &target, ErrorCode::OFFSET_OUT_OF_RANGE);
    bench.now += 20 * MS;
    let lookup = bench.looked_up();
    bench.found(&lookup, 3);
    let (_, target) = bench.asked();
    bench.sent_on(1, 2, &target);
    let (node, target) = bench.asked();
    assert_eq!((node, target.offset), (2, 3));
    let reset = bench.told(&target, true).expect("a reset that was not told yet");
    assert_eq!((reset.old_position, reset.new_position), (Some(7), 3));
}
