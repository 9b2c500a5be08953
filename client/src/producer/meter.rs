//! What a producer measures: a table of Java's names, each with the figure that it stands for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sequence::BatchStats;
use crate::metrics::{Metric, Metrics, Sensor, Windows};

/// Everything that is measured of one producer: once per batch or request, never per record.
#[derive(Debug)]
pub(crate) struct Meter {
    windows: Windows,
    batch_size: Sensor,
    compression_rate: Sensor,
    queue_time_ms: Sensor,
    request_latency_ms: Sensor,
    throttle_time_ms: Sensor,
    records_per_request: Sensor,
    record_size: Sensor,
    bytes: Sensor,
    sent: Sensor,
    retried: Sensor,
    failed: Sensor,
    splits: Sensor,
    in_flight: usize,
    spent: [Duration; SPENT],
    topics: BTreeMap<Arc<str>, TopicMeter>,
}

/// Of one topic.
#[derive(Debug)]
struct TopicMeter {
    sent: Sensor,
    bytes: Sensor,
    compression_rate: Sensor,
    retried: Sensor,
    failed: Sensor,
}

/// What a caller waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spent {
    Flush,
    Begin,
    SendOffsets,
    Commit,
    Abort,
}

const SPENT: usize = Spent::Abort as usize + 1;

/// What is known elsewhere at the moment of a reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) buffer_total_bytes: usize,
    pub(crate) buffer_available_bytes: usize,
    /// Callers that wait for memory.
    pub(crate) waiting: usize,
    /// Since the view of the cluster was renewed.
    pub(crate) metadata_age: Duration,
}

impl Meter {
    pub(crate) fn new(windows: Windows, now: Instant) -> Self {
        let sensor = || Sensor::new(windows, now);
        Self {
            windows,
            batch_size: sensor(),
            compression_rate: sensor(),
            queue_time_ms: sensor(),
            request_latency_ms: sensor(),
            throttle_time_ms: sensor(),
            records_per_request: sensor(),
            record_size: sensor(),
            bytes: sensor(),
            sent: sensor(),
            retried: sensor(),
            failed: sensor(),
            splits: sensor(),
            in_flight: 0,
            spent: [Duration::ZERO; SPENT],
            topics: BTreeMap::new(),
        }
    }

    /// A request leaves with these batches.
    pub(crate) fn handle_request<'a>(
        &mut self,
        batches: impl Iterator<Item = (&'a Arc<str>, BatchStats)>,
        now: Instant,
    ) {
        let mut all = 0;
        for (name, batch) in batches {
            let (records, bytes) = (u64::from(batch.records), batch.bytes as f64);
            all += records;
            let topic = topic(&mut self.topics, name, self.windows, now);
            if batch.again {
                self.retried.record_many(records as f64, records, now);
                topic.retried.record_many(records as f64, records, now);
                continue;
            }
            let ratio = bytes / batch.raw_bytes.max(1) as f64;
            self.batch_size.record(bytes, now);
            self.compression_rate.record(ratio, now);
            self.queue_time_ms.record(ms(batch.queued), now);
            self.record_size.record_many(batch.raw_bytes as f64, records, now);
            self.bytes.record(bytes, now);
            self.sent.record_many(records as f64, records, now);
            topic.sent.record_many(records as f64, records, now);
            topic.bytes.record(bytes, now);
            topic.compression_rate.record(ratio, now);
        }
        self.records_per_request.record(all as f64, now);
        self.in_flight += 1;
    }

    /// A request was answered after so long, or will never be.
    pub(crate) fn handle_answer(&mut self, latency: Option<Duration>, throttle_ms: u32, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(latency) = latency {
            self.request_latency_ms.record(ms(latency), now);
            self.throttle_time_ms.record(f64::from(throttle_ms), now);
        }
    }

    /// Records of a topic failed for good.
    pub(crate) fn handle_failure(&mut self, name: &Arc<str>, records: u32, now: Instant) {
        let records = u64::from(records);
        self.failed.record_many(records as f64, records, now);
        let topic = topic(&mut self.topics, name, self.windows, now);
        topic.failed.record_many(records as f64, records, now);
    }

    /// Batches were split, since brokers take no larger ones.
    pub(crate) fn handle_splits(&mut self, count: u64, now: Instant) {
        self.splits.record_many(count as f64, count, now);
    }

    /// A caller waited.
    pub(crate) fn handle_spent(&mut self, what: Spent, time: Duration) {
        self.spent[what as usize] += time;
    }

