//! A running job: tasks that read, transform, write, and commit what they wrote.
//!
//! [`Job::open`] takes a plan to its clusters: topics are checked or created, formats opened, and every source finds
//! where it begins. [`Job::run`] then spawns the tasks and waits for their ends.
//!
//! ```text
//! Job ─┬─ Tasks of each pipeline ─┬─ KafkaSource   polls a share of the partitions, knows how far it came
//!      │                          ├─ Transform     makes of a record what each INSERT writes
//!      │                          └─ Writers       hand it to producers, or to tasks of the sink, and commit
//!      │                                  │ exchange: by the hash of the sink's key, or in turns
//!      └─ Tasks of sinks ───────────────  Writer   hands it to a producer
//! ```
//!
//! A task shares no state with the others but counters ([`Progress`]), the formats, and a client with those that reach
//! their cluster in the same way. No two tasks read the same partition, and each commits the positions of its own
//! partitions. So several tasks of one pipeline differ in their [`Subtask`] alone, and the rows of a partition stay in
//! order: a key whose changes lie in one partition of the source is written by one task.
//!
//! Where a plan says so (`plan/parallelism.rs`), the changes of an INSERT are written by tasks of the sink. They come
//! through an exchange: bounded channels, in batches (`exchange.rs` fills them, `handover.rs` is what crosses), and each
//! change of a key goes to the same task, so that a key stays in order here too. The branches of a UNION ALL have one sink:
//! one writer in a task that reads them all, one exchange where several tasks do.
//!
//! A checkpoint is one operation of one task that reads (`Writers::commit`): positions of this moment, and everything
//! written of what lies before them, become lasting together. Where other tasks write, an order to flush follows the
//! changes through the channels, and each such task tells when it is done. There is a checkpoint by interval and one at
//! the task's end, also after a failure: what was processed before it is kept, and not read again. There is no other
//! state. After a crash the offsets in the source's group say where to read on. The exactly-once sinks of a task have one
//! transaction (`task_transaction.rs`), into which its positions go; tasks whose rows an exchange mixes share it, and come to
//! a checkpoint together.
//!
//! A job that goes on for ever, whose tables name a group and their topics, shares its partitions with other processes of
//! the same job: each task that reads is a member of the table's group, is given partitions and gives them up one by one
//! (`source/rebalance.rs`). What is taken away is flushed and committed before it is let go.
//!
//! A stop ends every task that reads behind the records that it has at hand; when the last of them has made its last
//! checkpoint, the tasks of sinks end. The failure of one stops the others. A job that was asked to stop, or has failed,
//! leaves within the stop timeout.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tracing::debug;
use upsert_kafka_client::{Clock, Environment};

use crate::clients::Clients;
use crate::codecs::Codecs;
use crate::error::{Error, ErrorKind};
use crate::plan::{Notice, Plan};
use crate::progress::{Counts, Progress};
use crate::query_results::{self, QueryResults, QueryWriter};
use crate::source::JobIdentity;
pub use crate::source::Restore;
use sink_task::{SinkTask, SinkTasks};
use subtask::Subtask;
use task::{Opening, Task};
use transactions::JobTransactions;

pub(crate) mod dead_letters;
mod exchange_writer;
mod handover;
mod input;
mod sink_task;
pub(crate) mod subtask;
pub(crate) mod task;
mod topics;
mod transactions;
mod writers;

pub use topics::NewTopics;

/// What a caller says when a job is opened.
///
/// ```
/// use std::time::Duration;
/// use upsert_kafka_sink::{JobOptions, Restore};
///
/// let options = JobOptions::new().with_restore(Restore::Offsets).with_stop_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JobOptions {
    restore: Restore,
    create_topics: Option<NewTopics>,
    stop_timeout: Duration,
    environment: Environment,
    results: Option<QueryWriter>,
    instance: Option<String>,
    alone: bool,
}

/// Below the 30 s that orchestrators give a process before they kill it.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            restore: Restore::default(),
            create_topics: None,
            stop_timeout: STOP_TIMEOUT,
            environment: Environment::new(),
            results: None,
            instance: None,
            alone: false,
        }
    }
}

impl JobOptions {
    /// The group's checkpoint counts, topics exist, a stop takes 25 s at most, and the machine is this one.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the offsets that the group keeps mean.
    pub fn with_restore(self, restore: Restore) -> Self {
        Self { restore, ..self }
    }

    /// Makes topics that are missing; without this they are an error.
    pub fn with_new_topics(self, new: NewTopics) -> Self {
        Self { create_topics: Some(new), ..self }
    }

