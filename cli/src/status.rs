//! What a running job shows on standard error: on a terminal a status line, once a second; before that, on a terminal or
//! not, how far the state of an earlier run is rebuilt.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use upsert_kafka_sink::{Progress, Rebuild};

use crate::stderr;

mod rebuild;

/// Shows how a job goes on until it is dropped.
pub(crate) struct Status {
    task: tokio::task::JoinHandle<()>,
    is_terminal: bool,
    progress: Arc<Progress>,
    rebuilding: Rebuilding,
}

/// The rebuild of the state, as it is told.
#[derive(Clone)]
struct Rebuilding {
    began: Instant,
    /// Whether its end was told.
    is_told: Arc<AtomicBool>,
}

impl Status {
    /// Begins to show what there is to show: the status line on a terminal alone.
    pub(crate) fn show(progress: Arc<Progress>) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let rebuilding = Rebuilding { began: Instant::now(), is_told: Arc::default() };
        let (shown, told) = (Arc::clone(&progress), rebuilding.clone());
        let task = tokio::spawn(async move {
            told.show(&shown, is_terminal).await;
            if is_terminal {
                refresh(shown).await;
            }
        });
        Self { task, is_terminal, progress, rebuilding }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.task.abort();
        if self.is_terminal {
            stderr::write(CLEAR);
        }
        // A job that has ended since the last look has not told it.
        if let Some(rebuild) = self.progress.rebuild().filter(Rebuild::is_complete) {
            self.rebuilding.tell(&rebuild);
        }
    }
}

impl Rebuilding {
    /// Returns when nothing is left to rebuild.
    async fn show(&self, progress: &Progress, is_terminal: bool) {
        let mut ticks = tokio::time::interval(REBUILD_PERIOD);
        let mut line_due = Duration::ZERO;
        while let Some(rebuild) = progress.rebuild() {
            let elapsed = self.began.elapsed();
            if rebuild.is_complete() {
                if is_terminal {
                    stderr::write(CLEAR);
                }
                return self.tell(&rebuild);
            }
            if is_terminal {
                stderr::write(&[CLEAR, rebuild::bar(&rebuild, elapsed).as_bytes()].concat());
            } else if elapsed >= line_due {
                stderr::say(rebuild::line(&rebuild));
                line_due += LINES_EVERY;
            }
            ticks.tick().await;
        }
    }

    /// Tells its end, once.
    fn tell(&self, rebuild: &Rebuild) {
        if !self.is_told.swap(true, Relaxed) {
            stderr::say(rebuild::done(rebuild, self.began.elapsed()));
        }
    }
}

async fn refresh(progress: Arc<Progress>) {
    let mut ticks = tokio::time::interval(PERIOD);
    let mut before = (Instant::now(), progress.counts().rows_in);
    loop {
        ticks.tick().await;
        let now = (Instant::now(), progress.counts().rows_in);
        let seconds = (now.0 - before.0).as_secs_f64().max(f64::EPSILON);
        let line = line((now.1 - before.1) as f64 / seconds, &progress, now.0);
        before = now;
        stderr::write(&[CLEAR, line.as_bytes()].concat());
    }
}

fn line(rows_per_second: f64, progress: &Progress, now: Instant) -> String {
    let commit = match progress.last_commit() {
        Some(at) => format!("{:.0} s ago", (now - at).as_secs_f64()),
        None => "none yet".into(),
    };
    let counts = progress.counts();
    let kept = match progress.state() {
        (0, _) => String::new(),
        (rows, bytes) => format!(", {rows} rows kept in {:.1} MB", bytes as f64 / 1e6),
    };
    format!(
        "{rows_per_second:.0} rows/s, {} in, {} out, lag {}{kept}, last commit {commit}",
        counts.rows_in,
        counts.rows_out,
        progress.lag()
    )
}

const CLEAR: &[u8] = b"\r\x1b[K";

/// How often the bar of a rebuild moves, and how soon its end is seen.
const REBUILD_PERIOD: Duration = Duration::from_millis(100);

/// How often a rebuild is told of where no bar can move.
const LINES_EVERY: Duration = Duration::from_secs(10);

const PERIOD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_speed_lag_and_the_last_commit() {
        let text = line(1234.6, &Progress::default(), Instant::now());
        assert_eq!(text, "1235 rows/s, 0 in, 0 out, lag 0, last commit none yet");
    }
}
