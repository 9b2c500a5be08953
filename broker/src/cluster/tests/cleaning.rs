//! Retention, compaction and DeleteRecords: what is left of a log, and what readers of it hear.

use upsert_kafka_protocol::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::records::{Compression, ControlType};

use super::*;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A record of a partition: its offset, key and value; a marker's value is its type.
type Told = (i64, String, Option<String>);

impl Script {
    /// Produces a batch of records of now.
    fn put(&mut self, records: &[(&str, Option<&str>)], stamp: Stamp) -> i64 {
        self.put_packed(records, stamp, Codec::NONE)
    }

    fn put_packed(&mut self, records: &[(&str, Option<&str>)], stamp: Stamp, codec: Codec) -> i64 {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        for (key, value) in records {
            let value = value.map(str::as_bytes);
            writer.append(self.now().unix_ms, Some(key.as_bytes()), value, &[]).unwrap();
        }
        let mut request = produce("t", 0, writer.seal(stamp, codec));
        request.transactional_id = stamp.transactional.then(|| Str::from_static("x"));
        let answer = self.ask(&request, 12).responses.remove(0).partition_responses.remove(0);
        assert_eq!(answer.error_code, ErrorCode::NONE);
        answer.base_offset
    }

    fn clean(&mut self) {
        let now = self.now();
        self.cluster.clean(now);
    }

    /// Lets what is due have all its turns.
    fn upkeep(&mut self) {
        let now = self.now();
        self.cluster.handle_upkeep(now);
        while self.cluster.upkeep_deadline().is_some_and(|deadline| deadline <= now.instant) {
            self.cluster.handle_upkeep(now);
        }
    }

    fn fetch(&mut self, offset: i64, isolation_level: i8) -> PartitionData {
        let part =
            FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic: Str::from_static("t"), partitions: vec![part], ..Default::default() };
        let request = FetchRequest { isolation_level, topics: vec![topic], ..Default::default() };
        self.ask(&request, 12).responses.remove(0).partitions.remove(0)
    }

    /// What is left, as a reader gets it who follows the offsets to the end, whatever a fetch brings.
    fn left(&mut self, isolation_level: i8) -> Vec<Told> {
        let (mut all, mut next) = (Vec::new(), self.offset(-2));
        loop {
            let data = self.fetch(next, isolation_level);
            assert_eq!(data.error_code, ErrorCode::NONE);
            let end = if isolation_level == 1 { data.last_stable_offset } else { data.high_watermark };
            let aborted = data.aborted_transactions.unwrap_or_default();
            let before = next;
            for batch in batches(&data.records.unwrap()).map(Result::unwrap) {
                batch.check().unwrap();
                next = batch.next_offset();
                let from = aborted.iter().find(|it| it.producer_id == batch.producer_id());
                let dropped = from.is_some_and(|it| it.first_offset <= batch.base_offset());
                for record in batch.body(1 << 20).unwrap().iter().map(Result::unwrap) {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    if batch.is_control() {
                        let kind = ControlType::of_key(record.key).unwrap();
                        all.push((record.offset, "marker".to_owned(), Some(kind.to_string())));
                    } else if !dropped && record.offset >= before {
                        all.push((record.offset, text(record.key.unwrap()), record.value.map(text)));
                    }
                }
            }
            assert!(next > before || next == end, "a reader is stuck at {next} before {end}");
            if next == end {
                return all;
            }
        }
    }

    fn offset(&mut self, timestamp: i64) -> i64 {
        let part = ListOffsetsPartition { timestamp, ..Default::default() };
        let topic =
            ListOffsetsTopic { name: Str::from_static("t"), partitions: vec![part], ..Default::default() };
        let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
        self.ask(&request, 7).topics.remove(0).partitions.remove(0).offset
    }

    fn delete_records(&mut self, offset: i64) -> (ErrorCode, i64) {
        let part = DeleteRecordsPartition { offset, ..Default::default() };
        let topic =
            DeleteRecordsTopic { name: Str::from_static("t"), partitions: vec![part], ..Default::default() };
        let request = DeleteRecordsRequest { topics: vec![topic], ..Default::default() };
        let part = self.ask(&request, 2).topics.remove(0).partitions.remove(0);
        (part.error_code, part.low_watermark)
    }

    fn begin(&mut self) -> Stamp {
        let transactional_id = Some(Str::from_static("x"));
        let request = InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let InitProducerIdResponse { producer_id, producer_epoch, error_code, .. } = self.ask(&request, 5);
        assert_eq!(error_code, ErrorCode::NONE);
        Stamp { producer_id, producer_epoch, base_sequence: 0, transactional: true }
    }

    /// Ends the producer's transaction; with which stamp it goes on.
    fn finish(&mut self, stamp: Stamp, committed: bool) -> Stamp {
        let Stamp { producer_id, producer_epoch, .. } = stamp;
        let transactional_id = Str::from_static("x");
        let request =
            EndTxnRequest { transactional_id, producer_id, producer_epoch, committed, ..Default::default() };
        let answer = self.ask(&request, 5);
        assert_eq!(answer.error_code, ErrorCode::NONE);
        Stamp { producer_id: answer.producer_id, producer_epoch: answer.producer_epoch, ..stamp }
    }
}

