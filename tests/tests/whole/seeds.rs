//! Many runs, a thread and a runtime for each processor.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::planted_bug::PlantedBug;
use super::recipe::Recipe;
use super::run::{self, Tally};

/// What many runs came to.
#[derive(Debug)]
pub(crate) struct RunBatch {
    pub(crate) runs: u64,
    tally: Tally,
    began: Instant,
    told: Instant,
    /// The smallest of the seeds that broke a promise.
    pub(crate) broken: Option<Broken>,
}

/// A run that broke a promise.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) seed: u64,
    pub(crate) why: String,
}

/// Whoever waits for a long run hears of it so often.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// Runs seeds until one breaks a promise; with a bug, those that come to its place. `UPSERT_KAFKA_ALL` runs the others
/// too, and prints what they broke.
pub(crate) fn run_until_broken(seeds: Range<u64>, bug: Option<PlantedBug>) -> RunBatch {
    let goes_on = bug.is_none() && std::env::var_os("UPSERT_KAFKA_ALL").is_some();
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let batch = Mutex::new(RunBatch::new());
    let work = || {
        while !stop.load(Relaxed) {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                return;
            }
            if bug.is_some_and(|bug| !bug.is_reached_by(&Recipe::draw(seed))) {
                continue;
            }
            let verdict = verdict(seed, bug, None);
            if verdict.is_err() {
                stop.store(!goes_on, Relaxed);
            }
            batch.lock().unwrap_or_else(PoisonError::into_inner).add(seed, verdict, goes_on);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    batch.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The same run with all that it says, and how it ended.
pub(crate) fn trace(seed: u64, bug: Option<PlantedBug>) -> Vec<String> {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let verdict = verdict(seed, bug, Some(Arc::clone(&lines)));
    let mut lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    lines.push(format!("{verdict:?}"));
    lines
}

fn verdict(
    seed: u64,
    bug: Option<PlantedBug>,
    lines: Option<Arc<Mutex<Vec<String>>>>,
) -> Result<Tally, String> {
    std::panic::catch_unwind(|| run::run(seed, bug, lines)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Err(format!("a panic: {}", words.unwrap_or_default()))
    })
}

impl RunBatch {
    fn new() -> Self {
        let began = Instant::now();
        Self { runs: 0, tally: Tally::default(), began, told: began, broken: None }
    }

    fn add(&mut self, seed: u64, verdict: Result<Tally, String>, is_told: bool) {
        self.runs += 1;
        if self.told.elapsed() > TOLD_EVERY {
            self.told = Instant::now();
            println!("{self}");
        }
        match verdict {
            Ok(tally) => self.tally.add(tally),
            Err(why) => {
                if is_told {
                    println!("seed {seed}: {why:.600}");
                }
                if self.broken.as_ref().is_none_or(|known| seed < known.seed) {
                    self.broken = Some(Broken { seed, why });
                }
            }
        }
    }
}

impl fmt::Display for RunBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, tally, began, .. } = self;
        let (took, hours) = (began.elapsed(), tally.virtual_time.as_secs_f64() / 3600.0);
        let rate = *runs as f64 / took.as_secs_f64();
        let Tally { rows, failed_rows, faults, frames, failures, .. } = tally;
        write!(
            f,
            "{runs} runs, {hours:.2} simulated hours in {took:.0?} ({rate:.0} runs/s): {rows} rows, of which \
             {failed_rows} failed, {faults} faults, {frames} frames, {failures} processes that failed and came back"
        )
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.failed_rows += other.failed_rows;
        self.faults += other.faults;
        self.frames += other.frames;
        self.failures += other.failures;
        self.virtual_time += other.virtual_time;
    }
}
