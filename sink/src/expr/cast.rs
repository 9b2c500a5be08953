//! CAST and TRY_CAST: what a value becomes of another type.

pub(crate) mod conversion;

mod fit;
mod moment;
mod number;
mod print;
mod read;
mod rules;

use std::sync::Arc;

use self::conversion::Cast;
use super::function::{BindError, Session};
use super::temporal::zone::Zone;
use super::tree::Expr;
use crate::types::{DataType, LogicalType};

/// `CAST(operand AS to)`, or `TRY_CAST`, which gives NULL where CAST fails on a text.
///
/// # Errors
/// Flink has no cast between these types.
pub(crate) fn bind(operand: Expr, to: &DataType, is_try: bool, session: &Session) -> Result<Expr, BindError> {
    let logical = effective(&to.logical);
    if operand.is_literal() && operand.constant() == Some(&super::constant::Constant::NULL) {
        return Ok(Expr::null(logical));
    }
    let from = operand.data_type();
    let data_type = DataType { logical, nullable: from.nullable || is_try };
    let Some(cast) = rules::explicit(&from.logical, &data_type.logical, &zone(session)) else {
        return Err(refused(&from.logical, &data_type.logical));
    };
    let cast = if is_try && cast.can_fail() { Cast::Try(Box::new(cast)) } else { cast };
    Ok(operand.cast(cast, data_type))
}

/// The cast that Flink puts in by itself where a query's column becomes a table's, or nothing where it asks for CAST.
/// Whether NULL fits is asked only inside of nested types.
pub(crate) fn implicit(from: &LogicalType, to: &LogicalType, session: &Session) -> Option<Cast> {
    rules::implicit(from, to, &zone(session))
}

fn zone(session: &Session) -> Arc<Zone> {
    // The setting was checked when it was set.
    Arc::new(Zone::of_session(&session.time_zone).unwrap_or_else(Zone::utc))
}

/// The type that Flink's planner makes of the one that was written: TIME has no precision before 2.3.
fn effective(to: &LogicalType) -> LogicalType {
    match to {
        LogicalType::Time(_) => LogicalType::Time(0),
        LogicalType::Decimal { precision, scale } => {
            LogicalType::Decimal { precision: (*precision).min(38), scale: (*scale).min(38) }
        }
        other => other.clone(),
    }
}

fn refused(from: &LogicalType, to: &LogicalType) -> BindError {
    use LogicalType as T;
    let is_number = |logical: &T| {
        matches!(
            logical,
            T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double | T::Decimal { .. }
        )
    };
    let hint = match (from, to) {
        (from, T::Timestamp(_)) if is_number(from) => ": use TO_TIMESTAMP(FROM_UNIXTIME(seconds))",
        (from, T::TimestampLtz(_)) if is_number(from) => {
            ": use TO_TIMESTAMP_LTZ(number, 0) for seconds or TO_TIMESTAMP_LTZ(number, 3) for milliseconds"
        }
        (T::Timestamp(_), to) if is_number(to) => ": use UNIX_TIMESTAMP(CAST(timestamp AS STRING))",
        (T::TimestampLtz(_), to) if is_number(to) => {
            ": use EXTRACT(EPOCH FROM …), which counts in the session's zone"
        }
        _ => "",
    };
    BindError(format!("{from} cannot be cast to {to}{hint}"))
}

#[cfg(test)]
mod tests;
