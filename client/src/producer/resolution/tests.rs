//! Logs that are read, batch by batch, with a clock held by hand.

use std::time::Duration;

use bytes::BytesMut;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, set_log_append_time, set_offset};

use super::*;
use crate::ErrorKind;

const MS: Duration = Duration::from_millis(1);
const US: ProducerId = ProducerId { id: 7, epoch: 1 };

/// A log that is built batch after batch.
pub(crate) struct Log {
    start: i64,
    bytes: BytesMut,
    end: i64,
}

impl Log {
    pub(crate) fn from(offset: i64) -> Self {
        Self { start: offset, bytes: BytesMut::new(), end: offset }
    }

    /// What its leader answers.
    pub(crate) fn answer(&self, query: LogQuery) -> LogAnswer {
        match query {
            LogQuery::HighWatermark => LogAnswer::HighWatermark(self.end),
            LogQuery::LogStart => LogAnswer::LogStart(self.start),
            LogQuery::Batches(_) => LogAnswer::Batches(self.bytes.clone().freeze()),
        }
    }

    pub(crate) fn add(self, writer: ProducerId, base_sequence: i32, count: u32) -> Self {
        self.stamped(writer, base_sequence, count, None)
    }

    pub(crate) fn others(self, count: u32) -> Self {
        self.add(ProducerId { id: 8, epoch: 1 }, 0, count)
    }

    fn stamped(mut self, writer: ProducerId, base_sequence: i32, count: u32, at_ms: Option<i64>) -> Self {
        let mut batch = BatchWriter::new(BytesMut::new(), 1 << 20);
        (0..count).for_each(|_| _ = batch.append(5, None, Some(b"v"), &[]).unwrap());
        let ProducerId { id: producer_id, epoch: producer_epoch } = writer;
        let stamp = Stamp { producer_id, producer_epoch, base_sequence, transactional: false };
        let mut batch = BytesMut::from(&batch.seal(stamp, Codec::NONE)[..]);
        set_offset(&mut batch, self.end, 0);
        if let Some(at_ms) = at_ms {
            set_log_append_time(&mut batch, at_ms);
        }
        self.bytes.extend_from_slice(&batch);
        self.end += i64::from(count);
        self
    }

    fn bytes(self) -> Result<LogAnswer, &'static Error> {
        Ok(LogAnswer::Batches(self.bytes.freeze()))
    }
}

struct ResolutionBench {
    resolution: Resolution,
    now: Instant,
}

impl ResolutionBench {
    /// Looks for batches behind one that was acknowledged at offset 40, under the sequence 9.
    fn new(sought: &[(i32, u32)]) -> Self {
        let anchor = Anchor { identity: US, last_sequence: 9, last_offset: 40 };
        Self::with(Some(anchor), sought)
    }

    fn with(anchor: Option<Anchor>, sought: &[(i32, u32)]) -> Self {
        let sought = sought.iter().map(|(first, count)| range(*first, *count)).collect();
        let resolution = Resolution::new(US, anchor, sought, Backoff::new(100 * MS, 1000 * MS));
        Self { resolution, now: Instant::now() }
    }

    fn asks(&mut self, query: LogQuery) {
        assert_eq!(self.resolution.poll_query(self.now), Some(query));
        assert_eq!(self.resolution.due(self.now), None, "one at a time");
    }

    fn hears(&mut self, answer: Result<LogAnswer, &Error>) -> Option<Conclusion> {
        self.resolution.handle_answer(answer.as_ref().map_err(|error| *error), self.now, 0.5)
    }

    /// Asks for the end and is told it.
    fn ends_at(&mut self, end: i64) {
        self.asks(LogQuery::HighWatermark);
        assert!(self.hears(Ok(LogAnswer::HighWatermark(end))).is_none());
    }

    fn concludes(&mut self, answer: Result<LogAnswer, &Error>) -> Conclusion {
        self.hears(answer).expect("all that can be known is known")
    }
}

fn range(first: i32, count: u32) -> SequenceRange {
    SequenceRange { first, count }
}

fn refused(code: ErrorCode) -> Error {
    Error::from_code(code, "Fetch")
}

/// Nothing is known of what was not found, and the reason has these words.
fn unknown(conclusion: &Conclusion, words: &str) {
    match &conclusion.not_found {
        NotFound::Unknown(why) => assert!(why.contains(words), "{words:?} is missing in: {why}"),
        NotFound::Absent => panic!("absent, where this was expected: {words}"),
    }
}

