//! Scripts of batches and answers, with a clock held by hand and a broker that counts.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::records::{Stamp, batches};

use super::*;
use crate::producer::batch::{BatchToken, ExpiredBatch};
use crate::producer::resolution::tests::Log;
use crate::producer::topic::Topic;
use crate::producer::topic::tests::topic;
use crate::{ErrorKind, Record};

const MS: Duration = Duration::from_millis(1);

struct SequenceBench {
    sequence: Sequence,
    topic: Topic,
    now: Instant,
    next_id: u64,
}

/// What a broker reads in a batch: epoch, first sequence, how many.
type Stamped = (i16, i32, i32);

fn config() -> SequenceConfig {
    SequenceConfig {
        idempotent: true,
        transactional: false,
        codec: Codec::NONE,
        in_flight_max: 5,
        delivery_timeout: 1000 * MS,
        retries: u32::MAX,
        backoff: Backoff::new(100 * MS, 1000 * MS),
        producer_expiration: 3_600_000 * MS,
    }
}

impl SequenceBench {
    fn new(config: SequenceConfig) -> Self {
        let mut sequence = Sequence::new(config);
        sequence.handle_identity(ProducerId { id: 7, epoch: 0 });
        sequence.identity = sequence.identity.acknowledged();
        Self { sequence, topic: topic(&[Some(1)]), now: Instant::now(), next_id: 0 }
    }

    /// Batches of so many records each.
    fn add(&mut self, counts: &[u32]) {
        for count in counts {
            let record = Record::new(&self.topic).value(b"v");
            let partition = Arc::clone(&self.topic.slot_for(&record).unwrap().partition);
            let mut batch = Batch::new(self.next_id, partition, BytesMut::zeroed(1000), self.now);
            (0..*count).for_each(|_| drop(batch.append(&record, 0).unwrap()));
            self.sequence.handle_batch(batch);
            self.next_id += 1;
        }
    }

    fn fly(&mut self) -> Vec<(u64, Stamped)> {
        std::iter::from_fn(|| self.sequence.poll_batch(self.now))
            .map(|flight| (flight.key.id, stamped(&flight.bytes)))
            .collect()
    }

    fn answer(&mut self, id: u64, answer: BatchAnswer) -> Settled {
        self.sequence.handle_answer(BatchKey { id, part: 0 }, answer, self.now, 0.5)
    }

    fn written(&mut self, id: u64) {
        let finished = self.answer(id, written(0)).finished;
        assert!(matches!(finished, Some((_, Outcome::Written { .. }))), "{finished:?}");
    }

    fn tried_again(&mut self, id: u64, answer: BatchAnswer) {
        let settled = self.answer(id, answer);
        assert!(settled.finished.is_none() && settled.fatal.is_none(), "{settled:?}");
    }

    fn failed(&mut self, id: u64, answer: BatchAnswer) -> Error {
        match self.answer(id, answer).finished {
            Some((batch, Outcome::Failed { error, .. })) if batch.key().id == id => error,
            other => panic!("{other:?}"),
        }
    }

    /// Reads the log, as often as it is asked for: which batches have their end now.
    fn reads(&mut self, log: &Log) -> Vec<(Batch, Outcome)> {
        loop {
            let (number, query) = self.sequence.poll_log_query(self.now).expect("a query");
            let finished = self.sequence.handle_log(number, Ok(&log.answer(query)), self.now, 0.5);
            if self.sequence.log_query_due(self.now).is_none() {
                return finished;
            }
        }
    }

    /// Past every back-off.
    fn wait(&mut self) {
        self.now += 150 * MS;
    }
}

fn stamped(bytes: &Bytes) -> Stamped {
    let batch = batches(bytes).next().unwrap().unwrap();
    batch.check().unwrap();
    assert_eq!(batch.producer_id(), 7);
    (batch.producer_epoch(), batch.base_sequence(), batch.count())
}

fn written(base_offset: i64) -> BatchAnswer {
    BatchAnswer::Written { base_offset, log_append_time_ms: None }
}

fn place(outcome: &Outcome) -> Option<i64> {
    match outcome {
        Outcome::Written { base_offset, .. } => Some(*base_offset),
        _ => None,
    }
}

