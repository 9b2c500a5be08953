//! Logging in to a real Kafka by a user and a password: let in, kept out, and again while the connection is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use upsert_kafka_client::{
    Address, Assignment, Client, Config, Environment, Error, ErrorKind, NewTopic, Position, Record, Role,
};
use upsert_kafka_tests::kafka::{Listener, Properties, SESSION, Secured, Trust, unique};

use super::ways::{Login, Way};

const WITH_PASSWORD: [Login<'static>; 3] = [Login::Plain, Login::Scram256, Login::Scram512];

async fn opened(properties: &Properties, environment: Environment) -> Result<Client, Error> {
    let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
    Client::open_in(Config::from_properties(pairs, Role::Any)?.0, environment).await
}

/// One record, written and read.
async fn there_and_back(client: &Client, value: &str) {
    let topic = unique("logins");
    for created in client.admin().create_topics(&[NewTopic::new(&topic).partitions(1)]).await.unwrap() {
        created.unwrap();
    }
    let producer = client.producer();
    let orders = producer.topic(&topic).await.unwrap();
    let delivery = producer.send(Record::new(&orders).value(value.as_bytes())).await.unwrap();
    assert_eq!(delivery.await.unwrap().offset, 0);
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new(topic.as_str(), 0, Position::Earliest)]);
    let fetched = consumer.poll().await.unwrap();
    let values: Vec<_> =
        (&fetched).into_iter().map(|record| record.unwrap().value.map(<[u8]>::to_vec)).collect();
    assert_eq!(values, [Some(value.as_bytes().to_vec())]);
}

#[tokio::test]
async fn a_user_and_a_password_get_in_and_a_wrong_one_is_told_by_the_broker() {
    let Some(kafka) = Secured::shared() else { return };
    for login in WITH_PASSWORD {
        let way = Way::new(login.mechanism(), Listener::SaslPlaintext, &[login.properties()]);
        let client = opened(&way.to(&kafka.bootstrap(way.listener)), Environment::new()).await.unwrap();
        there_and_back(&client, login.mechanism()).await;
        let way = Way::new(login.mechanism(), Listener::SaslPlaintext, &[login.wrong()]);
        let began = Instant::now();
        let refused = opened(&way.to(&kafka.bootstrap(way.listener)), Environment::new()).await;
        let error = refused.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        let wanted = format!("login by {} refused: Authentication failed", login.mechanism());
        assert!(error.to_string().contains(&wanted), "{error}");
        // The broker waits 100 ms before it says no; nobody waits for bootstrap.timeout.ms.
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_mechanism_that_the_broker_does_not_have_is_answered_with_those_it_has() {
    let Some(kafka) = Secured::shared() else { return };
    let way = Way::new("PLAIN", Listener::Signed, &[Login::Plain.properties()]);
    let error = opened(&way.to(&kafka.bootstrap(way.listener)), Environment::new()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.to_string().contains("by PLAIN (sasl.mechanism) here, but by OAUTHBEARER"), "{error}");
}

#[tokio::test]
async fn a_login_where_nobody_logs_in_says_so() {
    let Some(kafka) = Secured::shared() else { return };
    let mut way = Way::new("PLAIN", Listener::Plaintext, &[Login::Plain.properties()]);
    way.properties[0] = ("security.protocol", "SASL_PLAINTEXT".to_owned());
    let error = opened(&way.to(&kafka.bootstrap(way.listener)), Environment::new()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.to_string().contains("nobody logs in at this listener"), "{error}");
}

#[tokio::test]
async fn who_does_not_log_in_where_everybody_does_is_told_so() {
    let Some(kafka) = Secured::shared() else { return };
    let properties = vec![
        ("bootstrap.servers", kafka.bootstrap(Listener::SaslPlaintext)),
        ("bootstrap.timeout.ms", "300".to_owned()),
    ];
    let error = opened(&properties, Environment::new()).await.err().unwrap();
    assert!(error.to_string().contains("as a listener does where everybody logs in"), "{error}");
}

#[tokio::test]
async fn a_delegation_token_gets_in_by_tokenauth() {
    let Some(kafka) = Secured::shared() else { return };
    let alice = Way::new("alice", Listener::SaslPlaintext, &[Login::Scram256.properties()]);
    let properties = alice.to(&kafka.bootstrap(alice.listener));
    let token = kafka.java(|it, _| it.delegation_token(&properties));
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let jaas = |hmac: &str, token_auth: &str| {
            format!(
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"{}\" \
                 password=\"{hmac}\"{token_auth};",
                token.id
            )
        };
        let with = |jaas: String| {
            vec![("sasl.mechanism", mechanism.to_owned()), ("sasl.jaas.config", jaas)] as Properties
        };
        let to = |properties: Properties| {
            Way::new(mechanism, Listener::SaslPlaintext, &[properties]).to(&kafka.bootstrap(alice.listener))
        };
        let by_token = to(with(jaas(&token.hmac, " tokenauth=\"true\"")));
        let client = known(&by_token).await;
        there_and_back(&client, mechanism).await;
        for refused in [jaas("not-it", " tokenauth=\"true\""), jaas(&token.hmac, "")] {
            let error = opened(&to(with(refused)), Environment::new()).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        }
    }
}

/// A client that logs in by a token which was made a moment ago: its broker learns of it from the controller's log.
async fn known(properties: &Properties) -> Client {
    let began = Instant::now();
    loop {
        match opened(properties, Environment::new()).await {
            Ok(client) => return client,
            Err(error) if error.kind() == ErrorKind::Authentication && began.elapsed() < LEARNT_WITHIN => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// A refusal takes the broker 100 ms.
const LEARNT_WITHIN: Duration = Duration::from_secs(10);

/// The broker closes a connection on which anything is asked after its session of 1.5 s.
#[tokio::test]
async fn connections_in_use_log_in_again_and_none_is_lost() {
    let Some(kafka) = Secured::shared() else { return };
    let trust = kafka.stores().trust(Trust::Pem);
    for login in WITH_PASSWORD {
        let parts = [trust.clone(), login.properties()];
        let way = Way::new(login.mechanism(), Listener::Reauthenticating, &parts);
        let dialed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dialed);
        let environment = Environment::new().with_dialer(move |address: Address| {
            count.fetch_add(1, Relaxed);
            TcpStream::connect((address.host, address.port))
        });
        let client = opened(&way.to(&kafka.bootstrap(way.listener)), environment).await.unwrap();
        let topic = unique("again");
        for created in client.admin().create_topics(&[NewTopic::new(&topic).partitions(1)]).await.unwrap() {
            created.unwrap();
        }
        let producer = client.producer();
        let orders = producer.topic(&topic).await.unwrap();
        producer.send(Record::new(&orders).value(b"0")).await.unwrap().await.unwrap();
        let connections = dialed.load(Relaxed);
        let (began, mut sent) = (Instant::now(), 1i64);
        while began.elapsed() < 4 * SESSION {
            let mut deliveries = Vec::new();
            for at in sent..sent + 50 {
                let value = at.to_string();
                deliveries.push(producer.send(Record::new(&orders).value(value.as_bytes())).await.unwrap());
            }
            for delivery in deliveries {
                assert_eq!(delivery.await.unwrap().offset, sent);
                sent += 1;
            }
        }
        assert!(sent > 200, "{sent}");
        assert_eq!(dialed.load(Relaxed), connections, "{way:?}: a connection was lost");
    }
}
