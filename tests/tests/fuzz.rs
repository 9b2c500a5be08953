//! The checks of the fuzz kit on stable Rust: over the committed corpus, golden data, and a bounded number of inputs
//! that chance makes of them.

use upsert_kafka_tests::checks::{CHECKS, SLOW};
use upsert_kafka_tests::repository;

/// Per check; the fuzzer does millions.
const RANDOM_INPUTS: usize = 3000;
/// Of a check that computes for long.
const RANDOM_INPUTS_SLOW: usize = 100;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = repository().join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn the_corpus_holds() {
    for (name, check) in CHECKS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 10, "{name}: {} inputs", inputs.len());
        inputs.iter().for_each(|input| check(input));
    }
}

#[test]
fn what_chance_makes_of_the_corpus_holds() {
    let mut next = chance();
    for (name, check) in CHECKS {
        let inputs = corpus(name);
        for _ in 0..random_inputs(name) {
            let mut input = inputs[next() % inputs.len()].clone();
            for _ in 0..1 + next() % 4 {
                change(&mut input, &mut next);
            }
            check(&input);
        }
    }
}

#[test]
fn pure_noise_holds() {
    let mut next = chance();
    for (name, check) in CHECKS {
        for _ in 0..random_inputs(name) {
            let size = next() % 200;
            let input: Vec<_> = (0..size).map(|_| next() as u8).collect();
            check(&input);
        }
    }
}

fn random_inputs(check: &str) -> usize {
    if SLOW.contains(&check) { RANDOM_INPUTS_SLOW } else { RANDOM_INPUTS }
}

fn change(input: &mut Vec<u8>, next: &mut impl FnMut() -> usize) {
    let at = next() % (input.len() + 1);
    match next() % 4 {
        0 => input.insert(at, next() as u8),
        1 => input.truncate(at),
        _ if at < input.len() => input[at] = next() as u8,
        _ => input.push(next() as u8),
    }
}

/// The same numbers every time.
fn chance() -> impl FnMut() -> usize {
    let mut state = 0x5eed_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    }
}

/// A target that no check stands behind, or a check that nobody fuzzes, would go unseen.
#[test]
fn every_check_has_its_target() {
    let folder = repository().join("fuzz/fuzz_targets");
    let mut targets: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    targets.sort();
    let mut checks: Vec<_> = CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    checks.sort();
    assert_eq!(targets, checks);
}
