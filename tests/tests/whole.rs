//! The shipped job, client and broker over pipes in virtual time: a seed is a run, to the last frame.
//!
//! Processes of one job share the partitions of a topic while links are cut, nodes and processes die and clocks jump;
//! who feeds them, and who writes in transactions beside them, is held to what it was told of each row. Then it is quiet,
//! and everything must be caught up, owned and seen once. The seed draws all of it; nothing that runs here draws lots by
//! itself. A seed that broke a promise is run again for its trace.
//!
//! `UPSERT_KAFKA_SEED=123 cargo test -p upsert-kafka-tests whole::every_seed -- --nocapture` runs one seed. A million, on
//! all processors, with a line every half a minute: `UPSERT_KAFKA_STORM=long cargo test --release -p upsert-kafka-tests
//! whole::every_seed -- --nocapture`. `UPSERT_KAFKA_SEEDS` and `UPSERT_KAFKA_SEEDS_FROM` say how many, and from which on.
//! `UPSERT_KAFKA_BUG=AbortCommits` plants that bug alone.

use std::time::Instant;

use planted_bug::PlantedBug;

mod bad_link;
mod batch_bug;
mod fates;
mod faults;
mod feeder;
mod judge;
mod ledger;
mod network;
mod planted_bug;
mod processes;
mod random;
mod recipe;
mod run;
mod seeds;
mod tap;
mod topic_log;
mod trace;
mod wall;
mod writer;

/// How many seeds a run of CI length has.
const SEEDS: u64 = 10_000;
const SEEDS_LONG: u64 = 1_000_000;
/// How many of them are run twice, to compare their traces.
const SAME_SEEDS: u64 = 40;

#[test]
fn every_seed_keeps_the_promises() {
    if let Some(seed) = number("UPSERT_KAFKA_SEED") {
        println!("{}", seeds::trace(seed, None).join("\n"));
        run::run(seed, None, None).unwrap();
        return;
    }
    let _alone = upsert_kafka_tests::HEAVY.blocking_lock();
    let is_long = std::env::var("UPSERT_KAFKA_STORM").is_ok_and(|it| it == "long");
    let count = number("UPSERT_KAFKA_SEEDS").unwrap_or(if is_long { SEEDS_LONG } else { SEEDS });
    let first = number("UPSERT_KAFKA_SEEDS_FROM").unwrap_or(0);
    let batch = seeds::run_until_broken(first..first + count, None);
    println!("{batch}");
    if let Some(seeds::Broken { seed, why }) = batch.broken {
        let trace = seeds::trace(seed, None).join("\n");
        panic!(
            "{trace}\n\nseed {seed}: {why}\nrun it again: \
             UPSERT_KAFKA_SEED={seed} cargo test -p upsert-kafka-tests whole::every_seed -- --nocapture"
        );
    }
}

#[test]
fn a_seed_is_a_run_to_the_last_frame() {
    for seed in 0..SAME_SEEDS {
        let (once, again) = (seeds::trace(seed, None), seeds::trace(seed, None));
        let differs = once.iter().zip(&again).find(|(one, other)| one != other);
        assert!(differs.is_none(), "seed {seed}: {differs:#?}");
        assert_eq!(once.len(), again.len(), "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    let _alone = upsert_kafka_tests::HEAVY.blocking_lock();
    let only = std::env::var("UPSERT_KAFKA_BUG").ok();
    let is_meant = |bug: &&PlantedBug| only.as_ref().is_none_or(|only| *only == format!("{bug:?}"));
    let mut unfound = Vec::new();
    for bug in PlantedBug::ALL.iter().filter(is_meant) {
        let began = Instant::now();
        // Each of these seeds holds without the bug: `every_seed_keeps_the_promises` runs them.
        let batch = seeds::run_until_broken(0..SEEDS, Some(*bug));
        let (runs, took) = (batch.runs, began.elapsed());
        match batch.broken {
            Some(it) => println!("{bug:?}: seed {}, {runs} runs, {took:.1?}: {:.160}", it.seed, it.why),
            None => unfound.push(format!("{bug:?}, {runs} runs")),
        }
    }
    assert!(unfound.is_empty(), "not found: {unfound:?}");
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