    /// All figures.
    pub(crate) fn metrics(&self, at: &Moment) -> Metrics {
        let of_client = |&(name, description, value): &Row| Metric {
            name,
            group: "producer-metrics",
            description,
            topic: None,
            value: value(self, at),
        };
        let mut all: Vec<_> = TABLE.iter().map(of_client).collect();
        for (topic, meter) in &self.topics {
            all.extend(TOPIC_TABLE.iter().map(|&(name, description, value)| Metric {
                name,
                group: "producer-topic-metrics",
                description,
                topic: Some(Arc::clone(topic)),
                value: value(meter, at.now),
            }));
        }
        Metrics::new(all)
    }
}

fn topic<'a>(
    topics: &'a mut BTreeMap<Arc<str>, TopicMeter>,
    name: &Arc<str>,
    windows: Windows,
    now: Instant,
) -> &'a mut TopicMeter {
    let sensor = || Sensor::new(windows, now);
    topics.entry(Arc::clone(name)).or_insert_with(|| TopicMeter {
        sent: sensor(),
        bytes: sensor(),
        compression_rate: sensor(),
        retried: sensor(),
        failed: sensor(),
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

type Row = (&'static str, &'static str, fn(&Meter, &Moment) -> f64);
type TopicRow = (&'static str, &'static str, fn(&TopicMeter, Instant) -> f64);

/// Of the whole producer. What Java's has not is marked as ours.
static TABLE: &[Row] = &[
    ("batch-size-avg", "average bytes of a batch", |it, at| it.batch_size.average(at.now)),
    ("batch-size-max", "greatest bytes of a batch", |it, at| it.batch_size.max(at.now)),
    ("batch-split-rate", "batches split, by the second", |it, at| it.splits.frequency(at.now)),
    ("batch-split-total", "batches split", |it, _| it.splits.count() as f64),
    ("buffer-available-bytes", "bytes of buffer.memory that are free", |_, at| {
        at.buffer_available_bytes as f64
    }),
    ("buffer-total-bytes", "buffer.memory in bytes", |_, at| at.buffer_total_bytes as f64),
    ("byte-rate", "bytes sent, by the second (ours)", |it, at| it.bytes.rate(at.now)),
    ("byte-total", "bytes sent (ours)", |it, _| it.bytes.total()),
    ("compression-rate-avg", "average of compressed by raw bytes", |it, at| {
        it.compression_rate.average(at.now)
    }),
    ("flush-time-ns-total", "time spent in flush, ns", |it, _| it.ns(Spent::Flush)),
    ("metadata-age", "age of what is known of the cluster, s", |_, at| at.metadata_age.as_secs_f64()),
    ("produce-throttle-time-avg", "average throttling by brokers, ms", |it, at| {
        it.throttle_time_ms.average(at.now)
    }),
    ("produce-throttle-time-max", "greatest throttling by brokers, ms", |it, at| {
        it.throttle_time_ms.max(at.now)
    }),
    ("record-error-rate", "records that failed, by the second", |it, at| it.failed.rate(at.now)),
    ("record-error-total", "records that failed", |it, _| it.failed.total()),
    ("record-queue-time-avg", "average time of a batch before it leaves, ms", |it, at| {
        it.queue_time_ms.average(at.now)
    }),
    ("record-queue-time-max", "greatest time of a batch before it leaves, ms", |it, at| {
        it.queue_time_ms.max(at.now)
    }),
    ("record-queue-time-p50", "half of the batches leave within, ms (ours)", |it, at| {
        it.queue_time_ms.percentile(0.5, at.now)
    }),
    ("record-queue-time-p99", "99 of 100 batches leave within, ms (ours)", |it, at| {
        it.queue_time_ms.percentile(0.99, at.now)
    }),
    ("record-retry-rate", "records sent again, by the second", |it, at| it.retried.rate(at.now)),
    ("record-retry-total", "records sent again", |it, _| it.retried.total()),
    ("record-send-rate", "records sent, by the second", |it, at| it.sent.rate(at.now)),
    ("record-send-total", "records sent", |it, _| it.sent.total()),
    ("record-size-avg", "average bytes of a record, raw", |it, at| it.record_size.average(at.now)),
    ("record-size-max", "greatest average bytes of a batch's records, raw", |it, at| {
        it.record_size.max(at.now)
    }),
    ("records-per-request-avg", "average records of a request", |it, at| {
        it.records_per_request.average(at.now)
    }),
    ("request-latency-avg", "average time to an answer, ms", |it, at| it.request_latency_ms.average(at.now)),
    ("request-latency-max", "greatest time to an answer, ms", |it, at| it.request_latency_ms.max(at.now)),
    ("request-latency-p50", "half of the answers come within, ms (ours)", |it, at| {
        it.request_latency_ms.percentile(0.5, at.now)
    }),
    ("request-latency-p99", "99 of 100 answers come within, ms (ours)", |it, at| {
        it.request_latency_ms.percentile(0.99, at.now)
    }),
    ("request-rate", "requests with records, by the second", |it, at| {
        it.records_per_request.frequency(at.now)
    }),
    ("request-total", "requests with records", |it, _| it.records_per_request.count() as f64),
    ("requests-in-flight", "requests that await an answer", |it, _| it.in_flight as f64),
    ("txn-abort-time-ns-total", "time spent in abort, ns", |it, _| it.ns(Spent::Abort)),
    ("txn-begin-time-ns-total", "time spent in begin, ns", |it, _| it.ns(Spent::Begin)),
    ("txn-commit-time-ns-total", "time spent in commit, ns", |it, _| it.ns(Spent::Commit)),
    ("txn-send-offsets-time-ns-total", "time spent in send_offsets, ns", |it, _| it.ns(Spent::SendOffsets)),
    ("waiting-threads", "callers that wait for memory", |_, at| at.waiting as f64),
];

/// Of each topic.
static TOPIC_TABLE: &[TopicRow] = &[
    ("byte-rate", "bytes sent, by the second", |it, now| it.bytes.rate(now)),
    ("byte-total", "bytes sent", |it, _| it.bytes.total()),
    ("compression-rate", "average of compressed by raw bytes", |it, now| it.compression_rate.average(now)),
    ("record-error-rate", "records that failed, by the second", |it, now| it.failed.rate(now)),
    ("record-error-total", "records that failed", |it, _| it.failed.total()),
    ("record-retry-rate", "records sent again, by the second", |it, now| it.retried.rate(now)),
    ("record-retry-total", "records sent again", |it, _| it.retried.total()),
    ("record-send-rate", "records sent, by the second", |it, now| it.sent.rate(now)),
    ("record-send-total", "records sent", |it, _| it.sent.total()),
];

impl Meter {
    fn ns(&self, what: Spent) -> f64 {
        self.spent[what as usize].as_nanos() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn meter(now: Instant) -> Meter {
        Meter::new(Windows { samples: 2, window: 30 * SECOND }, now)
    }

    fn moment(now: Instant) -> Moment {
        Moment {
            now,
            buffer_total_bytes: 100,
            buffer_available_bytes: 40,
            waiting: 1,
            metadata_age: 7 * SECOND,
        }
    }

    #[test]
    fn batches_requests_and_topics_are_counted_apart() {
        let now = Instant::now();
        let mut meter = meter(now);
        let topics = ["a", "b"].map(Arc::<str>::from);
        let leaving = |topic, records, bytes, again| {
            let queued = Duration::from_millis(5);
            (topic, BatchStats { records, bytes, raw_bytes: 400, queued, again })
        };
        let request = [leaving(&topics[0], 4, 100, false), leaving(&topics[1], 2, 300, false)];
        meter.handle_request(request.into_iter(), now);
        meter.handle_request([leaving(&topics[1], 2, 300, true)].into_iter(), now);
        meter.handle_answer(Some(Duration::from_millis(12)), 3, now);
        meter.handle_failure(&topics[0], 4, now);
        meter.handle_splits(1, now);
        meter.handle_spent(Spent::Commit, SECOND);
        let read = meter.metrics(&moment(now));
        for (name, value) in [
            ("record-send-total", 6.0),
            ("record-send-rate", 0.2),
            ("record-retry-total", 2.0),
            ("record-error-total", 4.0),
            ("batch-size-avg", 200.0),
            ("batch-size-max", 300.0),
            ("batch-split-total", 1.0),
            ("compression-rate-avg", 0.5),
            ("records-per-request-avg", 4.0),
            ("record-queue-time-max", 5.0),
            ("request-latency-avg", 12.0),
            ("produce-throttle-time-max", 3.0),
            ("request-total", 2.0),
            ("requests-in-flight", 1.0),
            ("buffer-available-bytes", 40.0),
            ("metadata-age", 7.0),
            ("txn-commit-time-ns-total", 1e9),
            ("waiting-threads", 1.0),
        ] {
            assert_eq!(read.value(name), Some(value), "{name}");
        }
        assert_eq!(read.of_topic("b", "record-send-total"), Some(2.0));
        assert_eq!(read.of_topic("b", "record-retry-total"), Some(2.0));
        assert_eq!(read.of_topic("a", "record-error-total"), Some(4.0));
        assert_eq!(read.of_topic("a", "compression-rate"), Some(0.25));
        assert_eq!(read.value("no-such"), None);
    }

    #[test]
    fn names_are_unique_and_in_order() {
        assert!(TABLE.is_sorted_by_key(|row| row.0) && TOPIC_TABLE.is_sorted_by_key(|row| row.0));
    }
}
