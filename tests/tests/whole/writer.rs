//! Who writes in transactions beside the job, by the shipped producer: begun, written in, then committed, aborted or dropped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use upsert_kafka_broker::Broker;
use upsert_kafka_client::{
    Client, Commit, Config, Error, GroupMetadata, NewTopic, Record, Role, Topic, TopicPartition, Transaction,
};

use super::ledger::{self, End, Ledger, PARTITIONS};
use super::network::{Dialer, Network};
use super::random::Random;
use super::recipe::{Recipe, SETTLED_WITHIN};
use super::topic_log::TopicLog;
use super::trace::Trace;

/// The writers of a run: one, and another that may take its place while it knows nothing of it.
pub(crate) struct Writers {
    ledger: Arc<Mutex<Ledger>>,
    stop: watch::Sender<bool>,
    /// By whom positions are read in the end.
    client: Client,
    written: Vec<JoinHandle<Result<(), String>>>,
}

/// One writer.
struct Writer {
    number: usize,
    client: Client,
    begins_at: Instant,
    /// When its last transaction began.
    begun_at: Instant,
    /// When another has its transactional id too.
    contested_at: Option<Instant>,
    ledger: Arc<Mutex<Ledger>>,
    stop: watch::Receiver<bool>,
    random: Random,
    trace: Trace,
}

/// The writers' `client.id` and `transactional.id`, by which faults may be theirs; their topic; and their group.
pub(crate) const LEDGER: &str = "ledger";
const TRANSACTION_TIMEOUT_MS: u64 = 10_000;

