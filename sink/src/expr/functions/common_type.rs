//! The type that several values have in common: Flink's LogicalTypeMerging.

use crate::expr::function::Arguments;
use crate::types::{DataType, LENGTH_MAX, LogicalType};

use super::signature::{is_bytes, is_integer, is_number, is_text};

/// The least type that holds the values of all, or none where there is no such type.
pub(in crate::expr) fn common_type(types: &[&LogicalType]) -> Option<LogicalType> {
    let (first, rest) = types.split_first()?;
    rest.iter().try_fold((*first).clone(), |common, next| merge(&common, next))
}

/// The cast that makes an argument the common type, if it is another; a bare NULL is always cast.
pub(in crate::expr) fn as_common(
    args: &Arguments<'_>,
    index: usize,
    common: &LogicalType,
) -> Option<LogicalType> {
    (args.is_bare_null(index) || args.logical(index) != common).then(|| common.clone())
}

/// The common type of two, with NULL where either has it.
pub(in crate::expr) fn merge_nullable(left: &DataType, right: &DataType) -> Option<DataType> {
    let logical = merge(&left.logical, &right.logical)?;
    Some(DataType { logical, nullable: left.nullable || right.nullable })
}

fn merge(left: &LogicalType, right: &LogicalType) -> Option<LogicalType> {
    use LogicalType as T;
    if left == right {
        return Some(left.clone());
    }
    if is_text(left) && is_text(right) {
        let length = length(left).max(length(right));
        return Some(match (left, right) {
            (T::Char(a), T::Char(b)) if a == b => T::Char(length),
            _ => T::VarChar(length),
        });
    }
    if is_bytes(left) && is_bytes(right) {
        return Some(T::VarBinary(length(left).max(length(right))));
    }
    if is_number(left) && is_number(right) {
        return Some(numbers(left, right));
    }
    match (left, right) {
        (T::Time(a), T::Time(b)) => Some(T::Time(*a.max(b))),
        (T::Timestamp(a), T::Timestamp(b)) => Some(T::Timestamp(*a.max(b))),
        (T::TimestampLtz(a), T::TimestampLtz(b)) => Some(T::TimestampLtz(*a.max(b))),
        (T::Timestamp(a), T::TimestampLtz(b)) | (T::TimestampLtz(a), T::Timestamp(b)) => {
            Some(T::TimestampLtz(*a.max(b)))
        }
        (T::Date, T::Timestamp(p)) | (T::Timestamp(p), T::Date) => Some(T::Timestamp(*p)),
        (T::Array(a), T::Array(b)) => Some(T::Array(Box::new(merge_nullable(a, b)?))),
        (T::Multiset(a), T::Multiset(b)) => Some(T::Multiset(Box::new(merge_nullable(a, b)?))),
        (T::Map(key, value), T::Map(other_key, other_value)) => Some(T::Map(
            Box::new(merge_nullable(key, other_key)?),
            Box::new(merge_nullable(value, other_value)?),
        )),
        (T::Row(a), T::Row(b)) if a.len() == b.len() => {
            let fields = a.iter().zip(b.iter()).map(|(a, b)| {
                let data_type = merge_nullable(&a.data_type, &b.data_type)?;
                Some(crate::types::Field::new(a.name.clone(), data_type))
            });
            Some(T::Row(fields.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn length(logical: &LogicalType) -> u32 {
    use LogicalType as T;
    match logical {
        T::Char(n) | T::VarChar(n) | T::Binary(n) | T::VarBinary(n) => *n,
        _ => LENGTH_MAX,
    }
}

/// DECIMAL with FLOAT or DOUBLE is DOUBLE; whole numbers count as the DECIMAL of their digits.
fn numbers(left: &LogicalType, right: &LogicalType) -> LogicalType {
    use LogicalType as T;
    let approximate = |logical: &T| matches!(logical, T::Float | T::Double);
    if approximate(left) || approximate(right) {
        let decimal = |logical: &T| matches!(logical, T::Decimal { .. });
        let double = *left == T::Double || *right == T::Double || decimal(left) || decimal(right);
        return if double { T::Double } else { T::Float };
    }
    if is_integer(left) && is_integer(right) {
        return if digits(left) >= digits(right) { left.clone() } else { right.clone() };
    }
    let (a, b) = (decimal(left), decimal(right));
    let scale = a.1.max(b.1);
    let whole = (a.0 - a.1).max(b.0 - b.1);
    if whole + scale <= 38 {
        return T::Decimal { precision: whole + scale, scale };
    }
    // Digits before the point are kept, and those after it given up.
    T::Decimal { precision: 38, scale: 38_u8.saturating_sub(whole) }
}

fn digits(logical: &LogicalType) -> u8 {
    decimal(logical).0
}

/// Precision and scale.
fn decimal(logical: &LogicalType) -> (u8, u8) {
    use LogicalType as T;
    match logical {
        T::Decimal { precision, scale } => (*precision, *scale),
        T::TinyInt => (3, 0),
        T::SmallInt => (5, 0),
        T::Int => (10, 0),
        _ => (19, 0),
    }
}
