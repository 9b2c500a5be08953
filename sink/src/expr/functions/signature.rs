//! What functions ask of their arguments, and the way back from values to Rust's types.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, Nulls, Scalar};
use crate::row::Value;
use crate::types::{DataType, LogicalType};

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// CHAR, VARCHAR, STRING.
    Text,
    /// BINARY, VARBINARY, BYTES.
    Bytes,
    TextOrBytes,
    /// TINYINT to BIGINT.
    Integer,
    TextOrInteger,
    /// Any number, as it is.
    Number,
    /// Any number, cast to DOUBLE.
    Double,
    Boolean,
    Array,
    Map,
    Any,
}

/// Whether a bare NULL may stand for an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareNull {
    /// Calcite's functions: "Illegal use of 'NULL'".
    Refused,
    /// Those of Flink's own type system.
    Taken,
}

impl Takes {
    fn admits(self, logical: &LogicalType) -> bool {
        match self {
            Self::Text => is_text(logical),
            Self::Bytes => is_bytes(logical),
            Self::TextOrBytes => is_text(logical) || is_bytes(logical),
            Self::Integer => is_integer(logical),
            Self::TextOrInteger => is_text(logical) || is_integer(logical),
            Self::Number | Self::Double => is_number(logical),
            Self::Boolean => *logical == LogicalType::Boolean,
            Self::Array => matches!(logical, LogicalType::Array(_)),
            Self::Map => matches!(logical, LogicalType::Map(..)),
            Self::Any => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a character string",
            Self::Bytes => "a byte string",
            Self::TextOrBytes => "a character or byte string",
            Self::Integer => "a whole number",
            Self::TextOrInteger => "a character string or a whole number",
            Self::Number | Self::Double => "a number",
            Self::Boolean => "BOOLEAN",
            Self::Array => "an ARRAY",
            Self::Map => "a MAP",
            Self::Any => "a value",
        }
    }

    /// What a value is cast to, and a bare NULL.
    fn cast(self, logical: &LogicalType, is_null: bool) -> Option<LogicalType> {
        match self {
            Self::Double => (is_null || *logical != LogicalType::Double).then_some(LogicalType::Double),
            _ if !is_null => None,
            Self::Text | Self::TextOrBytes | Self::TextOrInteger | Self::Any => Some(LogicalType::STRING),
            Self::Bytes => Some(LogicalType::BYTES),
            Self::Integer | Self::Number => Some(LogicalType::Int),
            Self::Boolean => Some(LogicalType::Boolean),
            Self::Array | Self::Map => None,
        }
    }
}

