//! The shipped job, client and broker over pipes in virtual time: a seed is a run.

use std::time::Instant;

use planted_bug::PlantedBug;

mod faults;
mod judge;
mod network;
mod planted_bug;
mod processes;
mod recipe;
mod run;
mod seeds;
mod tap;
mod topic_log;
mod wall;

/// How many seeds a run of CI length has.
const SEEDS: u64 = 200;

#[test]
fn every_seed_keeps_the_promises() {
    if let Some(seed) = number("UPSERT_KAFKA_SEED") {
        let outcome = run::run(seed, None);
        println!("{}\n{:?}", outcome.trace.join("\n"), outcome.verdict);
        outcome.verdict.unwrap();
        return;
    }
    let _alone = upsert_kafka_tests::HEAVY.blocking_lock();
    let count = number("UPSERT_KAFKA_SEEDS").unwrap_or(SEEDS);
    let first = number("UPSERT_KAFKA_SEEDS_FROM").unwrap_or(0);
    let began = Instant::now();
    let batch = seeds::run_all(first..first + count, std::env::var_os("UPSERT_KAFKA_ALL").is_none());
    println!("{} runs in {:?}: {:?}", batch.runs, began.elapsed(), batch.tally);
    if let Some((seed, violation)) = batch.broken {
        panic!(
            "seed {seed}: {violation}\nrun it again: \
             UPSERT_KAFKA_SEED={seed} cargo test -p upsert-kafka-tests whole::every_seed -- --nocapture"
        );
    }
}

#[test]
fn every_planted_bug_is_found() {
    let _alone = upsert_kafka_tests::HEAVY.blocking_lock();
    let mut unfound = Vec::new();
    for (bug, within) in PlantedBug::ALL {
        let began = Instant::now();
        let batch = seeds::run_planted(0..*within, true, Some(*bug));
        match batch.broken {
            Some((seed, why)) => {
                println!("{bug:?}, seed {seed}, {} runs, {:?}: {}", batch.runs, began.elapsed(), &why[..why.len().min(150)]);
            }
            None => {
                println!("{bug:?} NOT FOUND, {} runs, {:?}", batch.runs, began.elapsed());
                unfound.push(bug);
            }
        }
    }
    assert!(unfound.is_empty(), "not found: {unfound:?}");
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
