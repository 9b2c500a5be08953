//! One task of a job: a reader of some partitions, and the INSERTs that it feeds.
//!
//! A task is a loop around one `select!`: poll the source and process what came, commit when a checkpoint is due, look for
//! new partitions, hear a stop. A fetched batch of records is processed to its end before the next event is heard, so
//! a position never stands within a record, and a checkpoint sees all that was written of what lies before it.
//!
//! What must never happen: a position that moves before its record was handed to every writer, or past one that failed.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{debug, warn};
use upsert_kafka_client::{Clock, MembershipLease, Revocation, TopicPartition};

use super::Restore;
use super::dead_letters::DeadLetters;
use super::handover::HandoverSender;
use super::input::{Input, Polled};
use super::subtask::Subtask;
use super::transactions::JobTransactions;
use super::writers::Writers;
use crate::clients::Clients;
use crate::codecs::Codecs;
use crate::error::Error;
use crate::plan::{Notice, Pipeline};
use crate::progress::{OffsetsRebuilt, Progress};
use crate::query_results::QueryWriter;
use crate::skips::Skips;
use crate::source::{JobIdentity, KafkaSource, Share, SourceEvent};
use crate::state::StateSize;
use crate::task_transaction::TaskTransaction;
use crate::transform::Transform;

mod going_back;
mod processing;

/// A task that stands at its beginning, or runs.
pub(super) struct Task {
    source: Input,
    /// Of a member whose rows are in no transaction, which would fence them.
    lease: Option<MembershipLease>,
    transform: Transform,
    writers: Writers,
    discovery_interval: Option<Duration>,
    progress: Arc<Progress>,
    clock: Clock,
    /// When it was opened: state grows old by the time since.
    began: Instant,
    skips: Skips,
    dead_letters: DeadLetters,
    /// What the task last told [`Progress`] of its lag.
    lag: i64,
    /// What it last told of what its operators keep.
    kept: StateSize,
    /// What it last told of how far they are rebuilt.
    rebuilt: OffsetsRebuilt,
    /// Whether tasks that share its transaction ask for a checkpoint; `None` where it commits alone.
    asked: Option<watch::Receiver<bool>>,
}

/// What a job's tasks have in common while they are opened.
pub(super) struct Opening {
    pub(super) restore: Restore,
    pub(super) job: JobIdentity,
    pub(super) clients: Clients,
    pub(super) progress: Arc<Progress>,
    /// Who takes the changes of queries.
    pub(super) results: Option<QueryWriter>,
    pub(super) transactions: JobTransactions,
    /// Whether no other process shares the job.
    pub(super) alone: bool,
    /// What the names of its members in their groups begin with, where they have names.
    pub(super) instance: Option<String>,
    /// How many members have been named.
    pub(super) members: usize,
}

impl Opening {
    /// How a task comes to its partitions: by its group, where the job goes on for ever and keeps what it committed; or
    /// as its number says.
    fn share(&mut self, pipeline: &Pipeline, subtask: Subtask) -> Share {
        let reader = pipeline.reader();
        if !self.is_member(pipeline) {
            return Share::Fixed(subtask);
        }
        let number = self.members;
        self.members += 1;
        let name = self.instance.as_deref().or_else(|| reader.group_instance_id());
        Share::Group { instance: name.map(|name| format!("{name}-{number}")) }
    }

    /// Whether a group gives the tasks of this pipeline their partitions.
    fn is_member(&self, pipeline: &Pipeline) -> bool {
        !self.alone && self.restore != Restore::LookOn && pipeline.reader().may_share()
    }

    /// The transaction of all tasks that an exchange connects with those of this pipeline, where there is one.
    pub(super) async fn shared_transaction(
        &mut self,
        pipeline: &Pipeline,
    ) -> Result<Option<TaskTransaction>, Error> {
        let is_member = self.is_member(pipeline);
        self.transactions.shared(pipeline, is_member, &mut self.clients).await
    }
}

