//! Jobs that real Flink ran, run again: on the embedded broker and on a real Kafka, and compared.

mod case;
mod compare;
mod features;
mod host;
mod replay;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;
use upsert_kafka_tests::data;
use upsert_kafka_tests::kafka::Kafka;

use case::Case;
use host::Host;
use replay::Outcome;

/// How many of our own cases do what; a case moves from refused to run in the commit that makes it run.
const OWN: Counts = Counts { run: 38, refused: 13, departed: 1 };

/// The same of jobs that keep state over many rows: none runs yet.
const STATE: Counts = Counts { run: 0, refused: 48, departed: 0 };

#[derive(Debug, Default, PartialEq)]
struct Counts {
    run: usize,
    refused: usize,
    departed: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_jobs_run_embedded() {
    let host = Host::embedded().await;
    assert_eq!(replay_all("embedded", &[data("flink/jobs")], &host).await, OWN);
}

/// Those that are refused need no cluster: where some run they will run on a real Kafka too.
#[tokio::test(flavor = "multi_thread")]
async fn golden_jobs_with_state_run_embedded_or_are_refused_by_name() {
    let host = Host::embedded().await;
    assert_eq!(replay_all("with state, embedded", &[data("flink/jobs-state")], &host).await, STATE);
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_jobs_run_on_a_real_kafka() {
    let Some(kafka) = tokio::task::block_in_place(Kafka::shared) else { return };
    assert_eq!(replay_all("real Kafka", &[data("flink/jobs")], &Host::Real(kafka)).await, OWN);
}

/// `UPSERT_KAFKA_CASES`: folders of cases, or cases, as a path list.
#[tokio::test(flavor = "multi_thread")]
async fn further_jobs_run_embedded() {
    if let Some(folders) = further() {
        let counts = replay_all("further, embedded", &folders, &Host::embedded().await).await;
        assert_ne!(counts, Counts::default(), "UPSERT_KAFKA_CASES holds no case: {folders:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn further_jobs_run_on_a_real_kafka() {
    let Some(folders) = further() else { return };
    let Some(kafka) = tokio::task::block_in_place(Kafka::shared) else { return };
    replay_all("further, real Kafka", &folders, &Host::Real(kafka)).await;
}

fn further() -> Option<Vec<PathBuf>> {
    Some(std::env::split_paths(&std::env::var_os("UPSERT_KAFKA_CASES")?).collect())
}

/// Runs every case to its end before it complains of any.
async fn replay_all(on: &str, folders: &[PathBuf], host: &Host) -> Counts {
    let departures = departures();
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for folder in folders.iter().flat_map(|it| cases_in(it)) {
        let case = Case::read(&folder);
        let began = Instant::now();
        let outcome = replay::replay(&case, host, departures[&case.name]["instead"].as_str()).await;
        println!("{}: {outcome:?} in {:.1?}", case.name, began.elapsed());
        match outcome {
            Ok(Outcome::Ran) => counts.run += 1,
            Ok(Outcome::Refused(why)) => {
                counts.refused += 1;
                told(&format!("{}: not run: {why}\n", case.name));
            }
            Ok(Outcome::Departed) => counts.departed += 1,
            Err(why) => failures.push(format!("{}: {why}", case.name)),
        }
    }
    let Counts { run, refused, departed } = counts;
    let line = format!(
        "cases, {on}: {run} run, {refused} refused, {departed} departed, {} failed\n",
        failures.len()
    );
    told(&line);
    assert!(failures.is_empty(), "on {on}:\n{}", failures.join("\n"));
    counts
}

/// Past libtest's capture: what ran, and what did not and why, is the point.
fn told(line: &str) {
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn cases_in(folder: &Path) -> Vec<PathBuf> {
    if folder.join("case.json").exists() {
        return vec![folder.to_owned()];
    }
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<_> =
        entries.flatten().map(|it| it.path()).filter(|it| it.join("case.json").exists()).collect();
    found.sort();
    found
}

fn departures() -> Value {
    let text = std::fs::read(data("flink/departures.json")).expect("departures.json");
    let all: Value = serde_json::from_slice(&text).expect("departures.json is JSON");
    for (name, departure) in all.as_object().expect("an object by case") {
        assert!(departure["why"].is_string(), "{name}: a departure says why");
    }
    all
}