fn told(records: &[(i64, &str, Option<&str>)]) -> Vec<Told> {
    records.iter().map(|(at, key, value)| (*at, (*key).to_owned(), value.map(str::to_owned))).collect()
}

fn compacted(configs: &[(&str, &str)]) -> Script {
    let mut script = Script::new();
    script.create("t", 1, &[&[("cleanup.policy", "compact")], configs].concat());
    script
}

#[test]
fn what_is_deleted_is_out_of_range_and_the_rest_begins_there() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    for _ in 0..3 {
        script.put(&[("a", Some("1")), ("b", Some("2"))], Stamp::NONE);
    }
    let bytes = script.cluster.stats().bytes_stored;
    assert_eq!(script.delete_records(3), (ErrorCode::NONE, 3));
    assert_eq!((script.offset(-2), script.offset(-4), script.offset(0)), (3, 3, 3));
    assert_eq!(script.fetch(2, 0).error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
    assert_eq!(script.left(0).iter().map(|it| it.0).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(
        script.cluster.stats().bytes_stored,
        bytes / 3 * 2,
        "the batch that holds the start stays whole"
    );
    assert_eq!(script.delete_records(1), (ErrorCode::NONE, 3), "it never moves back");
    assert_eq!(script.delete_records(7), (ErrorCode::OFFSET_OUT_OF_RANGE, -1));
    assert_eq!(script.delete_records(-1), (ErrorCode::NONE, 6));
    assert_eq!(script.cluster.stats().bytes_stored, 0);
    assert_eq!(script.put(&[("c", None)], Stamp::NONE), 6);
    assert_eq!(script.left(0), told(&[(6, "c", None)]));
}

#[test]
fn who_waits_before_the_new_start_hears_at_once() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    let part = FetchPartition { fetch_offset: 0, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: Str::from_static("t"), partitions: vec![part], ..Default::default() };
    let request =
        FetchRequest { max_wait_ms: 1_000, min_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
    let peer = script.send(&request, 12);
    assert_eq!(script.hear::<FetchRequest>(peer, 12), Heard::Nothing);
    let part = DeleteRecordsPartition { offset: 1, ..Default::default() };
    let topic =
        DeleteRecordsTopic { name: Str::from_static("t"), partitions: vec![part], ..Default::default() };
    let deleter = script.send(&DeleteRecordsRequest { topics: vec![topic], ..Default::default() }, 2);
    assert!(matches!(script.hear::<DeleteRecordsRequest>(deleter, 2), Heard::Answer(_)));
    let Heard::Answer(answer) = script.hear::<FetchRequest>(peer, 12) else { panic!("no answer") };
    assert_eq!(answer.responses[0].partitions[0].error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
}

#[test]
fn a_transaction_that_lost_its_beginning_does_not_hold_readers_before_the_start() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let stamp = script.begin();
    script.put(&[("a", Some("1")), ("b", Some("2"))], stamp);
    assert_eq!(script.delete_records(1), (ErrorCode::NONE, 1));
    let data = script.fetch(1, 1);
    assert_eq!((data.error_code, data.last_stable_offset), (ErrorCode::NONE, 1));
    script.finish(stamp, false);
    assert_eq!(script.left(1), told(&[(2, "marker", Some("ABORT"))]), "what is left of it is aborted");
}

#[test]
fn records_that_are_too_old_go_segment_by_segment() {
    let mut script = Script::new();
    script.create("t", 1, &[("retention.ms", "1000"), ("segment.ms", "500")]);
    script.cluster.handle_upkeep(script.now());
    for _ in 0..4 {
        script.put(&[("a", Some("1"))], Stamp::NONE);
        script.pass(300);
    }
    // Segments of [0, 1], [2, 3]; the second one's last record is of 900, the first one's of 300.
    let upkeep = |script: &mut Script, ms| {
        script.pass(ms);
        script.cluster.handle_upkeep(script.now());
        script.offset(-2)
    };
    assert_eq!(upkeep(&mut script, 100), 0, "1300 is not later than 300 + 1000; and it is not time to look");
    let now = script.now();
    let due = script.cluster.upkeep_deadline().unwrap();
    assert!(due > now.instant && due <= now.instant + Duration::from_secs(300));
    script.create("u", 1, &[]);
    assert_eq!(upkeep(&mut script, 300_000), 4, "all of it, also the segment that was written to");
    assert_eq!(script.put(&[("a", Some("1"))], Stamp::NONE), 4);
}

#[test]
fn retention_by_time_leaves_what_is_young() {
    let config =
        BrokerConfig { seed: 1, retention_check_interval: Duration::from_millis(100), ..Default::default() };
    let mut script = Script::with(config);
    script.create("t", 1, &[("retention.ms", "1000"), ("segment.ms", "500")]);
    script.cluster.handle_upkeep(script.now());
    let mut starts = Vec::new();
    for _ in 0..12 {
        script.put(&[("a", Some("1"))], Stamp::NONE);
        script.pass(300);
        script.cluster.handle_upkeep(script.now());
        starts.push(script.offset(-2));
    }
    // Two records make a segment, which goes when its second is older than 1000: at 1500, 2100, …
    assert_eq!(starts, [0, 0, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8]);
}

#[test]
fn a_log_that_is_too_large_loses_its_first_segments() {
    let mut script = Script::new();
    script.create("t", 1, &[("retention.bytes", "1000"), ("retention.ms", "-1")]);
    let value = "v".repeat(500);
    for _ in 0..9 {
        script.put(&[("a", Some(&value))], Stamp::NONE);
    }
    let size = script.cluster.stats().bytes_stored / 9;
    script.cluster.handle_upkeep(script.now());
    script.pass(DAY_MS);
    script.cluster.handle_upkeep(script.now());
    assert_eq!(script.offset(-2), 0, "it is one segment");
    script.clean();
    assert_eq!(script.offset(-2), 7, "one less would be below 1000 bytes");
    assert_eq!(script.cluster.stats().bytes_stored, 2 * size);
}

#[test]
fn a_topic_that_is_kept_for_ever_loses_nothing() {
    let mut script = Script::new();
    script.create("t", 1, &[("cleanup.policy", "")]);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    script.pass(30 * DAY_MS);
    script.clean();
    assert_eq!(script.left(0).len(), 2);
}

#[test]
fn the_newest_record_of_each_key_stays_at_its_offset() {
    for compression in Compression::ALL {
        let mut script = compacted(&[]);
        let codec = Codec::from(compression);
        script.put_packed(&[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))], Stamp::NONE, codec);
        script.put_packed(&[("b", Some("2"))], Stamp::NONE, codec);
        script.put_packed(&[("c", Some("1")), ("b", Some("3"))], Stamp::NONE, codec);
        script.clean();
        let left = told(&[(2, "a", Some("2")), (4, "c", Some("1")), (5, "b", Some("3"))]);
        assert_eq!(script.left(0), left, "{compression}");
        assert_eq!(
            (script.offset(-2), script.cluster.stats().batches),
            (0, 2),
            "the log begins where it did"
        );
        for offset in 3..=6 {
            assert_eq!(script.fetch(offset, 0).error_code, ErrorCode::NONE);
        }
        assert_eq!(base(&script.fetch(3, 0)), [4], "a hole is followed by what comes next");
        script.clean();
        assert_eq!(script.left(0), left, "once is enough");
        assert_eq!(script.put(&[("c", Some("2"))], Stamp::NONE), 6);
        script.clean();
        assert_eq!(script.left(0), told(&[(2, "a", Some("2")), (5, "b", Some("3")), (6, "c", Some("2"))]));
    }
}

