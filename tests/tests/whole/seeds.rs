//! Many runs, a runtime and a thread each processor.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::planted_bug::PlantedBug;
use super::recipe::Recipe;
use super::run::{self, Tally};

/// What many runs came to.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) runs: u64,
    pub(crate) tally: Tally,
    /// The smallest seed that broke a promise, of those that were run, and which promise.
    pub(crate) broken: Option<(u64, String)>,
}

/// Runs seeds until one breaks a promise, or all of them.
pub(crate) fn run_all(seeds: Range<u64>, stop_at_first: bool) -> Batch {
    run_planted(seeds, stop_at_first, None)
}

/// Runs those seeds that come to the place of a bug.
pub(crate) fn run_planted(seeds: Range<u64>, stop_at_first: bool, bug: Option<PlantedBug>) -> Batch {
    let (next, stop, batch) = (AtomicU64::new(seeds.start), AtomicBool::new(false), Mutex::new(Batch::default()));
    let work = || {
        while !stop.load(Relaxed) {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                return;
            }
            if bug.is_some_and(|bug| !bug.is_reached_by(&Recipe::draw(seed))) {
                continue;
            }
            let verdict = std::panic::catch_unwind(|| run::run(seed, bug).verdict).unwrap_or_else(|panic| {
                let words = panic.downcast_ref::<String>().cloned();
                Err(format!("a panic: {}", words.unwrap_or_default()))
            });
            let mut batch = batch.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            batch.runs += 1;
            match verdict {
                Ok(tally) => batch.tally.add(tally),
                Err(why) => {
                    stop.store(stop_at_first, Relaxed);
                    if !stop_at_first {
                        println!("seed {seed}: {}", why.chars().take(600).collect::<String>());
                    }
                    if batch.broken.as_ref().is_none_or(|(known, _)| seed < *known) {
                        batch.broken = Some((seed, why));
                    }
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    batch.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.faults += other.faults;
        self.frames += other.frames;
        self.failures += other.failures;
        self.virtual_time += other.virtual_time;
    }
}
