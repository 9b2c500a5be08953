//! Delegation tokens (KIP-48): made by Apache's client, logged in with by ours.

use std::time::{Duration, Instant};

use upsert_kafka_client::ErrorKind;
use upsert_kafka_tests::kafka::{Listener, NewTopic, Properties, Secured, Trust, unique};

use super::round_trip::{self, told};
use super::ways::{Login, SCRAM, Way};

#[test]
fn a_delegation_token_gets_in_and_its_neighbour_does_not() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("delegated");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let alice = Way::new("alice", Listener::SaslPlaintext, &[Login::Scram512.properties()]);
    let alice = alice.to(&kafka.bootstrap(alice.listener));
    let token = kafka.java(|it, _| it.delegation_token(&alice));
    let login = |id: &str, mechanism: &str| -> Properties {
        let jaas =
            format!("{SCRAM} required username=\"{id}\" password=\"{}\" tokenauth=\"true\";", token.hmac);
        vec![("sasl.mechanism", mechanism.to_owned()), ("sasl.jaas.config", jaas)]
    };
    let try_with = |id: &str, mechanism: &str| {
        let parts = [kafka.stores().trust(Trust::Jks), login(id, mechanism)];
        let way = Way::new(mechanism, Listener::SaslSsl, &parts);
        round_trip::run(&way.to(&kafka.bootstrap(way.listener)), &topic, mechanism)
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
    assert_eq!(kafka.java(|it, at| it.ends(at, &topic)), [3]);
}

const PATIENCE: Duration = Duration::from_secs(20);
