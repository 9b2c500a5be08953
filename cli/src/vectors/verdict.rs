//! What became of a vector.

/// What this build makes of a vector.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This build does what Java does.
    Passed,
    /// Java reads it and we refuse it: why.
    Stricter(String),
    /// It is of a message or a version that this build does not have: which.
    Absent(String),
    /// This build does something else: what.
    Failed(String),
}

impl From<Result<(), String>> for Verdict {
    fn from(outcome: Result<(), String>) -> Self {
        outcome.map_or_else(Self::Failed, |()| Self::Passed)
    }
}
