//! What becomes of a record that cannot be read, or whose rows cannot be written: `error-handling.*`.

use crate::error::{Error, ErrorKind};

/// `error-handling.mode`, with where such records go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ErrorHandling {
    /// The job ends.
    #[default]
    Fail,
    /// The record is left out and counted.
    Ignore,
    /// The same, with a line in the log; and, as it came, in this topic.
    Log {
        /// `error-handling.dead-letter-topic`
        dead_letter_topic: Option<String>,
    },
}

impl ErrorHandling {
    /// Whether the job goes on behind a record that failed so: one whose bytes or rows are at fault, and nothing else.
    pub(crate) fn tolerates(&self, error: &Error) -> bool {
        *self != Self::Fail && matches!(error.kind(), ErrorKind::Source | ErrorKind::Sink)
    }

    /// The topic that takes such records.
    pub(crate) fn dead_letter_topic(&self) -> Option<&str> {
        match self {
            Self::Log { dead_letter_topic } => dead_letter_topic.as_deref(),
            Self::Fail | Self::Ignore => None,
        }
    }
}
