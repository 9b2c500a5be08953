//! The processes of the job: started, stopped, killed, and started again when they fail.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, Stopper, Summary};

use super::network::{Dialer, Network};

/// Processes that run one script.
pub(crate) struct Processes {
    sql: String,
    is_named: bool,
    network: Network,
    lives: u64,
    /// By their numbers.
    places: Vec<Place>,
}

/// Where a process is, or will be.
enum Place {
    Empty { until: Instant },
    Alive(Life),
}

/// A process from its start to its end.
struct Life {
    dialer: Dialer,
    opened: oneshot::Receiver<Stopper>,
    stopper: Option<Stopper>,
    is_stopping: bool,
    ended: JoinHandle<Result<Summary, Error>>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) enum LifeEnd {
    Stopped,
    Failed(String),
    /// Which is a bug, whatever went wrong.
    Panicked(String),
}

/// How long a process that failed is away.
const RESTART_AFTER: Duration = Duration::from_millis(700);

impl Processes {
    pub(crate) fn new(sql: String, is_named: bool, count: usize, network: Network) -> Self {
        let places =
            (0..count).map(|number| Place::Empty { until: Instant::now() + RESTART_AFTER * number as u32 });
        Self { sql, is_named, network, lives: 0, places: places.collect() }
    }

    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// Starts who is due; gives who has ended.
    pub(crate) async fn turn(&mut self) -> Vec<(usize, LifeEnd)> {
        let mut ends = Vec::new();
        for number in 0..self.places.len() {
            match &mut self.places[number] {
                Place::Empty { until } if *until <= Instant::now() => {
                    self.places[number] = Place::Alive(self.start(number));
                }
                Place::Empty { .. } => {}
                Place::Alive(life) => {
                    life.pass_stop();
                    if life.ended.is_finished() {
                        ends.push((number, life_end((&mut life.ended).await)));
                        self.places[number] = Place::Empty { until: Instant::now() + RESTART_AFTER };
                    }
                }
            }
        }
        ends
    }

    fn start(&mut self, number: usize) -> Life {
        self.lives += 1;
        let dialer = Dialer { process: number, life: self.lives };
        let options = JobOptions::new().with_environment(self.network.environment(dialer));
        let options = if self.is_named { options.with_instance(format!("p{number}")) } else { options };
        let (opened_to, opened) = oneshot::channel();
        let sql = self.sql.clone();
        let ended = tokio::spawn(async move {
            let job = Job::open(plan::plan(&*sql, &PlanOptions::default())?, options).await?;
            drop(opened_to.send(job.stopper()));
            job.run().await
        });
        Life { dialer, opened, stopper: None, is_stopping: false, ended }
    }

    /// Asks a process to stop; one that is still opening stops then.
    pub(crate) fn stop(&mut self, number: usize) {
        if let Place::Alive(life) = &mut self.places[number] {
            life.is_stopping = true;
            life.pass_stop();
        }
    }

    /// kill -9; it is away for so long.
    pub(crate) async fn kill(&mut self, number: usize, away: Duration) {
        let empty = Place::Empty { until: Instant::now() + away };
        if let Place::Alive(life) = std::mem::replace(&mut self.places[number], empty) {
            self.network.kill(life.dialer);
            life.ended.abort();
            drop(life.ended.await);
        }
    }

    /// Stops all of them, for good; gives how each ended.
    pub(crate) async fn end(mut self) -> Vec<(usize, LifeEnd)> {
        (0..self.places.len()).for_each(|number| self.stop(number));
        let mut ends = Vec::new();
        for (number, place) in self.places.into_iter().enumerate() {
            let Place::Alive(mut life) = place else { continue };
            if life.stopper.is_none() {
                life.stopper = (&mut life.opened).await.ok();
                life.pass_stop();
            }
            ends.push((number, life_end(life.ended.await)));
        }
        ends
    }
}

impl Life {
    fn pass_stop(&mut self) {
        if self.stopper.is_none() {
            self.stopper = self.opened.try_recv().ok();
        }
        if let (true, Some(stopper)) = (self.is_stopping, &self.stopper) {
            stopper.stop();
        }
    }
}

fn life_end(ended: Result<Result<Summary, Error>, JoinError>) -> LifeEnd {
    match ended {
        Ok(Ok(_)) => LifeEnd::Stopped,
        Ok(Err(error)) => LifeEnd::Failed(error.to_string()),
        Err(panic) => LifeEnd::Panicked(panic.to_string()),
    }
}