fn base(data: &PartitionData) -> Vec<i64> {
    batches(data.records.as_ref().unwrap()).map(|batch| batch.unwrap().base_offset()).collect()
}

#[test]
fn tombstones_go_when_their_time_is_over_and_not_before() {
    let mut script = compacted(&[("delete.retention.ms", "1000")]);
    script.put(&[("a", Some("1")), ("b", Some("1"))], Stamp::NONE);
    script.put(&[("a", None)], Stamp::NONE);
    script.put(&[("c", Some("1"))], Stamp::NONE);
    let with_tombstone = told(&[(1, "b", Some("1")), (2, "a", None), (3, "c", Some("1"))]);
    script.pass(5_000);
    script.clean();
    assert_eq!(script.left(0), with_tombstone, "time counts from the first compaction that met it");
    script.pass(999);
    script.clean();
    assert_eq!(script.left(0), with_tombstone);
    script.pass(1);
    script.clean();
    assert_eq!(script.left(0), told(&[(1, "b", Some("1")), (3, "c", Some("1"))]));
}

#[test]
fn the_end_of_a_log_can_be_read_to_when_its_last_records_are_gone() {
    let mut script = compacted(&[("delete.retention.ms", "0")]);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", None)], Stamp::NONE);
    script.clean();
    script.clean();
    assert_eq!(script.left(0), []);
    assert_eq!((script.offset(-1), script.cluster.stats().batches), (2, 1));
    script.put(&[("b", Some("1"))], Stamp::NONE);
    script.clean();
    assert_eq!(script.left(0), told(&[(2, "b", Some("1"))]));
    assert_eq!(script.cluster.stats().batches, 1, "an empty batch goes when it is not the last any more");
}

