//! Scripts of what happens, with a hand-held clock.

use std::time::Duration;

use super::*;
use crate::ErrorKind;
use crate::cluster::{PartitionMetadata, TopicMetadata};
use crate::consumer::reset::ResetCause;
use crate::retry::Backoff;

mod read_replicas;
mod resets;
mod truncation;

const MS: Duration = Duration::from_millis(1);

/// A node, and of each partition its index, the offset and the bytes.
type PlannedFetch = (i32, Vec<(i32, i64, u32)>);

struct PositionsBench {
    positions: Positions,
    metadata: Metadata,
    leader_epoch: i32,
    now: Instant,
}

impl PositionsBench {
    /// Partitions of `orders`, each with its leader.
    fn new(leaders: &[i32], reset: OffsetReset) -> Self {
        let limits = FetchLimits {
            fetch_bytes_max: 1000,
            partition_bytes_max: 100,
            decompressed_bytes_max: 600,
            response_bytes_max: 800,
            reset,
            backoff: Backoff::new(10 * MS, 40 * MS),
            patience: 100 * MS,
            read_replica_age_max: 500 * MS,
        };
        let mut bench = Self {
            positions: Positions::new(limits),
            metadata: Metadata::default(),
            leader_epoch: 3,
            now: Instant::now(),
        };
        bench.lead(leaders);
        let assign = |index| Assignment::new("orders", index, Position::Offset(7));
        bench.positions.assign((0..leaders.len() as i32).map(assign).collect());
        bench
    }

    fn lead(&mut self, leaders: &[i32]) {
        self.recreate(1, leaders);
    }

    /// The metadata tells of a topic of this id.
    fn recreate(&mut self, id: u8, leaders: &[i32]) {
        let partition = |(leader, index): (&i32, i32)| PartitionMetadata {
            index,
            leader: Some(*leader).filter(|node| *node >= 0),
            leader_epoch: self.leader_epoch,
        };
        let topic = TopicMetadata {
            name: "orders".into(),
            topic_id: Uuid([id; 16]),
            internal: false,
            partitions: leaders.iter().zip(0..).map(partition).collect(),
        };
        self.metadata.topics.insert("orders".into(), Arc::new(topic));
    }

    /// What is asked for now.
    fn plans(&mut self) -> Vec<PlannedFetch> {
        let DueRequests { fetches, failures, .. } = self.positions.poll(self.now, &self.metadata);
        assert!(failures.is_empty(), "{failures:?}");
        let row = |target: &FetchTarget| (target.topic_partition.partition, target.offset, target.bytes_max);
        fetches.iter().map(|plan| (plan.node, plan.partitions.iter().map(row).collect())).collect()
    }

    fn one(&mut self) -> FetchTarget {
        let mut plans = self.positions.poll(self.now, &self.metadata).fetches;
        assert_eq!(plans.len(), 1);
        plans.remove(0).partitions.remove(0)
    }

    /// The only offsets that are looked up now, of the leader 1.
    fn looked_up(&mut self) -> OffsetLookup {
        let mut requests = self.positions.poll(self.now, &self.metadata);
        assert_eq!((requests.fetches.len(), requests.lookups.len(), requests.failures.len()), (0, 1, 0));
        requests.lookups.get_mut(&1).unwrap().remove(0)
    }

    fn found(&mut self, lookup: &OffsetLookup, offset: i64) {
        self.positions.handle_found(&lookup.topic_partition, lookup.generation, offset);
    }

    fn fetched(&mut self, target: &FetchTarget, next_offset: i64, cut: bool) -> PartitionOutcome {
        let (reset, outcome) = self.answered(target, next_offset, cut);
        assert_eq!(reset, None);
        outcome
    }

    fn answered(
        &mut self,
        target: &FetchTarget,
        next_offset: i64,
        cut: bool,
    ) -> (Option<PositionReset>, PartitionOutcome) {
        self.end_of_answer(false);
        let has_bytes = cut || next_offset > target.offset;
        let reset = self.told(target, has_bytes);
        if !has_bytes {
            return (reset, PartitionOutcome::Nothing);
        }
        (reset, self.read(target, next_offset, cut))
    }