fn refused(code: ErrorCode) -> BatchAnswer {
    BatchAnswer::Refused { error: Error::from_code(code, "Produce"), records: vec![] }
}

fn lost() -> BatchAnswer {
    BatchAnswer::Lost(Error::new(ErrorKind::Disconnected, "the connection broke").with_written(true))
}

#[test]
fn five_fly_at_once_and_the_sixth_waits() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[2, 3, 1, 1, 1, 4]);
    assert_eq!(bench.fly(), [(0, (0, 0, 2)), (1, (0, 2, 3)), (2, (0, 5, 1)), (3, (0, 6, 1)), (4, (0, 7, 1))]);
    bench.written(0);
    assert_eq!(bench.fly(), [(5, (0, 8, 4))]);
}

#[test]
fn nothing_leaves_before_it_is_known_who_writes() {
    let mut bench = SequenceBench::new(config());
    bench.sequence = Sequence::new(config());
    bench.add(&[1]);
    assert_eq!(bench.sequence.readiness(bench.now), Readiness::Identity);
    assert_eq!(bench.fly(), []);
}

#[test]
fn until_the_leader_knows_the_producer_batches_fly_one_by_one() {
    let mut bench = SequenceBench::new(config());
    bench.sequence.identity = bench.sequence.identity.expired();
    bench.add(&[1; 3]);
    assert_eq!(bench.fly().len(), 1);
    bench.tried_again(0, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    bench.wait();
    assert_eq!(bench.fly().len(), 1, "it would take the second one in the first one's place");
    bench.written(0);
    assert_eq!(bench.fly().len(), 2);
}

#[test]
fn after_an_hour_of_silence_the_leader_may_have_forgotten_the_producer() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1; 2]);
    assert_eq!(bench.fly().len(), 2);
    bench.written(0);
    bench.written(1);
    bench.now += 3_600_000 * MS;
    bench.add(&[1; 2]);
    assert_eq!(bench.fly().len(), 1);
}

#[test]
fn nothing_new_leaves_while_the_leader_could_forget_what_is_in_doubt() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1; 8]);
    assert_eq!(bench.fly().len(), 5);
    bench.tried_again(0, refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND));
    (1..5).for_each(|id| bench.written(id));
    bench.wait();
    assert_eq!(bench.fly().len(), 1, "with a sixth written the leader would not know the first again");
    bench.written(0);
    assert_eq!(bench.fly().len(), 3);
}

#[test]
fn after_a_failure_all_five_leave_again_in_order_with_the_same_bytes() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1; 6]);
    let first: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
    bench.tried_again(0, refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    bench.wait();
    assert!(bench.sequence.poll_batch(bench.now).is_none(), "four are not answered yet");
    for id in 1..5 {
        bench.tried_again(id, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }
    bench.wait();
    let second: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
    let bytes =
        |flights: &[InFlightBatch]| flights.iter().map(|it| (it.key, it.bytes.clone())).collect::<Vec<_>>();
    assert_eq!(bytes(&first), bytes(&second));
}

#[test]
fn a_retry_waits_for_its_back_off_which_doubles_once_a_round() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1; 2]);
    for wait in [100, 200, 400] {
        assert_eq!(bench.fly().len(), 2);
        bench.tried_again(0, lost());
        bench.tried_again(1, lost());
        assert_eq!(bench.sequence.readiness(bench.now), Readiness::At(bench.now + wait * MS));
        bench.now += wait * MS;
    }
    bench.fly();
    bench.written(0);
    bench.tried_again(1, lost());
    assert_eq!(bench.sequence.readiness(bench.now), Readiness::At(bench.now + 100 * MS));
}

#[test]
fn a_lost_answer_is_asked_for_again_and_the_duplicate_counts_as_written() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[3, 1]);
    bench.fly();
    bench.tried_again(0, lost());
    bench.tried_again(1, lost());
    bench.wait();
    assert_eq!(bench.fly(), [(0, (0, 0, 3)), (1, (0, 3, 1))]);
    // What DUPLICATE_SEQUENCE_NUMBER becomes.
    let finished = bench.answer(0, written(-1)).finished;
    assert!(matches!(finished, Some((_, Outcome::Written { base_offset: -1, .. }))));
    bench.written(1);
}

