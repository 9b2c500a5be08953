//! The load of single records: one task sends them numbered, at a pace, and keeps what became of each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use upsert_kafka_client::{Client, Error, Producer, Receipt, Record, Topic};

use super::audit::Outcome;
use super::numbered::Numbered;
use super::pulse::{PATIENCE, Progress, Pulse};

/// Records on their way, until [`Load::finish`].
pub(crate) struct Load {
    producer: Producer,
    topic: String,
    progress: watch::Receiver<Progress>,
    finish: oneshot::Sender<u64>,
    sending: JoinHandle<()>,
    collecting: JoinHandle<Ledger>,
}

/// What became of all of them.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By number.
    pub(crate) outcomes: Vec<Outcome>,
    /// Failed with an error that passes, and not because `delivery.timeout.ms` was over.
    pub(crate) given_up_early: u64,
    /// The longest time without any acknowledgement.
    pub(crate) silence: Duration,
    /// How many records were sent again.
    pub(crate) retries: f64,
    /// Why those failed that did, by number.
    pub(crate) failures: BTreeMap<usize, Error>,
}

impl Load {
    /// Begins to send so many records a second.
    pub(crate) async fn start(client: &Client, topic: &str, pace: u64) -> Self {
        let producer = client.producer();
        let handle = producer.topic(topic).await.expect("the topic");
        let (report, progress) = watch::channel(Progress::default());
        let (finish, finished) = oneshot::channel();
        let (told, outcomes) = mpsc::unbounded_channel();
        let collector = Collector { report: report.clone(), known: Vec::new(), ledger: Ledger::default() };
        let numbered = Numbered::default();
        let sender = Sender { producer: producer.clone(), topic: handle, report, told, next: 0, numbered };
        Self {
            producer,
            topic: topic.to_owned(),
            progress,
            finish,
            sending: tokio::spawn(sender.run(pace, finished)),
            collecting: tokio::spawn(collector.run(outcomes)),
        }
    }

    pub(crate) fn pulse(&self) -> Pulse {
        Pulse::new(&self.topic, self.progress.clone())
    }

    /// How many records were sent again until now.
    pub(crate) fn retries(&self) -> f64 {
        retries(&self.producer, &self.topic)
    }

    /// Waits until records were sent again since there were so many: what was done to the cluster is felt. Looks
    /// whenever the load moves on.
    pub(crate) async fn is_retrying(&self, before: f64) {
        let mut progress = self.progress.clone();
        let felt = timeout(PATIENCE, async {
            while self.retries() <= before {
                progress.changed().await.expect("the load goes on");
            }
        });
        felt.await.unwrap_or_else(|_| panic!("{}: nothing is sent again within {PATIENCE:?}", self.topic));
    }

    /// Sends the rest of so many, as fast as it can, and waits for all of them.
    pub(crate) async fn finish(self, at_least: u64) -> Ledger {
        self.finish.send(at_least).expect("the load ended");
        let ended = timeout(PATIENCE, async {
            self.sending.await.expect("all are sent");
            self.collecting.await.expect("all are settled")
        });
        let ledger = ended.await.unwrap_or_else(|_| {
            let (progress, metrics) = (*self.progress.borrow(), self.producer.metrics());
            panic!("{}: not all is settled within {PATIENCE:?}: {progress:?}\n{metrics}", self.topic)
        });
        Ledger { retries: retries(&self.producer, &self.topic), ..ledger }
    }
}

/// A topic of which nothing was sent yet has no figures.
fn retries(producer: &Producer, topic: &str) -> f64 {
    producer.metrics().of_topic(topic, "record-retry-total").unwrap_or_default()
}

/// Knows only how to send.
struct Sender {
    producer: Producer,
    topic: Topic,
    report: watch::Sender<Progress>,
    told: mpsc::UnboundedSender<Told>,
    next: u64,
    numbered: Numbered,
}

/// A number, and what was told of it.
type Told = (u64, Result<Receipt, Error>);

impl Sender {
    async fn run(mut self, pace: u64, mut finished: oneshot::Receiver<u64>) {
        let mut beat = interval(BEAT);
        let at_least = loop {
            tokio::select! {
                _ = beat.tick() => {
                    for _ in 0..pace / BEATS_PER_SECOND {
                        self.send().await;
                    }
                }
                at_least = &mut finished => break at_least.expect("the test ended"),
            }
        };
        while self.next < at_least {
            self.send().await;
        }
        // A failure is in the ledger, where it belongs.
        let _ = self.producer.flush().await;
    }

    async fn send(&mut self) {
        let number = self.next;
        let (key, value) = self.numbered.bytes(number);
        let record = Record::new(&self.topic).key(key).value(value);
        let delivery =
            self.producer.send(record).await.unwrap_or_else(|e| panic!("{number} is not taken in: {e}"));
        self.next += 1;
        self.report.send_modify(|it| it.sent = number + 1);
        let told = self.told.clone();
        // The collector is gone only when the test is.
        tokio::spawn(async move { told.send((number, delivery.await)) });
    }
}

/// Knows only what was told.
struct Collector {
    report: watch::Sender<Progress>,
    known: Vec<Option<Outcome>>,
    ledger: Ledger,
}

impl Collector {
    async fn run(mut self, mut told: mpsc::UnboundedReceiver<Told>) -> Ledger {
        let (mut settled, mut last) = (0, Instant::now());
        while let Some((number, outcome)) = told.recv().await {
            let acknowledged = outcome.is_ok();
            if acknowledged {
                self.ledger.silence = self.ledger.silence.max(last.elapsed());
                last = Instant::now();
            }
            let at = usize::try_from(number).expect("a number in memory");
            self.known.resize(self.known.len().max(at + 1), None);
            assert!(self.known[at].is_none(), "{number} is told twice");
            self.known[at] = Some(self.outcome(at, outcome));
            settled += self.known[settled..].iter().take_while(|it| it.is_some()).count();
            self.report.send_modify(|it| {
                it.settled = settled as u64;
                if acknowledged {
                    it.acknowledged = it.acknowledged.max(number + 1);
                }
            });
        }
        let all = self.known.into_iter().enumerate();
        let outcomes = all.map(|(number, it)| it.unwrap_or_else(|| panic!("{number} was never settled")));
        Ledger { outcomes: outcomes.collect(), ..self.ledger }
    }

    fn outcome(&mut self, at: usize, outcome: Result<Receipt, Error>) -> Outcome {
        match outcome {
            Ok(Receipt { partition, offset, .. }) => Outcome::Acknowledged { partition, offset },
            Err(error) => {
                self.ledger.given_up_early += u64::from(passes(&error));
                let may_be_written = error.may_have_been_written();
                self.ledger.failures.insert(at, error);
                Outcome::Failed { may_be_written }
            }
        }
    }
}

impl Ledger {
    /// Why the first one of those failed, if any did.
    pub(crate) fn why(&self, numbers: &[usize]) -> Option<&Error> {
        numbers.iter().find_map(|number| self.failures.get(number))
    }

    /// How many failed: those that cannot be written, and those that may be.
    pub(crate) fn failed(&self) -> [usize; 2] {
        [false, true].map(|may_be_written| {
            self.outcomes.iter().filter(|it| **it == Outcome::Failed { may_be_written }).count()
        })
    }
}

/// An error that passes, and not because `delivery.timeout.ms` was over.
pub(crate) fn passes(error: &Error) -> bool {
    error.is_retriable() && !error.to_string().contains("delivery.timeout.ms")
}

const BEAT: Duration = Duration::from_millis(10);
const BEATS_PER_SECOND: u64 = 100;
