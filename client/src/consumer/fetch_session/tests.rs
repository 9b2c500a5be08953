//! What requests of a session hold, by KIP-227 and Java's `FetchSessionHandler`.

use super::*;

fn target(partition: i32, offset: i64) -> FetchTarget {
    FetchTarget {
        topic_partition: TopicPartition::new("orders", partition),
        topic_id: Uuid([1; 16]),
        generation: 1,
        offset,
        leader_epoch: 3,
        bytes_max: 100,
    }
}

/// A request: session id, epoch, the partitions told with their offsets, and those forgotten.
type ToldFetch = (i32, i32, Vec<(i32, i64)>, Vec<i32>);

fn next(session: &mut FetchSession, targets: &[FetchTarget]) -> ToldFetch {
    let SessionFetch { id, epoch, changed, forgotten } = session.next_fetch(targets, true);
    let changed = changed.iter().map(|target| (target.topic_partition.partition, target.offset)).collect();
    (id, epoch, changed, forgotten.iter().map(|(of, _)| of.partition).collect())
}

/// A session of two partitions whose full fetch was answered.
fn begun() -> FetchSession {
    let mut session = FetchSession::default();
    let full = next(&mut session, &[target(0, 5), target(1, 7)]);
    assert_eq!(full, (0, 0, vec![(0, 5), (1, 7)], vec![]), "a full fetch that wants a session");
    session.handle_answered(42);
    session
}

#[test]
fn a_session_is_told_what_changed_and_what_to_forget() {
    let mut session = begun();
    assert_eq!(next(&mut session, &[target(0, 5), target(1, 7)]), (42, 1, vec![], vec![]));
    session.handle_answered(42);
    let moved = next(&mut session, &[target(1, 9), target(2, 0)]);
    assert_eq!(moved, (42, 2, vec![(1, 9), (2, 0)], vec![0]));
    session.handle_answered(42);
    let led_anew = FetchTarget { leader_epoch: 4, ..target(2, 0) };
    assert_eq!(next(&mut session, &[target(1, 9), led_anew]), (42, 3, vec![(2, 0)], vec![]));
}

#[test]
fn a_topic_made_again_leaves_under_its_old_id_and_comes_under_its_new_one() {
    let mut session = begun();
    let recreated = FetchTarget { topic_id: Uuid([2; 16]), ..target(0, 5) };
    let targets = [recreated, target(1, 7)];
    let fetch = session.next_fetch(&targets, true);
    assert_eq!(fetch.changed, [&targets[0]]);
    assert_eq!(fetch.forgotten, [(TopicPartition::new("orders", 0), Uuid([1; 16]))]);
}

#[test]
fn a_session_that_the_broker_lost_begins_again_at_once() {
    for (code, id) in [
        (ErrorCode::FETCH_SESSION_ID_NOT_FOUND, 0),
        (ErrorCode::INVALID_FETCH_SESSION_EPOCH, 42),
        (ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR, 42),
    ] {
        let mut session = begun();
        next(&mut session, &[target(0, 5)]);
        assert!(session.handle_refused(code), "{code}");
        assert_eq!(next(&mut session, &[target(0, 5)]), (id, 0, vec![(0, 5)], vec![]), "{code}");
        assert!(!session.handle_refused(code), "{code}: a full fetch is not sent twice");
    }
}

#[test]
fn other_errors_and_silence_end_the_session_by_the_next_full_fetch() {
    let mut session = begun();
    next(&mut session, &[target(0, 5)]);
    assert!(!session.handle_refused(ErrorCode::UNKNOWN_SERVER_ERROR));
    assert_eq!(next(&mut session, &[target(0, 5)]), (42, 0, vec![(0, 5)], vec![]));
    session.handle_answered(43);
    session.handle_unanswered();
    assert_eq!(next(&mut session, &[target(0, 5)]), (43, 0, vec![(0, 5)], vec![]));
}

#[test]
fn a_broker_that_keeps_no_session_is_always_told_everything() {
    let mut session = begun();
    session.handle_answered(0);
    assert_eq!(next(&mut session, &[target(0, 5)]), (0, 0, vec![(0, 5)], vec![]));
}

#[test]
fn names_and_ids_do_not_share_a_session() {
    let mut session = begun();
    let targets = [target(0, 5)];
    let fetch = session.next_fetch(&targets, false);
    assert_eq!((fetch.id, fetch.epoch, fetch.changed.len()), (42, 0, 1));
}

#[test]
fn epochs_go_round_and_leave_out_zero() {
    let mut session = begun();
    session.epoch = i32::MAX;
    session.handle_answered(42);
    assert_eq!(session.epoch, 1);
}

#[test]
fn what_an_answer_leaves_out_is_as_it_was_told_last() {
    let mut session = begun();
    assert!(session.unchanged(&target(0, 5)).is_none(), "nothing was told of it yet");
    let status = LogStatus { high_watermark: 9, last_stable: 8, has_bytes: true, read_replica: None };
    session.handle_status(&target(0, 5), status);
    next(&mut session, &[target(0, 9)]);
    let known = session.unchanged(&target(0, 9)).unwrap();
    assert_eq!((known.high_watermark, known.last_stable, known.has_bytes), (9, 8, false));
}
