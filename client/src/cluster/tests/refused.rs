//! Brokers that do not let this client in: whoever asks is told at once, and no broker is asked again and again.

use super::*;
use crate::config::{LoginModule, SaslConfig, SaslMechanism, SecurityProtocol};
use crate::sasl_peer::{PASSWORD, SaslPeer, USER};
use crate::{Assignment, Client, Position, Record};

/// A broker in paused time that lets clients in by PLAIN, and what it is asked; its password can be changed.
struct Guarded {
    sasl: Arc<Mutex<SaslPeer>>,
    peer: Peer,
    environment: Environment,
}

const WAIT: Duration = Duration::from_secs(1);

impl Guarded {
    fn start() -> Self {
        let sasl = Arc::new(Mutex::new(SaslPeer::new(&["PLAIN"])));
        let logins = Arc::clone(&sasl);
        let at = "peer:9092".parse().unwrap();
        let (peer, environment) = Peer::piped(move |ask: &Ask| {
            let mut sasl = logins.lock().unwrap();
            match sasl.answer(ask) {
                Some(reply) => reply,
                // Whoever is still connected by the old password is thrown out.
                None if sasl.logins == 0 => Reply::Close,
                None => ask.introduce(&at, &[("orders", 1)]).unwrap_or(Reply::Nothing),
            }
        });
        Self { sasl, peer, environment }
    }

    fn config(&self, password: &str) -> Config {
        let login = LoginModule::Plain { username: USER.to_owned(), password: password.into() };
        let sasl =
            SaslConfig { mechanism: SaslMechanism::Plain, login: Some(login), ..SaslConfig::default() };
        Config {
            security_protocol: SecurityProtocol::SaslPlaintext,
            sasl,
            connections_max_idle: None,
            reconnect_backoff_max: WAIT,
            topic_metadata_propagation_max: 60 * WAIT,
            ..self.peer.config()
        }
    }

    /// How many logins were tried since the last time.
    fn tried(&self) -> usize {
        std::mem::take(&mut self.sasl.lock().unwrap().words).len()
    }

    async fn open(&self, password: &str) -> Result<Client, Error> {
        Client::open_in(self.config(password), self.environment.clone()).await
    }

    /// The password is another one from now on.
    fn shut(&self) {
        let mut sasl = self.sasl.lock().unwrap();
        (sasl.password, sasl.logins) = ("another".to_owned(), 0);
    }
}

