//! Four processes of an exactly-once job on a real Kafka of three nodes: processes and brokers are killed, frozen and
//! rolled, and each change is seen once and in order.
//!
//! `cargo test` runs the short form. Half an hour, by both protocols of groups:
//! `UPSERT_KAFKA_STORM=long cargo test -p upsert-kafka-tests --release job_storm -- --nocapture`

use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::timeout;
use upsert_kafka_client::{Client, IsolationLevel};
use upsert_kafka_tests::kafka::{Kafka, NewTopic, unique};

use super::chaos::Chaos;
use super::processes::Processes;
use super::pulse::{PATIENCE, Pulse};
use super::table_feed::TableFeed;
use super::{PARTITIONS, client};
use crate::program;

/// How much of it there is.
struct Plan {
    rows: u64,
    /// Rows a second.
    pace: u64,
    /// Rounds begin until then.
    lasting: Duration,
    protocols: &'static [&'static str],
}

impl Plan {
    fn from_env() -> Self {
        match std::env::var("UPSERT_KAFKA_STORM").as_deref() {
            Ok("long") => {
                let lasting = Duration::from_secs(900);
                Self { rows: 1_000_000, pace: 1000, lasting, protocols: &["consumer", "classic"] }
            }
            _ => Self { rows: 20_000, pace: 400, lasting: Duration::ZERO, protocols: &["consumer"] },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn job_storm_leaves_each_change_once_and_in_order() {
    let _alone = upsert_kafka_tests::HEAVY.lock().await;
    let Some(kafka) = block_in_place(|| Kafka::own(3)) else { return };
    let plan = Plan::from_env();
    for protocol in plan.protocols {
        run_storm(&kafka, &plan, protocol).await;
    }
}

async fn run_storm(kafka: &Kafka, plan: &Plan, protocol: &str) {
    let began = Instant::now();
    let names = ["rows", "table"].map(unique);
    let [source, sink] = names.each_ref().map(String::as_str);
    block_in_place(|| create(kafka, source, sink));
    let feeding = client(kafka, |_| {}).await;
    let committed = client(kafka, |it| it.isolation_level = IsolationLevel::ReadCommitted).await;
    let job = program::file(&format!("{source}.sql"), &job(source, sink, protocol, &kafka.bootstrap()));
    let job = job.to_str().expect("UTF-8");
    let processes = Processes::start(4, &["run", job, "--log", "info"]);
    let feed = TableFeed::start(&feeding, &committed, [source, sink], plan.pace).await;

    let mut chaos = Chaos::new(kafka, source, vec![feed.pulse()]);
    let mut round = 0;
    while round == 0 || began.elapsed() < plan.lasting {
        storm(&mut chaos, &processes, &feed, round, plan).await;
        round += 1;
    }
    let fault_counts = chaos.fault_counts();
    let seen = feed.finish(plan.rows).await;
    let lives = processes.finish().await;
    println!(
        "job storm, {protocol}: {} s, {seen}; {fault_counts}; of the processes {lives}",
        began.elapsed().as_secs()
    );
    assert_eq!((seen.lost, seen.doubled, seen.disordered), (0, 0, 0));
    assert!(lives.failures.is_empty(), "ended by themselves: {:#?}", lives.failures);
}

/// One of each fault. Each is over when all rows that were fed before it are seen.
async fn storm(chaos: &mut Chaos<'_>, processes: &Processes, feed: &TableFeed, round: usize, plan: &Plan) {
    let (pulse, count) = (feed.pulse(), processes.count());
    pulse.goes_on().await;
    processes.kill(round % count).await;
    pulse.goes_on().await;
    // Beyond its session: when it wakes, its partitions are another's.
    processes.freeze((round + 1) % count, SESSION_TIMEOUT * 2).await;
    pulse.goes_on().await;
    chaos.kill_a_leader().await;
    for at in 0..count {
        processes.roll(at).await;
    }
    pulse.goes_on().await;
    if !plan.lasting.is_zero() {
        chaos.pause_a_leader(SESSION_TIMEOUT, std::future::ready(())).await;
        chaos.roll().await;
    }
}

/// Three processes are upgraded one after the other, on the same cluster: partitions that stay where they are do not wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_upgrade_does_not_stop_partitions_that_do_not_move() {
    let _alone = upsert_kafka_tests::HEAVY.lock().await;
    let Some(kafka) = block_in_place(|| Kafka::own(3)) else { return };
    let names = ["rows", "table"].map(unique);
    let [source, sink] = names.each_ref().map(String::as_str);
    block_in_place(|| create(&kafka, source, sink));
    let client = client(&kafka, |_| {}).await;
    let sql = job(source, sink, "consumer", &kafka.bootstrap()).replace("'exactly-once'", "'at-least-once'");
    let job = program::file(&format!("{source}.sql"), &sql.replace("'500 ms'", "'100 ms'"));
    let processes = Processes::start(3, &["run", job.to_str().expect("UTF-8"), "--log", "info"]);
    let feed = TableFeed::start(&client, &client, [source, sink], 600).await;
    let pulse = feed.pulse();
    pulse.goes_on().await;
    await_shares(&client, source, &pulse).await;
    let (mut stayed, mut went) = (Vec::new(), Vec::new());
    for at in 0..processes.count() {
        let _of_before = (processes.moved(), feed.gaps());
        processes.roll(at).await;
        await_shares(&client, source, &pulse).await;
        let (gaps, moved) = (feed.gaps(), processes.moved());
        println!("rolled process {at}: partitions {moved:?} moved; longest silence of each {gaps:.2?}");
        for (partition, gap) in gaps.into_iter().enumerate() {
            if moved.contains(&partition) { went.push(gap) } else { stayed.push(gap) }
        }
    }
    let seen = feed.finish(0).await;
    let lives = processes.finish().await;
    println!(
        "rolling upgrade: {seen}; {lives}; longest silence {:?} of those that stayed, {:?} of those that moved",
        stayed.iter().max(),
        went.iter().max()
    );
    assert_eq!((seen.lost, seen.disordered), (0, 0));
    assert!(lives.failures.is_empty(), "{:?}", lives.failures);
    assert!(!stayed.is_empty() && !went.is_empty(), "some stay and some move");
    // To the millisecond virtual time judges it (`members`); a busy machine has pauses of its own.
    let waited = stayed.iter().any(|gap| *gap > HEARTBEAT_INTERVAL * 3);
    assert!(!waited, "partitions that stayed had to wait: {stayed:?}");
}

/// Returns when three members have two partitions each, and rows that are fed after that are seen.
async fn await_shares(client: &Client, group: &str, pulse: &Pulse) {
    let admin = client.admin();
    let has_shares = async {
        loop {
            let members = admin.describe_group(group).await.expect("the group").members;
            if members.len() == 3 && members.iter().all(|it| it.partitions.len() == 2) {
                return;
            }
            pulse.goes_on().await;
        }
    };
    timeout(PATIENCE, has_shares).await.expect("each has its share");
    pulse.goes_on().await;
}

fn create(kafka: &Kafka, source: &str, sink: &str) {
    let topics = [(source, "delete"), (sink, "compact")];
    let configs =
        topics.map(|(_, policy)| [("cleanup.policy", policy), ("min.compaction.lag.ms", "3600000")]);
    let topics: Vec<_> = topics
        .iter()
        .zip(&configs)
        .map(|((name, _), configs)| NewTopic { name, partitions: PARTITIONS, configs })
        .collect();
    kafka.java(|it, at| it.create(at, &topics));
    kafka.await_health(PATIENCE).unwrap_or_else(|failure| panic!("{failure}"));
}

fn job(source: &str, sink: &str, protocol: &str, bootstrap: &str) -> String {
    // The session of a member by the new protocol is the cluster's to say.
    let session = match protocol {
        "classic" => format!(
            ", 'properties.session.timeout.ms' = '{}', 'properties.heartbeat.interval.ms' = '1000'",
            SESSION_TIMEOUT.as_millis()
        ),
        _ => String::new(),
    };
    format!(
        "SET 'execution.checkpointing.interval' = '500 ms';
CREATE TABLE source (id BIGINT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = '{source}', 'format' = 'json',
  'scan.startup.mode' = 'earliest-offset', 'properties.bootstrap.servers' = '{bootstrap}',
  'properties.group.id' = '{source}', 'properties.group.protocol' = '{protocol}'{session});
CREATE TABLE sink (id BIGINT, n BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '{sink}', 'key.format' = 'json', 'value.format' = 'json', 'properties.bootstrap.servers' = '{bootstrap}',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '{sink}',
  'properties.transaction.timeout.ms' = '60000');
INSERT INTO sink SELECT * FROM source;"
    )
}

/// As the tests' clusters of three nodes have it for `group.consumer.heartbeat.interval.ms`.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// As the tests' clusters of three nodes have it for `group.consumer.session.timeout.ms`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);
