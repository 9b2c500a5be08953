//! A broker with a job's topics, its input, and a look at its sinks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_broker::{Broker, BrokerConfig, Fault, FaultHandle};
use upsert_kafka_client::{
    Assignment, Client, Config, Consumer, IsolationLevel, NewTopic, OffsetSpec, Position, Producer, Record,
    Role, TopicPartition,
};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_protocol::records::batches;
use upsert_kafka_tests::kafka::{Kafka, unique};

use super::encoding::Encoding;
use super::oracle::{Gaps, Input};
use super::process::Process;

pub(super) struct Stage {
    host: Host,
    /// The cluster of the input, where that is another one.
    source: Option<Broker>,
    pub(super) client: Client,
    producer: Producer,
    pub(super) input: Input,
    /// Before the names of its topics and of its group: a real Kafka has many stages.
    pub(super) prefix: String,
    sinks: usize,
    encoding: Encoding,
    /// Whose reader sees committed transactions alone.
    committed: Option<Client>,
}

enum Host {
    Embedded(Box<Broker>),
    Real(&'static Kafka),
}

impl Stage {
    /// A broker of its own.
    pub(super) async fn set(sinks: usize) -> Self {
        Self::set_with(BrokerConfig::default(), sinks).await
    }

    pub(super) async fn set_with(config: BrokerConfig, sinks: usize) -> Self {
        let broker = Broker::start(config).await.expect("a broker");
        Self::on(Host::Embedded(Box::new(broker)), None, String::new(), sinks).await
    }

    /// The same with a cluster of its own for the input.
    pub(super) async fn set_elsewhere(config: BrokerConfig, sinks: usize) -> Self {
        let broker = Broker::start(config).await.expect("a broker");
        Self::on(Host::Embedded(Box::new(broker)), Some(source().await), String::new(), sinks).await
    }

    /// The same, where only what is committed counts.
    pub(super) fn committed(self) -> Self {
        let config =
            self.client.config().clone().with(|it| it.isolation_level = IsolationLevel::ReadCommitted);
        let committed = Some(self.client.with_config(config).expect("a client"));
        Self { committed, ..self }
    }