fn assert_refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.to_string().contains("login by PLAIN refused: Authentication failed: Invalid"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_ends_the_search_for_a_first_broker_at_once() {
    let broker = Guarded::start();
    let began = broker.environment.clock().now();
    assert_refused(&broker.open("not-it").await.err().unwrap());
    assert_eq!(broker.tried(), 1, "not again until bootstrap.timeout.ms");
    assert!(broker.environment.clock().since(began) < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_refused_later_is_told_to_whoever_asks_and_not_tried_in_a_storm() {
    let broker = Guarded::start();
    let client = broker.open(PASSWORD).await.unwrap();
    broker.shut();
    broker.tried();
    let began = broker.environment.clock().now();
    let mut calls = 0u32;
    while broker.environment.clock().since(began) < 10 * WAIT {
        let asked = broker.environment.clock().now();
        let error = client.admin().cluster().await.unwrap_err();
        // The first call may have been on the connection that broke.
        if calls > 0 {
            assert_refused(&error);
        }
        let took = broker.environment.clock().since(asked);
        assert!(took <= 2 * WAIT, "{took:?}");
        calls += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(calls > 100, "{calls}");
    let tried = broker.tried();
    // One a second, and a fifth more or less by chance; metadata and the call may each find it out once.
    assert!((8..=15).contains(&tried), "{tried} logins in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn metadata_is_asked_for_no_more_often_than_a_broker_may_be_tried() {
    let broker = Guarded::start();
    let config = Arc::new(broker.config(PASSWORD));
    let cluster = Cluster::open(config, broker.environment.clone()).await.unwrap();
    broker.shut();
    let mut view = cluster.watch();
    let mut views = 0;
    let end = cluster.now() + 10 * WAIT;
    while cluster.now() < end {
        cluster.refresh();
        let changed = tokio::time::timeout(WAIT / 100, view.changed()).await;
        views += usize::from(changed.is_ok());
    }
    assert!((8..=15).contains(&views), "{views} failures in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_topic_is_told_at_once_and_not_after_max_block_ms() {
    let broker = Guarded::start();
    let client = broker.open(PASSWORD).await.unwrap();
    broker.shut();
    let began = broker.environment.clock().now();
    assert_refused(&client.producer().topic("orders").await.err().unwrap());
    assert!(broker.environment.clock().since(began) <= 2 * WAIT);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_told_by_poll() {
    let broker = Guarded::start();
    let client = broker.open(PASSWORD).await.unwrap();
    broker.shut();
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Offset(0))]);
    let began = broker.environment.clock().now();
    assert_refused(&consumer.poll().await.err().unwrap());
    assert!(broker.environment.clock().since(began) <= 2 * WAIT);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_lets_the_client_in_again_is_used_again() {
    let broker = Guarded::start();
    let client = broker.open(PASSWORD).await.unwrap();
    broker.shut();
    assert_refused(&client.producer().topic("orders").await.err().unwrap());
    broker.sasl.lock().unwrap().password = PASSWORD.to_owned();
    tokio::time::sleep(2 * WAIT).await;
    let topic = client.producer().topic("orders").await.unwrap();
    _ = Record::new(&topic);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_where_everybody_does_is_told_so() {
    // Kafka closes a connection whose first request but ApiVersions is none of a login.
    let (peer, environment) = Peer::piped(|ask: &Ask| match ask.key {
        18 => ask.answer(&versions(i16::MAX)),
        _ => Reply::Close,
    });
    let error = Client::open_in(peer.config(), environment).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let wanted =
        "no further than ApiVersions, as a listener does where everybody logs in (security.protocol SASL_";
    assert!(error.to_string().contains(wanted), "{error}");
}

/// What the JAAS file holds, which is removed with the value.
struct JaasFile(std::path::PathBuf);

impl JaasFile {
    fn new(name: &str, password: &str) -> Self {
        let file =
            Self(std::env::temp_dir().join(format!("upsert-kafka-{name}-{}.conf", std::process::id())));
        file.write(password);
        file
    }

    fn write(&self, password: &str) {
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let text =
            format!("KafkaClient {{ {module} required username=\"{USER}\" password=\"{password}\"; }};");
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for JaasFile {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_changed_while_a_client_runs_is_read_from_its_file() {
    let broker = Guarded::start();
    let file = JaasFile::new("rotated", PASSWORD);
    let mut config = broker.config(PASSWORD);
    config.sasl.login_file = Some(file.0.clone());
    let client = Client::open_in(config, broker.environment.clone()).await.unwrap();
    let topic = client.producer().topic("orders").await.unwrap();
    _ = Record::new(&topic);
    broker.shut();
    // The broker was first; a moment later the file follows.
    assert_refused(&client.admin().topics().await.err().unwrap());
    file.write("another");
    tokio::time::sleep(2 * WAIT).await;
    assert!(client.admin().cluster().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_no_login_could_carry_says_so_when_its_time_is_over() {
    let broker = Guarded::start();
    let mut config = broker.config(PASSWORD);
    (config.enable_idempotence, config.delivery_timeout, config.linger) = (false, 10 * WAIT, Duration::ZERO);
    config.request_timeout = 5 * WAIT;
    let client = Client::open_in(config, broker.environment.clone()).await.unwrap();
    let producer = client.producer();
    let orders = producer.topic("orders").await.unwrap();
    broker.shut();
    broker.tried();
    let delivery = producer.send(Record::new(&orders).value(b"paid")).await.unwrap();
    let error = delivery.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.may_have_been_written(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("delivery.timeout.ms (10000); at last: broker peer:9092, SaslAuthenticate: login by"),
        "{text}"
    );
    let tried = broker.tried();
    assert!((8..=15).contains(&tried), "{tried} logins in ten seconds");
}
