//! Sessions that end: authenticated again in band, under load, in order (KIP-368).

use std::time::Duration;

use upsert_kafka_tests::kafka::{
    Kdc, Listener, NewTopic, Properties, SESSION, Secured, Stores, Trust, unique,
};

use super::embedded::Embedded;
use super::load::{Dials, assert_whole, send_for};
use super::ways::{Login, Way};

/// So many sessions go by.
const SESSIONS: u32 = 2;

#[test]
fn producers_under_load_authenticate_again_to_a_real_kafka_and_lose_nothing() {
    let Some(kafka) = Secured::shared() else { return };
    let listener = Listener::Reauthenticating;
    let runs = runs(kafka.stores(), kafka.kdc(), &kafka.bootstrap(listener));
    for (_, topic) in &runs {
        kafka.java(|it, at| it.create(at, &[NewTopic { name: topic, partitions: 1, configs: &[] }]));
    }
    all_at_once(runs);
}

#[test]
fn producers_under_load_authenticate_again_to_the_embedded_broker_and_lose_nothing() {
    let Some(stores) = Stores::shared() else { return };
    let broker = Embedded::of_short_sessions(stores);
    all_at_once(runs(stores, None, &broker.bootstrap(Listener::SaslSsl)));
}

/// By each mechanism: a producer's properties, and its topic.
fn runs(stores: &Stores, kdc: Option<&Kdc>, bootstrap: &str) -> Vec<(Properties, String)> {
    let runs = Login::all(kdc).into_iter().map(|login| {
        let parts = [stores.trust(Trust::Pem), login.properties()];
        let way = Way::new(login.mechanism(), Listener::Reauthenticating, &parts);
        (way.to(bootstrap), unique(&login.mechanism().to_lowercase()))
    });
    runs.collect()
}

/// Each waits for its sessions to end more than it works.
fn all_at_once(runs: Vec<(Properties, String)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = runs.into_iter().map(|run| tokio::spawn(one(run))).collect();
        for task in tasks {
            tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
        }
    });
}

async fn one((properties, topic): (Properties, String)) {
    let dials = Dials::default();
    let client = dials.client(&properties).await.unwrap();
    let producer = client.producer();
    let run = async {
        let first = send_for(&producer, &topic, 0, SESSION / 4).await?;
        let before = dials.count();
        let sent = first + send_for(&producer, &topic, first, SESSION * SESSIONS).await?;
        assert_eq!(dials.count(), before, "{topic}: it connected again instead of logging in again");
        assert_whole(&client, &topic, sent).await
    };
    run.await.unwrap_or_else(|e| panic!("{topic}: {e}"));
}

const PATIENCE: Duration = Duration::from_secs(60);
