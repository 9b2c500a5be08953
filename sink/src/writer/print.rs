//! The writer of a print table: lines are gathered and written at each flush.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_client::Clock;

use crate::changelog_grid::ChangelogGrid;
use crate::error::{Error, ErrorKind};
use crate::job::subtask::Subtask;
use crate::plan::{Layout, PrintPlan};

/// A print table that is open for writing.
pub(crate) struct PrintWriter {
    table: String,
    standard_error: bool,
    /// Stands before each line.
    prefix: String,
    lines: Vec<u8>,
    /// When the lines that wait are to be written, flush or not: a person looks on.
    due_at: Option<Instant>,
    clock: Clock,
    /// Lines that could not be written are gone: it acknowledges nothing after them.
    failure: Option<(io::ErrorKind, String)>,
}

impl PrintWriter {
    pub(super) fn new(plan: &PrintPlan, subtask: Subtask, clock: Clock) -> Self {
        let (table, standard_error) = (plan.table.clone(), plan.standard_error);
        let lines = match plan.layout {
            Layout::Changelog { has_header: true } => ChangelogGrid::new(&plan.columns).header(),
            _ => Vec::new(),
        };
        let prefix = if plan.layout == Layout::Row { prefix(plan, subtask) } else { String::new() };
        Self { table, standard_error, prefix, lines, due_at: None, clock, failure: None }
    }

    pub(super) fn write(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines.extend_from_slice(self.prefix.as_bytes());
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        if self.due_at.is_none() {
            self.due_at = Some(Instant::from_std(self.clock.now()) + LINES_WAIT_MAX);
        }
        if self.lines.len() < LINES_BYTES_MAX { Ok(()) } else { self.flush() }
    }

    /// When they are to be written; `None` while none wait.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Whether they are to be written now.
    pub(super) fn is_due(&self) -> bool {
        self.due_at.is_some_and(|due_at| due_at <= Instant::from_std(self.clock.now()))
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if self.failure.is_none() {
            let written = match self.standard_error {
                true => io::stderr().write_all(&self.lines),
                false => {
                    let mut out = io::stdout().lock();
                    out.write_all(&self.lines).and_then(|()| out.flush())
                }
            };
            self.failure = written.err().map(|e| (e.kind(), e.to_string()));
        }
        self.lines.clear();
        self.due_at = None;
        match &self.failure {
            None => Ok(()),
            Some((kind, why)) => {
                let cause = io::Error::new(*kind, why.as_str());
                let to = if self.standard_error { "standard error" } else { "standard output" };
                Err(Error::caused(ErrorKind::Sink, format!("table {}: {to}", self.table), cause))
            }
        }
    }
}

/// Flink's: `id:1> `, the task where there are several, counted from 1.
fn prefix(plan: &PrintPlan, subtask: Subtask) -> String {
    let task = subtask.index() + 1;
    match (plan.identifier.as_deref(), subtask.parallelism() > 1) {
        (Some(identifier), true) => format!("{identifier}:{task}> "),
        (Some(identifier), false) => format!("{identifier}> "),
        (None, true) => format!("{task}> "),
        (None, false) => String::new(),
    }
}

/// Lines wait for a flush up to this many bytes.
const LINES_BYTES_MAX: usize = 64 * 1024;

/// And for so long.
const LINES_WAIT_MAX: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_and_the_task_stand_in_front() {
        for (identifier, index, tasks, expected) in [
            (None, 0, 1, ""),
            (Some("out"), 0, 1, "out> "),
            (None, 0, 2, "1> "),
            (Some("out"), 1, 2, "out:2> "),
        ] {
            let plan = PrintPlan {
                table: "o".into(),
                columns: [].into(),
                primary_key: Vec::new(),
                identifier: identifier.map(str::to_owned),
                standard_error: false,
                layout: Layout::Row,
                parallelism: None,
            };
            assert_eq!(prefix(&plan, Subtask::new(index, tasks)), expected);
        }
    }
}
