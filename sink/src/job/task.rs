//! One task of a job: a reader of some partitions, and the INSERTs that it feeds.
//!
//! A task is a loop around one `select!`: poll the source and process what came, commit when a checkpoint is due, look for
//! new partitions, hear a stop. A fetched batch of records is processed to its end before the next event is heard, so
//! a position never stands within a record, and a checkpoint sees all that was written of what lies before it.
//!
//! What must never happen: a position that moves before its record was handed to every writer, or past one that failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};
use upsert_kafka_client::{Clock, Fetched, PartitionRecords, TopicPartition};

use super::Restore;
use super::subtask::Subtask;
use super::writers::Writers;
use crate::clients::Clients;
use crate::codecs::{self, Codecs};
use crate::error::{Error, RecordPlace};
use crate::message::Message;
use crate::plan::{Notice, Pipeline};
use crate::progress::{Counts, Progress};
use crate::skips::Skips;
use crate::source::{JobIdentity, KafkaSource};
use crate::transform::{Fed, Transform};

/// A task that stands at its beginning, or runs.
pub(super) struct Task {
    source: KafkaSource,
    transform: Transform,
    writers: Writers,
    discovery_interval: Option<Duration>,
    progress: Arc<Progress>,
    clock: Clock,
    skips: Skips,
    /// What the task last told [`Progress`] of its lag.
    lag: i64,
}

/// What a job's tasks have in common while they are opened.
pub(super) struct Opening {
    pub(super) restore: Restore,
    pub(super) job: JobIdentity,
    pub(super) clients: Clients,
    pub(super) progress: Arc<Progress>,
}

impl Task {
    /// Opens the sinks, then the source: from then on what is produced is read.
    ///
    /// # Errors
    /// What a cluster refuses; an offset that the source needs and the group does not have.
    pub(super) async fn open(
        pipeline: &Pipeline,
        codecs: &Codecs,
        subtask: Subtask,
        Opening { restore, job, clients, progress }: &mut Opening,
    ) -> Result<Self, Error> {
        let writers = Writers::open(&pipeline.inserts, clients, Arc::clone(progress)).await?;
        Ok(Self {
            source: KafkaSource::open(pipeline.reader(), subtask, *restore, job.clone(), clients).await?,
            writers,
            discovery_interval: pipeline.reader().discovery_interval,
            transform: Transform::new(pipeline, codecs).with_seed(clients.seed()),
            skips: Skips::new(codecs.strict.clone(), Arc::clone(progress)),
            progress: Arc::clone(progress),
            clock: clients.clock().clone(),
            lag: 0,
        })
    }

    pub(super) fn notices(&self) -> &[Notice] {
        self.source.notices()
    }

    pub(super) fn resumed(&self) -> &[Notice] {
        self.source.resumed()
    }

    pub(super) async fn stop_at_end(&mut self) -> Result<(), Error> {
        self.source.stop_at_end().await
    }

    /// Works until the source ends, somebody asks for a stop, or something fails.
    pub(super) async fn run(
        &mut self,
        checkpoint_interval: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let mut checkpoints = ticks(checkpoint_interval);
        let mut discoveries = ticks(self.discovery_interval.unwrap_or(Duration::MAX));
        while !self.source.is_done() && !*stop.borrow_and_update() {
            // poll is cancel-safe, a tick that is lost comes again, and the stop is a level.
            tokio::select! {
                fetched = self.source.poll() => match fetched {
                    Ok(fetched) => self.process(fetched).await?,
                    Err(error) => self.source.recover(error).await?,
                },
                _ = checkpoints.tick() => self.checkpoint().await?,
                _ = discoveries.tick(), if self.discovery_interval.is_some() => self.discover().await,
                _ = stop.changed() => debug!("asked to stop"),
            }
        }
        Ok(())
    }

    /// Commits the positions of this moment, with all that was written of what lies before them.
    pub(super) async fn checkpoint(&mut self) -> Result<(), Error> {
        let positions = self.source.positions();
        self.writers.commit(positions, &mut self.source).await?;
        self.progress.committed(self.clock.now());
        debug!(rows_in = self.progress.counts().rows_in, "committed");
        Ok(())
    }

    /// Looks for new partitions. Whether the cluster is away for too long is the fetches' to say.
    async fn discover(&mut self) {
        if let Err(error) = self.source.discover().await {
            warn!(%error, "new partitions were not looked for");
        }
    }

    async fn process(&mut self, fetched: Fetched) -> Result<(), Error> {
        let recreated = self.source.follow(fetched.resets()).await?;
        for records in fetched.partitions() {
            self.process_partition(records).await?;
        }
        if recreated {
            self.discover().await;
        }
        let now = self.source.lag();
        self.progress.set_lag(std::mem::replace(&mut self.lag, now), now);
        Ok(())
    }

    async fn process_partition(&mut self, records: &PartitionRecords) -> Result<(), Error> {
        let of = TopicPartition::new(Arc::clone(records.topic()), records.partition());
        if !self.source.reads(&of, records.topic_id()) {
            return Ok(());
        }
        let stop = self.source.stop_of(&of).unwrap_or(i64::MAX);
        let mut counts = Counts::default();
        let (mut done, mut outcome) = (None, Ok(()));
        for record in records.records() {
            let skipped = counts.skipped;
            outcome = match record {
                Ok(record) if record.offset >= stop => break,
                Ok(record) => {
                    let place = || RecordPlace {
                        topic: Arc::clone(&of.topic),
                        partition: of.partition,
                        offset: record.offset,
                    };
                    let message = Message::of_record(&of.topic, of.partition, &record);
                    let processed = self.process_message(&message, &mut counts).await;
                    if counts.skipped > skipped {
                        self.skips.note(place(), &message);
                    }
                    processed.map(|()| done = Some(record.offset)).map_err(|e| e.of_record(place()))
                }
                Err(error) => Err(Error::cluster(error)),
            };
            if outcome.is_err() {
                break;
            }
        }
        match (&outcome, done) {
            // Holes that compaction and markers leave behind count as processed.
            (Ok(()), _) => self.source.advance(&of, records.next_offset().min(stop), records.leader_epoch()),
            (Err(_), Some(offset)) => self.source.advance(&of, offset + 1, records.leader_epoch()),
            (Err(_), None) => {}
        }
        self.progress.count(counts);
        outcome
    }

    #[inline]
    async fn process_message(&mut self, message: &Message<'_>, counts: &mut Counts) -> Result<(), Error> {
        counts.rows_in += 1;
        if self.transform.reads_clock() {
            self.transform.set_now(self.clock.unix_ms());
        }
        if let Fed::NeedsSchema(request) = self.transform.feed(message)? {
            codecs::resume(&mut self.transform, message, request).await?;
        }
        counts.skipped += u64::from(self.transform.is_unread());
        self.writers.write(self.transform.changes(), counts).await
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    // tokio counts in a far future rather than overflow.
    let period = period.min(FOR_EVER).max(Duration::from_millis(1));
    let mut ticks = interval(period);
    // The first is due after a period, and not at once.
    ticks.reset();
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
