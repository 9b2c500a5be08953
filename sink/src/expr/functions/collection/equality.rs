//! When two values of a collection are the same.

use crate::row::{Unscaled, Value};

/// SQL's equality, in which NULLs are the same and NaN is not itself.
pub(super) fn same(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Decimal(Unscaled(left)), Value::Decimal(Unscaled(right))) => left == right,
        (Value::Array(left), Value::Array(right)) | (Value::Row(left), Value::Row(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(*left, *right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| {
                    right.iter().any(|(other, its)| same(*key, *other) && same(*value, *its))
                })
        }
        _ => left == right,
    }
}

/// Whether one of the items is the same.
pub(super) fn contains(items: &[Value<'_>], needle: Value<'_>) -> bool {
    items.iter().any(|item| same(*item, needle))
}
