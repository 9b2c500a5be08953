//! What a client proves itself by, changed while it works: nothing is dropped, and what is new counts from the next
//! connection on.

use std::path::Path;
use std::time::{Duration, Instant};

use upsert_kafka_client::{Client, Error, ErrorKind, Record};
use upsert_kafka_tests::kafka::{Identity, Listener, NewTopic, SESSION, Secured, Trust, unique};
use upsert_kafka_tests::record::NewRecord;

use super::load::{Dials, assert_whole, send_for};
use super::ways::{SCRAM, Way};
use crate::program;

const PHASE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_key_store_is_replaced_under_a_producer() {
    let Some(kafka) = Secured::shared() else { return };
    let stores = kafka.stores();
    let (topic, for_rsa) = (unique("rotated"), unique("for-who-comes-after"));
    for name in [&topic, &for_rsa] {
        kafka.java(|it, at| it.create(at, &[NewTopic { name, partitions: 1, configs: &[] }]));
    }
    // Both may know of the topic; one may write to it.
    kafka.java(|it, at| it.allow(at, ("TOPIC", &for_rsa), Identity::Pem.principal(), "DESCRIBE"));
    kafka.java(|it, at| it.allow(at, ("TOPIC", &for_rsa), Identity::Rsa.principal(), "WRITE"));
    let store = stores.file(&unique("rotated"));
    replace(&stores.file("client.p12"), &store);
    let mut identity = stores.identity(Identity::Pkcs12OpenSsl);
    identity[0].1 = store.display().to_string();
    let way = Way::new("rotated", Listener::Mtls, &[stores.trust(Trust::Jks), identity]);
    let properties = way.to(&kafka.bootstrap(way.listener));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dials = Dials::default();
        let client = dials.client(&properties).await.unwrap();
        let producer = client.producer();
        let mut sent = send_for(&producer, &topic, 0, PHASE).await.unwrap();
        let refused = write_one(&client, &for_rsa).await.expect_err("the first certificate may not");
        assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{refused}");

        let before = dials.count();
        replace(&stores.file("client-rsa.p12"), &store);
        let deadline = Instant::now() + PATIENCE;
        let mut opened = 0;
        loop {
            sent += send_for(&producer, &topic, sent, PHASE).await.unwrap();
            assert_eq!(dials.count(), before + opened, "a connection was dropped");
            match write_one(&client, &for_rsa).await {
                Ok(()) => break,
                // Files are looked at every few seconds.
                Err(refused) if refused.kind() == ErrorKind::Unauthorized && Instant::now() < deadline => {}
                Err(other) => panic!("the second certificate may: {other}"),
            }
            opened = dials.count() - before;
        }
        assert_whole(&client, &topic, sent).await.unwrap();
    });
}

/// The consumer's session and the producer's end several times; each time a JAAS file says who logs in again.
#[test]
fn a_password_is_replaced_under_a_running_job_by_its_jaas_file() {
    let Some(kafka) = Secured::shared() else { return };
    let (user, input, output) = (unique("rotating"), unique("rotating-in"), unique("rotating-out"));
    for name in [&input, &output] {
        kafka.java(|it, at| it.create(at, &[NewTopic { name, partitions: 1, configs: &[] }]));
    }
    let jaas = program::file(&format!("{user}.jaas"), "");
    let rotate = |password: &str| {
        let login = format!("{SCRAM} required username=\"{user}\" password=\"{password}\";");
        let beside = jaas.with_extension("new");
        std::fs::write(&beside, format!("KafkaClient {{ {login} }};")).unwrap();
        kafka.java(|it, at| it.set_password(at, "SCRAM-SHA-512", &user, password));
        std::fs::rename(beside, &jaas).unwrap();
    };
    rotate("first-hush-61");
    let servers = kafka.bootstrap(Listener::Reauthenticating);
    let security = format!(
        "'properties.bootstrap.servers' = '{servers}', 'properties.security.protocol' = 'SASL_SSL',
         'properties.sasl.mechanism' = 'SCRAM-SHA-512', 'properties.ssl.truststore.type' = 'PEM',
         'properties.ssl.truststore.location' = '{}',
         'properties.java.security.auth.login.config' = '{}'",
        kafka.stores().path("ca.pem"),
        jaas.display()
    );
    let sql = format!(
        "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = '{input}', 'format' = 'json', {security},
             'properties.group.id' = '{input}', 'scan.startup.mode' = 'earliest-offset');
         CREATE TABLE o (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', {security},
             'topic' = '{output}', 'key.format' = 'json', 'value.format' = 'json');
         INSERT INTO o SELECT * FROM src;"
    );
    let path = program::file(&format!("{user}.sql"), &sql);
    let mut job = program::start(&["run", path.to_str().unwrap()]);
    let mut passed = 0;
    let mut pass_one = |job: &mut program::Running| {
        let record =
            NewRecord { topic: input.clone(), value: Some(b"{\"id\":7}".to_vec()), ..NewRecord::default() };
        kafka.java(|it, at| it.produce(at, &[], &[record]));
        passed += 1;
        let deadline = Instant::now() + PATIENCE;
        while kafka.java(|it, at| it.ends(at, &output)) != [passed] {
            assert!(job.is_running(), "record {passed}: the job has ended");
            assert!(Instant::now() < deadline, "record {passed} did not pass within {PATIENCE:?}");
        }
    };
    pass_one(&mut job);
    rotate("second-hush-62");
    let began = Instant::now();
    while began.elapsed() < 2 * SESSION {
        pass_one(&mut job);
    }
    job.signal("INT");
    let ran = job.end();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("hush") && !ran.out.contains("hush"), "{}", ran.err);
}

/// By a producer of its own, and so by a connection of its own.
async fn write_one(client: &Client, topic: &str) -> Result<(), Error> {
    let producer = client.producer();
    let topic = producer.topic(topic).await?;
    producer.send(Record::new(&topic).value(b"v")).await?.await.map(drop)
}

/// As tools do it: a new file in the old one's place, at once.
fn replace(from: &Path, to: &Path) {
    let beside = to.with_extension("new");
    std::fs::copy(from, &beside).unwrap();
    std::fs::rename(beside, to).unwrap();
}