#[test]
fn an_open_transaction_and_all_behind_it_is_left_alone() {
    let mut script = compacted(&[]);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    let stamp = script.begin();
    script.put(&[("a", Some("3"))], stamp);
    script.put(&[("a", Some("4"))], Stamp::NONE);
    script.clean();
    let open = told(&[(1, "a", Some("2")), (2, "a", Some("3")), (3, "a", Some("4"))]);
    assert_eq!(script.left(0), open, "an abort would bring the second back");
    assert_eq!(script.left(1), told(&[(1, "a", Some("2"))]));
    script.finish(stamp, true);
    script.clean();
    // The marker stays, and as long as a tombstone when it decides about nothing any more.
    let decided = told(&[(3, "a", Some("4")), (4, "marker", Some("COMMIT"))]);
    assert_eq!((script.left(0), script.left(1)), (decided.clone(), decided));
}

#[test]
fn aborted_records_go_and_do_not_outdo_older_ones() {
    let mut script = compacted(&[("delete.retention.ms", "1000")]);
    script.put(&[("a", Some("1")), ("b", Some("1"))], Stamp::NONE);
    let stamp = script.begin();
    script.put(&[("a", Some("lost")), ("c", Some("lost"))], stamp);
    let stamp = script.finish(stamp, false);
    script.put(&[("b", Some("2"))], stamp);
    script.finish(stamp, true);
    script.clean();
    let left = |markers: &[(i64, &str, Option<&str>)]| {
        let mut all = told(&[&[(0, "a", Some("1")), (5, "b", Some("2"))], markers].concat());
        all.sort();
        all
    };
    let both = left(&[(4, "marker", Some("ABORT")), (6, "marker", Some("COMMIT"))]);
    assert_eq!((script.left(0), script.left(1)), (both.clone(), both.clone()));
    script.clean();
    script.pass(999);
    script.clean();
    assert_eq!(script.left(1), both, "it counts from where its records were gone");
    script.pass(1);
    script.clean();
    let one = left(&[(6, "marker", Some("COMMIT"))]);
    assert_eq!(script.left(1), one, "whose producer is not taken for aborted, though its marker is gone");
    assert!(script.fetch(0, 1).aborted_transactions.unwrap().is_empty());
}

#[test]
fn by_the_clock_only_closed_segments_are_compacted_and_only_if_it_is_worth_it() {
    let configs = [("segment.ms", "1000"), ("min.cleanable.dirty.ratio", "0.5")];
    let mut script = compacted(&configs);
    let turn = |script: &mut Script| {
        script.pass(15_000);
        script.upkeep();
        script.left(0).into_iter().map(|it| it.0).collect::<Vec<_>>()
    };
    script.cluster.handle_upkeep(script.now());
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    assert_eq!(turn(&mut script), [0, 1], "the segment is still written to");
    script.put(&[("a", Some("3"))], Stamp::NONE);
    assert_eq!(turn(&mut script), [1, 2], "a new one was begun");
    script.put(&[("a", Some("4"))], Stamp::NONE);
    assert_eq!(turn(&mut script), [1, 2, 3], "half of it is not more than half");
    script.put(&[("a", Some("5"))], Stamp::NONE);
    assert_eq!(turn(&mut script), [3, 4]);
}

