//! What happened in a run, in words, when somebody wants to read it.

/// Lines with their virtual times; nothing unless it is enabled.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    enabled: bool,
    lines: Vec<String>,
}

impl Trace {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, lines: Vec::new() }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Adds a line, at so many microseconds.
    pub(crate) fn add(&mut self, at: u64, line: impl FnOnce() -> String) {
        if self.enabled {
            self.lines.push(format!("{:>11.3} ms  {}", at as f64 / 1000.0, line()));
        }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}