    fn told(&mut self, target: &FetchTarget, has_bytes: bool) -> Option<PositionReset> {
        let told = LogStatus { high_watermark: 50, last_stable: 40, has_bytes, read_replica: None };
        self.positions.handle_fetched(target, told, self.now)
    }

    fn read(&mut self, target: &FetchTarget, next_offset: i64, cut: bool) -> PartitionOutcome {
        let progress = Progress { next_offset, leader_epoch: 3, cut, more: false };
        self.positions.handle_read(target, progress, self.now, 0.5)
    }

    fn end_of_answer(&mut self, empty_early: bool) {
        self.positions.handle_answered(1, empty_early, self.now, 0.5);
    }

    fn failed(&mut self, target: &FetchTarget, code: ErrorCode) -> PartitionOutcome {
        self.end_of_answer(false);
        let error = Error::from_code(code, "Fetch");
        self.positions.handle_failed(
            &target.topic_partition,
            target.generation,
            error,
            self.now,
            0.5,
            1_000_000,
        )
    }
}

fn of(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

#[test]
fn each_leader_gets_one_fetch_with_its_share_of_the_bytes() {
    let mut bench = PositionsBench::new(&[1, 2, 1], OffsetReset::Latest);
    let plans = bench.positions.poll(bench.now, &bench.metadata).fetches;
    let shares: Vec<_> =
        plans.iter().map(|plan| (plan.node, plan.bytes_max, plan.prepared_bytes_max)).collect();
    assert_eq!(shares, [(1, 500, 300), (2, 500, 300)]);
    assert_eq!(
        plans[0].partitions.iter().map(|target| target.topic_partition.partition).collect::<Vec<_>>(),
        [0, 2]
    );
    assert_eq!(bench.plans(), [], "all of it is under way");
}

#[test]
fn a_node_is_asked_again_only_after_its_answer() {
    let mut bench = PositionsBench::new(&[1, 1], OffsetReset::Latest);
    bench.positions.pause(&of(1), true);
    let target = bench.one();
    bench.positions.pause(&of(1), false);
    assert_eq!(bench.plans(), []);
    assert!(matches!(bench.fetched(&target, 9, false), PartitionOutcome::Moved));
    assert_eq!(bench.plans(), [(1, vec![(1, 7, 100), (0, 9, 100)])], "the longest unserved first");
}

#[test]
fn the_position_and_the_lag_follow_what_was_fetched() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    assert_eq!((bench.positions.position(&of(0)), bench.positions.lag(&of(0), false)), (Some(7), None));
    let target = bench.one();
    bench.fetched(&target, 12, false);
    assert_eq!(bench.positions.position(&of(0)), Some(12));
    assert_eq!((bench.positions.lag(&of(0), false), bench.positions.lag(&of(0), true)), (Some(38), Some(28)));
}

#[test]
fn an_empty_answer_moves_nothing_and_is_asked_again() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    assert!(matches!(bench.fetched(&target, 7, false), PartitionOutcome::Nothing));
    assert_eq!(bench.plans(), [(1, vec![(0, 7, 100)])]);
}

#[test]
fn what_all_leaders_may_prepare_never_exceeds_the_budget_though_leaders_come() {
    let mut bench = PositionsBench::new(&[1, 1, 1], OffsetReset::Latest);
    bench.positions.pause(&of(1), true);
    bench.positions.pause(&of(2), true);
    let prepared = |bench: &mut PositionsBench| {
        let plans = bench.positions.poll(bench.now, &bench.metadata).fetches;
        plans.iter().map(|plan| (plan.node, plan.prepared_bytes_max)).collect::<Vec<_>>()
    };
    assert_eq!(prepared(&mut bench), [(1, 600)], "one leader has it all");
    bench.lead(&[1, 2, 3]);
    bench.positions.pause(&of(1), false);
    assert_eq!(prepared(&mut bench), [(2, 0)], "nothing is left");
    bench.end_of_answer(false);
    bench.positions.pause(&of(2), false);
    assert_eq!(prepared(&mut bench), [(3, 200)]);
}

