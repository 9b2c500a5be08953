//! Timestamps as Flink keeps them: milliseconds, and nanoseconds of the millisecond.

use crate::calendar::{CivilDate, DAY_MILLIS, last_day};
use crate::row::Timestamp;

/// Milliseconds since 1970. A number beyond i64 wraps, as Java's does.
pub(crate) fn of_timestamp(timestamp: Timestamp) -> i64 {
    timestamp.seconds.wrapping_mul(1_000).wrapping_add(i64::from(timestamp.nanos / 1_000_000))
}

/// The timestamp so many milliseconds after 1970.
pub(crate) fn to_timestamp(millis: i64) -> Timestamp {
    with_nanos(millis, 0)
}

/// The same with nanoseconds of the millisecond.
pub(crate) fn with_nanos(millis: i64, nanos_of_milli: u32) -> Timestamp {
    // Below a thousand.
    let nanos = millis.rem_euclid(1_000) as u32 * 1_000_000 + nanos_of_milli;
    Timestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// A date some months later or earlier; the day is at most the month's last.
pub(crate) fn add_months_to_date(days: i64, months: i32) -> i64 {
    let CivilDate { year, month, day } = CivilDate::of(days);
    let months = month - 1 + i64::from(months);
    let (year, month) = (year + months.div_euclid(12), months.rem_euclid(12) + 1);
    CivilDate { year, month, day: day.min(last_day(year, month)) }.days()
}

/// A moment some months later or earlier, at the same time of the day.
pub(crate) fn add_months(millis: i64, months: i32) -> i64 {
    let time = millis.rem_euclid(DAY_MILLIS);
    add_months_to_date(millis.div_euclid(DAY_MILLIS), months).wrapping_mul(DAY_MILLIS).wrapping_add(time)
}

/// Whole months from a date to another.
pub(crate) fn months_between_dates(from: i64, to: i64) -> i32 {
    if to < from {
        return -months_between_dates(to, from);
    }
    let (first, last) = (CivilDate::of(from), CivilDate::of(to));
    let months = (last.year - first.year) * 12 + last.month - first.month;
    let months = i32::try_from(months).unwrap_or(i32::MAX);
    if add_months_to_date(from, months) > to { months - 1 } else { months }
}

/// Whole months from a moment to another, as Flink counts them: on the last day the time decides.
pub(crate) fn months_between(from: i64, to: i64) -> i32 {
    let (from_day, to_day) = (from.div_euclid(DAY_MILLIS), to.div_euclid(DAY_MILLIS));
    let months = months_between_dates(from_day, to_day);
    let is_last_day = add_months_to_date(from_day, months) == to_day;
    months - i32::from(is_last_day && to.rem_euclid(DAY_MILLIS) < from.rem_euclid(DAY_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: i64, day: i64) -> i64 {
        CivilDate { year, month, day }.days()
    }

    #[test]
    fn months_end_on_their_last_day() {
        assert_eq!(add_months_to_date(day(2021, 1, 31), 1), day(2021, 2, 28));
        assert_eq!(add_months_to_date(day(2020, 2, 29), -12), day(2019, 2, 28));
        assert_eq!(add_months(-1, 1), day(1970, 1, 31) * DAY_MILLIS + DAY_MILLIS - 1);
    }

    /// Vectors datetime-0249 and datetime-0268.
    #[test]
    fn months_are_counted_as_flink_does() {
        let at = |year, month, date, millis| day(year, month, date) * DAY_MILLIS + millis;
        assert_eq!(months_between(at(2021, 1, 31, 36_000_000), at(2019, 3, 1, 1)), -22);
        assert_eq!(months_between(at(2021, 2, 28, 36_000_000), at(2021, 2, 28, 35_999_999)), -1);
        assert_eq!(months_between(at(1582, 10, 10, 3_723_000), at(1, 1, 1, 0)), -18_981);
    }
}
