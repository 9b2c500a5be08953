//! Sessions that the embedded broker ends (KIP-368), in virtual time: the shipped client logs in again while it writes and
//! reads, and nothing is lost. The broker closes a connection on which anything is asked after its session.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use upsert_kafka_broker::{
    Broker, BrokerConfig, ListenerConfig, SaslConfig, SecurityProtocol as ListenerProtocol,
};
use upsert_kafka_client::{
    Address, Assignment, Client, Clock, Config, Environment, Error, ErrorKind, NewTopic, Position, Record,
    Role,
};

use super::ways::{Login, WRONG_PASSWORD};

/// The embedded broker, in a world of its own.
struct World {
    broker: Broker,
    environment: Environment,
    dialed: Arc<AtomicUsize>,
}

impl World {
    async fn new(session: Duration) -> Self {
        let clock = upsert_kafka_broker::Clock::of_runtime(BEGAN_UNIX_MS);
        let machine =
            upsert_kafka_broker::Environment::new().with_clock(clock).with_seed(7).without_sockets();
        let listener =
            ListenerConfig::new(ListenerProtocol::SaslPlaintext, ([127, 0, 0, 1], 0)).with_name("CLIENT");
        let sasl = SaslConfig::default()
            .with_user("alice", upsert_kafka_tests::kafka::PASSWORD)
            .with_reauthentication_max(session);
        let config = BrokerConfig::default().with_listener(listener).with_sasl(sasl);
        let broker = Broker::start_in(config, machine).await.expect("a broker");
        let (network, dialed) = (broker.connector(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&dialed);
        let dialer = move |address: Address| {
            let network = network.clone();
            count.fetch_add(1, Relaxed);
            async move { network.connect(&address.host, address.port).await }
        };
        let clock = Clock::of_runtime(BEGAN_UNIX_MS);
        let environment = Environment::new().with_dialer(dialer).with_clock(clock).with_seed(7);
        Self { broker, environment, dialed }
    }

    async fn client(&self, login: Login<'_>, wrong: bool) -> Result<Client, Error> {
        let properties = if wrong { login.wrong() } else { login.properties() };
        let servers = self.broker.addresses_of("CLIENT")[0].to_string();
        let more = [("bootstrap.servers", &*servers), ("security.protocol", "SASL_PLAINTEXT")];
        let pairs = properties.iter().map(|(key, value)| (*key, value.as_str())).chain(more);
        Client::open_in(Config::from_properties(pairs, Role::Any)?.0, self.environment.clone()).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_and_a_reader_outlive_ten_sessions_on_the_connections_that_they_began_with() {
    for login in [Login::Plain, Login::Scram256, Login::Scram512] {
        let world = World::new(MINUTE).await;
        let client = world.client(login, false).await.unwrap();
        for created in client.admin().create_topics(&[NewTopic::new("orders").partitions(1)]).await.unwrap() {
            created.unwrap();
        }
        let producer = client.producer();
        let orders = producer.topic("orders").await.unwrap();
        let mut consumer = client.consumer();
        consumer.assign(vec![Assignment::new("orders", 0, Position::Earliest)]);
        let (mut sent, mut read) = (0i64, 0i64);
        let mut dialed = 0;
        for second in 0..600 {
            let mut deliveries = Vec::new();
            for at in sent..sent + 20 {
                let value = at.to_string();
                deliveries.push(producer.send(Record::new(&orders).value(value.as_bytes())).await.unwrap());
            }
            for delivery in deliveries {
                assert_eq!(delivery.await.unwrap().offset, sent);
                sent += 1;
            }
            while read < sent {
                for record in &consumer.poll().await.unwrap() {
                    let record = record.unwrap();
                    assert_eq!((record.offset, record.value), (read, Some(read.to_string().as_bytes())));
                    read += 1;
                }
            }
            if second == 0 {
                dialed = world.dialed.load(Relaxed);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let name = login.mechanism();
        assert_eq!(world.dialed.load(Relaxed), dialed, "{name}: a connection was lost");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_at_once_by_the_embedded_broker_too() {
    for login in [Login::Plain, Login::Scram256, Login::Scram512] {
        let world = World::new(Duration::ZERO).await;
        let began = world.environment.clock().now();
        let error = world.client(login, true).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert!(error.to_string().contains(&format!("login by {} refused", login.mechanism())), "{error}");
        assert!(!error.to_string().contains(WRONG_PASSWORD), "{error}");
        assert!(world.environment.clock().since(began) < Duration::from_secs(1));
        assert_eq!(world.dialed.load(Relaxed), 1, "once is enough");
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const BEGAN_UNIX_MS: i64 = 1_767_225_600_000;
