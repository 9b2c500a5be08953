//! Which casts there are: those that people write, and those that Flink puts in by itself.

use std::sync::Arc;

use super::conversion::Cast;
use super::fit::{BytesLength, TextLength};
use super::number::IntegerType;
use super::print::Printer;
use crate::expr::temporal::formatter::DateTimeFormatter;
use crate::expr::temporal::zone::Zone;
use crate::types::{DataType, LogicalType};

/// CAST(… AS …), or nothing where Flink has none.
pub(super) fn explicit(from: &LogicalType, to: &LogicalType, zone: &Arc<Zone>) -> Option<Cast> {
    use LogicalType as T;
    if from == to {
        return Some(Cast::Keep);
    }
    if let Some(length) = TextLength::of(to) {
        return Some(match (from, length) {
            (T::Char(from) | T::VarChar(from), TextLength::AtMost(to)) if *from <= to => Cast::Keep,
            (T::Char(_) | T::VarChar(_), _) => Cast::FitText(length),
            _ => Cast::Print(Box::new(Printer::of(from, zone)), length),
        });
    }
    match from {
        T::Char(_) | T::VarChar(_) => of_text(to, zone),
        T::Binary(_) | T::VarBinary(_) => of_bytes(from, to),
        T::Boolean => of_number(0, to).filter(|_| !is_interval(to)),
        T::TinyInt | T::SmallInt | T::Int | T::BigInt => of_number(0, to),
        T::Float | T::Double => of_number(0, to).filter(|_| !is_interval(to)),
        T::Decimal { scale, .. } => of_number(*scale, to).filter(|_| !is_interval(to)),
        T::Date | T::Time(_) | T::Timestamp(_) | T::TimestampLtz(_) => of_moment(from, to, zone),
        T::IntervalYearMonth | T::IntervalDayTime => None,
        T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_) => {
            nested(from, to, &|from, to| explicit(&from.logical, &to.logical, zone))
        }
    }
}

fn is_interval(logical: &LogicalType) -> bool {
    matches!(logical, LogicalType::IntervalYearMonth | LogicalType::IntervalDayTime)
}

fn of_text(to: &LogicalType, zone: &Arc<Zone>) -> Option<Cast> {
    use LogicalType as T;
    let timestamp = |precision: u8, zone: Arc<Zone>| {
        let formatter = Arc::new(DateTimeFormatter::of_timestamps());
        Cast::ReadTimestamp { formatter, precision, zone }
    };
    Some(match to {
        T::Boolean => Cast::ReadBoolean,
        T::TinyInt | T::SmallInt | T::Int | T::BigInt => Cast::ReadInteger(IntegerType::of(to)?),
        T::Float => Cast::ReadFloat,
        T::Double => Cast::ReadDouble,
        T::Decimal { precision, scale } => Cast::ReadDecimal { precision: *precision, scale: *scale },
        T::Binary(_) | T::VarBinary(_) => Cast::Encode(BytesLength::of(to)?),
        T::Date => Cast::ReadDate,
        T::Time(_) => Cast::ReadTime,
        T::Timestamp(precision) => timestamp(*precision, Arc::new(Zone::utc())),
        T::TimestampLtz(precision) => timestamp(*precision, Arc::clone(zone)),
        _ => return None,
    })
}

fn of_bytes(from: &LogicalType, to: &LogicalType) -> Option<Cast> {
    use LogicalType as T;
    let length = BytesLength::of(to)?;
    Some(match (from, length) {
        (T::Binary(from) | T::VarBinary(from), BytesLength::AtMost(to)) if *from <= to => Cast::Keep,
        _ => Cast::FitBytes(length),
    })
}

/// Of BOOLEAN, and of numbers with so many digits behind the point.
fn of_number(scale: u8, to: &LogicalType) -> Option<Cast> {
    use LogicalType as T;
    Some(match to {
        T::Boolean => Cast::ToBoolean,
        T::Float => Cast::ToFloat(scale),
        T::Double => Cast::ToDouble(scale),
        T::Decimal { precision, scale: to } => {
            Cast::ToDecimal { from: scale, precision: *precision, scale: *to }
        }
        _ => Cast::ToInteger(IntegerType::of(to)?, scale),
    })
}

