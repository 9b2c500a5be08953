//! How a task takes what its source read: record by record, to the end of what came.

use std::sync::Arc;

use upsert_kafka_client::{Fetched, PartitionRecords, TopicPartition};

use super::Task;
use crate::error::{Error, RecordPlace};
use crate::local_source::LocalBatch;
use crate::message::Message;
use crate::progress::Counts;
use crate::schema_fetch;
use crate::transform::Fed;

impl Task {
    pub(super) async fn process(&mut self, fetched: Fetched) -> Result<(), Error> {
        let uptime = self.clock.since(self.began);
        self.transform.set_time(i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX));
        let recreated = self.source.follow(fetched.resets()).await?;
        for records in fetched.partitions() {
            self.process_partition(records).await?;
        }
        self.writers.hand_over().await?;
        if recreated {
            self.discover().await;
        }
        let now = self.source.lag();
        self.progress.set_lag(std::mem::replace(&mut self.lag, now), now);
        self.tell_kept();
        self.tell_rebuilt();
        Ok(())
    }

    pub(super) fn tell_kept(&mut self) {
        let kept = self.transform.state_size();
        self.progress.set_state(std::mem::replace(&mut self.kept, kept), kept);
    }

    pub(super) fn tell_rebuilt(&mut self) {
        let rebuilt = self.source.rebuilt();
        self.progress.set_rebuild(std::mem::replace(&mut self.rebuilt, rebuilt), rebuilt);
    }

    pub(super) async fn process_lines(&mut self, batch: &LocalBatch) -> Result<(), Error> {
        let mut counts = Counts::default();
        let mut outcome = Ok(());
        for message in batch.messages() {
            let place =
                || RecordPlace { topic: Arc::clone(batch.topic()), partition: 0, offset: message.offset };
            let skipped = counts.skipped;
            outcome = self.process_message(&message, &mut counts).await.map_err(|e| e.of_record(place()));
            if counts.skipped > skipped {
                self.skips.note(place(), &message);
            }
            if outcome.is_err() {
                break;
            }
        }
        self.progress.count(counts);
        outcome?;
        self.writers.hand_over().await
    }

    async fn process_partition(&mut self, records: &PartitionRecords) -> Result<(), Error> {
        let of = TopicPartition::new(Arc::clone(records.topic()), records.partition());
        if !self.source.reads(&of, records.topic_id()) {
            return Ok(());
        }
        let stop = self.source.stop_of(&of).unwrap_or(i64::MAX);
        let rebuilt_to = self.source.rebuilt_to(&of);
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
                    self.transform.set_rebuilds(record.offset < rebuilt_to);
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
        let fed = match self.transform.feed(message) {
            Ok(Fed::Complete) => Ok(()),
            Ok(Fed::NeedsSchema(request)) => {
                schema_fetch::resume(&mut self.transform, message, request).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = fed {
            counts.failed += 1;
            return self.dead_letters.take(message, error).await;
        }
        counts.skipped += u64::from(self.transform.is_unread());
        self.writers.write(self.transform.changes(), counts).await
    }
}
