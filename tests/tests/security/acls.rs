//! Principals and what they may do: the name in a certificate, the user who logged in, and the resource that a refusal names.

use upsert_kafka_client::{Commit, ErrorKind, TopicPartition};
use upsert_kafka_tests::kafka::{Identity, Listener, NewTopic, Secured, Trust, unique};

use super::round_trip::{self, told};
use super::ways::{Login, Way};

#[test]
fn a_certificate_s_name_is_a_principal_and_a_refusal_names_the_topic() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("for-rsa");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    for operation in ["READ", "WRITE", "DESCRIBE"] {
        kafka.java(|it, at| it.allow(at, ("TOPIC", &topic), Identity::Rsa.principal(), operation));
    }
    let with = |identity| {
        let parts = [kafka.stores().trust(Trust::Jks), kafka.stores().identity(identity)];
        let way = Way::new(format!("{identity:?}"), Listener::Mtls, &parts);
        round_trip::run(&way.to(&kafka.bootstrap(way.listener)), &topic, &way.name)
    };
    with(Identity::Rsa).unwrap_or_else(|e| panic!("who may: {e}"));
    let refused = with(Identity::Pem).expect_err("who may not");
    assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{refused}");
    assert!(told(&refused).contains(&topic), "{refused}");
}

#[test]
fn a_refusal_names_the_group() {
    let Some(kafka) = Secured::shared() else { return };
    let (topic, group) = (unique("for-all"), unique("for-bob"));
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    kafka.java(|it, at| it.allow(at, ("GROUP", &group), "User:bob", "READ"));
    let way = Way::new("alice", Listener::SaslPlaintext, &[Login::Plain.properties()]);
    let properties = way.to(&kafka.bootstrap(way.listener));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(async {
        let client = round_trip::open(&properties).await.unwrap();
        let offset = Commit::new(TopicPartition::new(&*topic, 0), 0);
        client.consumer().commit(&group, &[offset]).await.expect_err("alice may not")
    });
    assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{refused}");
    assert!(told(&refused).contains(&group), "{refused}");
}