#[test]
fn a_batch_larger_than_asked_for_is_asked_for_in_growing_steps_up_to_the_limit() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    for (bytes, wait) in [(100, None), (200, Some(10 * MS)), (400, Some(20 * MS))] {
        let target = bench.one();
        assert_eq!(target.bytes_max, bytes);
        assert!(matches!(bench.fetched(&target, 7, true), PartitionOutcome::Nothing));
        // The first may be cut because others filled the answer; whoever is cut again waits.
        assert_eq!(bench.positions.deadline(bench.now), wait.map(|wait| bench.now + wait));
        bench.now += wait.unwrap_or_default();
    }
    let target = bench.one();
    assert_eq!(target.bytes_max, 800);
    let PartitionOutcome::Fail(error) = bench.fetched(&target, 7, true) else {
        panic!("it cannot grow further")
    };
    assert_eq!(
        (error.kind(), error.topic(), error.partition()),
        (ErrorKind::TooLarge, Some("orders"), Some(0))
    );
    assert_eq!(bench.plans(), [], "a caller who polls on does not spin");
    bench.now += 40 * MS;
    let target = bench.one();
    bench.fetched(&target, 8, false);
    assert_eq!(bench.one().bytes_max, 100, "and shrinks when it was read");
}

#[test]
fn answers_that_come_early_and_empty_are_followed_by_growing_waits() {
    let mut bench = PositionsBench::new(&[1, 1], OffsetReset::Latest);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let requests = bench.positions.poll(bench.now, &bench.metadata);
        for target in &requests.fetches[0].partitions {
            bench.told(target, false);
        }
        bench.end_of_answer(true);
        assert_eq!(bench.plans(), [], "not at once");
        let due = bench.positions.deadline(bench.now).unwrap();
        waits.push((due - bench.now).as_millis());
        bench.now = due;
    }
    assert_eq!(waits, [10, 20, 40, 40]);
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    for target in &requests.fetches[0].partitions {
        bench.told(target, true);
        bench.read(target, 9, false);
    }
    bench.end_of_answer(false);
    assert_eq!(bench.plans().len(), 1, "what brings something is asked again at once");
}

#[test]
fn batches_that_end_before_the_position_are_asked_for_at_growing_distances_and_then_an_error() {
    // Offsets beyond 2^63 come back as negative ones.
    for next_offset in [7, 3, i64::MIN] {
        let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
        let mut waits = Vec::new();
        let error = loop {
            let target = bench.one();
            bench.end_of_answer(false);
            bench.told(&target, true);
            match bench.read(&target, next_offset, false) {
                PartitionOutcome::Fail(error) => break error,
                outcome => assert!(matches!(outcome, PartitionOutcome::Retry)),
            }
            let due = bench.positions.deadline(bench.now).unwrap();
            waits.push((due - bench.now).as_millis());
            bench.now = due;
        };
        assert_eq!(waits, [10, 20, 40, 40]);
        assert_eq!((error.kind(), error.partition()), (ErrorKind::Protocol, Some(0)));
        assert!(error.to_string().contains("asked for offset 7"), "{error}");
        assert_eq!(bench.plans(), []);
    }
}

#[test]
fn an_answer_to_what_was_asked_before_a_seek_is_void() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    assert!(bench.positions.seek(&of(0), Position::Offset(3)));
    assert!(matches!(bench.fetched(&target, 12, false), PartitionOutcome::Nothing));
    assert!(matches!(bench.failed(&target, ErrorCode::UNKNOWN_SERVER_ERROR), PartitionOutcome::Nothing));
    assert_eq!(bench.positions.position(&of(0)), Some(3));
    assert!(!bench.positions.seek(&of(9), Position::Latest));
}

#[test]
fn partitions_come_and_go_and_what_is_under_way_for_the_others_stays() {
    let mut bench = PositionsBench::new(&[1, 1, 1], OffsetReset::Latest);
    bench.positions.assign(vec![Assignment::new("orders", 0, Position::Offset(7))]);
    let first = bench.one();
    bench.positions.add(vec![Assignment::new("orders", 1, Position::Offset(20))]);
    assert_eq!(bench.plans(), [], "the leader answers one fetch at a time");
    assert!(bench.positions.is_current(&first));
    assert!(matches!(bench.fetched(&first, 9, false), PartitionOutcome::Moved));
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    let [second, first] = &requests.fetches[0].partitions[..] else { panic!("{requests:?}") };
    assert_eq!((second.offset, first.offset), (20, 9), "the longest unserved first");

    assert!(bench.positions.remove(&of(1)) && !bench.positions.remove(&of(1)));
    assert!(bench.positions.is_current(first) && !bench.positions.is_current(second));
    bench.end_of_answer(false);
    bench.told(first, true);
    assert!(matches!(bench.read(first, 11, false), PartitionOutcome::Moved));
    bench.told(second, true);
    assert!(matches!(bench.read(second, 22, false), PartitionOutcome::Nothing));
    assert_eq!((bench.positions.position(&of(0)), bench.positions.position(&of(1))), (Some(11), None));
    assert_eq!(bench.plans(), [(1, vec![(0, 11, 100)])]);
}

