//! A table opened for reading by a program: records in, rows with their kinds out, and how far that came.
//!
//! A read has two halves. [`ready`](TableSource::ready) waits, and hands out nothing: for records, for a schema that a
//! record needs, for a dead-letter topic. [`drain`](TableSource::drain) hands out, and waits for nothing. So nothing is
//! ever handed over to somebody who was cancelled meanwhile, and a position moves only behind rows that were.
//!
//! What must never happen: a position behind a record of which rows are still to come.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::time::Interval;
use tracing::warn;
use upsert_kafka_client::{OwnedRecords, PositionReset, TopicPartition};

use crate::clients::Clients;
use crate::codecs;
use crate::deserializer::Deserializer;
use crate::error::Error;
use crate::expr::function::Moment;
use crate::job::dead_letters::DeadLetters;
use crate::job::subtask::Subtask;
use crate::job::task::ticks;
use crate::kafka_table::KafkaTable;
use crate::normalize::{Normalize, NormalizePlan};
use crate::operator::Operator;
use crate::owned_row::OwnedRow;
use crate::plan::{PlanOptions, SourcePlan};
use crate::row::{Arena, Row, RowKind};
use crate::source::{JobIdentity, KafkaSource, Positions, Share};
use crate::sql::Script;
use crate::state::StateLimits;
use crate::types::Field;

mod fetched_partition;
mod held_record;
mod options;
mod read_failure;

use fetched_partition::FetchedPartition;
use held_record::{HeldRecord, Wait, headers_of, message_of};
pub use options::SourceOptions;
use read_failure::ReadFailure;

/// A table of connector `upsert-kafka` or `kafka`, connected, and read from where its options and its group say.
///
/// Rows have the kinds that the table's messages tell. Of an upsert-kafka table a value is an UPDATE_AFTER, a null value
/// a DELETE that has the key's columns alone, and what was there before is not told, unless
/// [`SourceOptions::with_old_rows`] asks for it.
///
/// How far the program has come is its own to say: [`positions`](Self::positions) are those of this moment, and
/// [`commit`](Self::commit) keeps them in the table's group (`properties.group.id`), where the next run goes on.
/// Without a group nothing is kept.
///
/// # Errors
/// An error of the cluster leaves the source as it was: read again. A record that cannot be read ends it, unless
/// `error-handling.mode` says otherwise: every read from then on fails with the same reason, and no position moves
/// behind that record.
///
/// # Cancellation
/// A read that is dropped before it is done has handed out nothing, and lost nothing.
pub struct TableSource {
    table: Arc<str>,
    columns: Arc<[Field]>,
    primary_key: Arc<[usize]>,
    /// Whether rows are those of an upsert-kafka table whose old rows nobody asked for.
    is_upsert: bool,
    kafka: KafkaSource,
    deserializer: Deserializer,
    normalize: Option<Normalize>,
    dead_letters: DeadLetters,
    /// What the last fetch brought and was not read yet, and of which partitions.
    records: OwnedRecords,
    partitions: VecDeque<FetchedPartition>,
    /// Of that fetch, until the source has taken them over.
    resets: Vec<PositionReset>,
    /// Whether a topic among them was made again, so that it may have other partitions.
    recreated: bool,
    held: Option<HeldRecord>,
    /// Rows of the last record that were too many for its reader.
    queue: VecDeque<(RowKind, OwnedRow)>,
    /// Behind the last record, once its rows are handed out.
    behind: Option<(TopicPartition, i64, i32)>,
    discoveries: Option<Interval>,
    failure: Option<ReadFailure>,
    arena: Arena,
    #[cfg(feature = "arrow")]
    pub(crate) batches: crate::arrow::batch_builder::SourceBatches,
}

/// How far a source had come at one moment: see [`TableSource::positions`].
#[must_use = "they are kept once they are committed"]
pub struct SourcePositions(Positions);

/// What takes rows; an error ends the source.
pub(crate) type Each<'a> = dyn FnMut(RowKind, Row<'_>) -> Result<(), Error> + 'a;

