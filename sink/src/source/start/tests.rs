//! Whose offsets count, and where each mode begins and ends.

use upsert_kafka_client::TopicPartition;

use super::*;

const TOPIC: Uuid = Uuid([1; 16]);
const DELETED: Uuid = Uuid([9; 16]);

fn job(sinks: &str) -> JobIdentity {
    match Note::of(&format!("upsert-kafka/1 topic={TOPIC} job={:x} sinks={sinks}", sinks.len())) {
        Note::Checkpoint(it) => it.job,
        other => panic!("{other:?}"),
    }
}

fn checkpoint(topic_id: Uuid, job: &JobIdentity) -> String {
    CheckpointMetadata { topic_id, job: job.clone() }.to_string()
}

fn committed(offset: i64, metadata: &str) -> Committed {
    of(0, Some(offset), metadata)
}

fn of(partition: i32, offset: Option<i64>, metadata: &str) -> Committed {
    Committed::new(TopicPartition::new("t", partition), offset).with_metadata(metadata)
}

#[test]
fn a_checkpoint_wins_over_every_mode() {
    let ours = job("ours");
    let kept = Kept::new(TOPIC, Restore::Checkpoint, &ours);
    let at = committed(7, &checkpoint(TOPIC, &ours));
    assert_eq!(kept.run(std::slice::from_ref(&at)), Ok(Run::Again));
    for startup in [Startup::EarliestOffset, Startup::LatestOffset, Startup::GroupOffsets] {
        assert_eq!(kept.begin(&startup, 0, Some(&at), Run::Again, Reset::None), Place::At(7));
    }
    let nothing = Kept::new(TOPIC, Restore::Nothing, &ours);
    assert_eq!(nothing.run(std::slice::from_ref(&at)), Ok(Run::First));
    assert_eq!(nothing.begin(&Startup::LatestOffset, 0, Some(&at), Run::First, Reset::None), Place::End);
}

#[test]
fn the_checkpoint_of_another_job_is_refused_unless_its_offsets_are_asked_for() {
    let (ours, theirs) = (job("ours"), job("of another"));
    let at = [committed(7, &checkpoint(TOPIC, &theirs))];
    let refused = Kept::new(TOPIC, Restore::Checkpoint, &ours).run(&at);
    assert_eq!(refused, Err(Refused::AnotherJob(theirs.clone())));
    assert_eq!(Kept::new(TOPIC, Restore::Nothing, &ours).run(&at), Ok(Run::First));
    let all = Kept::new(TOPIC, Restore::Offsets, &ours);
    assert_eq!(all.run(&at), Ok(Run::Again));
    assert_eq!(all.begin(&Startup::LatestOffset, 0, Some(&at[0]), Run::Again, Reset::None), Place::At(7));
    assert_eq!(all.run(&[committed(7, "of some other program")]), Ok(Run::Again));
}

#[test]
fn a_checkpoint_that_does_not_say_whose_it_is_is_refused() {
    let ours = job("ours");
    let kept = Kept::new(TOPIC, Restore::Checkpoint, &ours);
    assert_eq!(kept.run(&[committed(7, "upsert-kafka")]), Err(Refused::UnnamedJob));
    assert_eq!(kept.run(&[committed(7, "upsert-kafka/9 x")]), Err(Refused::LaterVersion));
    assert_eq!(kept.run(&[committed(7, "")]), Ok(Run::First));
}

#[test]
fn a_topic_that_was_made_again_is_read_from_its_beginning() {
    let ours = job("ours");
    let at = [committed(7, &checkpoint(DELETED, &ours))];
    for restore in [Restore::Checkpoint, Restore::Offsets] {
        let kept = Kept::new(TOPIC, restore, &ours);
        let run = kept.run(&at).unwrap();
        assert_eq!(run, Run::Recreated { old: DELETED });
        assert_eq!(kept.begin(&Startup::LatestOffset, 0, Some(&at[0]), run, Reset::None), Place::Start);
    }
    let without_ids = Kept::new(Uuid::ZERO, Restore::Checkpoint, &ours);
    assert_eq!(without_ids.run(&at), Ok(Run::Again));
}

#[test]
fn after_a_restart_a_partition_without_an_offset_is_read_from_its_beginning() {
    let ours = job("ours");
    let kept = Kept::new(TOPIC, Restore::Checkpoint, &ours);
    let all = [
        committed(7, &checkpoint(TOPIC, &ours)),
        of(1, None, ""),
        of(2, Some(5), &checkpoint(DELETED, &ours)),
        of(3, Some(5), "of some other program"),
    ];
    assert_eq!(kept.run(&all), Ok(Run::Again));
    for at in 1..4 {
        let begin = kept.begin(&Startup::LatestOffset, at, Some(&all[at as usize]), Run::Again, Reset::None);
        assert_eq!(begin, Place::Start, "partition {at}");
    }
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
        assert_eq!(Reset::of_consumer(&properties, &startup), reset, "{properties:?} {startup:?}");
    }
}

#[test]
fn an_offset_of_another_program_counts_for_group_offsets_alone() {
    let ours = job("ours");
    let (kept, at) = (Kept::new(TOPIC, Restore::Checkpoint, &ours), committed(7, ""));
    let begin = |startup: &Startup| kept.begin(startup, 0, Some(&at), Run::First, Reset::None);
    assert_eq!(begin(&Startup::EarliestOffset), Place::Start);
    assert_eq!(begin(&Startup::GroupOffsets), Place::At(7));
}

#[test]
fn group_offsets_without_an_offset_follow_the_reset() {
    let ours = job("ours");
    let kept = Kept::new(TOPIC, Restore::Checkpoint, &ours);
    for (reset, place) in
        [(Reset::None, Place::Unknown), (Reset::Earliest, Place::Start), (Reset::Latest, Place::End)]
    {
        assert_eq!(kept.begin(&Startup::GroupOffsets, 0, None, Run::First, reset), place);
    }
}

#[test]
fn an_unlisted_partition_starts_at_its_commit_else_at_the_beginning() {
    let ours = job("ours");
    let kept = Kept::new(TOPIC, Restore::Checkpoint, &ours);
    let startup = Startup::SpecificOffsets([(1, 42)].into());
    let begin =
        |partition, at: Option<&Committed>| kept.begin(&startup, partition, at, Run::First, Reset::None);
    assert_eq!(begin(1, None), Place::At(42));
    assert_eq!(begin(0, None), Place::Start);
    assert_eq!(begin(0, Some(&committed(9, ""))), Place::At(9));
}

#[test]
fn a_bounded_scan_of_specific_offsets_reads_nothing_of_the_unlisted() {
    let bounded = Bounded::SpecificOffsets([(1, 42)].into());
    assert_eq!(end(&bounded, 0, None), Some(Place::Start));
    assert_eq!(end(&Bounded::Unbounded, 0, None), None);
    assert_eq!(end(&Bounded::GroupOffsets, 0, None), Some(Place::Unknown));
}
