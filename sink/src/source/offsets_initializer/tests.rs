//! Whose offsets count, and where each mode begins and ends.

use upsert_kafka_client::TopicPartition;

use super::*;

const TOPIC: Uuid = Uuid([1; 16]);
const DELETED: Uuid = Uuid([9; 16]);

fn job(sinks: &str) -> JobIdentity {
    match CommittedBy::of(&format!("upsert-kafka/1 topic={TOPIC} job={:x} sinks={sinks}", sinks.len())) {
        CommittedBy::Checkpoint(it) => it.job,
        other => panic!("{other:?}"),
    }
}

fn checkpoint(topic_id: Uuid, job: &JobIdentity) -> String {
    CheckpointMetadata { topic_id, job: job.clone(), begun: 1 }.to_string()
}

/// As a job restores that began one partition.
const RESTORED: TopicStart = TopicStart::Restored { begun: 1 };
/// As one restores of whose beginning nothing is known.
const UNKNOWN: TopicStart = TopicStart::Restored { begun: 0 };

fn committed(offset: i64, metadata: &str) -> Committed {
    of(0, Some(offset), metadata)
}

fn of(partition: i32, offset: Option<i64>, metadata: &str) -> Committed {
    Committed::new(TopicPartition::new("t", partition), offset).with_metadata(metadata)
}

#[test]
fn a_checkpoint_wins_over_every_mode() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    let at = committed(7, &checkpoint(TOPIC, &ours));
    assert_eq!(initializer.topic_start(std::slice::from_ref(&at)), Ok(RESTORED));
    for startup in [Startup::EarliestOffset, Startup::LatestOffset, Startup::GroupOffsets] {
        assert_eq!(
            initializer.starting_offset(&startup, 0, Some(&at), RESTORED, AutoOffsetReset::None),
            UnresolvedOffset::At(7)
        );
    }
    let nothing = OffsetsInitializer::new(TOPIC, Restore::Nothing, &ours);
    assert_eq!(nothing.topic_start(std::slice::from_ref(&at)), Ok(TopicStart::Fresh));
    assert_eq!(
        nothing.starting_offset(
            &Startup::LatestOffset,
            0,
            Some(&at),
            TopicStart::Fresh,
            AutoOffsetReset::None
        ),
        UnresolvedOffset::Latest
    );
}

#[test]
fn the_checkpoint_of_another_job_is_refused_unless_its_offsets_are_asked_for() {
    let (ours, theirs) = (job("ours"), job("of another"));
    let at = [committed(7, &checkpoint(TOPIC, &theirs))];
    let refused = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours).topic_start(&at);
    assert_eq!(refused, Err(RestoreRefused::AnotherJob(theirs.clone())));
    assert_eq!(
        OffsetsInitializer::new(TOPIC, Restore::Nothing, &ours).topic_start(&at),
        Ok(TopicStart::Fresh)
    );
    let all = OffsetsInitializer::new(TOPIC, Restore::Offsets, &ours);
    assert_eq!(all.topic_start(&at), Ok(UNKNOWN));
    assert_eq!(
        all.starting_offset(&Startup::LatestOffset, 0, Some(&at[0]), RESTORED, AutoOffsetReset::None),
        UnresolvedOffset::At(7)
    );
    assert_eq!(all.topic_start(&[committed(7, "of some other program")]), Ok(UNKNOWN));
}

#[test]
fn a_checkpoint_that_does_not_say_whose_it_is_is_refused() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    assert_eq!(initializer.topic_start(&[committed(7, "upsert-kafka")]), Err(RestoreRefused::UnnamedJob));
    assert_eq!(
        initializer.topic_start(&[committed(7, "upsert-kafka/9 x")]),
        Err(RestoreRefused::LaterVersion)
    );
    assert_eq!(initializer.topic_start(&[committed(7, "")]), Ok(TopicStart::Fresh));
}

#[test]
fn a_topic_that_was_made_again_is_read_from_its_beginning() {
    let ours = job("ours");
    let at = [committed(7, &checkpoint(DELETED, &ours))];
    for restore in [Restore::Checkpoint, Restore::Offsets] {
        let initializer = OffsetsInitializer::new(TOPIC, restore, &ours);
        let start = initializer.topic_start(&at).unwrap();
        assert_eq!(start, TopicStart::Recreated { old: DELETED });
        assert_eq!(
            initializer.starting_offset(
                &Startup::LatestOffset,
                0,
                Some(&at[0]),
                start,
                AutoOffsetReset::None
            ),
            UnresolvedOffset::Earliest
        );
    }
    let without_ids = OffsetsInitializer::new(Uuid::ZERO, Restore::Checkpoint, &ours);
    assert_eq!(without_ids.topic_start(&at), Ok(RESTORED));
}

