//! What SQL's single values are in Avro, whatever its encoding.

use super::write_step::WriteStep;
use crate::format::EncodeError;
use crate::row::{Timestamp, Value};

/// The key of a map.
pub(super) fn text_of(key: Value<'_>) -> Result<&str, EncodeError> {
    match key {
        Value::String(key) => Ok(key),
        _ => Err(EncodeError::new("a key of the map is NULL, which Avro has no place for")),
    }
}

/// What Avro has as an int.
pub(super) fn int(value: Value<'_>) -> Result<i32, EncodeError> {
    Ok(match value {
        Value::TinyInt(value) => value.into(),
        Value::SmallInt(value) => value.into(),
        // A time is milliseconds of its day.
        Value::Int(value) | Value::Date(value) | Value::Time(value) => value,
        value => return Err(misfit(value)),
    })
}

/// Milliseconds or microseconds, rounded down as Java does.
pub(super) fn count(step: &WriteStep, moment: Timestamp) -> Result<i64, EncodeError> {
    let (a_second, unit_nanos) = match step {
        WriteStep::TimestampMicros => (1_000_000, 1_000),
        _ => (1_000, 1_000_000),
    };
    let seconds = moment.seconds.checked_mul(a_second);
    let count = seconds.and_then(|seconds| seconds.checked_add((moment.nanos / unit_nanos).into()));
    count.ok_or_else(|| EncodeError::new("the timestamp is too far away for a long of Avro's"))
}

/// The number of an enum's symbol.
pub(super) fn symbol(symbols: &[Box<str>], text: &str) -> Result<i64, EncodeError> {
    let found = symbols.iter().position(|symbol| &**symbol == text);
    found.map(|at| at as i64).ok_or_else(|| EncodeError::new("the text is no symbol of the schema's enum"))
}

/// As few bytes as the number and its sign need.
pub(super) fn twos_complement(bytes: &[u8]) -> &[u8] {
    let repeats = |pair: &[u8]| matches!(pair, [0, ..=0x7F] | [0xFF, 0x80..=0xFF]);
    let leading = bytes.windows(2).take_while(|pair| repeats(pair)).count();
    &bytes[leading..]
}

/// The planner has seen to types; if not, better no row than a wrong one.
#[cold]
pub(super) fn misfit(value: Value<'_>) -> EncodeError {
    EncodeError::new(match value {
        Value::Null => "it is NULL, and the schema has it NOT NULL",
        _ => "the value is not of the column's type",
    })
}