#[test]
fn a_batch_refused_for_good_leaves_a_gap_and_the_rest_is_re_sequenced() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[2, 1, 1]);
    bench.fly();
    let error = bench.failed(0, refused(ErrorCode::INVALID_RECORD));
    assert_eq!((error.topic(), error.partition()), (Some("orders"), Some(0)));
    assert!(!error.may_have_been_written());
    bench.tried_again(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.tried_again(2, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.add(&[1]);
    bench.wait();
    assert_eq!(bench.fly(), [(1, (1, 0, 1)), (2, (1, 1, 1)), (3, (1, 2, 1))]);
}

#[test]
fn what_was_written_before_a_gap_does_not_close_it() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[2, 1, 1]);
    bench.fly();
    bench.failed(1, refused(ErrorCode::INVALID_RECORD));
    // In halves it takes the places of two batches.
    assert!(bench.answer(0, refused(ErrorCode::MESSAGE_TOO_LARGE)).split);
    bench.tried_again(2, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.add(&[1]);
    bench.wait();
    let flights: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
    assert_eq!(flights.iter().map(|it| it.key.id).collect::<Vec<_>>(), [0, 0, 2]);
    for half in &flights[..2] {
        bench.sequence.handle_answer(half.key, written(0), bench.now, 0.5);
    }
    assert!(
        bench.sequence.has_gap() && bench.fly().is_empty(),
        "a new batch waits for the one behind the gap"
    );
    bench.tried_again(2, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.wait();
    assert_eq!(bench.fly(), [(2, (1, 0, 1)), (3, (1, 1, 1))]);
}

#[test]
fn with_nothing_behind_it_a_gap_is_left_at_once() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[2]);
    bench.fly();
    bench.failed(0, refused(ErrorCode::INVALID_RECORD));
    bench.add(&[1]);
    assert_eq!(bench.fly(), [(1, (1, 0, 1))]);
}

#[test]
fn a_new_batch_waits_until_those_behind_a_gap_are_answered() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1, 1]);
    bench.fly();
    bench.failed(0, refused(ErrorCode::INVALID_RECORD));
    bench.add(&[1]);
    assert_eq!(bench.fly(), []);
    // UNKNOWN_SERVER_ERROR may mean written: the broker took the second, so it had the first.
    bench.written(1);
    assert_eq!(bench.fly(), [(2, (0, 2, 1))]);
}

#[test]
fn out_of_order_without_anything_in_doubt_is_re_sequenced() {
    for code in [ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode::UNKNOWN_PRODUCER_ID] {
        let mut bench = SequenceBench::new(config());
        bench.add(&[1, 2]);
        bench.fly();
        bench.written(0);
        bench.tried_again(1, refused(code));
        bench.wait();
        assert_eq!(bench.fly(), [(1, (1, 0, 2))]);
    }
}

#[test]
fn out_of_order_behind_one_that_failed_keeps_its_sequence() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1, 1]);
    bench.fly();
    bench.tried_again(0, refused(ErrorCode::NOT_ENOUGH_REPLICAS));
    bench.tried_again(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.wait();
    assert_eq!(bench.fly(), [(0, (0, 0, 1)), (1, (0, 1, 1))]);
}

#[test]
fn sequences_wrap_after_the_largest() {
    let mut bench = SequenceBench::new(config());
    bench.sequence.next = i32::MAX - 1;
    bench.add(&[3, 2]);
    assert_eq!(bench.fly(), [(0, (0, i32::MAX - 1, 3)), (1, (0, 1, 2))]);
}

