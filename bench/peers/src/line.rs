//! One line of the table: two ways to do the same thing, timed in turns.

use std::time::{Duration, Instant};

/// What is timed, and the bytes that each side makes of it (or reads).
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) bytes: [usize; 2],
    pub(crate) ours: Box<dyn FnMut()>,
    /// Their ways to do it, of which the fastest counts.
    pub(crate) theirs: Vec<Box<dyn FnMut()>>,
}

/// Nanoseconds a call.
pub(crate) struct Figures {
    name: String,
    bytes: [usize; 2],
    ours: f64,
    theirs: f64,
}

impl Line {
    pub(crate) fn head() {
        println!(
            "{:<34} {:>12} {:>12} {:>8} {:>9} {:>9}",
            "microseconds, the best of many", "ours", "theirs", "faster", "bytes", "theirs"
        );
    }

    /// Short passes in turns, so that a noisy minute meets both sides.
    pub(crate) fn run(mut self) -> Figures {
        let once = time(1, &mut self.ours);
        let calls = (PASS.as_nanos() / once.as_nanos().max(1)).clamp(1, 10_000) as u32;
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        for _ in 0..PASSES {
            ours = ours.min(time(calls, &mut self.ours));
            for way in &mut self.theirs {
                theirs = theirs.min(time(calls, way));
            }
        }
        let each = |pass: Duration| pass.as_secs_f64() * 1e9 / f64::from(calls);
        let figures = Figures { name: self.name, bytes: self.bytes, ours: each(ours), theirs: each(theirs) };
        figures.print();
        figures
    }
}

impl Figures {
    fn print(&self) {
        let Self { name, bytes, ours, theirs } = self;
        println!(
            "{name:<34} {:>12.3} {:>12.3} {:>7.2}x {:>9} {:>9}",
            ours / 1e3,
            theirs / 1e3,
            theirs / ours,
            bytes[0],
            bytes[1]
        );
    }

    pub(crate) fn json(&self) -> String {
        let Self { name, bytes, ours, theirs } = self;
        format!(
            r#"{{"line":"{name}","ours_ns":{ours:.1},"theirs_ns":{theirs:.1},"faster":{:.3},"ours_bytes":{},"theirs_bytes":{}}}"#,
            theirs / ours,
            bytes[0],
            bytes[1]
        )
    }
}

fn time(calls: u32, work: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed()
}

const PASS: Duration = Duration::from_millis(1);
const PASSES: usize = 500;
