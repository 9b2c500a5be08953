//! Why a regular expression of Java is none here, or found nothing.

use std::fmt;

/// Why there is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// Java would not take it either.
    Invalid(String),
    /// Java takes it: the sentence that says what is not to be had here.
    Unsupported(String),
}

/// A text took more steps than a pattern may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted(pub(super) String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) | Self::Unsupported(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a regular expression gave up on a text: {}", self.0)
    }
}
