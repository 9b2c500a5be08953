//! The fault matrix of a job: every point where it waits × every fault × sinks × where it starts. After a restart
//! without the fault each sink compacts to the input, and no key goes backwards but for a replay.
//!
//! `UPSERT_KAFKA_MATRIX=substring` plays the scenarios whose names contain it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use upsert_kafka_broker::Action;
use upsert_kafka_protocol::{ApiKey, ErrorCode};

mod encoding;
mod oracle;
mod process;
mod real;
mod recreated;
mod refused;
mod scenario;
mod stage;

use scenario::{Harm, Scenario, Shape, When};

/// The requests on whose answers a job waits, and when it does: two of them only while it starts.
const POINTS: &[(&str, ApiKey, &[When])] = &[
    ("metadata", ApiKey::METADATA, ALWAYS),
    ("find-coordinator", ApiKey::FIND_COORDINATOR, &[When::Start]),
    ("offset-fetch", ApiKey::OFFSET_FETCH, ALWAYS),
    ("list-offsets", ApiKey::LIST_OFFSETS, &[When::Start]),
    ("init-producer-id", ApiKey::INIT_PRODUCER_ID, ALWAYS),
    ("fetch", ApiKey::FETCH, ALWAYS),
    ("produce", ApiKey::PRODUCE, ALWAYS),
    ("offset-commit", ApiKey::OFFSET_COMMIT, ALWAYS),
];

/// Those of a job with transactions besides.
const TRANSACTION_POINTS: &[(&str, ApiKey, &[When])] = &[
    ("list-transactions", ApiKey::LIST_TRANSACTIONS, &[When::Start]),
    ("add-partitions-to-txn", ApiKey::ADD_PARTITIONS_TO_TXN, RUNNING),
    ("add-offsets-to-txn", ApiKey::ADD_OFFSETS_TO_TXN, RUNNING),
    ("txn-offset-commit", ApiKey::TXN_OFFSET_COMMIT, RUNNING),
    ("end-txn", ApiKey::END_TXN, RUNNING),
];

const RUNNING: &[When] = &[When::Running, When::Stop];
const ALWAYS: &[When] = &[When::Start, When::Running, When::Stop];

