//! The one writer for standard error: what cannot be said there is lost, and stops nothing.

use std::fmt::Display;
use std::io::Write;

/// Says a line.
pub(crate) fn say(text: impl Display) {
    write(format!("{text}\n").as_bytes());
}

/// Writes bytes as they are.
pub(crate) fn write(bytes: &[u8]) {
    let mut stderr = std::io::stderr().lock();
    // Whoever closed it, or let its disk run full, does not want to know.
    let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
}

/// Standard error for those that want a writer: it never fails.
#[derive(Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