#[test]
fn a_partition_that_is_added_again_begins_where_it_is_told_and_forgets_its_earlier_life() {
    let mut bench = PositionsBench::new(&[1, 1], OffsetReset::Latest);
    bench.positions.pause(&of(0), true);
    let before = bench.one();
    assert!(bench.positions.remove(&of(1)));
    bench.positions.add(vec![Assignment::new("orders", 1, Position::Offset(3))]);
    assert!(matches!(bench.failed(&before, ErrorCode::UNKNOWN_SERVER_ERROR), PartitionOutcome::Nothing));
    bench.told(&before, true);
    assert!(matches!(bench.read(&before, 12, false), PartitionOutcome::Nothing));
    assert_eq!(bench.positions.position(&of(1)), Some(3));
    assert_eq!(bench.plans(), [(1, vec![(1, 3, 100)])], "and the pause of the other stays");
    bench.positions.pause(&of(0), false);
    bench.end_of_answer(false);
    assert_eq!(bench.plans(), [(1, vec![(0, 7, 100)])]);
}

#[test]
fn a_paused_partition_gets_nothing_and_loses_nothing() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    bench.positions.pause(&of(0), true);
    assert!(matches!(bench.fetched(&target, 12, false), PartitionOutcome::Nothing));
    assert_eq!(bench.plans(), []);
    bench.positions.pause(&of(0), false);
    assert_eq!(bench.plans(), [(1, vec![(0, 7, 100)])]);
}

#[test]
fn a_moved_leader_is_tried_again_after_a_wait_and_at_its_new_place() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    assert!(matches!(bench.failed(&target, ErrorCode::NOT_LEADER_OR_FOLLOWER), PartitionOutcome::Retry));
    assert_eq!(bench.plans(), []);
    let due = bench.positions.deadline(bench.now).unwrap();
    assert_eq!(due, bench.now + 10 * MS);
    bench.now = due;
    bench.lead(&[2]);
    assert_eq!(bench.positions.deadline(due), None, "what is due waits for nothing");
    assert_eq!(bench.plans(), [(2, vec![(0, 7, 100)])]);
}

#[test]
fn what_fails_for_too_long_or_for_good_is_the_users() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        let target = bench.one();
        let outcome = bench.failed(&target, ErrorCode::LEADER_NOT_AVAILABLE);
        outcomes.push(matches!(outcome, PartitionOutcome::Fail(_)));
        bench.now += 40 * MS;
    }
    assert_eq!(outcomes, [false, false, false, true, false], "after 100 ms, and then it begins anew");
    let target = bench.one();
    let outcome = bench.failed(&target, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    assert!(matches!(outcome, PartitionOutcome::Fail(_)));
    assert!(bench.positions.deadline(bench.now).is_some(), "a caller who polls on does not spin");
}

#[test]
fn no_leader_and_no_such_partition_come_back_as_failures() {
    let mut bench = PositionsBench::new(&[-1, 1], OffsetReset::Latest);
    let missing = Assignment::new("orders", 8, Position::Offset(0));
    let leaderless = Assignment::new("orders", 0, Position::Offset(0));
    let unknown = Assignment::new("later", 0, Position::Offset(0));
    bench.positions.assign(vec![missing, leaderless, unknown]);
    let DueRequests { fetches: plans, mut failures, .. } = bench.positions.poll(bench.now, &bench.metadata);
    failures.sort_by_key(|(of, _)| of.partition);
    let told: Vec<_> = failures.iter().map(|(of, error)| (of.partition, error.is_retriable())).collect();
    assert!(plans.is_empty());
    assert_eq!(told, [(0, true), (8, false)]);
    assert!(failures[1].1.to_string().contains("the topic has 2 partitions"), "{}", failures[1].1);
}
