//! Sums and differences of moments and intervals.

use super::millis;
use crate::calendar::DAY_MILLIS;
use crate::row::{Timestamp, Value};

/// A moment an interval of milliseconds later; nothing if it is none.
pub(crate) fn add_millis(moment: Value<'_>, interval: i64) -> Option<Value<'static>> {
    Some(match moment {
        // Flink cuts an interval to days before it adds them.
        Value::Date(days) => Value::Date((i64::from(days)).wrapping_add(interval / DAY_MILLIS) as i32),
        Value::Time(time) => {
            let time = i64::from(time).wrapping_add(interval).rem_euclid(DAY_MILLIS);
            Value::Time(time as i32)
        }
        Value::Timestamp(at) => Value::Timestamp(later(at, |millis| millis.wrapping_add(interval))),
        _ => return None,
    })
}

/// A moment some months later; nothing if it is none. A TIME has no months.
pub(crate) fn add_months(moment: Value<'_>, months: i32) -> Option<Value<'static>> {
    Some(match moment {
        Value::Date(days) => Value::Date(millis::add_months_to_date(days.into(), months) as i32),
        Value::Time(time) => Value::Time(time),
        Value::Timestamp(at) => Value::Timestamp(later(at, |at| millis::add_months(at, months))),
        _ => return None,
    })
}

/// Milliseconds of a DATE or TIMESTAMP since 1970.
pub(crate) fn millis_of(moment: Value<'_>) -> Option<i64> {
    match moment {
        Value::Date(days) => Some(i64::from(days) * DAY_MILLIS),
        Value::Time(time) => Some(time.into()),
        Value::Timestamp(at) => Some(millis::of_timestamp(at)),
        _ => None,
    }
}

/// Milliseconds change, and what is below them stays.
fn later(at: Timestamp, change: impl Fn(i64) -> i64) -> Timestamp {
    millis::with_nanos(change(millis::of_timestamp(at)), at.nanos % 1_000_000)
}