    /// How long a job that was asked to stop, or that failed, may take to flush and to commit. After that it leaves
    /// with an error, and what was not acknowledged is read again by the next run.
    pub fn with_stop_timeout(self, stop_timeout: Duration) -> Self {
        Self { stop_timeout, ..self }
    }

    /// Hands the changes of SELECTs out to the caller, who must take them: a job waits for that. Without this they are
    /// printed.
    pub fn with_query_results(self) -> (Self, QueryResults) {
        let (writer, results) = query_results::channel();
        (Self { results: Some(writer), ..self }, results)
    }

    /// The name of this process among those that share the job's groups (KIP-345), by which its members are known when
    /// they come back: a process that restarts within `session.timeout.ms` has its partitions again, and nobody else
    /// was given them. Each process needs another. Its members add their number: `NAME-0`, `NAME-1`, and so on.
    pub fn with_instance(self, name: impl Into<String>) -> Self {
        Self { instance: Some(name.into()), ..self }
    }

    /// No other process shares the job: it reads every partition, and begins at once, since it asks no group. One that
    /// commits to its groups all the same ends it.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Where the job takes its connections, its time and its chance from.
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }
}

/// A job whose cluster was reached and whose beginning is resolved.
pub struct Job {
    tasks: Vec<Task>,
    sink_tasks: Vec<SinkTask>,
    checkpoint_interval: Duration,
    stop_timeout: Duration,
    progress: Arc<Progress>,
    notices: Vec<Notice>,
    stop: watch::Sender<bool>,
    clock: Clock,
}

/// Asks a job to stop: it flushes, commits and ends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

/// What a job came to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Rows in and out.
    pub counts: Counts,
    /// From `run` to its end.
    pub elapsed: Duration,
}

impl Job {
    /// Connects, sees to the topics, and resolves where each source begins: what is produced from now on
    /// is read by the job, also under `latest-offset`.
    ///
    /// # Errors
    /// No broker answers, a topic is missing, the group has no offset where one is needed.
    pub async fn open(mut plan: Plan, options: JobOptions) -> Result<Self, Error> {
        plan.share_state_memory();
        if options.results.is_some() {
            plan.hand_queries_out();
        }
        let progress = Arc::new(Progress::default());
        let mut clients = Clients::of_job(options.environment.clone());
        let topics::Checked { mut notices, sink_clusters } =
            topics::check(&plan, options.create_topics.as_ref(), &mut clients).await?;
        let job = JobIdentity::of(&plan, &sink_clusters);
        let shared = Arc::clone(&progress);
        let mut opening = Opening {
            restore: options.restore,
            job,
            clients,
            progress: shared,
            results: options.results,
            transactions: JobTransactions::new(
                &plan.pipelines,
                plan.settings.checkpoint_interval,
                options.create_topics.clone(),
            ),
            instance: options.instance,
            alone: options.alone,
            members: 0,
        };
        let (mut tasks, mut sinks) = (Vec::new(), SinkTasks::default());
        let mut leases: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for pipeline in &plan.pipelines {
            let codecs = Codecs::open_in(pipeline, &options.environment).await?;
            let exchanges = sinks.open(pipeline, &mut opening).await?;
            for index in 0..pipeline.tasks {
                let subtask = Subtask::new(index, pipeline.tasks);
                let task = Task::open(pipeline, &codecs, &exchanges, subtask, &mut opening).await?;
                for insert in pipeline.sinks().filter_map(<[_]>::first) {
                    leases.entry(insert.statement).or_default().push(task.lease());
                }
                tasks.push(task);
            }
        }
        sinks.write_for(&leases);
        let tasks = join(tasks).await?;
        notices.extend(tasks.iter().flat_map(Task::notices).cloned());
        Ok(Self {
            tasks,
            sink_tasks: sinks.into_tasks(),
            checkpoint_interval: plan.settings.checkpoint_interval,
            stop_timeout: options.stop_timeout,
            progress,
            notices,
            stop: watch::Sender::new(false),
            clock: options.environment.clock().clone(),
        })
    }

    /// Where the job goes on from an earlier run: a line for each topic in which it does so.
    pub fn resumed(&self) -> impl Iterator<Item = &Notice> {
        self.tasks.iter().flat_map(Task::resumed)
    }

    /// What the user should know about the cluster's side of the job.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The job's counters.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// A handle that stops the job.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// From now on the job ends where its sources end at this moment. It must be [alone](JobOptions::alone), since a group
    /// may give and take partitions after that.
    ///
    /// # Errors
    /// When the cluster does not tell, or the job is not alone.
    pub async fn stop_at_end(&mut self) -> Result<(), Error> {
        for task in &mut self.tasks {
            task.stop_at_end().await?;
        }
        Ok(())
    }

