//! Positions that are given up: an offset out of range, a topic that was made anew.

use super::*;

#[test]
fn an_offset_out_of_range_follows_the_policy() {
    for (policy, expected) in [
        (OffsetReset::Earliest, Some(Position::Earliest)),
        (OffsetReset::Latest, Some(Position::Latest)),
        (OffsetReset::ByDuration(Duration::from_secs(100)), Some(Position::Timestamp(900_000))),
        (OffsetReset::None, None),
    ] {
        let mut bench = PositionsBench::new(&[1], policy);
        let target = bench.one();
        assert!(matches!(bench.failed(&target, ErrorCode::OFFSET_OUT_OF_RANGE), PartitionOutcome::Retry));
        assert_eq!(bench.plans(), [], "not at once");
        bench.now += 10 * MS;
        let lookup = bench.looked_up();
        let Some(expected) = expected else {
            assert_eq!(lookup.kind, LookupKind::Range);
            let outcome = bench.positions.handle_range(&of(0), lookup.generation, (12, 33));
            let PartitionOutcome::Fail(error) = outcome else { panic!("{outcome:?}") };
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::OffsetOutOfRange, Some(ErrorCode::OFFSET_OUT_OF_RANGE))
            );
            let text = error.to_string();
            assert!(text.contains("offset 7 is out of range") && text.contains("12"), "{text}");
            assert!(text.contains("33") && text.contains("auto.offset.reset is none"), "{text}");
            assert_eq!(bench.one().offset, 7, "a caller who polls on is told again");
            continue;
        };
        assert_eq!(lookup.kind, LookupKind::Position(expected));
        bench.found(&lookup, 33);
        let target = bench.one();
        assert_eq!(target.offset, 33);
        let reset = bench.answered(&target, 33, false).0.expect("a reset");
        assert_eq!((reset.old_position, reset.new_position, reset.topic_id), (Some(7), 33, Uuid([1; 16])));
        assert_eq!(reset.cause, ResetCause::OffsetOutOfRange { reset: policy });
        let target = bench.one();
        bench.fetched(&target, 35, false);
    }
}

#[test]
fn an_offset_that_is_out_of_range_for_ever_waits_longer_each_time_and_ends_as_an_error() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Earliest);
    let (mut waits, mut target) = (Vec::new(), bench.one());
    let outcome = loop {
        let outcome = bench.failed(&target, ErrorCode::OFFSET_OUT_OF_RANGE);
        let due = bench.positions.deadline(bench.now).unwrap();
        waits.push((due - bench.now).as_millis());
        if matches!(outcome, PartitionOutcome::Fail(_)) {
            break outcome;
        }
        bench.now = due;
        let lookup = bench.looked_up();
        bench.found(&lookup, 33);
        target = bench.one();
    };
    assert_eq!(waits, [10, 20, 40, 40, 40], "up to the wait's ceiling, for 100 ms");
    let PartitionOutcome::Fail(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange);
}

#[test]
fn a_topic_created_again_is_read_from_its_beginning_and_told_when_a_broker_has_confirmed_it() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    bench.fetched(&target, 12, false);
    bench.recreate(2, &[1]);
    let lookup = bench.looked_up();
    assert_eq!(lookup.kind, LookupKind::Position(Position::Earliest));
    bench.found(&lookup, 3);
    let target = bench.one();
    assert_eq!((target.offset, target.topic_id), (3, Uuid([2; 16])));
    let (reset, outcome) = bench.answered(&target, 5, false);
    let reset = reset.expect("a reset");
    assert!(matches!(outcome, PartitionOutcome::Moved));
    assert_eq!((reset.old_position, reset.new_position, reset.topic_id), (Some(12), 3, Uuid([2; 16])));
    assert_eq!(reset.cause, ResetCause::TopicRecreated { old_topic_id: Uuid([1; 16]) });
    let target = bench.one();
    assert_eq!(target.offset, 5);
    bench.fetched(&target, 6, false);
}

#[test]
fn an_old_view_of_the_cluster_resets_nothing() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let target = bench.one();
    bench.fetched(&target, 12, false);
    bench.recreate(9, &[1]);
    let lookup = bench.looked_up();
    bench.found(&lookup, 0);
    let target = bench.one();
    assert_eq!(target.topic_id, Uuid([9; 16]));
    assert!(matches!(bench.failed(&target, ErrorCode::UNKNOWN_TOPIC_ID), PartitionOutcome::Retry));
    bench.now += 10 * MS;
    bench.recreate(1, &[1]);
    let target = bench.one();
    assert_eq!((target.offset, target.topic_id), (12, Uuid([1; 16])), "on where it stood");
    bench.fetched(&target, 13, false);
}

#[test]
fn a_position_of_a_topic_that_is_gone_is_not_taken_for_one_of_its_successor() {
    let mut bench = PositionsBench::new(&[1], OffsetReset::Latest);
    let assignment = Assignment::new("orders", 0, Position::Offset(7));
    bench.positions.assign(vec![assignment.clone().with_topic_id(Uuid([8; 16]))]);
    assert_eq!(bench.looked_up().kind, LookupKind::Position(Position::Earliest));

    bench.positions.assign(vec![assignment.clone().with_topic_id(Uuid([1; 16]))]);
    assert_eq!(bench.one().offset, 7);

    bench.end_of_answer(false);
    bench.positions.assign(vec![assignment]);
    bench.recreate(2, &[1]);
    assert_eq!(bench.one().offset, 7, "whoever names no topic id takes the topic that is there");
}

#[test]
fn a_partition_that_the_new_topic_does_not_have_is_an_error_that_says_so() {
    let mut bench = PositionsBench::new(&[1, 1], OffsetReset::Latest);
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    bench.end_of_answer(false);
    for target in &requests.fetches[0].partitions {
        bench.fetched(target, 12, false);
    }
    bench.recreate(2, &[1]);
    let requests = bench.positions.poll(bench.now, &bench.metadata);
    let [(failed, error)] = &requests.failures[..] else { panic!("{requests:?}") };
    assert_eq!((failed, error.kind()), (&of(1), ErrorKind::UnknownTopic));
    let text = error.to_string();
    assert!(text.contains("created again") && text.contains("with 1 partitions"), "{text}");
}