#[test]
fn after_a_restart_a_partition_without_an_offset_is_read_from_its_beginning() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    let all = [
        committed(7, &checkpoint(TOPIC, &ours)),
        of(1, None, ""),
        of(2, Some(5), &checkpoint(DELETED, &ours)),
        of(3, Some(5), "of some other program"),
    ];
    assert_eq!(initializer.topic_start(&all), Ok(RESTORED));
    for at in 1..4 {
        let begin = initializer.starting_offset(
            &Startup::LatestOffset,
            at,
            Some(&all[at as usize]),
            RESTORED,
            AutoOffsetReset::None,
        );
        assert_eq!(begin, UnresolvedOffset::Earliest, "partition {at}");
    }
}

/// Two processes begin a job together, and each is given one of two partitions: whoever comes second finds the offset of
/// the first, and its own partition is not a new one for that.
#[test]
fn a_partition_that_was_there_when_the_job_began_begins_as_the_table_says() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    let begun = |begun| CheckpointMetadata { topic_id: TOPIC, job: ours.clone(), begun }.to_string();
    let kept = [of(0, Some(7), &begun(2)), of(1, None, ""), of(2, None, ""), of(3, Some(1), &begun(4))];
    let start = initializer.topic_start(&kept).unwrap();
    assert_eq!(start, TopicStart::Restored { begun: 2 });
    let begins = |at: usize| {
        let kept = Some(&kept[at]);
        initializer.starting_offset(&Startup::LatestOffset, at as i32, kept, start, AutoOffsetReset::None)
    };
    assert_eq!(begins(0), UnresolvedOffset::At(7));
    assert_eq!(begins(1), UnresolvedOffset::Latest, "as when the job began");
    assert_eq!(begins(2), UnresolvedOffset::Earliest, "created since");
}

#[test]
fn an_offset_that_the_log_lost_follows_the_reset_and_is_an_error_only_where_the_group_decides() {
    let given = |value: &str| vec![("auto.offset.reset".to_owned(), value.to_owned())];
    for (properties, startup, reset) in [
        (vec![], Startup::GroupOffsets, OffsetReset::None),
        (vec![], Startup::LatestOffset, OffsetReset::Earliest),
        (given("latest"), Startup::GroupOffsets, OffsetReset::Latest),
        (given("LATEST"), Startup::EarliestOffset, OffsetReset::Latest),
        (given("none"), Startup::EarliestOffset, OffsetReset::None),
    ] {
        assert_eq!(AutoOffsetReset::of_consumer(&properties, &startup), reset, "{properties:?} {startup:?}");
    }
}

#[test]
fn an_offset_of_another_program_counts_for_group_offsets_alone() {
    let ours = job("ours");
    let (initializer, at) = (OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours), committed(7, ""));
    let begin = |startup: &Startup| {
        initializer.starting_offset(startup, 0, Some(&at), TopicStart::Fresh, AutoOffsetReset::None)
    };
    assert_eq!(begin(&Startup::EarliestOffset), UnresolvedOffset::Earliest);
    assert_eq!(begin(&Startup::GroupOffsets), UnresolvedOffset::At(7));
}

#[test]
fn group_offsets_without_an_offset_follow_the_reset() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    for (reset, place) in [
        (AutoOffsetReset::None, UnresolvedOffset::Missing),
        (AutoOffsetReset::Earliest, UnresolvedOffset::Earliest),
        (AutoOffsetReset::Latest, UnresolvedOffset::Latest),
    ] {
        assert_eq!(
            initializer.starting_offset(&Startup::GroupOffsets, 0, None, TopicStart::Fresh, reset),
            place
        );
    }
}

#[test]
fn an_unlisted_partition_starts_at_its_commit_else_at_the_beginning() {
    let ours = job("ours");
    let initializer = OffsetsInitializer::new(TOPIC, Restore::Checkpoint, &ours);
    let startup = Startup::SpecificOffsets([(1, 42)].into());
    let begin = |partition, at: Option<&Committed>| {
        initializer.starting_offset(&startup, partition, at, TopicStart::Fresh, AutoOffsetReset::None)
    };
    assert_eq!(begin(1, None), UnresolvedOffset::At(42));
    assert_eq!(begin(0, None), UnresolvedOffset::Earliest);
    assert_eq!(begin(0, Some(&committed(9, ""))), UnresolvedOffset::At(9));
}

#[test]
fn a_bounded_scan_of_specific_offsets_reads_nothing_of_the_unlisted() {
    let bounded = Bounded::SpecificOffsets([(1, 42)].into());
    assert_eq!(stopping_offset(&bounded, 0, None), Some(UnresolvedOffset::Earliest));
    assert_eq!(stopping_offset(&Bounded::Unbounded, 0, None), None);
    assert_eq!(stopping_offset(&Bounded::GroupOffsets, 0, None), Some(UnresolvedOffset::Missing));
}