    /// Runs until the sources end or somebody stops it. Not cancel-safe: dropped half-way it has not
    /// committed what it wrote last, and a restart writes that again.
    ///
    /// # Errors
    /// The first failure, with the offsets committed up to the record before it; or a stop that took longer than
    /// [`JobOptions::with_stop_timeout`] says.
    pub async fn run(self) -> Result<Summary, Error> {
        let (clock, began) = (self.clock.clone(), self.clock.now());
        let (stop, progress) = (self.stop, self.progress);
        let mut running = JoinSet::new();
        for mut task in self.tasks {
            let (interval, stop) = (self.checkpoint_interval, stop.subscribe());
            running.spawn(async move {
                let ran = task.run(interval, stop).await;
                TaskEnd::Stopped(Box::new(task), ran)
            });
        }
        for mut task in self.sink_tasks {
            running.spawn(async move {
                let ran = task.run().await;
                TaskEnd::SinkEnded(Box::new(task), ran)
            });
        }
        // It waits in a task of its own: that a stop is asked for is not heard here, before or after those who work.
        let mut too_late = JoinSet::new();
        too_late.spawn(after_stop(stop.subscribe(), self.stop_timeout));
        let mut failure = None;
        loop {
            let outcome = tokio::select! {
                biased;
                end = running.join_next() => match end.map(joined) {
                    None => break,
                    Some(Ok(TaskEnd::Stopped(mut task, ran))) => {
                        // Also after a failure: what was processed before it is kept, and not read again.
                        running.spawn(async move {
                            let committed = task.end().await;
                            task.leave().await;
                            TaskEnd::Committed(committed)
                        });
                        ran
                    }
                    Some(Ok(TaskEnd::Committed(committed))) => committed,
                    // Only now do those that wait for one that failed hear that it is gone: its error comes first.
                    Some(Ok(TaskEnd::SinkEnded(_task, ran))) => ran,
                    Some(Err(error)) => Err(error),
                },
                _ = too_late.join_next() => {
                    // What still runs is cut off with its set.
                    failure.get_or_insert(abandoned(&progress, self.stop_timeout));
                    break;
                }
            };
            if let Err(error) = outcome {
                debug!(%error, "a task failed; the others stop");
                stop.send_replace(true);
                failure.get_or_insert(error);
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(Summary { counts: progress.counts(), elapsed: clock.since(began) }),
        }
    }
}

/// Has every task that shares its partitions come to its first share.
async fn join(mut tasks: Vec<Task>) -> Result<Vec<Task>, Error> {
    let members = tasks.iter_mut().filter_map(Task::member).count();
    let settled = Arc::new(watch::Sender::new(0));
    let mut joining = JoinSet::new();
    let count = tasks.len();
    for (at, mut task) in tasks.into_iter().enumerate() {
        let settled = Arc::clone(&settled);
        joining.spawn(async move { task.join(&settled, members).await.map(|()| (at, task)) });
    }
    let mut joined = Vec::with_capacity(count);
    while let Some(end) = joining.join_next().await {
        joined.push(end.map_err(panicked).flatten()?);
    }
    joined.sort_unstable_by_key(|(at, _)| *at);
    Ok(joined.into_iter().map(|(_, task)| task).collect())
}

/// How far a task is.
enum TaskEnd {
    /// The task reads no more; its last checkpoint is due.
    Stopped(Box<Task>, Result<(), Error>),
    /// The last checkpoint is done, or failed.
    Committed(Result<(), Error>),
    /// A task of a sink has nothing left to write, or failed.
    SinkEnded(Box<SinkTask>, Result<(), Error>),
}

/// A task that panicked is a failure of the job.
fn joined(end: Result<TaskEnd, JoinError>) -> Result<TaskEnd, Error> {
    end.map_err(panicked)
}

#[cold]
fn panicked(end: JoinError) -> Error {
    Error::caused(ErrorKind::Sink, "a part of the job", end)
}

/// Resolves when a stop was asked for so long ago.
async fn after_stop(mut stop: watch::Receiver<bool>, timeout: Duration) {
    // Who can ask for a stop lives as long as the job does, so this is no error.
    _ = stop.wait_for(|asked| *asked).await;
    sleep(timeout).await;
}

#[cold]
fn abandoned(progress: &Progress, timeout: Duration) -> Error {
    let (seconds, rows) = (timeout.as_secs_f64(), progress.unacknowledged());
    let text = format!(
        "not stopped within {seconds} s: at least {rows} rows were handed over and are not known to be acknowledged; \
         nothing of them is committed, so the next run reads and writes them again"
    );
    Error::new(ErrorKind::Cluster, text)
}

impl Stopper {
    /// Asks once; asking again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