impl Writers {
    /// Opens the clients, makes the topic, and begins.
    pub(crate) async fn open(
        recipe: &Recipe,
        network: &Network,
        servers: &str,
        trace: &Trace,
    ) -> Result<Option<Self>, Error> {
        let Some(of) = recipe.hurry else { return Ok(None) };
        let Some(writers) = of.writers else { return Ok(None) };
        let mut properties = recipe.feeder_properties();
        properties.retain(|(key, _)| !["retries", "buffer.memory", "delivery.timeout.ms"].contains(key));
        // A transaction waits until the markers of the one before are written.
        let delivery_timeout_ms = of.delivery_timeout_ms + 2 * recipe.marker_delay_ms;
        properties.push(("delivery.timeout.ms", delivery_timeout_ms.to_string()));
        properties.push(("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS.to_string()));
        let names = [("bootstrap.servers", servers), ("client.id", LEDGER), ("transactional.id", LEDGER)];
        let (ledger, (stop, stopped)) = (Arc::<Mutex<Ledger>>::default(), watch::channel(false));
        let takeover = writers.takeover_at.map(|at| Instant::now() + at);
        let (mut clients, mut written) = (Vec::new(), Vec::new());
        for (number, begins_at) in [Some(Instant::now()), takeover].into_iter().flatten().enumerate() {
            let dialer = Dialer { process: recipe.processes + 1, life: number as u64 };
            let pairs = names.into_iter().chain(properties.iter().map(|(key, value)| (*key, &**value)));
            let config = Config::from_properties(pairs, Role::Producer)?.0;
            let client = Client::open_in(config, network.environment(dialer)).await?;
            if number == 0 {
                for made in
                    client.admin().create_topics(&[NewTopic::new(LEDGER).partitions(PARTITIONS)]).await?
                {
                    made?;
                }
            }
            clients.push(client.clone());
            let writer = Writer {
                number,
                client,
                begins_at,
                begun_at: begins_at,
                contested_at: takeover,
                ledger: Arc::clone(&ledger),
                stop: stopped.clone(),
                random: Random::new(recipe.seed ^ 0x1ed9e5 ^ ((number as u64) << 32)),
                trace: trace.clone(),
            };
            written.push(tokio::spawn(writer.run()));
        }
        let client = clients.swap_remove(0);
        Ok(Some(Self { ledger, stop, client, written }))
    }

    /// In quiet: each commits once more, unless another has its place; then the log must be as they were told.
    /// Gives what was committed.
    pub(crate) async fn judge(self, broker: &Broker) -> Result<TopicLog, String> {
        self.stop.send_replace(true);
        for writer in self.written {
            let ended = timeout(SETTLED_WITHIN, writer).await;
            let ended = ended.map_err(|_| "a writer does not come to its end in quiet")?;
            ended.map_err(|panic| format!("a writer panicked: {panic}"))??;
        }
        // What a writer that was fenced has left open is ended by its time.
        let until = Instant::now() + 2 * Duration::from_millis(TRANSACTION_TIMEOUT_MS);
        let committed = loop {
            let committed = TopicLog::committed(broker, LEDGER, PARTITIONS).await?;
            if committed.unstable == 0 || Instant::now() > until {
                break committed;
            }
            sleep(Duration::from_millis(200)).await;
        };
        if committed.unstable > 0 {
            return Err("a transaction that nobody ends stays open".to_owned());
        }
        let written = TopicLog::written(broker, LEDGER, PARTITIONS).await?;
        let of_group = [TopicPartition::new(LEDGER, 0)];
        let position = self.client.consumer().committed_stable(LEDGER, &of_group).await;
        let position = position.map_err(|error| format!("the position of the ledger: {error}"))?;
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.judge(&written, &committed)?;
        ledger.judge_position(position.first().and_then(|it| it.offset))?;
        Ok(committed)
    }
}

impl Writer {
    async fn run(mut self) -> Result<(), String> {
        sleep_until(self.begins_at).await;
        let producer = self.client.producer();
        let topic = loop {
            match producer.topic(LEDGER).await {
                Ok(topic) => break topic,
                Err(error) if *self.stop.borrow() => return Err(format!("the ledger in quiet: {error}")),
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        };
        loop {
            let is_last = *self.stop.borrow();
            let failed = match producer.begin().await {
                Ok(transaction) => self.write(&topic, transaction, is_last).await,
                Err(error) => Some(error),
            };
            match failed {
                None if is_last => return Ok(()),
                None => {}
                Some(error) if error.is_fatal() => return self.judge_end(&error),
                Some(error) if is_last => {
                    return Err(format!("writer {}: {error}, though nothing is wrong", self.number));
                }
                Some(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Whom another instance may fence may come to its end, and whose transaction outlasted its time; nobody else.
    fn judge_end(&self, error: &Error) -> Result<(), String> {
        let is_contested = self.contested_at.is_some_and(|at| at <= Instant::now());
        if is_contested || self.begun_at.elapsed() >= Duration::from_millis(TRANSACTION_TIMEOUT_MS) {
            return Ok(());
        }
        Err(format!("writer {} came to its end, for no cause: {error}", self.number))
    }

    /// A transaction, one way or another; the error that it met, if there was one. The last one must be committed.
    async fn write(&mut self, topic: &Topic, transaction: Transaction, is_last: bool) -> Option<Error> {
        self.begun_at = Instant::now();
        let number = self.with(|ledger| ledger.begin(self.number));
        self.tell(number, "is begun");
        for _ in 0..self.random.range(1, 4) {
            for _ in 0..self.random.range(0, 4) {
                if let Err(error) = self.send(topic, &transaction, number).await {
                    self.tell(number, &format!("takes no row: {error}"));
                    return Some(error);
                }
            }
            if !is_last {
                sleep(Duration::from_millis(self.random.scale(20, 800))).await;
            }
        }
        if self.random.percent(30) {
            let position = Commit::new(TopicPartition::new(LEDGER, 0), i64::from(number));
            if let Err(error) = transaction.send_offsets(&[position], &GroupMetadata::new(LEDGER)).await {
                self.tell(number, &format!("takes no position: {error}"));
                return Some(error);
            }
            self.with(|ledger| ledger.carries_position(number));
        }
        let ended = match self.random.range(0, 9) {
            drawn if drawn < 6 || is_last => {
                let committed = transaction.commit().await;
                let end = match &committed {
                    Ok(()) => End::Committed,
                    Err(error) if error.may_have_been_written() => End::Doubtful,
                    Err(_) => End::NotCommitted,
                };
                self.with(|ledger| ledger.end(number, end));
                committed
            }
            6..=8 => transaction.abort().await,
            _ => {
                drop(transaction);
                Ok(())
            }
        };
        self.tell(number, &format!("ends by {ended:?}"));
        ended.err()
    }

    async fn send(&self, topic: &Topic, transaction: &Transaction, number: i32) -> Result<(), Error> {
        let row = self.with(|ledger| ledger.next_row(number));
        let value = format!("{{\"id\":{number},\"number\":{row}}}");
        let record = Record::new(topic).value(value.as_bytes());
        let record = Record { partition: Some(ledger::partition(number)), ..record };
        // The commit says what became of it.
        let _committed = transaction.send(record).await?;
        self.with(|ledger| ledger.add_row(number));
        Ok(())
    }

    fn tell(&self, transaction: i32, what: &str) {
        self.trace.tell(|| format!("writer {}: transaction {transaction} {what}", self.number));
    }

    fn with<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