/// What happens there.
const FAULTS: &[(&str, Action)] = &[
    ("lost-before", Action::Close),
    ("lost-after", Action::LoseAnswer),
    ("retriable", Action::Answer(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)),
    ("retriable-after", Action::AnswerAfterWork(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
    ("fatal", Action::Answer(ErrorCode::INVALID_REQUEST)),
    ("fatal-for-records", Action::Answer(ErrorCode::INVALID_RECORD)),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_wherever_a_job_waits_the_sinks_compact_to_the_input() {
    let mut scenarios = Vec::new();
    for sinks in [1, 2] {
        for latest in [false, true] {
            for (point, api, moments) in POINTS {
                for (fault, action) in FAULTS {
                    for when in *moments {
                        let name = format!("{point}/{fault}/{when:?}");
                        scenarios.push(Scenario::new(name, sinks, latest, Harm::Fault(*api, *action), *when));
                    }
                }
            }
            for when in ALWAYS {
                scenarios.push(Scenario::new(format!("killed/{when:?}"), sinks, latest, Harm::Kill, *when));
            }
            for when in [When::Running, When::Stop] {
                scenarios.push(Scenario::new(format!("away/{when:?}"), sinks, latest, Harm::Away, when));
            }
            for code in [ErrorCode::INVALID_RECORD, ErrorCode::NOT_LEADER_OR_FOLLOWER] {
                for when in ALWAYS {
                    let harm = Harm::Fault(ApiKey::PRODUCE, Action::RefusePartition(0, code));
                    let name = format!("produce/partition-{}/{when:?}", code.0);
                    scenarios.push(Scenario::new(name, sinks, latest, harm, *when));
                }
            }
            let refused = Harm::Refused;
            scenarios.push(Scenario::new("one-record-refused".into(), sinks, latest, refused, When::Running));
        }
    }
    play(scenarios).await;
}

/// Every request of every kind of job at each of its moments, once: which fault strikes it goes round, so that over all
/// kinds each request meets each fault, and no kind has to meet them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_every_other_kind_too() {
    let mut scenarios = Vec::new();
    for (turn, shape) in Shape::OTHERS.into_iter().enumerate() {
        let mut add = |name: String, harm, when| {
            scenarios.push(Scenario::new(name, 1, false, harm, when).of(shape));
        };
        let cells =
            POINTS.iter().flat_map(|(point, api, moments)| moments.iter().map(move |it| (point, api, it)));
        for (at, (point, api, when)) in cells.enumerate() {
            let (fault, action) = FAULTS[(at + turn) % FAULTS.len()];
            add(format!("{point}/{fault}/{when:?}"), Harm::Fault(*api, action), *when);
        }
        for when in ALWAYS {
            add(format!("killed/{when:?}"), Harm::Kill, *when);
        }
        let refused = Action::RefusePartition(1, ErrorCode::INVALID_RECORD);
        add("produce/one-partition/Running".into(), Harm::Fault(ApiKey::PRODUCE, refused), When::Running);
        add("away/Stop".into(), Harm::Away, When::Stop);
    }
    play(scenarios).await;
}

/// Whatever fails: under read_committed each change is there once, in order, of every sink.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_jobs_write_every_change_once() {
    let mut scenarios = Vec::new();
    for (turn, shape) in Shape::EXACTLY_ONCE.into_iter().enumerate() {
        let sinks = 1 + turn % 2;
        let mut add = |name: String, harm, when| {
            scenarios.push(Scenario::new(name, sinks, false, harm, when).of(shape));
        };
        let cells = TRANSACTION_POINTS.iter().chain(POINTS);
        let cells = cells.flat_map(|(point, api, moments)| moments.iter().map(move |it| (point, api, it)));
        for (at, (point, api, when)) in cells.enumerate() {
            // The first kind meets every fault everywhere, of the others each request meets two.
            let faults = if turn == 0 { 0..FAULTS.len() } else { at + turn..at + turn + 2 };
            for (fault, action) in faults.map(|it| FAULTS[it % FAULTS.len()]) {
                add(format!("{point}/{fault}/{when:?}"), Harm::Fault(*api, action), *when);
            }
        }
        let kept = match shape {
            // In the progress topic, and then in the group for all to see.
            Shape::ExactlyOnceElsewhere => ("offset-commit", ApiKey::OFFSET_COMMIT),
            _ => ("txn-offset-commit", ApiKey::TXN_OFFSET_COMMIT),
        };
        for (point, api) in [("produce", ApiKey::PRODUCE), kept, ("end-txn", ApiKey::END_TXN)] {
            for (moment, action) in [("before", Action::Close), ("after", Action::LoseAnswer)] {
                add(format!("killed-{moment}/{point}"), Harm::KillAt(api, action), When::Running);
            }
        }
        for when in ALWAYS {
            add(format!("killed/{when:?}"), Harm::Kill, *when);
        }
        add("away/Running".into(), Harm::Away, When::Running);
        add("away/Stop".into(), Harm::Away, When::Stop);
    }
    play(scenarios).await;
}

/// Plays all of them, some at a time, and tells of every one that went wrong.
async fn play(scenarios: Vec<Scenario>) {
    let only = std::env::var("UPSERT_KAFKA_MATRIX").unwrap_or_default();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    let mut count = 0;
    for scenario in scenarios.into_iter().filter(|it| it.name.contains(&only)) {
        let places = Arc::clone(&places);
        count += 1;
        playing.spawn(async move {
            let _place = places.acquire_owned().await.expect("never closed");
            scenario.play().await.map_err(|why| format!("{}: {why}", scenario.name))
        });
    }
    let outcomes = playing.join_all().await;
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

/// Each has a broker and a job of its own, and mostly waits.
const AT_ONCE: usize = 64;