impl Arguments<'_> {
    pub(super) fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether the argument is the word NULL, which has no type.
    pub(super) fn is_bare_null(&self, index: usize) -> bool {
        self.literals[index] && self.constants[index] == Some(Value::Null)
    }

    pub(super) fn logical(&self, index: usize) -> &LogicalType {
        &self.types[index].logical
    }

    /// Whether one of the arguments may be NULL.
    pub(super) fn any_nullable(&self) -> bool {
        (0..self.len()).any(|index| self.types[index].nullable || self.is_bare_null(index))
    }

    /// The text of an argument that is constant.
    pub(super) fn constant_text(&self, index: usize) -> Option<&str> {
        match self.constants.get(index)? {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The number of an argument that is constant.
    pub(super) fn constant_integer(&self, index: usize) -> Option<i64> {
        integer((*self.constants.get(index)?)?).ok()
    }

    /// Refuses a count of arguments outside these bounds.
    pub(super) fn count(&self, least: usize, most: usize) -> Result<(), BindError> {
        let count = self.len();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, usize::MAX) => format!("{least} or more"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        Err(BindError(format!("it takes {wanted} arguments, not {count}")))
    }

    /// Holds the arguments to what they may be, the last one standing for all that follow, and gives their casts.
    pub(super) fn check(
        &self,
        takes: &[Takes],
        bare_null: BareNull,
    ) -> Result<Vec<Option<LogicalType>>, BindError> {
        let take = |index: usize| takes[index.min(takes.len() - 1)];
        (0..self.len()).map(|index| self.check_one(index, take(index), bare_null)).collect()
    }

    fn check_one(
        &self,
        index: usize,
        takes: Takes,
        bare_null: BareNull,
    ) -> Result<Option<LogicalType>, BindError> {
        let is_null = self.is_bare_null(index);
        if is_null && bare_null == BareNull::Refused {
            return Err(BindError(format!(
                "argument {} is NULL, which has no type: CAST(NULL AS …) gives it one",
                index + 1
            )));
        }
        let logical = self.logical(index);
        if !is_null && !takes.admits(logical) {
            return Err(self.refused(index, takes.name()));
        }
        Ok(takes.cast(logical, is_null))
    }

    /// The refusal of an argument of the wrong type.
    pub(super) fn refused(&self, index: usize, wanted: &str) -> BindError {
        BindError(format!("argument {} is {}, not {wanted}", index + 1, self.logical(index)))
    }
}

/// A call that is NULL where an argument is, of this type.
pub(super) fn bound(
    casts: Vec<Option<LogicalType>>,
    data_type: DataType,
    scalar: impl Scalar + 'static,
) -> Bound {
    Bound { casts, data_type, nulls: Nulls::Propagate, is_deterministic: true, scalar: Arc::new(scalar) }
}

/// The type, nullable where one of the arguments is.
pub(super) fn as_nullable_as(args: &Arguments<'_>, logical: LogicalType) -> DataType {
    DataType { logical, nullable: args.any_nullable() }
}

/// CHAR(n) and VARCHAR(n) as VARCHAR(n).
pub(super) fn varying(logical: &LogicalType) -> LogicalType {
    match logical {
        LogicalType::Char(length) => LogicalType::VarChar(*length),
        other => other.clone(),
    }
}

pub(super) fn is_text(logical: &LogicalType) -> bool {
    matches!(logical, LogicalType::Char(_) | LogicalType::VarChar(_))
}

pub(super) fn is_bytes(logical: &LogicalType) -> bool {
    matches!(logical, LogicalType::Binary(_) | LogicalType::VarBinary(_))
}

pub(super) fn is_integer(logical: &LogicalType) -> bool {
    use LogicalType as T;
    matches!(logical, T::TinyInt | T::SmallInt | T::Int | T::BigInt)
}

pub(super) fn is_number(logical: &LogicalType) -> bool {
    use LogicalType as T;
    is_integer(logical) || matches!(logical, T::Float | T::Double | T::Decimal { .. })
}

/// A value is not of the type that the call was bound to: a defect, which is said rather than hidden.
#[cold]
pub(super) fn mistyped() -> EvalError {
    EvalError::new("an argument is not of the type that it was bound to")
}

#[inline]
pub(super) fn text(value: Value<'_>) -> Result<&str, EvalError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(mistyped()),
    }
}

/// The bytes of a byte string, or a character string in UTF-8.
#[inline]
pub(super) fn bytes(value: Value<'_>) -> Result<&[u8], EvalError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::String(text) => Ok(text.as_bytes()),
        _ => Err(mistyped()),
    }
}

#[inline]
pub(super) fn integer(value: Value<'_>) -> Result<i64, EvalError> {
    match value {
        Value::TinyInt(number) => Ok(number.into()),
        Value::SmallInt(number) => Ok(number.into()),
        Value::Int(number) => Ok(number.into()),
        Value::BigInt(number) => Ok(number),
        _ => Err(mistyped()),
    }
}

#[inline]
pub(super) fn double(value: Value<'_>) -> Result<f64, EvalError> {
    match value {
        Value::Double(number) => Ok(number),
        _ => Err(mistyped()),
    }
}

#[inline]
pub(super) fn array(value: Value<'_>) -> Result<&[Value<'_>], EvalError> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(mistyped()),
    }
}

/// A length or count as INT; no text is as long as an INT is large.
pub(super) fn count(length: usize) -> Value<'static> {
    Value::Int(i32::try_from(length).unwrap_or(i32::MAX))
}