#[test]
fn used_up_epochs_need_another_producer_id() {
    let mut bench = SequenceBench::new(config());
    bench.sequence.identity = SequenceIdentity::Established(ProducerId { id: 7, epoch: i16::MAX });
    bench.add(&[1]);
    bench.fly();
    bench.tried_again(0, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.wait();
    bench.sequence.handle_identity(ProducerId { id: 7, epoch: 0 });
    assert_eq!(bench.sequence.readiness(bench.now), Readiness::Identity);
    bench.sequence.handle_identity(ProducerId { id: 8, epoch: 0 });
    let flight = bench.sequence.poll_batch(bench.now).unwrap();
    let batch = batches(&flight.bytes).next().unwrap().unwrap();
    assert_eq!((batch.producer_id(), batch.producer_epoch(), batch.base_sequence()), (8, 0, 0));
    bench.add(&[1]);
    assert!(bench.sequence.poll_batch(bench.now).is_none(), "the leader may not know the new producer id");
}

#[test]
fn a_batch_that_never_left_expires_without_a_gap() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.now += 1000 * MS;
    bench.add(&[1]);
    let expired = bench.sequence.expire(bench.now);
    let [Expired::Finished(batch, Outcome::Failed { error, .. })] = &expired[..] else {
        panic!("{expired:?}")
    };
    assert_eq!((batch.key().id, error.kind(), error.may_have_been_written()), (0, ErrorKind::Timeout, false));
    assert_eq!(
        error.to_string(),
        "topic orders, partition 0: not acknowledged within delivery.timeout.ms (1000)"
    );
    assert_eq!(bench.fly(), [(1, (0, 0, 1))]);
}

#[test]
fn a_batch_whose_leader_could_not_be_reached_expires_with_the_reason() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.sequence.handle_unreachable(&Error::new(ErrorKind::Authentication, "the login is refused"));
    bench.now += 1000 * MS;
    let expired = bench.sequence.expire(bench.now);
    let [Expired::Finished(_, Outcome::Failed { error, .. })] = &expired[..] else { panic!("{expired:?}") };
    assert!(!error.may_have_been_written() && error.kind() == ErrorKind::Timeout);
    let wanted = "not acknowledged within delivery.timeout.ms (1000); at last: the login is refused";
    assert!(error.to_string().ends_with(wanted), "{error}");
}

#[test]
fn a_batch_that_was_sent_expires_in_doubt_and_its_epoch_ends() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.fly();
    bench.tried_again(0, lost());
    bench.now += 1000 * MS;
    let expired = bench.sequence.expire(bench.now);
    let [Expired::Finished(_, Outcome::Failed { error, .. })] = &expired[..] else { panic!("{expired:?}") };
    assert!(error.may_have_been_written());
    assert!(error.to_string().ends_with("; at last: the connection broke"), "{error}");
    bench.add(&[1]);
    assert_eq!(bench.fly(), [(1, (1, 0, 1))]);
}

#[test]
fn behind_an_expired_batch_the_next_one_finds_out_whether_it_was_written() {
    let out_of_order = || refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    for (at_first, answer, then) in [
        (lost(), written(1), vec![(2, (0, 2, 1))]),
        (out_of_order(), out_of_order(), vec![(1, (1, 0, 1)), (2, (1, 1, 1))]),
        // What was lost may still come, before the next epoch shuts it out.
        (lost(), out_of_order(), vec![(2, (1, 0, 1))]),
    ] {
        let mut bench = SequenceBench::new(config());
        bench.add(&[1]);
        bench.now += 500 * MS;
        bench.add(&[1]);
        bench.fly();
        bench.tried_again(0, lost());
        bench.tried_again(1, at_first);
        bench.now += 500 * MS;
        assert_eq!(bench.sequence.expire(bench.now).len(), 1);
        bench.add(&[1]);
        assert_eq!(bench.fly(), [(1, (0, 1, 1))], "with its old sequence, and alone");
        bench.answer(1, answer);
        if bench.sequence.log_query_due(bench.now).is_some() {
            bench.reads(&Log::from(0).others(1));
        }
        bench.now += 250 * MS;
        assert_eq!(bench.fly(), then);
    }
}

