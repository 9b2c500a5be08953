//! One INSERT at work: poll, transform, write, and commit what was acknowledged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval_at};
use tracing::debug;
use upsert_kafka_client::{Fetched, PartitionRecords};

use crate::error::Error;
use crate::plan::Pipeline;
use crate::progress::{Counts, Progress};
use crate::source::Source;
use crate::transform::Transform;
use crate::writer::Writer;

pub(super) struct Flow {
    source: Source,
    transform: Transform,
    writer: Writer,
    topics: Vec<String>,
    discovery_interval: Option<Duration>,
    progress: Arc<Progress>,
    lag: i64,
}

impl Flow {
    pub(super) async fn open(
        pipeline: Pipeline,
        ignore_marks: bool,
        progress: Arc<Progress>,
    ) -> Result<Self, Error> {
        let writer = Writer::open(&pipeline.sink).await?;
        let source = Source::open(&pipeline.source, ignore_marks).await?;
        Ok(Self {
            source,
            writer,
            topics: pipeline.source.topics.clone(),
            discovery_interval: pipeline.source.discovery_interval,
            transform: Transform::new(pipeline),
            progress,
            lag: 0,
        })
    }

    pub(super) async fn stop_at_end(&mut self) -> Result<(), Error> {
        self.source.stop_at_end().await
    }

    pub(super) async fn run(
        mut self,
        checkpoint_interval: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let outcome = self.carry(checkpoint_interval, &mut stop).await;
        // Also after a failure: what was processed before it is kept, and not read again.
        let committed = self.checkpoint().await;
        outcome.and(committed)
    }

    async fn carry(
        &mut self,
        checkpoint_interval: Duration,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let mut checkpoints = ticks(checkpoint_interval);
        let mut discoveries = ticks(self.discovery_interval.unwrap_or(Duration::MAX));
        while !self.source.is_done() && !*stop.borrow_and_update() {
            // poll is cancel-safe, a tick that is lost comes again, and the stop is a level.
            tokio::select! {
                fetched = self.source.poll() => self.process(fetched?).await?,
                _ = checkpoints.tick() => self.checkpoint().await?,
                _ = discoveries.tick(), if self.discovery_interval.is_some() => {
                    self.source.discover(&self.topics).await?;
                }
                _ = stop.changed() => debug!("asked to stop"),
            }
        }
        Ok(())
    }

    async fn process(&mut self, fetched: Fetched) -> Result<(), Error> {
        for records in fetched.partitions() {
            self.process_partition(records).await?;
        }
        let now = self.source.lag();
        self.progress.set_lag(std::mem::replace(&mut self.lag, now), now);
        Ok(())
    }

    async fn process_partition(&mut self, records: &PartitionRecords) -> Result<(), Error> {
        let (topic, partition) = (Arc::clone(records.topic()), records.partition());
        let stop = self.source.stop_of(&topic, partition).unwrap_or(i64::MAX);
        let mut counts = Counts::default();
        // Holes that compaction and markers leave behind count as processed.
        let (mut next, mut outcome) = (records.next_offset().min(stop), Ok(()));
        for record in records.records() {
            let record = record.map_err(Error::cluster)?;
            if record.offset >= stop {
                break;
            }
            outcome = self.process_record(record.value, &mut counts).await;
            if outcome.is_err() {
                next = record.offset;
                let place = format!("topic {topic}, partition {partition}, offset {next}");
                outcome = outcome.map_err(|e| e.within(place));
                break;
            }
        }
        self.source.advance(&topic, partition, next, records.leader_epoch());
        self.progress.count(counts);
        outcome
    }

    #[inline]
    async fn process_record(&mut self, value: Option<&[u8]>, counts: &mut Counts) -> Result<(), Error> {
        counts.rows_in += 1;
        let changes = self.transform.feed(value.unwrap_or_default())?;
        if changes.is_unread() {
            counts.skipped += 1;
        }
        for change in changes.iter() {
            self.writer.write(change).await?;
            counts.rows_out += 1;
            counts.tombstones += u64::from(change.value.is_none());
        }
        Ok(())
    }

    /// The commit point: everything written is acknowledged, then the offsets follow.
    async fn checkpoint(&mut self) -> Result<(), Error> {
        self.writer.flush().await?;
        self.source.commit().await?;
        self.progress.committed(Instant::now());
        debug!(rows_in = self.progress.counts().rows_in, "committed");
        Ok(())
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    // tokio counts in a far future rather than overflow.
    let period = period.min(FOR_EVER).max(Duration::from_millis(1));
    let mut ticks = interval_at(tokio::time::Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
