//! A batch that is too large for its broker leaves in halves.

use super::*;

/// What a broker that takes no more than so many records at once makes of what flies, until all is in.
fn fly_past(bench: &mut SequenceBench, count_max: i32) -> Vec<Stamped> {
    let (mut log, mut expected) = (Vec::new(), 0);
    for _ in 0..100 {
        bench.wait();
        let flights: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
        for flight in flights {
            let (epoch, first, count) = stamped(&flight.bytes);
            let answer = match (first == expected, count <= count_max) {
                (_, false) => refused(ErrorCode::MESSAGE_TOO_LARGE),
                (false, true) => refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
                (true, true) => {
                    expected += count;
                    log.push((epoch, first, count));
                    written(i64::from(first))
                }
            };
            bench.sequence.handle_answer(flight.key, answer, bench.now, 0.5);
        }
    }
    assert!(bench.sequence.is_empty());
    log
}

#[test]
fn a_batch_that_exceeds_limit_leaves_in_halves_and_those_behind_keep_their_sequence() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1, 7, 2]);
    let log = fly_past(&mut bench, 3);
    // Seven become four and three, four become two and two.
    assert_eq!(log, [(0, 0, 1), (0, 1, 2), (0, 3, 2), (0, 5, 3), (0, 8, 2)]);
}

#[test]
fn one_record_that_exceeds_limit_fails_and_the_rest_goes_on_under_the_next_epoch() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[1, 1]);
    bench.fly();
    let error = bench.failed(0, refused(ErrorCode::MESSAGE_TOO_LARGE));
    assert_eq!((error.kind(), error.may_have_been_written()), (ErrorKind::TooLarge, false));
    bench.tried_again(1, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    bench.wait();
    assert_eq!(bench.fly(), [(1, (1, 0, 1))]);
}

#[test]
fn halves_hold_what_the_whole_held_and_its_records_in_order() {
    let topic = topic(&[Some(1)]);
    let partition = Arc::clone(&topic.slot_for(&Record::new(&topic)).unwrap().partition);
    let mut batch = Batch::new(3, partition, BytesMut::zeroed(4000), Instant::now());
    let headers = [crate::Header { key: "h", value: None }];
    for number in 0..9u8 {
        let (key, value) = ([number], vec![number; usize::from(number) * 40]);
        let record = Record::new(&topic).key(&key).value(&value).headers(&headers);
        drop(batch.append(&record, 100 + i64::from(number)).unwrap());
    }
    let codec = Codec { compression: upsert_kafka_protocol::records::Compression::Lz4, level: None };
    batch.sealed(Stamp::NONE, codec);
    let (lent, mut parts) = (batch.lent(), 0);
    let mut halves = batch.split(&mut parts).unwrap();
    assert_eq!(halves.iter().map(Batch::lent).sum::<usize>(), lent);
    let mut seen = Vec::new();
    for half in &mut halves {
        let bytes = half.sealed(Stamp::NONE, codec);
        let batch = batches(&bytes).next().unwrap().unwrap();
        for record in batch.body(10_000).unwrap().iter() {
            let record = record.unwrap();
            assert_eq!(record.headers().count(), 1);
            seen.push((record.timestamp_ms - 100, record.key.unwrap()[0], record.value.unwrap().len()));
        }
    }
    let expected: Vec<_> = (0..9u8).map(|n| (i64::from(n), n, usize::from(n) * 40)).collect();
    assert_eq!(seen, expected);
    let [a, b] = halves;
    assert_eq!((a.count + b.count, parts), (9, 2));
    assert!(a.count > b.count, "halves by bytes, and the later records are larger");
}

#[test]
fn halves_of_a_batch_in_doubt_are_not_re_sequenced_and_say_that_they_may_be_written() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[4]);
    bench.fly();
    // It was written, and nobody said so; then the topic takes no batch as large as that any more.
    bench.tried_again(0, lost());
    bench.wait();
    bench.fly();
    assert!(bench.answer(0, refused(ErrorCode::MESSAGE_TOO_LARGE)).split);
    bench.wait();
    let first = bench.sequence.poll_batch(bench.now).unwrap();
    // The leader knows the whole again, and not its half.
    let refused = refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let settled = bench.sequence.handle_answer(first.key, refused, bench.now, 0.5);
    assert!(settled.finished.is_none());
    // The whole is not there, and may still come.
    let finished = bench.reads(&Log::from(0).others(3));
    let (_, outcome) = finished.into_iter().next().expect("it fails");
    let error = outcome.error().unwrap();
    assert!(error.may_have_been_written() && error.to_string().contains("may still come"), "{error}");
}

#[test]
fn halves_of_a_batch_in_doubt_are_acknowledged_within_the_whole() {
    let mut bench = SequenceBench::new(config());
    bench.add(&[4]);
    bench.fly();
    bench.tried_again(0, lost());
    bench.wait();
    bench.fly();
    assert!(bench.answer(0, refused(ErrorCode::MESSAGE_TOO_LARGE)).split);
    bench.wait();
    let flights: Vec<_> = std::iter::from_fn(|| bench.sequence.poll_batch(bench.now)).collect();
    for flight in &flights {
        let refused = refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        let settled = bench.sequence.handle_answer(flight.key, refused, bench.now, 0.5);
        assert!(settled.finished.is_none());
    }
    let finished = bench.reads(&Log::from(0).others(3).add(ProducerId { id: 7, epoch: 0 }, 0, 4));
    let places: Vec<_> = finished.iter().map(|(batch, outcome)| (batch.count, place(outcome))).collect();
    assert_eq!(places, [(2, Some(3)), (2, Some(5))]);
}