#[test]
fn what_lies_behind_the_anchor_is_found_with_its_offset_and_reading_ends_with_the_last() {
    let mut bench = ResolutionBench::new(&[(10, 2), (12, 3)]);
    bench.ends_at(1000);
    bench.asks(LogQuery::Batches(40));
    assert!(bench.hears(Log::from(40).add(US, 9, 1).others(3).add(US, 10, 2).others(1).bytes()).is_none());
    bench.asks(LogQuery::Batches(47));
    let conclusion = bench.concludes(Log::from(47).stamped(US, 12, 3, Some(77)).bytes());
    assert_eq!(conclusion.place(range(10, 2)), Some((44, None)));
    assert_eq!(conclusion.place(range(12, 3)), Some((47, Some(77))), "with the broker's own time");
    assert_eq!(conclusion.place(range(15, 1)), None);
}

#[test]
fn batches_of_another_producer_or_epoch_are_not_ours() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(45);
    bench.asks(LogQuery::Batches(40));
    let older = ProducerId { epoch: 0, ..US };
    let other = ProducerId { id: 8, ..US };
    let conclusion = bench.concludes(Log::from(40).add(US, 9, 1).add(older, 10, 2).add(other, 10, 2).bytes());
    assert!(conclusion.place(range(10, 2)).is_none() && matches!(conclusion.not_found, NotFound::Absent));
}

#[test]
fn a_half_is_found_within_the_whole_that_was_written() {
    let mut bench = ResolutionBench::new(&[(10, 3), (13, 2)]);
    bench.ends_at(50);
    bench.asks(LogQuery::Batches(40));
    let conclusion = bench.concludes(Log::from(40).add(US, 9, 1).add(US, 10, 5).bytes());
    assert_eq!(conclusion.place(range(10, 3)), Some((41, None)));
    assert_eq!(conclusion.place(range(13, 2)), Some((44, None)));
    assert_eq!(conclusion.place(range(14, 2)), None, "one record of it is not there");
}

#[test]
fn sequences_wrap_within_a_batch_and_between_two() {
    let mut bench = ResolutionBench::new(&[(i32::MAX, 3), (2, 1)]);
    bench.ends_at(50);
    bench.asks(LogQuery::Batches(40));
    let conclusion = bench.concludes(Log::from(41).add(US, i32::MAX, 3).add(US, 2, 1).bytes());
    assert_eq!(conclusion.place(range(i32::MAX, 3)), Some((41, None)));
    assert_eq!(conclusion.place(range(1, 1)), Some((43, None)));
    assert_eq!(conclusion.place(range(2, 1)), Some((44, None)));
}

#[test]
fn what_is_not_between_the_anchor_and_the_end_is_absent() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(44);
    bench.asks(LogQuery::Batches(40));
    assert!(bench.hears(Log::from(40).add(US, 9, 1).others(2).bytes()).is_none(), "the end is not reached");
    bench.asks(LogQuery::Batches(43));
    assert!(matches!(bench.concludes(Log::from(43).others(1).bytes()).not_found, NotFound::Absent));
}

#[test]
fn a_log_that_ends_before_the_anchor_was_cut_off() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.asks(LogQuery::HighWatermark);
    let conclusion = bench.concludes(Ok(LogAnswer::HighWatermark(40)));
    unknown(&conclusion, "it ends at offset 40, and offset 40 was acknowledged");
}

#[test]
fn without_the_anchor_in_its_place_what_is_found_is_known_and_the_rest_is_not() {
    let mut bench = ResolutionBench::new(&[(10, 2), (12, 1)]);
    bench.ends_at(45);
    bench.asks(LogQuery::Batches(40));
    let conclusion = bench.concludes(Log::from(40).others(3).add(US, 10, 2).bytes());
    assert_eq!(conclusion.place(range(10, 2)), Some((43, None)));
    unknown(&conclusion, "offset 40, which was acknowledged");
}

#[test]
fn what_is_missing_before_a_later_batch_was_removed() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(45);
    bench.asks(LogQuery::Batches(40));
    let conclusion = bench.concludes(Log::from(40).add(US, 9, 1).others(3).add(US, 12, 1).bytes());
    unknown(&conclusion, "was removed");
}

