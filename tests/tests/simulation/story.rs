//! What happened in a run, in words, when somebody wants to read it.

/// Lines with their virtual times; nothing unless it is wanted.
#[derive(Debug, Default)]
pub(crate) struct Story {
    wanted: bool,
    lines: Vec<String>,
}

impl Story {
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted, lines: Vec::new() }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Adds a line, at so many microseconds.
    pub(crate) fn tell(&mut self, at: u64, line: impl FnOnce() -> String) {
        if self.wanted {
            self.lines.push(format!("{:>11.3} ms  {}", at as f64 / 1000.0, line()));
        }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}