#[test]
fn records_may_be_kept_from_compaction_for_a_while_or_forced_into_it() {
    let mut script = compacted(&[("min.compaction.lag.ms", "5000")]);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    script.pass(4_999);
    script.clean();
    assert_eq!(script.left(0).len(), 2);
    script.pass(1);
    script.clean();
    assert_eq!(script.left(0).len(), 1);

    let mut script = compacted(&[("max.compaction.lag.ms", "20000"), ("min.cleanable.dirty.ratio", "1")]);
    script.cluster.handle_upkeep(script.now());
    for value in ["1", "2", "3"] {
        script.put(&[("a", Some(value))], Stamp::NONE);
        script.pass(30_000);
        script.upkeep();
    }
    assert_eq!(script.left(0).into_iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_topic_may_be_compacted_and_lose_what_is_old() {
    let mut script = Script::new();
    script.create("t", 1, &[("cleanup.policy", "compact,delete"), ("retention.ms", "1000")]);
    script.put(&[("old", Some("1"))], Stamp::NONE);
    script.pass(2_000);
    script.put(&[("a", Some("1"))], Stamp::NONE);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    script.clean();
    assert_eq!((script.left(0), script.offset(-2)), (told(&[(2, "a", Some("2"))]), 1));
    assert_eq!(script.delete_records(2), (ErrorCode::NONE, 2));
}

#[test]
fn a_repetition_is_known_when_its_batch_is_compacted_away() {
    let mut script = compacted(&[]);
    let stamp = sequenced(4, 0);
    assert_eq!(script.put(&[("a", Some("1"))], stamp), 0);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    script.clean();
    assert_eq!(script.put(&[("a", Some("1"))], stamp), 0);
    assert_eq!(script.left(0), told(&[(1, "a", Some("2"))]));
    assert_eq!(script.put(&[("a", Some("3"))], sequenced(4, 1)), 2);
}

#[test]
fn times_are_found_behind_what_is_gone() {
    let mut script = compacted(&[]);
    script.put(&[("a", Some("1")), ("b", Some("1"))], Stamp::NONE);
    script.pass(10);
    script.put(&[("a", Some("2"))], Stamp::NONE);
    script.clean();
    let at = |script: &mut Script, ms: i64| script.offset(UNIX_MS + ms);
    assert_eq!((at(&mut script, 0), at(&mut script, 5), script.offset(-3)), (1, 2, 2));
    let policy = [("cleanup.policy", "compact,delete")];
    let mut script = Script::new();
    script.create("t", 1, &policy);
    script.put(&[("a", Some("1")), ("b", Some("1"))], Stamp::NONE);
    script.delete_records(1);
    assert_eq!(at(&mut script, 0), 1, "not before the start");
}

#[test]
fn a_log_is_compacted_in_turns_and_left_alone_when_it_is_cut_meanwhile() {
    let configs = [("segment.bytes", "1048576"), ("cleanup.policy", "compact,delete")];
    let value = "v".repeat(1 << 19);
    let filled = || {
        let mut script = Script::new();
        script.create("t", 1, &configs);
        script.cluster.handle_upkeep(script.now());
        for _ in 0..20 {
            script.put(&[("a", Some(&value)), ("b", Some("1"))], Stamp::NONE);
        }
        script.pass(15_000);
        script
    };
    let mut script = filled();
    let mut turns = 0;
    while script.cluster.upkeep_deadline().unwrap() <= script.now().instant {
        script.cluster.handle_upkeep(script.now());
        turns += 1;
        assert_eq!(script.fetch(39, 0).error_code, ErrorCode::NONE, "others are answered");
    }
    // 9 MiB are read twice, 4 MiB a turn; one more finds nothing to do.
    assert_eq!(turns, 6);
    assert_eq!(script.left(0).into_iter().map(|it| it.0).collect::<Vec<_>>(), [36, 37, 38, 39]);

    let mut script = filled();
    script.cluster.handle_upkeep(script.now());
    assert_eq!(script.delete_records(10), (ErrorCode::NONE, 10));
    script.cluster.handle_upkeep(script.now());
    assert_eq!(script.left(0).len(), 30, "its numbers mean other batches now");
    script.upkeep();
    assert_eq!(script.left(0).into_iter().map(|it| it.0).collect::<Vec<_>>(), [36, 37, 38, 39]);
}
