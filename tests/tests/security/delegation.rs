//! Delegation tokens (KIP-48): made by Apache's client, logged in with by ours and by Apache's.

use std::time::{Duration, Instant};

use upsert_kafka_client::ErrorKind;
use upsert_kafka_tests::kafka::{Listener, NewTopic, Properties, Secured, Token, Trust, unique};

use super::embedded::Embedded;
use super::round_trip::{self, told};
use super::ways::{Login, SCRAM, Way};

#[test]
fn a_delegation_token_gets_into_a_real_kafka_and_its_neighbour_does_not() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("delegated");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    a_token_gets_in(kafka, &topic, |listener| kafka.bootstrap(listener));
    assert_eq!(kafka.java(|it, at| it.ends(at, &topic)), [3]);
}

#[test]
fn a_delegation_token_gets_into_the_embedded_broker_and_its_neighbour_does_not() {
    let Some(kafka) = Secured::shared() else { return };
    let broker = Embedded::start(kafka.stores());
    a_token_gets_in(kafka, "delegated", |listener| broker.bootstrap(listener));
}

/// The Java client asks that cluster for a token, and ours writes and reads by it.
fn a_token_gets_in(kafka: &Secured, topic: &str, bootstrap: impl Fn(Listener) -> String) {
    let alice = Way::new("alice", Listener::SaslPlaintext, &[Login::Scram512.properties()]);
    let alice = alice.to(&bootstrap(alice.listener));
    let token = kafka.java(|it, _| it.delegation_token(&alice));
    let try_with = |id: &str, mechanism: &str| {
        let parts = [kafka.stores().trust(Trust::Jks), login(id, &token, mechanism)];
        let way = Way::new(mechanism, Listener::SaslSsl, &parts);
        round_trip::run(&way.to(&bootstrap(way.listener)), topic, mechanism)
    };
    // A broker hears of a token from the controller, after the answer that gave it.
    let deadline = Instant::now() + PATIENCE;
    while try_with(&token.id, "SCRAM-SHA-256").is_err_and(|e| e.kind() == ErrorKind::Authentication) {
        assert!(Instant::now() < deadline, "the token is not taken within {PATIENCE:?}");
    }
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        try_with(&token.id, mechanism).unwrap_or_else(|e| panic!("{mechanism}: {e}"));
        let refused = try_with("no-such-token", mechanism).expect_err(mechanism);
        assert_eq!(refused.kind(), ErrorKind::Authentication, "{refused}");
        assert!(!told(&refused).contains(&token.hmac), "the token's HMAC is told");
    }
    // Who comes by a token gets no other: else it would never end.
    let by_token = Way::new("token", Listener::SaslPlaintext, &[login(&token.id, &token, "SCRAM-SHA-256")]);
    let by_token = by_token.to(&bootstrap(by_token.listener));
    let refused = kafka.try_java(|it, _| it.delegation_token(&by_token)).expect_err("a token for a token");
    assert!(refused.to_string().contains("Delegation Token requests are not allowed"), "{refused}");
}

fn login(id: &str, token: &Token, mechanism: &str) -> Properties {
    let jaas = format!("{SCRAM} required username=\"{id}\" password=\"{}\" tokenauth=\"true\";", token.hmac);
    vec![("sasl.mechanism", mechanism.to_owned()), ("sasl.jaas.config", jaas)]
}

const PATIENCE: Duration = Duration::from_secs(20);
