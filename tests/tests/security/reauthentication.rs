//! Sessions that end: authenticated again in band, under load, in order (KIP-368).

use std::time::Duration;

use upsert_kafka_tests::kafka::{Listener, NewTopic, SESSION, Secured, Trust, unique};

use super::load::{Dials, assert_whole, send_for};
use super::ways::{Login, Way};

/// So many sessions go by.
const SESSIONS: u32 = 2;

#[test]
fn a_producer_under_load_authenticates_again_and_loses_nothing() {
    let Some(kafka) = Secured::shared() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runs = Login::all(kafka.kdc()).into_iter().map(|login| {
        let parts = [kafka.stores().trust(Trust::Pem), login.properties()];
        let mut way = Way::new(login.mechanism(), Listener::Reauthenticating, &parts);
        // One at a time would never meet a session's end with requests behind it.
        way.properties.push(("linger.ms", "1".to_owned()));
        (way.to(&kafka.bootstrap(way.listener)), unique(&login.mechanism().to_lowercase()))
    });
    let runs: Vec<_> = runs.collect();
    for (_, topic) in &runs {
        kafka.java(|it, at| it.create(at, &[NewTopic { name: topic, partitions: 1, configs: &[] }]));
    }
    // All at once: each waits for its sessions to end more than it works.
    runtime.block_on(async {
        let tasks: Vec<_> = runs
            .into_iter()
            .map(|(properties, topic)| {
                tokio::spawn(async move {
                    let dials = Dials::default();
                    let client = dials.client(&properties).await.unwrap();
                    let producer = client.producer();
                    let run = async {
                        let first = send_for(&producer, &topic, 0, SESSION / 4).await?;
                        let before = dials.count();
                        let sent = first + send_for(&producer, &topic, first, SESSION * SESSIONS).await?;
                        assert_eq!(
                            dials.count(),
                            before,
                            "{topic}: it connected again instead of logging in again"
                        );
                        assert_whole(&client, &topic, sent).await
                    };
                    run.await.unwrap_or_else(|e| panic!("{topic}: {e}"));
                })
            })
            .collect();
        for task in tasks {
            tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
        }
    });
}

const PATIENCE: Duration = Duration::from_secs(60);
