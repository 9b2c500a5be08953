//! Scripts of records and a clock held by hand.

use super::*;
use crate::producer::topic::Topic;
use crate::producer::topic::tests::topic;

struct AccumulatorBench {
    accumulator: Accumulator,
    topic: Topic,
    now: Instant,
}

const LIMITS: AccumulatorLimits = AccumulatorLimits {
    batch_size: 4096,
    linger: Duration::from_millis(5),
    buffer_memory: 16_384,
    max_request_size: 10_000,
};

impl AccumulatorBench {
    fn new(limits: AccumulatorLimits) -> Self {
        Self { accumulator: Accumulator::new(limits), topic: topic(&[Some(1); 2]), now: Instant::now() }
    }

    fn send(&self, partition: i32, value: &[u8]) -> Result<Appended, Refusal> {
        let record = Record::new(&self.topic).partition(partition).value(value);
        let slot = self.topic.slot_for(&record).unwrap();
        match self.accumulator.append(slot, &record, 0) {
            Some(delivery) => Ok(Appended { delivery, wake_sender: false }),
            None => self.accumulator.append_slowly(slot, &record, 0, self.now),
        }
    }

    fn batches(&self) -> Vec<Batch> {
        self.accumulator.take_ready().map(|(batch, _)| batch).collect()
    }

    fn counts(&self) -> Vec<(i32, u32)> {
        self.batches().iter().map(|batch| (batch.partition.index, batch.count)).collect()
    }
}

#[test]
fn a_batch_lingers_and_is_then_ready() {
    let mut bench = AccumulatorBench::new(LIMITS);
    let opened = bench.now;
    assert!(bench.send(0, b"a").unwrap().wake_sender, "somebody must watch the first batch");
    bench.now += Duration::from_millis(2);
    assert!(!bench.send(1, b"b").unwrap().wake_sender, "the first is due earlier");
    assert!(!bench.send(0, b"c").unwrap().wake_sender);
    assert_eq!(bench.accumulator.expire(opened + Duration::from_millis(4)), Some(opened + LIMITS.linger));
    assert_eq!(bench.counts(), []);
    assert_eq!(bench.accumulator.expire(opened + LIMITS.linger), Some(bench.now + LIMITS.linger));
    assert_eq!(bench.counts(), [(0, 2)]);
    assert_eq!(bench.accumulator.expire(bench.now + LIMITS.linger), None);
    assert_eq!(bench.counts(), [(1, 1)]);
}

#[test]
fn a_full_batch_is_ready_and_the_record_that_did_not_fit_begins_the_next() {
    let bench = AccumulatorBench::new(LIMITS);
    for _ in 0..4 {
        drop(bench.send(0, &[7; 900]).unwrap());
    }
    assert!(bench.send(0, &[7; 900]).unwrap().wake_sender, "somebody must send it");
    assert_eq!(bench.counts(), [(0, 4)]);
    bench.accumulator.expedite(bench.now);
    assert_eq!(bench.counts(), [(0, 1)]);
}

#[test]
fn when_enough_is_full_the_record_is_not_in_until_the_sender_had_its_turn() {
    let bench =
        AccumulatorBench::new(AccumulatorLimits { batch_size: 64 << 10, buffer_memory: 1 << 20, ..LIMITS });
    let full = (1..).find(|_| matches!(bench.send(0, &[7; 900]), Err(Refusal::BatchFull))).unwrap();
    let counts = bench.counts();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u32>(), full - 1, "{counts:?}");
    assert!(counts.len() == 3, "128 KiB are more than two batches: {counts:?}");
    assert!(bench.send(0, &[7; 900]).is_ok());
}

#[test]
fn a_batch_begins_small_and_grows() {
    let bench = AccumulatorBench::new(AccumulatorLimits { batch_size: 16_384, ..LIMITS });
    drop(bench.send(0, &[7; 100]).unwrap());
    let small = bench.topic.slot_for(&Record::new(&bench.topic).partition(0)).unwrap();
    assert_eq!(small.open.lock().batch.as_ref().map(Batch::lent), Some(512));
    (0..20).for_each(|_| drop(bench.send(0, &[7; 100]).unwrap()));
    assert_eq!(small.open.lock().batch.as_ref().map(Batch::lent), Some(8192));
}