#[test]
fn a_flying_batch_that_expires_tells_its_deliveries_and_waits_for_its_answer() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.fly();
    bench.now += 1000 * MS;
    let expired = bench.sequence.expire(bench.now);
    let [
        Expired::Reported(
            ExpiredBatch { token: BatchToken { id: 0, .. }, .. },
            Outcome::Failed { error, .. },
        ),
    ] = &expired[..]
    else {
        panic!("{expired:?}")
    };
    assert!(error.may_have_been_written());
    assert!(bench.sequence.expire(bench.now).is_empty() && bench.sequence.deadline().is_none());
    bench.add(&[1]);
    bench.written(0);
    assert_eq!(bench.fly(), [(1, (0, 1, 1))], "it was written after all, so there is no gap");
}

#[test]
fn a_flying_batch_that_expired_is_not_sent_again() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.fly();
    bench.now += 1000 * MS;
    bench.sequence.expire(bench.now);
    bench.failed(0, lost());
    assert!(bench.sequence.is_empty());
}

#[test]
fn retries_are_counted() {
    let mut bench = SequenceBench::new(SequenceConfig { retries: 1, ..config() });
    bench.add(&[1]);
    bench.fly();
    bench.tried_again(0, lost());
    bench.wait();
    bench.fly();
    let error = bench.failed(0, refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    assert!(error.may_have_been_written(), "the first attempt may have been");
}

#[test]
fn without_idempotence_nothing_is_stamped_and_out_of_order_is_final() {
    let mut bench = SequenceBench::new(SequenceConfig { idempotent: false, ..config() });
    bench.sequence = Sequence::new(SequenceConfig { idempotent: false, ..config() });
    bench.add(&[1, 1]);
    let flights: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
    for flight in &flights {
        let batch = batches(&flight.bytes).next().unwrap().unwrap();
        assert_eq!((batch.producer_id(), batch.producer_epoch(), batch.base_sequence()), (-1, -1, -1));
    }
    assert_eq!(flights.len(), 2);
    bench.failed(0, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.written(1);
}

#[test]
fn a_fenced_producer_says_so() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1]);
    bench.fly();
    let settled = bench.answer(0, refused(ErrorCode::PRODUCER_FENCED));
    assert!(settled.fatal.is_some_and(|error| error.is_fenced()));
}

#[test]
fn an_aborted_batch_that_never_left_never_will_and_one_that_did_is_sent_until_it_is_answered() {
    let mut bench = SequenceBench::new(SequenceConfig { transactional: true, in_flight_max: 2, ..config() });
    bench.add(&[1, 1, 1]);
    bench.fly();
    bench.tried_again(0, refused(ErrorCode::CONCURRENT_TRANSACTIONS));
    let aborted = Error::new(ErrorKind::Aborted, "its transaction was aborted");
    let told = bench.sequence.give_up(&aborted);
    let doubt = |outcome: &Outcome| outcome.error().unwrap().may_have_been_written();
    match &told[..] {
        [Expired::Reported(first, a), Expired::Reported(second, b), Expired::Finished(third, c)] => {
            assert_eq!([first.token.id, second.token.id, third.key().id], [0, 1, 2]);
            assert_eq!([a, b, c].map(doubt), [true, true, false], "what has left once leaves again");
        }
        other => panic!("{other:?}"),
    }
    bench.tried_again(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.wait();
    assert_eq!(bench.fly(), [(0, (0, 0, 1)), (1, (0, 1, 1))]);
    bench.written(0);
    bench.written(1);
    assert!(bench.sequence.is_empty());
}

#[test]
fn each_batch_is_a_span_from_its_first_flight_to_its_end() {
    let spans = crate::heard::spans(|| {
        let mut bench = SequenceBench::new(config());
        bench.add(&[2, 1]);
        bench.fly();
        bench.tried_again(0, lost());
        bench.tried_again(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        bench.wait();
        bench.fly();
        bench.answer(0, written(40));
        bench.failed(1, refused(ErrorCode::INVALID_RECORD));
    });
    let [first, second] = &spans[..] else { panic!("{spans:?}") };
    let begins = "batch topic=\"orders\" partition=0 records=2 bytes=";
    assert!(first.starts_with(begins), "{first}");
    assert!(first.ends_with(" base_sequence=0 attempts=1 attempts=2 base_offset=40"), "{first}");
    assert!(second.contains(" base_sequence=2 ") && second.contains(" error="), "{second}");
}

mod halves;
mod log_read;
