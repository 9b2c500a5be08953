//! Many runs on both cores, and the trace of one.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use upsert_kafka_client::simulation::InjectedBug;

use super::world::World;

/// One run without its trace.
pub(crate) fn run(seed: u64, bug: Option<InjectedBug>) -> Result<(), String> {
    World::new(seed, bug, false).run()
}

/// The same run, with its trace.
pub(crate) fn trace(seed: u64, bug: Option<InjectedBug>) -> String {
    let mut world = World::new(seed, bug, true);
    let end = match world.run() {
        Ok(()) => "all promises were kept".to_owned(),
        Err(violation) => violation,
    };
    format!("{}\n{end}", world.trace.text())
}

/// Runs seeds until one breaks a promise: the first that was found, with the promise.
pub(crate) fn first_broken(seeds: Range<u64>, bug: Option<InjectedBug>) -> Option<(u64, String)> {
    let (next, stop, found) = (AtomicU64::new(seeds.start), AtomicBool::new(false), Mutex::new(None));
    let work = || {
        while !stop.load(Relaxed) {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                return;
            }
            let broken = std::panic::catch_unwind(|| run(seed, bug)).unwrap_or_else(|panic| {
                let words = panic.downcast_ref::<String>().cloned();
                Err(format!("a panic: {}", words.unwrap_or_default()))
            });
            if let Err(violation) = broken {
                stop.store(true, Relaxed);
                let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if found.as_ref().is_none_or(|(known, _)| seed < *known) {
                    *found = Some((seed, violation));
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
    found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}
