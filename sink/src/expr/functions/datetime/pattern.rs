//! Patterns of dates and times among the arguments: compiled once where they are constant, else for every row.

use crate::expr::EvalError;
use crate::expr::function::Arguments;
use crate::expr::functions::signature::text;
use crate::expr::temporal::formatter::DateTimeFormatter;
use crate::expr::temporal::simple::SimpleDateFormat;
use crate::row::Value;

/// What a pattern is compiled to.
pub(super) trait Compiled: Sized {
    /// Compiles it, or says why it is none.
    fn compile(pattern: &str) -> Result<Self, String>;
}

impl Compiled for SimpleDateFormat {
    fn compile(pattern: &str) -> Result<Self, String> {
        Self::new(pattern)
    }
}

impl Compiled for DateTimeFormatter {
    fn compile(pattern: &str) -> Result<Self, String> {
        Self::of_pattern(pattern)
    }
}

/// The pattern of a call.
pub(super) enum Pattern<T> {
    /// The same for every row. Flink fails on a wrong one only when a row comes.
    Constant(Result<T, String>),
    /// The argument with this index.
    Argument(usize),
}

impl Pattern<SimpleDateFormat> {
    /// Whether what is read by it may depend on the century in which that is done.
    pub(super) fn reads_century(&self) -> bool {
        match self {
            Self::Constant(pattern) => pattern.as_ref().is_ok_and(SimpleDateFormat::has_short_year),
            Self::Argument(_) => true,
        }
    }
}

impl<T: Compiled> Pattern<T> {
    /// The pattern that stands at this index.
    pub(super) fn of(args: &Arguments<'_>, index: usize) -> Self {
        args.constant_text(index).map_or(Self::Argument(index), |text| Self::Constant(T::compile(text)))
    }

    /// Does something with the pattern of a row.
    pub(super) fn with<R>(
        &self,
        args: &[Value<'_>],
        run: impl FnOnce(&T) -> Result<R, EvalError>,
    ) -> Result<R, EvalError> {
        match self {
            Self::Constant(Ok(pattern)) => run(pattern),
            Self::Constant(Err(why)) => Err(EvalError::new(why.clone())),
            Self::Argument(index) => run(&T::compile(text(args[*index])?).map_err(EvalError::new)?),
        }
    }
}
