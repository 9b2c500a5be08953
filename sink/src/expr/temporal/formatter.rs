//! `java.time.format.DateTimeFormatter` in English: DATE_FORMAT of timestamps and TO_TIMESTAMP.

mod parse;
mod parsed;
mod pattern;
mod print;

pub(crate) use self::parse::ParseFailure;
use super::field::{ChronoField, TextStyle};

/// A pattern, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DateTimeFormatter(Vec<Element>);

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Element {
    Literal(String),
    Number(Number),
    /// Two digits of a year from 2000 on.
    Reduced {
        field: ChronoField,
        subsequent: usize,
    },
    /// Digits of the second behind its point.
    Fraction {
        min: usize,
        max: usize,
        point: bool,
        subsequent: usize,
    },
    Text {
        field: ChronoField,
        style: TextStyle,
    },
    Offset(OffsetStyle),
    /// The zone's id or name. A TIMESTAMP has none.
    Zone,
    /// Blanks before the next element, up to this width.
    Padded {
        width: usize,
        inner: Box<Element>,
    },
    /// What may be missing.
    Optional(Vec<Element>),
}

/// A number of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    field: ChronoField,
    min: usize,
    max: usize,
    sign: SignStyle,
    /// How many digits of this number's text belong to those that follow without a separator.
    subsequent: usize,
}

/// When a sign is written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignStyle {
    /// `-` only.
    Normal,
    /// None.
    NotNegative,
    /// `+` where there are more digits than the pattern has letters.
    ExceedsPad,
}

/// How an offset is written: `+HH`, `+HH:MM`, … A TIMESTAMP has none to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetStyle {
    /// Whether minutes follow the hours: never, if not zero, always.
    minutes: Minutes,
    colon: bool,
    /// Whether seconds may follow.
    seconds: bool,
    /// What no offset is.
    zero: &'static str,
    /// What stands before it: `GMT`.
    prefix: &'static str,
}

/// Whether minutes are part of an offset's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Minutes {
    IfAny,
    Always,
}

#[cfg(test)]
mod tests;
