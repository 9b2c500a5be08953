//! A chaos test on a real Kafka: three nodes are killed, stopped and rolled under load, and nothing is lost or doubled.
//!
//! `cargo test` runs the short form. The long one, a million records and every fault several times:
//! `UPSERT_KAFKA_STORM=long cargo test -p upsert-kafka-tests --release chaos -- --nocapture`

use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use upsert_kafka_client::{Client, Config, IsolationLevel, Role, TopicPartition};
use upsert_kafka_tests::kafka::{Kafka, NewTopic, NewTransaction, unique};
use upsert_kafka_tests::record::NewRecord;

mod accounts;
pub(crate) mod audit;
mod chaos;
mod job_storm;
pub(crate) mod load;
pub(crate) mod numbered;
mod processes;
mod pulse;
mod reading;
mod table_feed;
mod transactions;

use accounts::{Accounts, Attempt, End};
use audit::{audit, written_in_doubt};
use chaos::{Chaos, FaultCounts};
use load::{Ledger, Load, passes};
use numbered::{KEYS, Numbered};
use pulse::PATIENCE;
use reading::Follower;
use transactions::{Done, Transactions};

/// How much of it there is.
struct Plan {
    long: bool,
    records: u64,
    /// Records a second, while the faults last.
    pace: u64,
    rounds: usize,
    transactions: usize,
}

impl Plan {
    fn from_env() -> Self {
        match std::env::var("UPSERT_KAFKA_STORM").as_deref() {
            Ok("long") => Self { long: true, records: 1_000_000, pace: 4000, rounds: 5, transactions: 1000 },
            _ => Self { long: false, records: 100_000, pace: 1000, rounds: 1, transactions: 20 },
        }
    }
}

