//! A scalar function: its row in the table, and what it becomes once it is bound to typed arguments.
//!
//! A row of [`FUNCTIONS`](super::functions::FUNCTIONS) says what people and the binder ask of a function. Its `bind` looks
//! at the arguments' types (and at the values of those that are constant: formats, patterns, units) and gives a
//! [`Bound`]: what each argument is cast to, what comes out, and the [`Scalar`] that computes it once a row.

use std::fmt;
use std::sync::Arc;

use super::eval_error::EvalError;
use super::functions::regex::cache::PatternCache;
use crate::row::{Arena, Timestamp, Value};
use crate::types::{DataType, LogicalType};

/// A row of the table of functions.
#[derive(Clone, Copy)]
pub(crate) struct FunctionSpec {
    /// As it is called, in upper case; SQL takes any case.
    pub(crate) name: &'static str,
    /// Other names of the same function.
    pub(crate) aliases: &'static [&'static str],
    /// How it is called, as people read it: `SUBSTRING(text, from [, length])`.
    pub(crate) usage: &'static [&'static str],
    /// The first release of Flink that has it; `-` where only ours does, `DLI` where that service does.
    pub(crate) since: &'static str,
    /// One sentence for people.
    pub(crate) about: &'static str,
    /// Binds it to arguments, or says in a sentence why it does not take them.
    pub(crate) bind: fn(&Arguments<'_>) -> Result<Bound, BindError>,
}

/// The arguments of a call while it is bound.
pub(crate) struct Arguments<'a> {
    /// The type of each.
    pub(crate) types: &'a [DataType],
    /// The value of each that is constant.
    pub(crate) constants: &'a [Option<Value<'a>>],
    /// Whether each is a literal as it stands, rather than folded.
    pub(crate) literals: &'a [bool],
    /// What SET says of the session.
    pub(crate) session: &'a Session,
}

/// What SET says of a session, as far as expressions ask.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `table.local-time-zone`; UTC where it is not set.
    pub(crate) time_zone: Box<str>,
}

/// A call that fits its arguments.
pub(crate) struct Bound {
    /// What each argument is cast to before the call; `None` leaves it as it is.
    pub(crate) casts: Vec<Option<LogicalType>>,
    /// What comes out.
    pub(crate) data_type: DataType,
    /// What a NULL among the arguments does.
    pub(crate) nulls: Nulls,
    /// Whether equal arguments give equal values, so that a call of constants is folded while planning.
    pub(crate) is_deterministic: bool,
    /// Computes it.
    pub(crate) scalar: Arc<dyn Scalar>,
}

/// What a NULL among the arguments does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// The value is NULL, and the function is not called.
    Propagate,
    /// The function is called and decides.
    Given,
}

/// Why a function does not take these arguments: the end of a sentence that the binder begins with the call's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BindError(pub(crate) String);

/// Computes the value of a call, once a row.
pub(crate) trait Scalar: Send + Sync {
    /// The value for these arguments, which have the types that the call was bound to.
    ///
    /// # Errors
    /// Flink would fail on them: the sentence that says why.
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError>;
}

/// What an evaluation has beside the row.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// Memory for what has to be made.
    pub(crate) arena: &'a Arena,
    /// When the row is processed, for CURRENT_TIMESTAMP and PROCTIME().
    pub(crate) now: Timestamp,
    /// Draws 64 random bits, for RAND and UUID.
    pub(crate) chance: &'a dyn Fn() -> u64,
    /// Regular expressions that earlier rows brought; `None` where nobody keeps them.
    pub(crate) patterns: Option<&'a PatternCache>,
}

impl<'a> Moment<'a> {
    /// One at the beginning of 1970, whose chance is always zero: for what asks for neither.
    pub(crate) fn still(arena: &'a Arena) -> Self {
        Self { arena, now: Timestamp { seconds: 0, nanos: 0 }, chance: &|| 0, patterns: None }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self { time_zone: "UTC".into() }
    }
}

/// A function without state of its own.
pub(crate) struct Pure(pub(crate) for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>);

impl Scalar for Pure {
    #[inline]
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        (self.0)(args, moment)
    }
}

impl fmt::Debug for FunctionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionSpec").field("name", &self.name).finish_non_exhaustive()
    }
}
