//! A job as a process of its own: it can be killed like one, so that none of its tasks does anything any more.

use std::time::Duration;

use tokio::sync::{oneshot, watch};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Job, JobOptions, Stopper};

/// A job on a thread and a runtime of its own.
pub(super) struct Process {
    opened: watch::Receiver<Option<Stopper>>,
    kill: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<Result<(), String>>,
    outcome: Option<Result<(), String>>,
}

impl Process {
    /// One that finds its clusters where its tables say.
    pub(super) fn start(sql: String) -> Self {
        let options = PlanOptions::new();
        let (told, opened) = watch::channel(None);
        let (kill, killed) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let outcome = runtime.block_on(async {
                tokio::select! {
                    outcome = run(&sql, &options, told) => outcome,
                    _ = killed => Err(KILLED.to_owned()),
                }
            });
            // The producer's background task dies with its runtime, as with its process.
            runtime.shutdown_timeout(Duration::ZERO);
            // Nobody may be left to hear.
            _ = end.send(outcome);
        });
        Self { opened, kill: Some(kill), ended, outcome: None }
    }

    /// Returns when the job has resolved where it starts, or has ended.
    pub(super) async fn opened(&mut self) -> bool {
        self.opened.wait_for(Option::is_some).await.map(drop).is_ok()
    }

    pub(super) fn stop(&self) {
        if let Some(stopper) = &*self.opened.borrow() {
            stopper.stop();
        }
    }

    pub(super) fn kill(&mut self) {
        // One that has ended hears nothing.
        self.kill.take().map(|kill| kill.send(()));
    }

    /// Its end; asked again it is the same. Cancel-safe.
    pub(super) async fn ended(&mut self) -> Result<(), String> {
        if self.outcome.is_none() {
            let outcome = (&mut self.ended).await.unwrap_or_else(|_| Err("its thread panicked".to_owned()));
            self.outcome = Some(outcome);
        }
        self.outcome.clone().unwrap_or(Ok(()))
    }
}

async fn run(sql: &str, options: &PlanOptions, told: watch::Sender<Option<Stopper>>) -> Result<(), String> {
    let plan = plan::plan(sql, options).map_err(|e| e.to_string())?;
    // By its name it is the same member when it comes back, and nobody waits until it is missed.
    let options = JobOptions::default().with_instance("one");
    let job = Job::open(plan, options).await.map_err(|e| e.to_string())?;
    told.send_replace(Some(job.stopper()));
    job.run().await.map(drop).map_err(|e| e.to_string())
}

const KILLED: &str = "killed";