fn of_moment(from: &LogicalType, to: &LogicalType, zone: &Arc<Zone>) -> Option<Cast> {
    use LogicalType as T;
    Some(match (from, to) {
        (T::Time(_), T::Time(_)) => Cast::Keep,
        (T::Date | T::Time(_), T::Timestamp(_)) => Cast::ToMoment(Arc::new(Zone::utc())),
        (T::Date | T::Time(_), T::TimestampLtz(_)) => Cast::ToMoment(Arc::clone(zone)),
        (T::Timestamp(_), T::Date) => Cast::TimestampToDate,
        (T::Timestamp(_), T::Time(_)) => Cast::TimestampToTime,
        (T::TimestampLtz(_), T::Date) => Cast::InstantToDate(Arc::clone(zone)),
        (T::TimestampLtz(_), T::Time(_)) => Cast::InstantToTime(Arc::clone(zone)),
        (T::Timestamp(from), T::Timestamp(to)) | (T::TimestampLtz(from), T::TimestampLtz(to)) => {
            if from <= to { Cast::Keep } else { Cast::Truncate(*to) }
        }
        // In UTC a wall clock and its instant are one number.
        (T::Timestamp(from), T::TimestampLtz(to)) | (T::TimestampLtz(from), T::Timestamp(to))
            if zone.is_utc() =>
        {
            if from <= to {
                Cast::Keep
            } else {
                Cast::Truncate(*to)
            }
        }
        (T::Timestamp(_), T::TimestampLtz(precision)) => Cast::ToInstant(Arc::clone(zone), *precision),
        (T::TimestampLtz(_), T::Timestamp(precision)) => Cast::ToWallClock(Arc::clone(zone), *precision),
        _ => return None,
    })
}

/// What Flink casts by itself, or nothing where it asks for CAST.
pub(super) fn implicit(from: &LogicalType, to: &LogicalType, zone: &Arc<Zone>) -> Option<Cast> {
    use LogicalType as T;
    let is_taken = match (from, to) {
        (from, to) if from == to => true,
        (T::TinyInt, T::SmallInt | T::Int | T::BigInt)
        | (T::SmallInt, T::Int | T::BigInt)
        | (T::Int, T::BigInt)
        | (T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Decimal { .. }, T::Float | T::Double)
        | (T::Float, T::Double)
        | (
            T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double | T::Decimal { .. },
            T::Decimal { .. },
        )
        | (T::Char(_), T::Char(_))
        | (T::Char(_) | T::VarChar(_), T::VarChar(_))
        | (T::Binary(_), T::Binary(_))
        | (T::Binary(_) | T::VarBinary(_), T::VarBinary(_))
        | (T::Time(_), T::Time(_))
        | (T::Timestamp(_), T::Date | T::Time(_))
        | (T::Timestamp(_) | T::TimestampLtz(_), T::Timestamp(_) | T::TimestampLtz(_)) => true,
        (T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_), _) => {
            return nested(from, to, &|from, to| {
                let fits = to.nullable || !from.nullable;
                implicit(&from.logical, &to.logical, zone).filter(|_| fits)
            });
        }
        _ => false,
    };
    if is_taken { explicit(from, to, zone) } else { None }
}

/// The cast of a nested type by those of its parts.
fn nested(
    from: &LogicalType,
    to: &LogicalType,
    cast: &dyn Fn(&DataType, &DataType) -> Option<Cast>,
) -> Option<Cast> {
    use LogicalType as T;
    match (from, to) {
        (T::Array(from), T::Array(to)) => Some(match cast(from, to)? {
            Cast::Keep => Cast::Keep,
            item => Cast::Array(Box::new(item)),
        }),
        (T::Map(key, value), T::Map(to_key, to_value)) => {
            Some(match (cast(key, to_key)?, cast(value, to_value)?) {
                (Cast::Keep, Cast::Keep) => Cast::Keep,
                (key, value) => Cast::Map(Box::new(key), Box::new(value)),
            })
        }
        (T::Multiset(from), T::Multiset(to)) => Some(match cast(from, to)? {
            Cast::Keep => Cast::Keep,
            item => Cast::Map(Box::new(item), Box::new(Cast::Keep)),
        }),
        (T::Row(from), T::Row(to)) if from.len() == to.len() => {
            let casts = from.iter().zip(to.iter()).map(|(from, to)| cast(&from.data_type, &to.data_type));
            let casts: Vec<Cast> = casts.collect::<Option<_>>()?;
            let is_kept = casts.iter().all(|cast| *cast == Cast::Keep);
            Some(if is_kept { Cast::Keep } else { Cast::Row(casts.into()) })
        }
        _ => None,
    }
}