    /// The same with rows in another format.
    pub(super) fn of(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Topics of its own on a real Kafka; an embedded broker has the input, where it is to be elsewhere.
    pub(super) async fn set_on(kafka: &'static Kafka, sinks: usize, is_elsewhere: bool) -> Self {
        let source = if is_elsewhere { Some(source().await) } else { None };
        Self::on(Host::Real(kafka), source, format!("{}-", unique("matrix")), sinks).await
    }

    async fn on(host: Host, source: Option<Broker>, prefix: String, sinks: usize) -> Self {
        let client = client(&host.bootstrap()).await;
        let producer = match &source {
            Some(source) => self::client(&source.address().to_string()).await.producer(),
            None => client.producer(),
        };
        let (input, encoding) = (Input::default(), Encoding::Json);
        let stage = Self { host, source, producer, client, input, prefix, sinks, encoding, committed: None };
        stage.create("in", IN_PARTITIONS, "delete").await;
        for sink in 0..sinks {
            stage.create(&format!("out{sink}"), OUT_PARTITIONS, "compact").await;
        }
        if stage.source.is_some() {
            stage.create("progress", 1, "compact").await;
        }
        stage
    }

    /// The job's tables at their clusters.
    pub(super) fn placed(&self, sql: &str) -> String {
        let progress = format!("'sink.progress-topic' = '{}', 'sink.del", self.name("progress"));
        let sink = self.host.bootstrap();
        match &self.source {
            None => sql.replace("x:1", &sink),
            Some(source) => {
                let sql =
                    sql.replacen("x:1", &source.address().to_string(), 1).replace("'sink.del", &progress);
                sql.replace("x:1", &sink)
            }
        }
    }

    /// A topic's or group's name on this stage.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Orders a fault of the embedded broker; of that of the input, where a job asks that one alone, or mostly.
    pub(super) async fn fault(&self, fault: Fault) -> FaultHandle {
        if let Some(source) = self.source.as_ref().filter(|_| OF_SOURCE.contains(&fault.api)) {
            return source.fault(fault).await;
        }
        match &self.host {
            Host::Embedded(broker) => broker.fault(fault).await,
            Host::Real(_) => panic!("a real Kafka has no faults on order"),
        }
    }

    /// The broker goes for so long, and comes back.
    pub(super) async fn away(&self, time: Duration) {
        match &self.host {
            Host::Embedded(broker) => broker.stop_node(1).await.expect("it stops"),
            Host::Real(kafka) => kafka.pause(1).expect("it stands still"),
        }
        tokio::time::sleep(time).await;
        match &self.host {
            Host::Embedded(broker) => broker.start_node(1).await.expect("it starts"),
            Host::Real(kafka) => kafka.resume(1).expect("it goes on"),
        }
    }

    pub(super) async fn create(&self, topic: &str, partitions: i32, policy: &str) {
        let topic = NewTopic::new(self.name(topic)).partitions(partitions).replication_factor(1);
        let topic = topic.config("cleanup.policy", policy);
        let client = match &self.source {
            Some(source) if topic.name.ends_with("in") => &client(&source.address().to_string()).await,
            _ => &self.client,
        };
        let made = client.admin().create_topics(&[topic]).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// Appends rows to the input, each key's in one partition.
    pub(super) async fn feed(&mut self, rows: u32) {
        // Another handle for each time: the topic may be another one by now.
        let topic = self.producer.topic(&self.name("in")).await.expect("the topic");
        for row in 0..rows {
            let key = row % KEYS;
            let value = self.encoding.row(key, self.input.number(key));
            let partition = key as i32 % IN_PARTITIONS;
            let key = format!("{{\"id\":{key}}}");
            let record = Record::new(&topic).key(key.as_bytes()).value(&value).partition(partition);
            let _flushed_below = self.producer.send(record).await.expect("room");
        }
        self.producer.flush().await.expect("written");
    }

    /// A sink's log: key and number of every record, by offset within each partition.
    pub(super) async fn log(&self, sink: usize) -> Vec<(u32, u32)> {
        let topic = self.name(&format!("out{sink}"));
        if let Some(committed) = &self.committed {
            return consumed_log(committed, &topic, self.encoding).await;
        }
        match &self.host {
            Host::Embedded(broker) => raw_log(broker, &topic, self.encoding).await,
            Host::Real(_) => consumed_log(&self.client, &topic, self.encoding).await,
        }
    }

    /// Returns when every sink has the newest value of every key.
    pub(super) async fn caught_up(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        for sink in 0..self.sinks {
            while !self.input.is_reached_by(&self.log(sink).await) {
                if Instant::now() > deadline {
                    self.input.judge(&self.log(sink).await, usize::MAX, Gaps::Allowed)?;
                }
                tokio::time::sleep(self.host.look_again_after()).await;
            }
        }
        Ok(())
    }

    /// Returns when that is so, when the fault has struck, or when the job has ended.
    pub(super) async fn caught_up_or(
        &self,
        job: &mut Process,
        armed: &mut FaultHandle,
    ) -> Result<(), String> {
        tokio::select! {
            reached = self.caught_up() => reached,
            _ = armed.wait(1) => Ok(()),
            ended = job.ended() => Err(format!("it ends before the fault: {ended:?}")),
        }
    }

    pub(super) async fn judge(&self, restarts: usize, gaps: Gaps) -> Result<(), String> {
        for sink in 0..self.sinks {
            let judged = self.input.judge(&self.log(sink).await, restarts, gaps);
            judged.map_err(|why| format!("out{sink}: {why}"))?;
        }
        Ok(())
    }
}

impl Host {
    fn bootstrap(&self) -> String {
        match self {
            Self::Embedded(broker) => broker.address().to_string(),
            Self::Real(kafka) => kafka.bootstrap(),
        }
    }

    fn look_again_after(&self) -> Duration {
        match self {
            Self::Embedded(_) => Duration::from_millis(2),
            Self::Real(_) => Duration::from_millis(100),
        }
    }
}

/// A cluster for the input alone.
async fn source() -> Broker {
    Broker::start(BrokerConfig::default().with_cluster_id("source")).await.expect("a broker")
}

async fn client(address: &str) -> Client {
    let pairs = [
        ("bootstrap.servers", address),
        ("linger.ms", "0"),
        ("retry.backoff.ms", "5"),
        ("reconnect.backoff.ms", "5"),
        ("reconnect.backoff.max.ms", "20"),
        // The leader of a topic that was made again knows no producer, and takes any sequence for the first: a batch
        // that it refused while it began would come behind the next one, and be refused for good.
        ("max.in.flight.requests.per.connection", "1"),
    ];
    let (config, _) = Config::from_properties(pairs, Role::Any).expect("a config");
    Client::open(config).await.expect("a client")
}

async fn raw_log(broker: &Broker, topic: &str, encoding: Encoding) -> Vec<(u32, u32)> {
    let mut log = Vec::new();
    for partition in 0..OUT_PARTITIONS {
        for (_, bytes) in broker.log(topic, partition).await {
            for batch in batches(&bytes) {
                let body = batch.and_then(|it| it.body(1 << 20)).expect("a batch");
                log.extend(
                    body.iter().map(|it| encoding.read(it.expect("a record").value.expect("a value"))),
                );
            }
        }
    }
    log
}

async fn consumed_log(client: &Client, topic: &str, encoding: Encoding) -> Vec<(u32, u32)> {
    let mut consumer = client.consumer();
    let ends = consumer.offsets(topic, OffsetSpec::Latest).await.expect("ends");
    let mut logs: BTreeMap<i32, Vec<(u32, u32)>> = BTreeMap::new();
    consumer.assign(ends.iter().map(|(it, _)| Assignment::new(topic, *it, Position::Earliest)).collect());
    let reached = |consumer: &Consumer| {
        let at = |index: i32| consumer.position(&TopicPartition::new(topic, index)).unwrap_or_default();
        ends.iter().all(|(index, end)| at(*index) >= *end)
    };
    while !reached(&consumer) {
        for records in consumer.poll().await.expect("records").partitions() {
            let rows =
                records.records().map(|it| encoding.read(it.expect("a record").value.expect("a value")));
            logs.entry(records.partition()).or_default().extend(rows);
        }
    }
    logs.into_values().flatten().collect()
}

pub(super) const IN_PARTITIONS: i32 = 2;
const OUT_PARTITIONS: i32 = 2;
/// What a job asks the cluster that it reads.
const OF_SOURCE: [ApiKey; 4] =
    [ApiKey::FETCH, ApiKey::OFFSET_FETCH, ApiKey::OFFSET_COMMIT, ApiKey::LIST_OFFSETS];
const KEYS: u32 = 6;
/// Nothing here takes so long unless it hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
