//! After a broker's kill -9 a leader refuses what it has forgotten: the log says what became of it.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::timeout;
use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{
    Assignment, Client, Config, Delivery, Error, NewTopic, Position, Producer, Receipt, Record, Role, Topic,
};
use upsert_kafka_protocol::records::batches;
use upsert_kafka_protocol::{ApiKey, ErrorCode};
use upsert_kafka_tests::kafka::Kafka;

use proxy::Proxy;

mod proxy;

/// So many batches a producer has in flight on one connection.
const IN_FLIGHT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// A producer whose broker stands behind a proxy, and of which one record is acknowledged.
struct Writer {
    client: Client,
    producer: Producer,
    topic: Topic,
    sent: usize,
}

impl Writer {
    async fn new(bootstrap: &str) -> Self {
        let properties = [
            ("bootstrap.servers", bootstrap),
            // A batch for each record.
            ("batch.size", "1"),
            ("linger.ms", "0"),
            ("retry.backoff.ms", "5"),
            ("reconnect.backoff.ms", "5"),
            ("reconnect.backoff.max.ms", "50"),
        ];
        let (config, _) = Config::from_properties(properties, Role::Any).unwrap();
        let client = Client::open(config).await.unwrap();
        let orders = NewTopic::new("orders").partitions(1);
        for created in client.admin().create_topics(&[orders]).await.unwrap() {
            created.unwrap();
        }
        let producer = client.producer();
        let topic = producer.topic("orders").await.unwrap();
        let mut writer = Self { client, producer, topic, sent: 0 };
        assert_eq!(writer.send().await.await.unwrap().offset, 0);
        writer
    }

    /// The next record, whose value is its number, too long for a second one to fit into its batch.
    async fn send(&mut self) -> Delivery {
        let value = format!("{:0200}", self.sent);
        self.sent += 1;
        self.producer.send(Record::new(&self.topic).value(value.as_bytes())).await.unwrap()
    }

    /// A client that only reads.
    async fn reader(proxy: &Proxy) -> Client {
        let bootstrap = proxy.address().to_string();
        let properties = [("bootstrap.servers", bootstrap.as_str())];
        let (config, _) = Config::from_properties(properties, Role::Consumer).unwrap();
        Client::open(config).await.unwrap()
    }

    /// As many as may be in flight.
    async fn send_flight(&mut self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for _ in 0..IN_FLIGHT {
            deliveries.push(self.send().await);
        }
        deliveries
    }
}

/// An embedded broker behind a proxy.
struct Bench {
    broker: Broker,
    proxy: Proxy,
    writer: Writer,
}

impl Bench {
    async fn new() -> Self {
        let proxy = Proxy::bind().await;
        let advertised_host = proxy.address().ip().to_string();
        let advertised_port = proxy.address().port();
        let config = BrokerConfig::default()
            .with_advertised_host(advertised_host)
            .with_advertised_port(advertised_port);
        let broker = Broker::start(config).await.unwrap();
        proxy.forward_to(broker.address());
        let writer = Writer::new(&proxy.address().to_string()).await;
        Self { broker, proxy, writer }
    }

    /// When this returns so many of a whole flight are in the log, and no answer has come.
    async fn send_unanswered(&mut self, in_log: u32) -> Vec<Delivery> {
        let counted = Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::ZERO)).times(in_log);
        let mut counted = self.broker.fault(counted).await;
        // What comes behind does not reach the log.
        let _cut = self.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Close)).await;
        self.proxy.stall();
        let deliveries = self.writer.send_flight().await;
        let met = timeout(PATIENCE, counted.wait(in_log)).await;
        assert!(met.is_ok(), "{} of {in_log} batches came", counted.fired());
        deliveries
    }

    async fn kill_and_restart(&self) {
        self.broker.stop_node(1).await.unwrap();
        self.broker.start_node(1).await.unwrap();
        self.proxy.lose();
    }

    /// Every record's number in the order of the log.
    async fn log(&self) -> Vec<usize> {
        let mut numbers = Vec::new();
        for (_, bytes) in self.broker.log("orders", 0).await {
            for batch in batches(&bytes) {
                let body = batch.unwrap().body(1 << 20).unwrap();
                numbers.extend(body.iter().map(|record| number(record.unwrap().value)));
            }
        }
        numbers
    }
}

