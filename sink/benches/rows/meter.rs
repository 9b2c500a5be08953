//! Measures passes over rows and prints a line for each.

use std::alloc::System;

use cpu_time::ThreadTime;
use stats_alloc::{Region, StatsAlloc};

/// Rows of a pass.
pub(crate) const ROWS: usize = 4_096;
const RUNS: usize = 61;
const PASSES: usize = 4;

/// Knows what is wanted, and counts.
pub(crate) struct Meter {
    allocator: &'static StatsAlloc<System>,
    words: Vec<String>,
}

/// CPU nanoseconds of the best and the median run, and allocations, each a row.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    best: f64,
    median: f64,
    allocations: f64,
}

impl Meter {
    pub(crate) fn new(allocator: &'static StatsAlloc<System>, words: Vec<String>) -> Self {
        Self { allocator, words }
    }

    pub(crate) fn head(&self) {
        println!("{:<52}\t{:>8}\t{:>8}\t{:>10}\t{:>11}", "what", "ns/row", "median", "rows/s", "allocs/row");
    }

    /// Whether anything of that name is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.iter().all(|word| name.contains(word.as_str()))
    }

    /// Prints what a pass over all rows costs, if it is asked for.
    pub(crate) fn measure(&self, name: &str, pass: impl FnMut()) {
        if self.wants(name) {
            self.print(name, self.cost(pass));
        }
    }

    pub(crate) fn print(&self, name: &str, Cost { best, median, allocations }: Cost) {
        let rows = 1e9 / best;
        println!("{name:<52}\t{best:>8.1}\t{median:>8.1}\t{rows:>10.0}\t{allocations:>11.3}");
    }

    /// What a pass costs, once all buffers have grown.
    pub(crate) fn cost(&self, mut pass: impl FnMut()) -> Cost {
        pass();
        let mut runs: Vec<f64> = (0..RUNS)
            .map(|_| {
                let start = ThreadTime::now();
                (0..PASSES).for_each(|_| pass());
                start.elapsed().as_nanos() as f64 / (ROWS * PASSES) as f64
            })
            .collect();
        runs.sort_by(f64::total_cmp);
        let region = Region::new(self.allocator);
        pass();
        let change = region.change();
        let allocations = (change.allocations + change.reallocations) as f64 / ROWS as f64;
        Cost { best: runs[0], median: runs[RUNS / 2], allocations }
    }
}

impl Cost {
    /// One of so many times by which it is more than that.
    pub(crate) fn beyond(self, base: Self, times: usize) -> Self {
        let part = |with: f64, without: f64| (with - without).max(0.0) / times as f64;
        Self {
            best: part(self.best, base.best),
            median: part(self.median, base.median),
            allocations: part(self.allocations, base.allocations),
        }
    }
}
