//! Why an expression has no value for a row, and where the SQL says so.

use std::borrow::Cow;
use std::fmt;

use crate::error::Position;
use crate::java_regex::Exhausted;

/// Why an expression has no value for a row. One word wide, so that a value costs no more for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvalError(Box<Failure>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    why: Cow<'static, str>,
    at: Option<Position>,
}

impl EvalError {
    /// The sentence that says why.
    #[cold]
    pub(crate) fn new(why: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Failure { why: why.into(), at: None }))
    }

    /// With the place of the expression in the SQL, unless a part of it said its own.
    #[cold]
    pub(crate) fn at(mut self, at: Option<Position>) -> Self {
        self.0.at = self.0.at.or(at);
        self
    }
}

impl From<Exhausted> for EvalError {
    #[cold]
    fn from(exhausted: Exhausted) -> Self {
        Self::new(exhausted.to_string())
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.at {
            Some(at) => write!(f, "{} ({at})", self.0.why),
            None => f.write_str(&self.0.why),
        }
    }
}
