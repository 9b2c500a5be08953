//! A running job: source to writer, with commit points.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::debug;

use crate::error::{Error, ErrorKind};
use crate::plan::{Notice, Plan};
use crate::progress::{Counts, Progress};
use flow::Flow;

mod flow;
mod topics;

pub use topics::NewTopics;

/// What a caller says when a job is opened.
#[derive(Clone, Debug, Default)]
pub struct JobOptions {
    /// Offsets that an earlier run committed do not count: the startup mode does.
    pub from_start_mode: bool,
    /// Makes topics that are missing; without it they are an error.
    pub create_topics: Option<NewTopics>,
}

/// A job whose cluster was reached and whose beginning is resolved.
pub struct Job {
    flows: Vec<Flow>,
    checkpoint_interval: Duration,
    progress: Arc<Progress>,
    notices: Vec<Notice>,
    stop: watch::Sender<bool>,
}

/// Asks a job to stop: it flushes, commits and ends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

/// What a job came to.
#[derive(Clone, Copy, Debug)]
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
    pub async fn open(plan: Plan, options: JobOptions) -> Result<Self, Error> {
        let progress = Arc::new(Progress::default());
        let notices = topics::check(&plan, options.create_topics.as_ref()).await?;
        let mut flows = Vec::new();
        for pipeline in plan.pipelines {
            flows.push(Flow::open(pipeline, options.from_start_mode, Arc::clone(&progress)).await?);
        }
        let checkpoint_interval = plan.settings.checkpoint_interval;
        Ok(Self { flows, checkpoint_interval, progress, notices, stop: watch::Sender::new(false) })
    }

    /// What the user should know about the cluster's side of the job.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Its counters.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// A handle that stops it.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// From now on the job ends where its sources end at this moment.
    ///
    /// # Errors
    /// When the cluster does not tell.
    pub async fn stop_at_end(&mut self) -> Result<(), Error> {
        for flow in &mut self.flows {
            flow.stop_at_end().await?;
        }
        Ok(())
    }

    /// Runs until the sources end or somebody stops it. Not cancel-safe: dropped half-way it has not
    /// committed what it wrote last, and a restart writes that again.
    ///
    /// # Errors
    /// The first failure, with the offsets committed up to the record before it.
    pub async fn run(self) -> Result<Summary, Error> {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for flow in self.flows {
            running.spawn(flow.run(self.checkpoint_interval, self.stop.subscribe()));
        }
        let mut failure = None;
        while let Some(ended) = running.join_next().await {
            let outcome =
                ended.unwrap_or_else(|e| Err(Error::caused(ErrorKind::Sink, "a part of the job", e)));
            if let Err(error) = outcome {
                debug!(%error, "a flow failed; the others stop");
                self.stop.send_replace(true);
                failure.get_or_insert(error);
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(Summary { counts: self.progress.counts(), elapsed: began.elapsed() }),
        }
    }
}

impl Stopper {
    /// Asks once; asking again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
