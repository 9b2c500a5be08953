//! Who writes the source's rows, by the shipped producer, and hears what became of each.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_client::{
    Assignment, Client, Config, Consumer, Delivery, Error, ErrorKind, IsolationLevel, NewTopic, OffsetSpec,
    Position, Producer, Record, Role, Topic, TopicPartition,
};

use upsert_kafka_protocol::ErrorCode;

use super::fates::Fates;
use super::network::{Dialer, Network};
use super::random::Random;
use super::recipe::{Recipe, SETTLED_WITHIN};
use super::topic_log::TopicLog;
use super::trace::Trace;

/// Who writes the source's rows.
pub(crate) struct Feeder {
    client: Client,
    producer: Producer,
    topic: Topic,
    partitions: i32,
    keys: i32,
    random: Random,
    /// Of each key, how many rows it sends at once, at most.
    rows_at_once: u64,
    /// Within so much each row has its outcome, where that is judged.
    patience: Option<Duration>,
    is_patient: bool,
    fates: Fates,
    trace: Trace,
    /// The rows that have no outcome yet.
    pending: Vec<PendingRow>,
}

struct PendingRow {
    place: usize,
    sent_at: Instant,
    delivery: Delivery,
}

/// The feeder's `client.id`, by which faults may be its own.
pub(crate) const FEEDER: &str = "feeder";
/// How much later than `delivery.timeout.ms` an outcome may be seen: it is looked for at every turn.
const SEEN_WITHIN: Duration = Duration::from_millis(200);

impl Feeder {
    /// Opens the client and makes the topics.
    pub(crate) async fn open(
        recipe: &Recipe,
        network: &Network,
        servers: &str,
        trace: Trace,
    ) -> Result<Self, Error> {
        let environment = network.environment(Dialer { process: recipe.processes, life: 0 });
        let properties = recipe.feeder_properties();
        let pairs = [("bootstrap.servers", servers), ("client.id", FEEDER)];
        let pairs = pairs.into_iter().chain(properties.iter().map(|(key, value)| (*key, &**value)));
        let client = Client::open_in(Config::from_properties(pairs, Role::Producer)?.0, environment).await?;
        let topics = [
            NewTopic::new("orders").partitions(recipe.partitions.0),
            NewTopic::new("latest").partitions(recipe.partitions.1),
        ];
        let topics = topics.map(|topic| match recipe.message_bytes_max {
            Some(bytes) => topic.config("max.message.bytes", bytes.to_string()),
            None => topic,
        });
        for made in client.admin().create_topics(&topics).await? {
            // Where the answer was lost, it was made by the request before.
            made.or_else(|error| {
                let is_made = error.code() == Some(ErrorCode::TOPIC_ALREADY_EXISTS);
                if is_made { Ok(()) } else { Err(error) }
            })?;
        }
        let producer = client.producer();
        let topic = producer.topic("orders").await?;
        let hurry = recipe.hurry;
        Ok(Self {
            client,
            producer,
            topic,
            partitions: recipe.partitions.0,
            keys: recipe.keys,
            random: Random::new(recipe.seed ^ 0xfeed),
            rows_at_once: hurry.map_or(1, |it| it.rows_at_once),
            patience: hurry.map(|it| Duration::from_millis(it.delivery_timeout_ms) + SEEN_WITHIN),
            is_patient: hurry.is_none_or(|it| it.retries.is_none()),
            fates: Fates::new(hurry.is_some()),
            trace,
            pending: Vec::new(),
        })
    }

    /// Rows for each key; in quiet they must be written, unless few `retries` may cost one.
    pub(crate) async fn feed(&mut self, is_settled: bool) -> Result<(), String> {
        for _ in 0..self.random.range(1, self.rows_at_once) {
            for id in 0..self.keys {
                let (place, number) = self.fates.add(id, is_settled && self.is_patient);
                let (key, value) =
                    (format!("{{\"id\":{id}}}"), format!("{{\"id\":{id},\"number\":{number}}}"));
                let record = Record::new(&self.topic).key(key.as_bytes()).value(value.as_bytes());
                let record = Record { partition: Some(id % self.partitions), ..record };
                let sent = match self.patience {
                    Some(_) if !is_settled => self.producer.try_send(record),
                    _ => self.producer.send(record).await,
                };
                match sent {
                    Ok(delivery) => {
                        self.pending.push(PendingRow { place, sent_at: Instant::now(), delivery });
                    }
                    Err(error) if error.kind() == ErrorKind::BufferFull => {
                        self.trace.tell(|| format!("row {place} is not taken in: {error}"));
                        self.fates.refuse(place);
                    }
                    Err(error) => return Err(format!("the feeder: {error}")),
                }
            }
        }
        Ok(())
    }

    /// Hears what became of rows, in time where that is judged.
    pub(crate) fn turn(&mut self) -> Result<(), String> {
        let Some(patience) = self.patience else { return Ok(()) };
        self.take_outcomes()?;
        let late = self.pending.iter().find(|it| it.sent_at.elapsed() > patience);
        late.map_or(Ok(()), |it| Err(format!("row {} has no outcome after {patience:?}", it.place)))
    }

    /// Waits until every row has its outcome.
    pub(crate) async fn flush(&mut self) -> Result<(), String> {
        let flushed = tokio::time::timeout(SETTLED_WITHIN, self.producer.flush()).await;
        // The rows themselves say whether they failed.
        let _failures = flushed
            .map_err(|_| format!("the feeder's rows are not written after {SETTLED_WITHIN:?} of quiet"))?;
        self.take_outcomes()?;
        match self.pending.len() {
            0 => Ok(()),
            count => Err(format!("{count} rows have no outcome, though all were flushed")),
        }
    }

    /// The source's log must be as the feeder was told.
    pub(crate) fn judge(&self, log: &TopicLog) -> Result<(), String> {
        self.fates.judge(log, self.partitions)
    }

    pub(crate) fn fates(&self) -> &Fates {
        &self.fates
    }

    fn take_outcomes(&mut self) -> Result<(), String> {
        let context = &mut Context::from_waker(Waker::noop());
        let (fates, trace, mut told) = (&mut self.fates, &self.trace, Ok(()));
        self.pending.retain_mut(|it| {
            let Poll::Ready(outcome) = Pin::new(&mut it.delivery).poll(context) else { return true };
            trace.tell(|| format!("row {} came to {:?}", it.place, outcome.as_ref().map(|it| it.offset)));
            if told.is_ok() {
                told = fates.tell(it.place, &outcome);
            }
            false
        });
        told
    }

    /// What a consumer with `read_committed` shows of a topic.
    pub(crate) async fn shown(&self, topic: &str, partitions: i32) -> Result<TopicLog, Error> {
        let config =
            self.client.config().clone().with(|it| it.isolation_level = IsolationLevel::ReadCommitted);
        let mut consumer = self.client.with_config(config)?.consumer();
        let ends = consumer.offsets(topic, OffsetSpec::Latest).await?;
        let begins = (0..partitions).map(|index| Assignment::new(topic, index, Position::Earliest));
        consumer.assign(begins.collect());
        let mut shown = TopicLog::default();
        let is_behind = |consumer: &Consumer| {
            let at = |index| consumer.position(&TopicPartition::new(topic, index)).unwrap_or(0);
            ends.iter().any(|(index, end)| at(*index) < *end)
        };
        while is_behind(&consumer) {
            for record in &consumer.poll().await? {
                shown.add(record?.value.unwrap_or_default());
            }
        }
        Ok(shown)
    }
}
