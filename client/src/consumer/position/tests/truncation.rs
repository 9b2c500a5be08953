//! Positions that are validated under another leader epoch (KIP-320).

use super::*;

impl PositionsBench {
    /// Reads one record of epoch 3 at offset 7; then epoch 5 leads. What is asked then.
    fn led_anew(reset: OffsetReset) -> (Self, OffsetLookup) {
        let mut bench = Self::new(&[1], reset);
        let target = bench.one();
        assert!(matches!(bench.fetched(&target, 8, false), PartitionOutcome::Moved));
        bench.leader_epoch = 5;
        bench.lead(&[1]);
        let lookup = bench.looked_up();
        (bench, lookup)
    }

    fn epoch_end(&mut self, lookup: &OffsetLookup, end: Option<(i32, i64)>) -> PartitionOutcome {
        let end = end.map(|(epoch, offset)| EpochEnd { epoch, offset });
        let OffsetLookup { topic_partition, generation, .. } = lookup;
        self.positions.handle_epoch_end(topic_partition, *generation, (5, end), (self.now, 0.5), 0)
    }
}

#[test]
fn under_another_leader_epoch_a_position_is_validated_before_it_is_fetched() {
    let (mut bench, lookup) = PositionsBench::led_anew(OffsetReset::Earliest);
    assert_eq!(lookup.kind, LookupKind::EpochEnd { offset_epoch: 3, leader_epoch: 5 });
    assert!(bench.positions.poll(bench.now, &bench.metadata).fetches.is_empty(), "it waits for the answer");
    assert!(matches!(bench.epoch_end(&lookup, Some((3, 8))), PartitionOutcome::Nothing));
    let target = bench.one();
    assert_eq!((target.offset, target.leader_epoch), (8, 5));
    bench.fetched(&target, 9, false);
    assert_eq!(bench.one().offset, 9, "it is validated once");
}

#[test]
fn a_truncated_log_is_read_on_where_it_diverges_and_that_is_told() {
    let (mut bench, lookup) = PositionsBench::led_anew(OffsetReset::Latest);
    assert!(matches!(bench.epoch_end(&lookup, Some((2, 6))), PartitionOutcome::Nothing));
    let target = bench.one();
    assert_eq!(target.offset, 6, "as in Java the policy does not say where, it only lets reading go on");
    let (reset, _) = bench.answered(&target, 7, false);
    let reset = reset.expect("the reset is told");
    assert_eq!((reset.old_position, reset.new_position), (Some(8), 6));
    assert_eq!(reset.cause, ResetCause::LogTruncated { divergent_offset: Some(6) });
}

#[test]
fn where_the_leader_does_not_know_the_epoch_the_policy_says_where_to_read_on() {
    let (mut bench, lookup) = PositionsBench::led_anew(OffsetReset::Earliest);
    assert!(matches!(bench.epoch_end(&lookup, None), PartitionOutcome::Nothing));
    let lookup = bench.looked_up();
    assert_eq!(lookup.kind, LookupKind::Position(Position::Earliest));
    bench.found(&lookup, 2);
    let target = bench.one();
    let (reset, _) = bench.answered(&target, 3, false);
    assert_eq!(reset.unwrap().cause, ResetCause::LogTruncated { divergent_offset: None });
}

#[test]
fn without_a_policy_a_truncated_log_is_an_error_that_names_everything() {
    let (mut bench, lookup) = PositionsBench::led_anew(OffsetReset::None);
    let PartitionOutcome::Fail(error) = bench.epoch_end(&lookup, Some((2, 6))) else { panic!("no error") };
    assert_eq!(error.kind(), ErrorKind::LogTruncation);
    let text = error.to_string();
    for named in ["topic orders, partition 0", "offset 8", "epoch 3", "offset 6", "epoch 2"] {
        assert!(text.contains(named), "{named}: {text}");
    }
    assert_eq!(bench.positions.position(&lookup.topic_partition), Some(8), "the position stays");
}

#[test]
fn a_fenced_lookup_is_asked_again_after_a_wait() {
    let (mut bench, lookup) = PositionsBench::led_anew(OffsetReset::None);
    let error = Error::from_code(ErrorCode::FENCED_LEADER_EPOCH, "OffsetForLeaderEpoch");
    assert!(error.refreshes_metadata());
    let OffsetLookup { topic_partition, generation, .. } = &lookup;
    let outcome = bench.positions.handle_failed(topic_partition, *generation, error, bench.now, 0.5, 0);
    assert!(matches!(outcome, PartitionOutcome::Retry));
    bench.now += 20 * MS;
    assert_eq!(bench.looked_up().kind, lookup.kind);
}

#[test]
fn a_committed_offset_with_its_epoch_is_validated_before_anything_is_read() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::None);
    let committed = Assignment::new("orders", 0, Position::Offset(7)).with_leader_epoch(2);
    bench.positions.assign(vec![committed]);
    assert_eq!(bench.looked_up().kind, LookupKind::EpochEnd { offset_epoch: 2, leader_epoch: 3 });
    let unknown = Assignment::new("orders", 0, Position::Offset(7)).with_leader_epoch(-1);
    bench.positions.assign(vec![unknown]);
    assert_eq!(bench.one().offset, 7, "without an epoch there is nothing to validate");
}