impl TableSource {
    /// Opens the table of one `CREATE TABLE`: a short form of [`KafkaTable::from_ddl`] and [`open`](Self::open).
    ///
    /// # Errors
    /// As of those two.
    pub async fn from_ddl(ddl: impl Into<Script>, options: &PlanOptions) -> Result<Self, Error> {
        let table = KafkaTable::from_ddl(ddl)?.with_options(options.clone());
        Self::open(&table, SourceOptions::new()).await
    }

    /// Opens a table, and resolves where each of its partitions begins and ends: what is produced from now on is read.
    ///
    /// # Errors
    /// Everything that the planner refuses; then what the cluster, or a format's registry, does.
    pub async fn open(table: &KafkaTable, options: SourceOptions) -> Result<Self, Error> {
        let mut plan = table.source_plan()?;
        let environment = table.environment();
        let normalize =
            options.old_rows_bytes_max.filter(|_| plan.upsert_mode).map(|it| normalized(&plan, it));
        plan.normalize.clone_from(&normalize);
        let deserializer = codecs::deserializer(&plan, &plan.deserializer, environment).await?;
        let mut clients = Clients::of_job(environment.clone());
        let identity = JobIdentity::of_program(&plan.table);
        let dead_letters = DeadLetters::open(&plan, &mut clients, None).await?;
        let share = Share::Fixed(Subtask::ONLY);
        let kafka = KafkaSource::open(&plan, share, options.restore, identity, &mut clients, None).await?;
        Ok(Self {
            is_upsert: plan.upsert_mode && normalize.is_none(),
            table: plan.table.into(),
            columns: plan.columns,
            primary_key: plan.primary_key.into(),
            kafka,
            deserializer,
            normalize: normalize.map(Normalize::new),
            dead_letters,
            records: OwnedRecords::default(),
            partitions: VecDeque::new(),
            resets: Vec::new(),
            recreated: false,
            held: None,
            queue: VecDeque::new(),
            behind: None,
            discoveries: plan.discovery_interval.map(ticks),
            failure: None,
            arena: Arena::new(),
            #[cfg(feature = "arrow")]
            batches: crate::arrow::batch_builder::SourceBatches::default(),
        })
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The columns that a row has, in order: the physical ones, then the metadata.
    pub fn columns(&self) -> &[Field] {
        &self.columns
    }

    /// Which of the columns are the key; none, where the table declares none.
    pub fn primary_key(&self) -> &[usize] {
        &self.primary_key
    }

    /// Its name, its columns, and which of them are the key, for who reads rows of it.
    #[cfg(any(feature = "serde", feature = "arrow"))]
    pub(crate) fn shared(&self) -> (Arc<str>, Arc<[Field]>, Arc<[usize]>) {
        (Arc::clone(&self.table), Arc::clone(&self.columns), Arc::clone(&self.primary_key))
    }

    /// Waits for rows, and hands out those that are at hand, at most so many (one at least). How many they were; 0 where
    /// the table is read to its end, which only a `scan.bounded.mode` sets.
    ///
    /// # Errors
    /// See [`TableSource`].
    pub async fn read(
        &mut self,
        rows_max: usize,
        mut each: impl FnMut(RowKind, Row<'_>) + Send,
    ) -> Result<usize, Error> {
        while self.ready().await? {
            let rows = self.drain(rows_max, &mut |kind, row| {
                each(kind, row);
                Ok(())
            });
            if rows > 0 {
                return Ok(rows);
            }
        }
        Ok(0)
    }

    /// How far the table was read: behind the last record whose rows were all handed out.
    pub fn positions(&mut self) -> SourcePositions {
        if self.queue.is_empty() {
            self.move_on();
        }
        SourcePositions(self.kafka.positions())
    }

    /// Keeps positions in the table's group. The caller has seen to it that what it made of the rows before them is kept
    /// too: where that is an [`UpsertSink`](crate::UpsertSink), by a commit handle.
    ///
    /// # Errors
    /// What the cluster says; that somebody else commits offsets of the group; or that a dead letter was not kept.
    pub async fn commit(&mut self, positions: SourcePositions) -> Result<(), Error> {
        self.dead_letters.flush().await?;
        self.kafka.commit(positions.0).await
    }

    /// Waits until something can be handed out without waiting; false at the end. Cancel-safe.
    pub(crate) async fn ready(&mut self) -> Result<bool, Error> {
        loop {
            if let Some(failure) = &mut self.failure {
                return Err(failure.tell());
            }
            if self.held.is_some() {
                self.settle().await?;
            }
            if !self.resets.is_empty() {
                self.recreated |= self.kafka.follow(&self.resets).await?;
                self.resets.clear();
            }
            if !self.queue.is_empty() || self.held.is_some() || !self.partitions.is_empty() {
                return Ok(true);
            }
            self.move_on();
            if std::mem::take(&mut self.recreated) {
                self.discover().await;
            }
            if self.kafka.is_done() {
                return Ok(false);
            }
            self.fetch().await?;
        }
    }

    /// Hands out rows that are at hand, at most so many, and says how many.
    pub(crate) fn drain(&mut self, rows_max: usize, each: &mut Each<'_>) -> usize {
        let (rows_max, mut rows) = (rows_max.max(1), 0);
        while rows < rows_max && self.failure.is_none() {
            if let Some((kind, row)) = self.queue.pop_front() {
                self.arena.reset();
                match each(kind, row.read(&self.arena)) {
                    Ok(()) => rows += 1,
                    Err(error) => self.failure = Some(ReadFailure::new(error)),
                }
                continue;
            }
            let Some(held) = self.next_record() else { break };
            rows += self.hand_out(held, rows_max - rows, each);
            if self.held.is_some() {
                break;
            }
        }
        rows
    }

    /// Does what a record waits for that could not be read.
    async fn settle(&mut self) -> Result<(), Error> {
        let Some(held) = &mut self.held else { return Ok(()) };
        if let Wait::Schema(request) = &held.wait {
            // Dropped meanwhile, or failed, it is asked for again.
            request.fetch().await?;
            held.wait = Wait::Nothing;
        }
        match std::mem::replace(&mut held.wait, Wait::Nothing) {
            Wait::Nothing | Wait::Schema(_) => Ok(()),
            // Dropped meanwhile, the record is read once more, and fails again.
            Wait::DeadLetter(error) => {
                let headers = headers_of(&held.record);
                let message = message_of(&held.record, &headers);
                match self.dead_letters.take(&message, error).await {
                    Ok(()) => {
                        self.behind = Some(held.behind());
                        self.held = None;
                        Ok(())
                    }
                    Err(error) => {
                        let mut failure = ReadFailure::new(error.of_record(held.place()));
                        let told = failure.tell();
                        self.failure = Some(failure);
                        Err(told)
                    }
                }
            }
        }
    }

    async fn fetch(&mut self) -> Result<(), Error> {
        let discoveries = &mut self.discoveries;
        let due = async {
            match discoveries {
                Some(ticks) => drop(ticks.tick().await),
                None => std::future::pending().await,
            }
        };
        // poll is cancel-safe, and a tick that is lost comes again.
        tokio::select! {
            biased;
            () = due => self.discover().await,
            fetched = self.kafka.poll() => match fetched {
                Ok(fetched) => {
                    self.resets = fetched.resets().to_vec();
                    self.partitions = fetched.partitions().iter().map(FetchedPartition::new).collect();
                    self.records = fetched.into_iter();
                }
                Err(error) => self.kafka.recover(error).await?,
            },
        }
        Ok(())
    }

    async fn discover(&mut self) {
        if let Err(error) = self.kafka.discover().await {
            warn!(table = &*self.table, %error, "new partitions were not looked for");
        }
    }

    /// The record that comes next, of a partition that is still read.
    fn next_record(&mut self) -> Option<HeldRecord> {
        self.move_on();
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        loop {
            let record = match self.records.next() {
                Some(Ok(record)) => record,
                Some(Err(error)) => {
                    let error = Error::cluster(error).within(format_args!("table {}", self.table));
                    self.failure = Some(ReadFailure::new(error));
                    return None;
                }
                None => {
                    self.finish_partitions(|_| true);
                    return None;
                }
            };
            self.finish_partitions(|it| !it.holds(&record));
            let Some(partition) = self.partitions.front() else { continue };
            // The end of a bounded table counts from the topic that is read now.
            let stop = self.kafka.stop_of(&partition.of).unwrap_or(i64::MAX);
            if self.kafka.reads(&partition.of, partition.topic_id) && record.offset < stop {
                return Some(HeldRecord::new(record, partition.of.clone()));
            }
        }
    }

    /// All is read of the partitions in front that are such. Holes that compaction and markers leave count as read.
    fn finish_partitions(&mut self, is_read: impl Fn(&FetchedPartition) -> bool) {
        while self.partitions.front().is_some_and(&is_read) {
            let Some(it) = self.partitions.pop_front() else { break };
            if self.kafka.reads(&it.of, it.topic_id) {
                let stop = self.kafka.stop_of(&it.of).unwrap_or(i64::MAX);
                self.kafka.advance(&it.of, it.next_offset.min(stop), it.leader_epoch);
            }
        }
    }

    /// The last record is done with.
    fn move_on(&mut self) {
        if let Some((of, next, leader_epoch)) = self.behind.take() {
            self.kafka.advance(&of, next, leader_epoch);
        }
    }

    /// Reads a record and hands out its rows; those that are too many are queued. A record is wholly read or not at all.
    fn hand_out(&mut self, mut held: HeldRecord, rows_max: usize, each: &mut Each<'_>) -> usize {
        self.arena.reset();
        let rebuilds = held.record.offset < self.kafka.rebuilt_to(&held.of);
        let Self { arena, deserializer, normalize, queue, is_upsert, .. } = self;
        let (arena, mut handed) = (&*arena, 0);
        let mut give = |kind, row: Row<'_>| {
            if handed < rows_max {
                handed += 1;
                return each(kind, row);
            }
            queue.push_back((kind, OwnedRow::new(row)));
            Ok(())
        };
        let read = 'read: {
            let headers = headers_of(&held.record);
            let message = message_of(&held.record, &headers);
            let mut rows = arena.vec();
            let decoded = deserializer.deserialize(&message, arena, |kind, row| rows.push((kind, row)));
            if let Err(undecoded) = decoded {
                break 'read Err(held_record::wait_of(undecoded, deserializer, held.schemas_left));
            }
            let moment = Moment::still(arena);
            Ok(rows.iter().try_for_each(|&(kind, row)| match normalize {
                Some(normalize) => normalize.process(&message, kind, row, &moment, &mut |kind, row| {
                    if rebuilds { Ok(()) } else { give(kind, row) }
                }),
                None if *is_upsert && kind == RowKind::Insert => give(RowKind::UpdateAfter, row),
                None => give(kind, row),
            }))
        };
        match read {
            Ok(Ok(())) => self.behind = Some(held.behind()),
            Ok(Err(error)) => {
                self.queue.clear();
                self.failure = Some(ReadFailure::new(error.of_record(held.place())));
            }
            Err(wait) => {
                held.schemas_left = held.schemas_left.saturating_sub(1);
                held.wait = wait;
                self.held = Some(held);
            }
        }
        handed
    }
}

/// What keeps the old rows of an upsert-kafka table.
fn normalized(plan: &SourcePlan, memory_bytes_max: usize) -> NormalizePlan {
    let columns = (0..plan.columns.len()).filter(|slot| !plan.primary_key.contains(slot)).collect();
    NormalizePlan {
        table: plan.table.as_str().into(),
        key: plan.primary_key.clone(),
        columns,
        filter: None,
        limits: StateLimits { memory_bytes_max, ttl: None },
    }
}

impl fmt::Debug for TableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableSource").field("table", &self.table).finish_non_exhaustive()
    }
}

impl fmt::Debug for SourcePositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourcePositions")
    }
}
