//! What the log says of batches in doubt.

use super::*;

/// Five fly behind one that lies at offset 40; none is answered, and then they leave again.
fn five_unanswered() -> SequenceBench {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1, 2, 1, 1, 1, 1]);
    assert_eq!(bench.fly().len(), 5);
    bench.answer(0, written(40));
    assert_eq!(bench.fly().len(), 1);
    (1..6).for_each(|id| bench.tried_again(id, lost()));
    bench.wait();
    assert_eq!(bench.fly().len(), 5);
    bench
}

#[test]
fn what_a_restarted_leader_has_forgotten_is_acknowledged_where_it_lies() {
    let mut bench = five_unanswered();
    (1..5).for_each(|id| bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)));
    bench.add(&[1]);
    bench.answer(5, written(50));
    bench.wait();
    assert_eq!(bench.fly(), [], "nothing leaves before the log was read");
    let us = ProducerId { id: 7, epoch: 0 };
    let log = Log::from(40).add(us, 0, 1).add(us, 1, 2).others(2).add(us, 3, 1).add(us, 4, 1).add(us, 5, 1);
    let finished = bench.reads(&log);
    let places: Vec<_> = finished.iter().map(|(batch, outcome)| (batch.key().id, place(outcome))).collect();
    assert_eq!(places, [(1, Some(41)), (2, Some(45)), (3, Some(46)), (4, Some(47))]);
    bench.wait();
    assert_eq!(bench.fly(), [(6, (0, 7, 1))], "and on it goes, under the same epoch");
}

#[test]
fn what_is_not_in_the_log_behind_one_that_is_leaves_again() {
    let mut bench = five_unanswered();
    (1..6).for_each(|id| bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)));
    let us = ProducerId { id: 7, epoch: 0 };
    let finished = bench.reads(&Log::from(40).add(us, 0, 1).add(us, 1, 2).others(1));
    assert_eq!(
        finished.iter().map(|(batch, outcome)| (batch.key().id, place(outcome))).collect::<Vec<_>>(),
        [(1, Some(41))]
    );
    bench.now += 250 * MS;
    assert_eq!(bench.fly(), [(2, (0, 3, 1)), (3, (0, 4, 1)), (4, (0, 5, 1)), (5, (0, 6, 1))]);
}

#[test]
fn what_is_not_in_the_log_and_may_still_come_fails_and_the_rest_is_re_sequenced() {
    let mut bench = five_unanswered();
    (1..6).for_each(|id| bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)));
    bench.add(&[1]);
    let finished = bench.reads(&Log::from(40).add(ProducerId { id: 7, epoch: 0 }, 0, 1).others(1));
    assert_eq!(finished.len(), 5);
    for (_, outcome) in &finished {
        let error = outcome.error().unwrap();
        assert!(error.may_have_been_written() && error.to_string().contains("may still come"), "{error}");
        assert_eq!(error.code(), Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }
    bench.now += 250 * MS;
    assert_eq!(bench.fly(), [(6, (1, 0, 1))]);
}

/// Refused by a leader that may have appended it, and that was restarted since.
#[test]
fn what_is_not_in_the_log_and_got_all_its_answers_is_re_sequenced() {
    for (log, then) in [
        (
            Log::from(40).add(ProducerId { id: 7, epoch: 0 }, 0, 1).others(3),
            vec![(1, (1, 0, 1)), (2, (1, 1, 1))],
        ),
        (
            Log::from(40).add(ProducerId { id: 7, epoch: 0 }, 0, 1).add(ProducerId { id: 7, epoch: 0 }, 1, 1),
            vec![(2, (0, 2, 1))],
        ),
    ] {
        let mut bench = SequenceBench::new(config());
        bench.add(&[1, 1, 1]);
        assert_eq!(bench.fly().len(), 3);
        bench.answer(0, written(40));
        (1..3).for_each(|id| bench.tried_again(id, refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)));
        bench.wait();
        assert_eq!(bench.fly().len(), 2);
        (1..3).for_each(|id| bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)));
        bench.reads(&log);
        bench.now += 250 * MS;
        assert_eq!(bench.fly(), then);
    }
}

#[test]
fn a_batch_in_doubt_expires_while_its_log_is_read_and_an_answer_that_comes_late_changes_nothing() {
    let mut bench = five_unanswered();
    (1..6).for_each(|id| bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)));
    let (number, query) = bench.sequence.poll_log_query(bench.now).unwrap();
    bench.now += 1000 * MS;
    let expired = bench.sequence.expire(bench.now);
    assert_eq!(expired.len(), 5);
    for expired in expired {
        let Expired::Finished(_, Outcome::Failed { error, .. }) = expired else { panic!("{expired:?}") };
        assert!(
            error.may_have_been_written() && error.to_string().contains("delivery.timeout.ms"),
            "{error}"
        );
    }
    let log = Log::from(40).add(ProducerId { id: 7, epoch: 0 }, 0, 1);
    assert!(bench.sequence.handle_log(number, Ok(&log.answer(query)), bench.now, 0.5).is_empty());
    bench.add(&[1]);
    assert_eq!(bench.fly(), [(6, (1, 0, 1))]);
}

#[test]
fn a_transaction_reads_no_log() {
    let mut bench = SequenceBench::new(SequenceConfig { transactional: true, ..config() });
    bench.add(&[1, 1]);
    bench.fly();
    bench.written(0);
    bench.tried_again(1, lost());
    bench.wait();
    bench.fly();
    bench.failed(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(bench.sequence.poll_log_query(bench.now), None);
}