fn number(value: Option<&[u8]>) -> usize {
    std::str::from_utf8(value.expect("a value")).unwrap().parse().unwrap()
}

async fn outcomes(deliveries: Vec<Delivery>) -> Vec<Result<Receipt, Error>> {
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        outcomes.push(timeout(PATIENCE, delivery).await.expect("every record has its end"));
    }
    outcomes
}

#[tokio::test]
async fn batches_in_doubt_that_lie_in_the_log_are_acknowledged_where_they_lie() {
    for in_log in 1..=IN_FLIGHT {
        let mut bench = Bench::new().await;
        let deliveries = bench.send_unanswered(in_log as u32).await;
        bench.kill_and_restart().await;
        let offsets: Vec<_> = outcomes(deliveries)
            .await
            .into_iter()
            .map(|it| it.map(|it| it.offset).map_err(|it| it.to_string()))
            .collect();
        assert_eq!(offsets, [1, 2, 3, 4, 5].map(Ok), "{in_log} of {IN_FLIGHT} were in the log");
        // And on it goes.
        assert_eq!(bench.writer.send().await.await.unwrap().offset, 6);
        assert_eq!(bench.log().await, [0, 1, 2, 3, 4, 5, 6]);
    }
}

#[tokio::test]
async fn where_the_topic_may_not_be_read_the_doubt_is_told() {
    let mut bench = Bench::new().await;
    let deliveries = bench.send_unanswered(IN_FLIGHT as u32).await;
    let forbidden = Action::Answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let _forbidden = bench.broker.fault(Fault::new(ApiKey::FETCH, forbidden).times(u32::MAX)).await;
    bench.kill_and_restart().await;
    let outcomes = outcomes(deliveries).await;
    for error in outcomes[..4].iter().map(|it| it.as_ref().unwrap_err()) {
        let sentence = error.to_string();
        assert!(error.may_have_been_written(), "{sentence}");
        for words in
            ["topic orders, partition 0", "OUT_OF_ORDER_SEQUENCE_NUMBER", "TOPIC_AUTHORIZATION_FAILED"]
        {
            assert!(sentence.contains(words), "{words} is missing in: {sentence}");
        }
    }
    assert_eq!(outcomes[4].as_ref().unwrap().offset, 5, "the leader knows the last one");
    assert_eq!(bench.log().await, [0, 1, 2, 3, 4, 5]);
}

/// Reads until so many records have come: their numbers.
async fn read(client: &Client, count: usize) -> Vec<usize> {
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Earliest)]);
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let fetched = timeout(PATIENCE, consumer.poll()).await.expect("records come").unwrap();
        numbers.extend(fetched.records().map(|record| number(record.unwrap().value)));
    }
    numbers
}

/// As the one above for a real Kafka, which writes its snapshot and loads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_kafka_that_is_killed_leaves_nothing_in_doubt() {
    let _alone = upsert_kafka_tests::HEAVY.lock().await;
    let proxy = Proxy::bind().await;
    let Some(kafka) = block_in_place(|| Kafka::behind(proxy.address())) else { return };
    proxy.forward_to(kafka.bootstrap().parse().unwrap());
    let mut writer = Writer::new(&proxy.address().to_string()).await;
    for round in 1..=3 {
        let acknowledged = writer.sent;
        proxy.stall();
        let deliveries = writer.send_flight().await;
        // On connections of its own.
        let reader = Writer::reader(&proxy).await;
        read(&reader, acknowledged + IN_FLIGHT).await;
        block_in_place(|| kafka.kill(1).and_then(|()| kafka.restart(1))).unwrap();
        proxy.lose();
        let offsets: Vec<_> =
            outcomes(deliveries).await.into_iter().map(|it| it.map(|it| it.offset)).collect();
        let expected: Vec<_> = (acknowledged..writer.sent).collect();
        let told: Vec<_> = offsets
            .into_iter()
            .map(|it| it.unwrap_or_else(|e| panic!("round {round}: {e}")) as usize)
            .collect();
        assert_eq!(told, expected);
        // And on it goes.
        assert_eq!(writer.send().await.await.unwrap().offset as usize, writer.sent - 1);
        assert_eq!(read(&writer.client, writer.sent).await, (0..writer.sent).collect::<Vec<_>>());
    }
}