impl Task {
    /// Opens the sinks, then the source: from then on what is produced is read.
    ///
    /// # Errors
    /// What a cluster refuses; an offset that the source needs and the group does not have.
    pub(super) async fn open(
        pipeline: &Pipeline,
        codecs: &Codecs,
        exchanges: &[Vec<HandoverSender>],
        subtask: Subtask,
        opening: &mut Opening,
    ) -> Result<Self, Error> {
        let share = opening.share(pipeline, subtask);
        let Opening { restore, job, clients, progress, results, transactions, .. } = opening;
        let transaction = transactions.open(pipeline, subtask, &share, clients).await?;
        let dead_letters = {
            // What comes from this machine is on no cluster, or on another one.
            let shared =
                transaction.as_ref().filter(|it| pipeline.reader().local.is_none() && !it.is_elsewhere());
            DeadLetters::open(pipeline.reader(), clients, shared).await?
        };
        let shared = Arc::clone(progress);
        let results = results.as_ref();
        let source =
            Input::open(pipeline.reader(), share, *restore, job.clone(), clients, transaction.as_ref())
                .await?;
        let mut writers =
            Writers::open(pipeline, exchanges, subtask, clients, shared, results, transaction).await?;
        let lease = source.lease().filter(|_| !writers.is_exactly_once());
        if let Some(lease) = &lease {
            writers.write_for(lease);
        }
        let rebuilt = source.rebuilt();
        progress.set_rebuild(OffsetsRebuilt::default(), rebuilt);
        Ok(Self {
            source,
            lease,
            rebuilt,
            asked: writers.asked(),
            writers,
            dead_letters,
            discovery_interval: pipeline.reader().discovery_interval,
            transform: Transform::new(pipeline, codecs).with_seed(clients.seed()),
            skips: Skips::new(codecs.strict.clone(), Arc::clone(progress)),
            progress: Arc::clone(progress),
            began: clients.clock().now(),
            clock: clients.clock().clone(),
            lag: 0,
            kept: StateSize::default(),
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

    /// Waits for the first share of a group, and follows its changes until every task of the job has its own: one that
    /// did not let go would keep another waiting. Nothing is read meanwhile.
    pub(super) async fn join(&mut self, settled: &watch::Sender<usize>, members: usize) -> Result<(), Error> {
        let Some(source) = self.member() else { return Ok(()) };
        let (mut own, mut all) = (pin!(source.settled()), settled.subscribe());
        let mut is_settled = false;
        let mut told = pin!(sleep(JOIN_TOLD_AFTER));
        while *all.borrow_and_update() < members {
            let Some(source) = self.member() else { break };
            // All are cancel-safe.
            tokio::select! {
                biased;
                event = source.changed() => self.handle_unread(event?).await?,
                () = &mut own, if !is_settled => {
                    is_settled = true;
                    settled.send_modify(|count| *count += 1);
                }
                _ = all.changed() => {}
                () = &mut told, if !told.is_elapsed() => warn!(
                    "waits for its share of the partitions: the group asks its other members first, and one that was \
                     killed has until its session.timeout.ms"
                ),
            }
        }
        match self.member() {
            Some(source) => source.opened().await,
            None => Ok(()),
        }
    }

    /// What bounds the writes of its rows; `None` where nothing does.
    pub(super) fn lease(&self) -> Option<MembershipLease> {
        self.lease.clone()
    }

    /// Its source, if it is a member of a group.
    pub(super) fn member(&mut self) -> Option<&mut KafkaSource> {
        self.source.member()
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
            // poll is cancel-safe, a tick that is lost comes again, and the stop is a level. Records come last: they alone come
            // without end, and ticks that were missed are not made up for.
            let done = tokio::select! {
                biased;
                _ = stop.changed() => {
                    debug!("asked to stop");
                    Ok(())
                }
                _ = checkpoints.tick() => self.checkpoint().await,
                () = asked(&mut self.asked) => {
                    checkpoints.reset();
                    self.checkpoint().await
                }
                () = self.writers.due() => self.writers.release_due().await,
                _ = discoveries.tick(), if self.discovery_interval.is_some() => {
                    self.discover().await;
                    Ok(())
                }
                polled = self.source.poll() => match polled {
                    Ok(Polled::Kafka(event)) => self.handle(event).await,
                    Ok(Polled::Lines(batch)) => self.process_lines(&batch).await,
                    Ok(Polled::End) => Ok(()),
                    Err(error) => self.source.recover(error).await,
                },
            };
            if let Err(error) = done {
                self.survive(error).await?;
            }
        }
        Ok(())
    }

    /// The last checkpoint of the task, which others that share its transaction wait for.
    pub(super) async fn end(&mut self) -> Result<(), Error> {
        let committed = match self.checkpoint().await {
            Ok(()) => Ok(()),
            Err(error) => self.survive(error).await,
        };
        self.writers.end(&committed).await;
        committed
    }

    /// Leaves the source's group, behind the last checkpoint.
    pub(super) async fn leave(&mut self) {
        if let Some(source) = self.member()
            && timeout(LEAVE_TIMEOUT, source.leave()).await.is_err()
        {
            warn!("the group's coordinator does not answer; it will miss this member by itself");
        }
    }

    /// What happens to partitions of which nothing was read yet.
    async fn handle_unread(&mut self, event: SourceEvent) -> Result<(), Error> {
        match event {
            // A checkpoint would wait for the other tasks, which wait for this one to let go.
            SourceEvent::Revoked(revocation) | SourceEvent::Lost(revocation) if self.asked.is_some() => {
                self.let_go(&revocation);
                self.tell_owned().await.map(drop)
            }
            event => self.handle(event).await,
        }
    }

    async fn handle(&mut self, event: SourceEvent) -> Result<(), Error> {
        match event {
            SourceEvent::Fetched(fetched) => self.process(fetched).await,
            SourceEvent::Given(given) => self.take(&given).await,
            SourceEvent::Revoked(revocation) => {
                // What was read of them is written and committed before another task has them.
                let committed = match self.checkpoint().await {
                    Ok(()) => self.writers.let_go(revocation.partitions()).await,
                    Err(error) => Err(error),
                };
                self.let_go(&revocation);
                committed?;
                if self.tell_owned().await? { Ok(()) } else { self.rewind().await }
            }
            SourceEvent::Lost(revocation) => self.lose(revocation).await,
            // Of a member that failed the failure was told before.
            SourceEvent::Left => Ok(()),
        }
    }

    async fn take(&mut self, given: &[TopicPartition]) -> Result<(), Error> {
        if self.writers.keeps_positions() {
            // Where these begin is kept by a transaction of its own.
            self.checkpoint().await?;
        }
        self.writers.end_lingering(given).await?;
        self.begin(given).await
    }

    async fn begin(&mut self, given: &[TopicPartition]) -> Result<(), Error> {
        if let Some(source) = self.member() {
            source.take(given).await?;
        }
        self.tell_rebuilt();
        // They were taken over just now.
        self.tell_owned().await.map(drop)
    }

    /// Transactions are called by what the task owns. False where it has to go back to what is kept of that.
    async fn tell_owned(&mut self) -> Result<bool, Error> {
        let Some(source) = self.member() else { return Ok(true) };
        let owned = source.owned();
        self.writers.set_owned(&owned).await
    }

    /// Reads these no more, and keeps nothing of them. They are free when the revocation is dropped.
    fn let_go(&mut self, revocation: &Revocation) {
        if let Some(source) = self.member() {
            source.let_go(revocation.partitions());
        }
        self.transform.forget(revocation.partitions());
        self.tell_kept();
        self.tell_rebuilt();
    }

    /// Commits the positions of this moment, with all that was written of what lies before them.
    pub(super) async fn checkpoint(&mut self) -> Result<(), Error> {
        self.hear_losses().await?;
        let positions = self.source.positions();
        self.dead_letters.flush().await?;
        if !self.writers.commit(positions, &mut self.source).await? {
            return self.rewind().await;
        }
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
}

/// Returns when a checkpoint of all is asked for; never, where the task commits alone. Cancel-safe.
async fn asked(by_others: &mut Option<watch::Receiver<bool>>) {
    match by_others {
        // Who asks lives as long as the task.
        Some(asked) => _ = asked.wait_for(|asked| *asked).await,
        None => std::future::pending().await,
    }
}

/// Ticks of a period that may be as long as it likes; the first is due after one.
pub(crate) fn ticks(period: Duration) -> tokio::time::Interval {
    // tokio counts in a far future rather than overflow.
    let period = period.min(FOR_EVER).max(Duration::from_millis(1));
    let mut ticks = interval(period);
    ticks.reset();
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// How long a group is told that a member leaves: all is committed by then, and a stop does not wait for courtesy.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// After so long a job that waits for its first share says so.
const JOIN_TOLD_AFTER: Duration = Duration::from_secs(5);

const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
