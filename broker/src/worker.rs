//! Does the core's work on blocking threads, a bounded number at a time.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::work::Work;

/// What a turn on the quick lane reads: a millisecond or two.
const QUICK_BYTES_MAX: usize = 1 << 20;

/// Two lanes, so that ordinary batches never wait for bombs: what a quick turn does not finish goes on, turn by turn,
/// in a lane that leaves one processor free.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

impl Worker {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let slow = processors.saturating_sub(1).max(1);
        Self { quick: Arc::new(Semaphore::new(processors)), slow: Arc::new(Semaphore::new(slow)) }
    }

    /// Does work as far as it ever will be; `None` when it panicked, which the runtime has logged.
    pub(crate) async fn run(self, work: Work) -> Option<Work> {
        let (mut work, mut done) = turn(&self.quick, work, |work| work.run_quickly(QUICK_BYTES_MAX)).await?;
        while !done {
            (work, done) = turn(&self.slow, work, Work::run_turn).await?;
        }
        Some(work)
    }
}

async fn turn(
    lane: &Semaphore,
    mut work: Work,
    run: impl FnOnce(&mut Work) -> bool + Send + 'static,
) -> Option<(Work, bool)> {
    // It fails only when the semaphore is closed, which nobody does.
    let _permit = lane.acquire().await.ok()?;
    let turn = spawn_blocking(move || {
        let done = run(&mut work);
        (work, done)
    });
    turn.await.ok()
}
