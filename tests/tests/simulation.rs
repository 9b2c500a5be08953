//! The shipped cores of client and broker with a network between, in virtual time: a seed is a run.
//!
//! A run that breaks a promise prints its whole trace, and how to run it again:
//! `UPSERT_KAFKA_SEED=123 cargo test -p upsert-kafka-tests simulation::every_seed`. A long run:
//! `UPSERT_KAFKA_SEEDS=1000000 cargo test --release -p upsert-kafka-tests simulation::every_seed`.

use upsert_kafka_client::simulation::InjectedBug;

/// Adds a line to the trace, if somebody wants to read it.
macro_rules! trace {
    ($world:expr, $($words:tt)*) => {
        if $world.trace.is_enabled() {
            let (now, line) = ($world.now, format!($($words)*));
            $world.trace.add(now, || line);
        }
    };
}

mod client;
mod faults;
mod network;
mod oracle;
mod plan;
use crate::whole::random;
mod reader;
mod seeds;
mod tamper;
mod trace;
mod transactions;
mod wire;
mod world;

/// How many seeds a run of CI length has.
const SEEDS: u64 = 10_000;

#[test]
fn every_seed_keeps_the_promises() {
    if let Some(seed) = number("UPSERT_KAFKA_SEED") {
        println!("{}", seeds::trace(seed, None));
        seeds::run(seed, None).unwrap();
        return;
    }
    let _alone = upsert_kafka_tests::HEAVY.blocking_lock();
    let count = number("UPSERT_KAFKA_SEEDS").unwrap_or(SEEDS);
    let first = number("UPSERT_KAFKA_SEEDS_FROM").unwrap_or(0);
    if let Some((seed, violation)) = seeds::first_broken(first..first + count, None) {
        let trace = seeds::trace(seed, None);
        panic!(
            "{trace}\n\nseed {seed}: {violation}\nrun it again: \
             UPSERT_KAFKA_SEED={seed} cargo test -p upsert-kafka-tests simulation::every_seed"
        );
    }
}

#[test]
fn a_seed_is_a_run() {
    for seed in 0..20 {
        assert_eq!(seeds::trace(seed, None), seeds::trace(seed, None), "seed {seed}");
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn found_within(bug: InjectedBug, count: u64) {
    let found = seeds::first_broken(0..count, Some(bug));
    let (seed, violation) = found.unwrap_or_else(|| panic!("{bug:?} was not found in {count} seeds"));
    println!("{bug:?} was found by seed {seed}: {violation}");
}

#[test]
fn a_refusal_as_out_of_order_that_counts_as_written_is_found() {
    found_within(InjectedBug::OutOfOrderAccepted, 200);
}

#[test]
fn an_epoch_that_is_not_bumped_is_found() {
    found_within(InjectedBug::EpochNotBumped, 200);
}

#[test]
fn a_lost_answer_that_counts_as_a_good_one_is_found() {
    found_within(InjectedBug::LostAcknowledged, 200);
}

/// The leader was restarted and has forgotten it, or it was never there.
#[test]
fn a_batch_in_doubt_that_is_acknowledged_without_a_look_into_the_log_is_found() {
    found_within(InjectedBug::UnreadAcknowledged, 1_000);
}

/// As Java's producer does.
#[test]
fn a_batch_in_doubt_that_is_sent_again_without_a_look_into_the_log_is_found() {
    found_within(InjectedBug::UnreadResent, 2_000);
}

#[test]
fn a_batch_in_doubt_that_fails_without_a_look_into_the_log_is_found() {
    found_within(InjectedBug::UnreadFailed, 2_000);
}

#[test]
fn a_transaction_ended_before_its_batches_are_answered_is_found() {
    found_within(InjectedBug::EndedUnanswered, 400);
}

#[test]
fn a_sequence_used_again_after_a_split_is_found() {
    found_within(InjectedBug::SequenceReused, 200);
}
