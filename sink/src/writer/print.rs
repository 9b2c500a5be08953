//! The writer of a print table: lines are gathered and written at each flush.

use std::io::{self, Write};

use crate::changelog_grid::ChangelogGrid;
use crate::error::{Error, ErrorKind};
use crate::plan::{Layout, PrintPlan};

/// A print table that is open for writing.
pub(crate) struct PrintWriter {
    table: String,
    standard_error: bool,
    lines: Vec<u8>,
    /// Lines that could not be written are gone: it acknowledges nothing after them.
    failure: Option<(io::ErrorKind, String)>,
}

impl PrintWriter {
    pub(super) fn new(plan: &PrintPlan) -> Self {
        let (table, standard_error) = (plan.table.clone(), plan.standard_error);
        let lines = match plan.layout {
            Layout::Changelog { has_header: true } => ChangelogGrid::new(&plan.columns).header(),
            _ => Vec::new(),
        };
        Self { table, standard_error, lines, failure: None }
    }

    pub(super) fn write(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        if self.lines.len() < LINES_BYTES_MAX { Ok(()) } else { self.flush() }
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
        match &self.failure {
            None => Ok(()),
            Some((kind, why)) => {
                let cause = io::Error::new(*kind, why.as_str());
                Err(Error::caused(ErrorKind::Sink, format!("table {}: print", self.table), cause))
            }
        }
    }
}

/// Lines wait for a flush up to this many bytes.
const LINES_BYTES_MAX: usize = 64 * 1024;
