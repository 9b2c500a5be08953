//! The status line: on stderr, on a terminal only, once a second.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use upsert_kafka_sink::Progress;

use crate::stderr;

/// Shows the line until it is dropped.
pub(crate) struct Status {
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Status {
    /// Begins to show, if there is a terminal to show it on.
    pub(crate) fn show(progress: Arc<Progress>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { task: terminal.then(|| tokio::spawn(refresh(progress))) }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            stderr::write(CLEAR);
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