/// What the loads came to.
struct Aftermath {
    patient: Ledger,
    hasty: Ledger,
    /// By the protocol of KIP-890, and by the classic one.
    transactions: [Done; 2],
    fault_counts: FaultCounts,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_leaves_what_is_acknowledged_once_and_in_order_and_transactions_whole() {
    let _alone = upsert_kafka_tests::HEAVY.lock().await;
    let Some(kafka) = block_in_place(|| Kafka::own(3)) else { return };
    let (plan, began) = (Plan::from_env(), Instant::now());
    let names = ["patient", "hasty", "verified", "classic"].map(unique);
    let topics = names.each_ref().map(String::as_str);
    block_in_place(|| create(&kafka, &topics));
    let client = client(&kafka, |_| {}).await;
    let committed = self::client(&kafka, |it| it.isolation_level = IsolationLevel::ReadCommitted).await;
    let followers = [
        (&client, topics[0], Follower::start(&client, topics[0])),
        (&committed, topics[2], Follower::start(&committed, topics[2])),
    ];

    let Aftermath { patient, hasty, transactions, fault_counts } = run_chaos(&kafka, &plan, topics).await;

    println!("chaos: {fault_counts}, {} s", began.elapsed().as_secs());
    judge_patient(&client, &plan, topics[0], &patient).await;
    judge_hasty(&client, topics[1], &hasty).await;
    for (done, topic) in transactions.iter().zip(&topics[2..]) {
        judge_transactions([&client, &committed], topic, done).await;
    }
    for (client, topic, follower) in followers {
        let log = reading::by_us(client, topic).await;
        assert!(follower.finish(client, topic).await == log, "{topic}: who read along read otherwise");
    }
    for (topic, read_committed) in topics.into_iter().zip([false, false, true, true]) {
        if plan.long || read_committed {
            let client = if read_committed { &committed } else { &client };
            let theirs = reading::by_java(&kafka, topic, PARTITIONS, read_committed);
            assert!(theirs == reading::by_us(client, topic).await, "{topic}: Java reads otherwise");
        }
    }
}

/// Three loads at once: a patient one, of which nothing may fail; one whose time is too short for any failover,
/// of which all that fails must be told truly; and transactions, by one protocol first, by the other then.
async fn run_chaos(kafka: &Kafka, plan: &Plan, [patient, hasty, verified, classic]: [&str; 4]) -> Aftermath {
    let load = Load::start(&client(kafka, |_| {}).await, patient, plan.pace).await;
    let hurry = |config: &mut Config| {
        config.request_timeout = REQUEST_TIMEOUT / 3;
        config.delivery_timeout = REQUEST_TIMEOUT / 2;
    };
    let hasty_load = Load::start(&client(kafka, hurry).await, hasty, plan.pace / 4).await;
    let transacting = |config: &mut Config| config.transactional_id = Some(verified.to_owned());
    let client = client(kafka, transacting).await;
    let mut transactions = Transactions::start(&client, verified, verified).await;
    let mut by_verified = None;

    let loads = |it: &Transactions| vec![load.pulse(), hasty_load.pulse(), it.pulse()];
    let mut chaos = Chaos::new(kafka, patient, loads(&transactions));
    for round in 0..plan.rounds {
        chaos.kill_a_leader().await;
        let before = load.retries();
        chaos.pause_a_leader(REQUEST_TIMEOUT * 2, load.is_retrying(before)).await;
        if round == plan.rounds / 2 {
            by_verified = Some(transactions.finish(plan.transactions).await);
            block_in_place(|| kafka.java(|it, at| it.downgrade(at, "transaction.version", 1)));
            let transacting = |config: &mut Config| config.transactional_id = Some(classic.to_owned());
            let client = self::client(kafka, transacting).await;
            transactions = Transactions::start(&client, classic, classic).await;
            chaos.under(loads(&transactions));
        }
        chaos.roll().await;
    }
    let fault_counts = chaos.fault_counts();
    Aftermath {
        patient: load.finish(plan.records).await,
        hasty: hasty_load.finish(plan.records / 4).await,
        transactions: [by_verified.expect("there is a round"), transactions.finish(plan.transactions).await],
        fault_counts,
    }
}

async fn judge_patient(client: &Client, plan: &Plan, topic: &str, ledger: &Ledger) {
    let log = reading::by_us(client, topic).await;
    let findings = audit(&ledger.outcomes, &log);
    let [not_written, in_doubt] = ledger.failed();
    println!(
        "chaos, records: {} of {KEYS} keys, {} sent again, {findings}, {} failed, {:.1} s the longest silence",
        ledger.outcomes.len(),
        ledger.retries,
        not_written + in_doubt,
        ledger.silence.as_secs_f64(),
    );
    findings.assert_none();
    assert_eq!(
        not_written + in_doubt,
        0,
        "with time enough all succeed: {:?}",
        ledger.failures.first_key_value()
    );
    assert!(ledger.outcomes.len() as u64 >= plan.records);
    assert_eq!(log.len(), PARTITIONS.unsigned_abs() as usize);
}

async fn judge_hasty(client: &Client, topic: &str, ledger: &Ledger) {
    let log = reading::by_us(client, topic).await;
    let findings = audit(&ledger.outcomes, &log);
    let [not_written, in_doubt] = ledger.failed();
    println!(
        "chaos, records in a hurry: {}, {} sent again, {findings}, {} failed ({not_written} not written, \
         {in_doubt} in doubt, of which {} are written; {} given up early)",
        ledger.outcomes.len(),
        ledger.retries,
        not_written + in_doubt,
        written_in_doubt(&ledger.outcomes, &log),
        ledger.given_up_early,
    );
    if let Some(untruth) = ledger.why(&findings.untruths) {
        println!("said not to be written: {untruth}");
    }
    findings.assert_none();
    assert!(not_written > 0 && in_doubt > 0, "it was not in a hurry");
    assert_eq!(ledger.given_up_early, 0, "{:?}", ledger.failures.values().find(|it| passes(it)));
}

async fn judge_transactions([all, committed]: [&Client; 2], topic: &str, done: &Done) {
    let accounts = &done.accounts;
    let log = reading::by_us(committed, topic).await;
    let findings = accounts.audit(&log);
    let unseen = accounts.unseen(&reading::by_us(all, topic).await);
    println!(
        "chaos, {topic}: {accounts}, {} producers, {findings}; {unseen} records lie there unseen",
        done.producers
    );
    findings.assert_none();
    assert!(unseen > 0, "nothing that was aborted had been written");
    let of = [TopicPartition { topic: topic.into(), partition: 0 }];
    let kept = committed.consumer().committed(topic, &of).await.expect("offsets")[0].offset;
    let expected = accounts.last_committed();
    assert!(kept.is_some_and(|it| expected.contains(&it)), "offset {kept:?}, not of {expected:?}");
    assert_eq!(accounts.count(End::Failed), 0, "with time enough all succeed: {:?}", done.errors);
}

/// The oracle and our reader of committed records against transactions of Java's producer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_s_transactions_are_read_whole_or_not_at_all() {
    let Some(kafka) = block_in_place(Kafka::shared) else { return };
    let topic = unique("transactions");
    let mut numbered = Numbered::default();
    let mut record = |number| {
        let (key, value) = numbered.bytes(number);
        let (key, value) = (Some(key.to_vec()), Some(value.to_vec()));
        NewRecord { topic: topic.clone(), key, value, ..NewRecord::default() }
    };
    let records: Vec<_> = (0..30 * 50).map(&mut record).collect();
    let transaction =
        |(at, records)| NewTransaction { records, commit: at % 3 != 1, ..NewTransaction::default() };
    let transactions: Vec<_> = records.chunks(50).enumerate().map(transaction).collect();
    let config = [("transactional.id", topic.as_str())];
    let places = block_in_place(|| {
        create(kafka, &[&topic]);
        kafka.java(|it, at| it.transact(at, &config, &transactions))
    });
    let attempt = |(of, places): (&NewTransaction<'_>, Vec<(i32, i64)>)| Attempt {
        end: if of.commit { End::Committed } else { End::Aborted },
        places: places.into_iter().map(Some).collect(),
    };
    let accounts = Accounts { attempts: transactions.iter().zip(places).map(attempt).collect() };

    let all = client(kafka, |_| {}).await;
    let committed = client(kafka, |it| it.isolation_level = IsolationLevel::ReadCommitted).await;
    let log = reading::by_us(&committed, &topic).await;
    accounts.audit(&log).assert_none();
    assert_eq!(log.iter().flatten().count(), 20 * 50);
    let whole = reading::by_us(&all, &topic).await;
    assert_eq!((accounts.unseen(&whole), accounts.audit(&whole).untrue), (10 * 50, 10 * 50));
    for (ours, read_committed) in [(log, true), (whole, false)] {
        assert!(reading::by_java(kafka, &topic, PARTITIONS, read_committed) == ours, "Java reads otherwise");
    }
}

async fn client(kafka: &Kafka, change: impl FnOnce(&mut Config)) -> Client {
    let (mut config, _) =
        Config::from_properties([("bootstrap.servers", kafka.bootstrap())], Role::Any).expect("a config");
    config.request_timeout = REQUEST_TIMEOUT;
    config.linger = LINGER;
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
/// Long enough that a batch holds some records at this pace.
const LINGER: Duration = Duration::from_millis(50);
