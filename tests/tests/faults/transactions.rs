//! The load of transactions: one producer writes them one after the other, and keeps what became of each.

use std::time::Instant;

use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use upsert_kafka_client::{
    Client, Commit, Delivery, Error, GroupMetadata, Producer, Record, Topic, TopicPartition, Transaction,
};

use super::accounts::{Accounts, Attempt, End};
use super::numbered::Numbered;
use super::pulse::{PATIENCE, Progress, Pulse};

/// Transactions under way, until [`Transactions::finish`].
pub(super) struct Transactions {
    topic: String,
    progress: watch::Receiver<Progress>,
    finish: oneshot::Sender<usize>,
    working: JoinHandle<Done>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) accounts: Accounts,
    /// How many producers it took: one, and one more for each fatal error.
    pub(super) producers: usize,
    /// The first errors.
    pub(super) errors: Vec<Error>,
}

impl Transactions {
    /// Begins them, by a client with a `transactional.id`; each keeps its number as the offset of a group.
    pub(super) async fn start(client: &Client, topic: &str, group: &str) -> Self {
        let (report, progress) = watch::channel(Progress::default());
        let (finish, finished) = oneshot::channel();
        let (producer, handle) = open(client, topic).await;
        let worker = Worker {
            client: client.clone(),
            group: GroupMetadata::new(group),
            producer,
            topic: handle,
            report,
            done: Done { producers: 1, ..Done::default() },
            numbered: Numbered::default(),
        };
        Self { topic: topic.to_owned(), progress, finish, working: tokio::spawn(worker.run(finished)) }
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse::new(&self.topic, self.progress.clone())
    }

    /// Lets it come to so many.
    pub(super) async fn finish(self, at_least: usize) -> Done {
        self.finish.send(at_least).expect("the load ended");
        let ended = timeout(PATIENCE, self.working).await;
        let ended =
            ended.unwrap_or_else(|_| panic!("{}: not ended: {:?}", self.topic, *self.progress.borrow()));
        ended.expect("all are ended")
    }
}

async fn open(client: &Client, topic: &str) -> (Producer, Topic) {
    let producer = client.producer();
    let topic = producer.topic(topic).await.expect("the topic");
    (producer, topic)
}

struct Worker {
    client: Client,
    group: GroupMetadata,
    producer: Producer,
    topic: Topic,
    report: watch::Sender<Progress>,
    done: Done,
    numbered: Numbered,
}

impl Worker {
    async fn run(mut self, mut finished: oneshot::Receiver<usize>) -> Done {
        let mut at_least = usize::MAX;
        while self.done.accounts.attempts.len() < at_least {
            match finished.try_recv() {
                Ok(told) => at_least = told,
                Err(TryRecvError::Empty | TryRecvError::Closed) => {}
            }
            self.transact().await;
        }
        self.done
    }

    /// One transaction, whatever becomes of it; every fifth is aborted on purpose, half of these after all of it
    /// was written.
    async fn transact(&mut self) {
        let count = self.done.accounts.attempts.len();
        let first = (count * RECORDS) as u64;
        let transaction = self.begin().await;
        let mut deliveries = Vec::with_capacity(RECORDS);
        let filled = self.fill(&transaction, first, &mut deliveries).await;
        let ended = match filled {
            Err(error) => {
                self.note(error);
                transaction.abort().await.map(|()| End::Failed)
            }
            Ok(()) if count % 5 == 4 => {
                if count % 10 == 4 {
                    // A failure is told by the abort, or does not matter any more.
                    let _ = transaction.flush().await;
                }
                transaction.abort().await.map(|()| End::Aborted)
            }
            Ok(()) => transaction.commit().await.map(|()| End::Committed),
        };
        let end = match ended {
            Ok(end) => end,
            Err(error) => {
                let end = if error.may_have_been_written() { End::InDoubt } else { End::Failed };
                let fatal = error.is_fatal();
                self.note(error);
                if fatal {
                    self.renew().await;
                }
                end
            }
        };
        self.settle(end, deliveries).await;
    }

    async fn begin(&mut self) -> Transaction {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.producer.begin().await {
                Ok(transaction) => return transaction,
                Err(error) => {
                    assert!(Instant::now() < deadline, "no transaction can be begun: {error}");
                    let fatal = error.is_fatal();
                    self.note(error);
                    if fatal {
                        self.renew().await;
                    }
                }
            }
        }
    }

    async fn fill(
        &mut self,
        transaction: &Transaction,
        first: u64,
        deliveries: &mut Vec<Delivery>,
    ) -> Result<(), Error> {
        for number in first..first + RECORDS as u64 {
            let (key, value) = self.numbered.bytes(number);
            deliveries.push(transaction.send(Record::new(&self.topic).key(key).value(value)).await?);
            self.report.send_modify(|it| it.sent = number + 1);
        }
        let offset = i64::try_from(self.done.accounts.attempts.len() + 1).expect("a number in memory");
        let mark = Commit::new(TopicPartition::new(self.topic.name(), 0), offset);
        transaction.send_offsets(&[mark], &self.group).await
    }

    async fn settle(&mut self, end: End, deliveries: Vec<Delivery>) {
        let mut places = vec![None; RECORDS];
        for (place, delivery) in places.iter_mut().zip(deliveries) {
            match delivery.await {
                Ok(receipt) => *place = Some((receipt.partition, receipt.offset)),
                Err(error) => assert!(end != End::Committed, "committed without one of its records: {error}"),
            }
        }
        self.done.accounts.attempts.push(Attempt { end, places });
        let settled = (self.done.accounts.attempts.len() * RECORDS) as u64;
        self.report.send_modify(|it| {
            (it.sent, it.settled) = (settled, settled);
            if end == End::Committed {
                it.acknowledged = settled;
            }
        });
    }

    async fn renew(&mut self) {
        (self.producer, self.topic) = open(&self.client, self.topic.name()).await;
        self.done.producers += 1;
    }

    fn note(&mut self, error: Error) {
        if self.done.errors.len() < NOTED_MAX {
            self.done.errors.push(error);
        }
    }
}

/// Records of a transaction.
const RECORDS: usize = 50;
const NOTED_MAX: usize = 10;