#[test]
fn where_the_anchor_is_deleted_reading_begins_where_the_log_does() {
    let mut bench = ResolutionBench::new(&[(10, 2), (12, 1)]);
    bench.ends_at(103);
    bench.asks(LogQuery::Batches(40));
    assert!(bench.hears(Err(&refused(ErrorCode::OFFSET_OUT_OF_RANGE))).is_none());
    bench.asks(LogQuery::LogStart);
    assert!(bench.hears(Ok(LogAnswer::LogStart(100))).is_none());
    bench.asks(LogQuery::Batches(100));
    let conclusion = bench.concludes(Log::from(100).add(US, 10, 2).others(1).bytes());
    assert_eq!(conclusion.place(range(10, 2)), Some((100, None)));
    unknown(&conclusion, "offset 40, which was acknowledged");
    // A leader that says so again and again is not asked for ever.
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(103);
    bench.asks(LogQuery::Batches(40));
    assert!(bench.hears(Err(&refused(ErrorCode::OFFSET_OUT_OF_RANGE))).is_none());
    bench.asks(LogQuery::LogStart);
    assert!(bench.hears(Ok(LogAnswer::LogStart(100))).is_none());
    bench.asks(LogQuery::Batches(100));
    unknown(&bench.concludes(Err(&refused(ErrorCode::OFFSET_OUT_OF_RANGE))), "OFFSET_OUT_OF_RANGE");
}

#[test]
fn without_an_anchor_the_end_of_the_log_is_read_and_a_whole_log_tells_all() {
    let end = TAIL_OFFSETS_MAX + 500;
    for (start, from, absent) in [(0, 500, false), (700, 700, false)] {
        let mut bench = ResolutionBench::with(None, &[(0, 2)]);
        bench.ends_at(end);
        bench.asks(LogQuery::LogStart);
        assert!(bench.hears(Ok(LogAnswer::LogStart(start))).is_none());
        bench.asks(LogQuery::Batches(from));
        let conclusion = bench.concludes(Log::from(end - 1).others(1).bytes());
        assert_eq!(matches!(conclusion.not_found, NotFound::Absent), absent);
        unknown(&conclusion, "nothing was acknowledged before it");
    }
    let mut bench = ResolutionBench::with(None, &[(0, 2)]);
    bench.ends_at(3);
    bench.asks(LogQuery::LogStart);
    assert!(bench.hears(Ok(LogAnswer::LogStart(0))).is_none());
    bench.asks(LogQuery::Batches(0));
    assert!(matches!(bench.concludes(Log::from(0).others(3).bytes()).not_found, NotFound::Absent));
}

#[test]
fn what_may_succeed_later_is_asked_again_after_a_while_and_nothing_else_is() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.asks(LogQuery::HighWatermark);
    let gone = Error::new(ErrorKind::Disconnected, "the connection broke");
    for (error, wait) in [(refused(ErrorCode::OFFSET_NOT_AVAILABLE), 100), (gone, 200)] {
        assert!(bench.hears(Err(&error)).is_none());
        assert_eq!(bench.resolution.poll_query(bench.now), None);
        assert_eq!(bench.resolution.due(bench.now), Some(bench.now + wait * MS));
        bench.now += wait * MS;
        bench.asks(LogQuery::HighWatermark);
    }
    let forbidden = refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    unknown(&bench.concludes(Err(&forbidden)), "TOPIC_AUTHORIZATION_FAILED");
}

#[test]
fn a_leader_that_gives_nothing_is_not_asked_at_once() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(100);
    for wait in [100, 200, 400] {
        bench.asks(LogQuery::Batches(40));
        assert!(bench.hears(Log::from(40).bytes()).is_none());
        assert_eq!(bench.resolution.due(bench.now), Some(bench.now + wait * MS));
        bench.now += wait * MS;
    }
}

#[test]
fn no_more_than_so_much_is_read() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(i64::MAX);
    let mut writer = BatchWriter::new(BytesMut::new(), 2 << 20);
    writer.append(5, None, Some(&vec![b'v'; 1 << 20]), &[]).unwrap();
    let mut batch = BytesMut::from(&writer.seal(Stamp::NONE, Codec::NONE)[..]);
    let mut answers = 0;
    let conclusion = loop {
        bench.asks(LogQuery::Batches(40 + answers));
        set_offset(&mut batch, 40 + answers, 0);
        answers += 1;
        if let Some(conclusion) = bench.hears(Ok(LogAnswer::Batches(batch.clone().freeze()))) {
            break conclusion;
        }
    };
    assert_eq!(answers, 64);
    unknown(&conclusion, "64 MiB");
}

#[test]
fn a_damaged_batch_of_ours_proves_nothing() {
    let mut bench = ResolutionBench::new(&[(10, 2)]);
    bench.ends_at(43);
    bench.asks(LogQuery::Batches(40));
    let mut log = Log::from(40).add(US, 9, 1).add(US, 10, 2);
    let last = log.bytes.len() - 1;
    log.bytes[last] ^= 1;
    let conclusion = bench.concludes(log.bytes());
    assert_eq!(conclusion.place(range(10, 2)), None);
    unknown(&conclusion, "cannot be read");
}
