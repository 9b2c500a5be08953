//! A storm on a real Kafka: three nodes are killed, stopped and rolled under load, and nothing is lost or doubled.
//!
//! `cargo test` runs the short form. The long one, a million records and every fault several times:
//! `UPSERT_KAFKA_STORM=long cargo test -p upsert-kafka-tests --release storm -- --nocapture`

use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use upsert_kafka_client::{Client, Config, Role};
use upsert_kafka_tests::kafka::{Kafka, NewTopic, unique};

mod audit;
mod load;
mod numbered;
mod reading;
mod retries;
mod storm;

use audit::{audit, written_in_doubt};
use load::{Ledger, Load, PATIENCE};
use reading::Follower;
use retries::{Retries, counting};
use storm::{Storm, Weather};

/// How much of it there is.
struct Plan {
    long: bool,
    records: u64,
    /// Records a second, while the faults last.
    pace: u64,
    rounds: usize,
}

impl Plan {
    fn from_env() -> Self {
        match std::env::var("UPSERT_KAFKA_STORM").as_deref() {
            Ok("long") => Self { long: true, records: 1_000_000, pace: 4000, rounds: 5 },
            _ => Self { long: false, records: 100_000, pace: 2000, rounds: 1 },
        }
    }
}

#[test]
fn a_storm_leaves_every_acknowledged_record_once_and_in_order() {
    let Some(kafka) = Kafka::own(3) else { return };
    counting(async |retries| records_in_a_storm(&kafka, &Plan::from_env(), &retries).await);
}

/// Two loads at once: a patient one, of which nothing may fail, and one whose time is too short for
/// any failover, of which all that fails must be told truly.
async fn records_in_a_storm(kafka: &Kafka, plan: &Plan, retries: &Retries) {
    let began = Instant::now();
    let [patient, hasty] = ["patient", "hasty"].map(unique);
    block_in_place(|| create(kafka, &[&patient, &hasty]));
    let client = client(kafka, |config| { config.request_timeout = REQUEST_TIMEOUT; config.linger = LINGER; }).await;
    let hurried = self::client(kafka, |config| {
        config.request_timeout = REQUEST_TIMEOUT / 3;
        config.linger = LINGER;
        config.delivery_timeout = REQUEST_TIMEOUT / 2;
    })
    .await;
    let follower = Follower::start(&client, &patient);
    let load = Load::start(&client, &patient, plan.pace).await;
    let hasty_load = Load::start(&hurried, &hasty, plan.pace / 4).await;

    let loads = [&load, &hasty_load];
    let mut storm = Storm::new(kafka, &patient, &loads);
    for _ in 0..plan.rounds {
        let before = retries.of(&patient);
        storm.kill_a_leader().await;
        storm.pause_a_leader(REQUEST_TIMEOUT * 2).await;
        assert!(retries.of(&patient) > before, "neither fault was felt");
        storm.roll().await;
    }
    let weather = storm.weather();
    let ledger = load.finish(plan.records).await;
    let hasty_ledger = hasty_load.finish(plan.records / 4).await;

    judge_patient(kafka, plan, (&client, &patient, follower), &ledger, (weather, retries, began)).await;
    judge_hasty(&client, &hasty, &hasty_ledger, retries).await;
}

async fn judge_patient(
    kafka: &Kafka,
    plan: &Plan,
    (client, topic, follower): (&Client, &str, Follower),
    ledger: &Ledger,
    (weather, retries, began): (Weather, &Retries, Instant),
) {
    let log = reading::by_us(client, topic).await;
    let findings = audit(&ledger.outcomes, &log);
    println!(
        "storm: {} records of {} keys, {weather}, {} batches sent again, {findings}, {} failed, \
         {:.1} s the longest silence, {} s in all",
        ledger.outcomes.len(),
        numbered::KEYS,
        retries.of(topic),
        ledger.outcomes.len() - ledger.acknowledged(),
        ledger.silence.as_secs_f64(),
        began.elapsed().as_secs(),
    );
    findings.assert_none();
    assert_eq!(ledger.failed(), [0, 0], "with time enough all succeed: {:?}", ledger.failure);
    assert!(ledger.outcomes.len() as u64 >= plan.records);
    assert_eq!(log.len(), PARTITIONS.unsigned_abs() as usize);
    assert!(follower.finish(client, topic).await == log, "who read along read otherwise");
    if plan.long {
        let theirs = reading::by_java(kafka, topic, PARTITIONS, false);
        assert!(theirs == log, "Java reads otherwise");
    }
}

async fn judge_hasty(client: &Client, topic: &str, ledger: &Ledger, retries: &Retries) {
    let log = reading::by_us(client, topic).await;
    let findings = audit(&ledger.outcomes, &log);
    let [not_written, in_doubt] = ledger.failed();
    println!(
        "storm, by one in a hurry: {} records, {} batches sent again, {findings}, {} failed ({not_written} not \
         written, {in_doubt} in doubt, of which {} are written; {} given up early)",
        ledger.outcomes.len(),
        retries.of(topic),
        not_written + in_doubt,
        written_in_doubt(&ledger.outcomes, &log),
        ledger.given_up_early,
    );
    findings.assert_none();
    assert!(not_written > 0 && in_doubt > 0, "it was not in a hurry: {:?}", ledger.failure);
    assert_eq!(ledger.given_up_early, 0, "{:?}", ledger.failure);
}

async fn client(kafka: &Kafka, change: impl FnOnce(&mut Config)) -> Client {
    let (mut config, _) =
        Config::from_properties([("bootstrap.servers", kafka.bootstrap())], Role::Any).expect("a config");
    change(&mut config);
    Client::open(config).await.expect("a client")
}

fn create(kafka: &Kafka, topics: &[&str]) {
    let topics: Vec<_> =
        topics.iter().map(|name| NewTopic { name, partitions: PARTITIONS, configs: &[] }).collect();
    kafka.java(|it, at| it.create(at, &topics));
    kafka.await_health(PATIENCE).unwrap_or_else(|failure| panic!("{failure}"));
}

const PARTITIONS: i32 = 6;
/// Short, so that a node that is stopped is given up in a test's time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
const LINGER: Duration = Duration::from_millis(50);
