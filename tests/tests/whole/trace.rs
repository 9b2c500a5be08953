//! What a run says of itself, with the time in it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// The lines of a run. Clones share them.
#[derive(Clone)]
pub(crate) struct Trace {
    /// `None` where nobody reads it: most runs keep their promises, and a seed tells all of it once more.
    lines: Option<Arc<Mutex<Vec<String>>>>,
    began: Instant,
}

impl Trace {
    /// Of a run that begins now.
    pub(crate) fn new(lines: Option<Arc<Mutex<Vec<String>>>>) -> Self {
        Self { lines, began: Instant::now() }
    }

    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let at = self.began.elapsed().as_micros();
            let line = format!("{:>7}.{:03} ms  {}", at / 1000, at % 1000, line());
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}