#[test]
fn memory_that_is_lent_out_refuses_until_a_batch_is_done() {
    let bench = AccumulatorBench::new(AccumulatorLimits { buffer_memory: 10_000, ..LIMITS });
    drop(bench.send(0, &[7; 9000]).unwrap());
    assert!(matches!(bench.send(1, &[7; 900]), Err(Refusal::MemoryFull)));
    bench.accumulator.expedite(bench.now);
    let batch = bench.batches().remove(0);
    bench.accumulator.complete(batch, Outcome::Written { base_offset: 0, log_append_time_ms: None });
    assert!(bench.send(1, &[7; 900]).is_ok());
}

#[test]
fn nothing_lingers_while_somebody_waits_for_memory() {
    let bench = AccumulatorBench::new(LIMITS);
    bench.accumulator.add_memory_waiter();
    drop(bench.send(0, b"a").unwrap());
    assert_eq!(bench.accumulator.expire(bench.now), None);
    assert_eq!(bench.counts(), [(0, 1)]);
    bench.accumulator.remove_memory_waiter();
}

#[test]
fn a_record_over_the_limit_is_named_and_leaves_the_open_batch_alone() {
    let bench = AccumulatorBench::new(LIMITS);
    drop(bench.send(0, b"a").unwrap());
    let key = "k".repeat(100);
    let record = Record::new(&bench.topic).partition(0).key(key.as_bytes()).value(&[0; 10_000]);
    let slot = bench.topic.slot_for(&record).unwrap();
    let Err(Refusal::Never(error)) = bench.accumulator.append_slowly(slot, &record, 0, bench.now) else {
        panic!("it is in");
    };
    let text = error.to_string();
    let shown = format!("with key \"{}\"…", "k".repeat(64));
    assert!(text.starts_with("topic orders, partition 0: a record "), "{text}");
    assert!(text.contains(&shown) && text.ends_with("more than max.request.size (10000)"), "{text}");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(bench.counts(), []);
}

#[test]
fn the_first_failure_is_kept_for_the_next_flush() {
    let bench = AccumulatorBench::new(LIMITS);
    for (partition, text) in [(0, "first"), (1, "second")] {
        drop(bench.send(partition, b"a").unwrap());
        bench.accumulator.expedite(bench.now);
        let batch = bench.batches().remove(0);
        bench.accumulator.complete(batch, Outcome::failed(Error::new(ErrorKind::Timeout, text)));
    }
    assert_eq!(bench.accumulator.take_failure().unwrap().to_string(), "first");
    assert!(bench.accumulator.take_failure().is_none());
    assert!(bench.accumulator.is_idle());
}

#[test]
fn what_is_closed_takes_nothing_new() {
    let bench = AccumulatorBench::new(LIMITS);
    bench.accumulator.close(Error::new(ErrorKind::Closed, "the producer is closed"));
    assert!(matches!(bench.send(0, b"a"), Err(Refusal::Never(_))));
}

#[test]
fn a_batch_that_has_lingered_stays_open_while_another_of_its_partition_waits() {
    let mut bench = AccumulatorBench::new(LIMITS);
    let partition = bench.topic.slot_for(&Record::new(&bench.topic).partition(0)).unwrap().partition.number;
    assert!(!bench.accumulator.handle_backlog(Backlog { partition, waits: true }, bench.now));
    drop(bench.send(0, b"a").unwrap());
    drop(bench.send(1, b"a").unwrap());
    bench.now += LIMITS.linger;
    assert_eq!(bench.accumulator.expire(bench.now), None);
    assert_eq!(bench.counts(), [(1, 1)], "of the other partition nothing waits");
    drop(bench.send(0, b"b").unwrap());
    assert!(bench.accumulator.handle_backlog(Backlog { partition, waits: false }, bench.now));
    assert_eq!(bench.counts(), [(0, 2)]);
    assert!(!bench.accumulator.handle_backlog(Backlog { partition, waits: false }, bench.now));
}
