//! EXTRACT, with what Flink's arithmetic gives before 1970.

use super::unit::TimeUnit;
use crate::calendar::{CivilDate, DAY_MILLIS, day_of_week};

/// A unit of a moment: milliseconds of a wall clock, and nanoseconds of the millisecond. Days are counted towards 1970,
/// so that the moments of 31 December 1969 belong to the day after, and parts of the day are negative.
pub(crate) fn of_moment(unit: TimeUnit, millis: i64, nanos_of_milli: u32) -> i64 {
    match unit {
        TimeUnit::Epoch => millis / 1_000,
        TimeUnit::Microsecond => millis % 1_000 * 1_000 + i64::from(nanos_of_milli / 1_000),
        TimeUnit::Nanosecond => millis % 1_000 * 1_000_000 + i64::from(nanos_of_milli),
        _ => of_clock(unit, millis).unwrap_or_else(|| of_date(unit, millis / DAY_MILLIS)),
    }
}

/// A part of the day; nothing for a part of the date.
pub(crate) fn of_clock(unit: TimeUnit, millis: i64) -> Option<i64> {
    Some(match unit {
        TimeUnit::Hour => millis % DAY_MILLIS / 3_600_000,
        TimeUnit::Minute => millis % 3_600_000 / 60_000,
        TimeUnit::Second => millis % 60_000 / 1_000,
        TimeUnit::Millisecond => millis % 1_000,
        _ => return None,
    })
}

/// A unit of a DATE. Flink takes its days for milliseconds where a part of the day is asked for.
pub(crate) fn of_days(unit: TimeUnit, days: i64) -> i64 {
    match unit {
        TimeUnit::Epoch => days * 86_400,
        _ => of_clock(unit, days).unwrap_or_else(|| of_date(unit, days)),
    }
}

fn of_date(unit: TimeUnit, days: i64) -> i64 {
    let date = CivilDate::of(days);
    let CivilDate { year, month, day } = date;
    match unit {
        TimeUnit::Year => year,
        TimeUnit::Quarter => (month + 2) / 3,
        TimeUnit::Month => month,
        TimeUnit::Week => iso_week(days).1,
        TimeUnit::IsoYear => iso_week(days).0,
        TimeUnit::DayOfWeek => day_of_week(days) % 7 + 1,
        TimeUnit::IsoDayOfWeek => day_of_week(days),
        TimeUnit::DayOfYear => date.day_of_year(),
        TimeUnit::Decade => year / 10,
        TimeUnit::Century if year > 0 => (year + 99) / 100,
        TimeUnit::Century => (year - 99) / 100,
        TimeUnit::Millennium if year > 0 => (year + 999) / 1_000,
        TimeUnit::Millennium => (year - 999) / 1_000,
        _ => day,
    }
}

/// The year that an ISO week belongs to, and its number: the week's Thursday decides.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = CivilDate::of(days - day_of_week(days) + 4);
    (thursday.year, (thursday.day_of_year() - 1) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors datetime-0002 to datetime-0073.
    #[test]
    fn moments_before_1970_are_counted_towards_it() {
        let october_1582 = -12_219_721_077_000;
        for (unit, value) in [
            (TimeUnit::Year, 1582),
            (TimeUnit::Day, 11),
            (TimeUnit::Hour, -22),
            (TimeUnit::Minute, -57),
            (TimeUnit::Second, -57),
            (TimeUnit::Week, 41),
            (TimeUnit::Century, 16),
        ] {
            assert_eq!(of_moment(unit, october_1582, 0), value, "{unit:?}");
        }
        assert_eq!(of_moment(TimeUnit::Microsecond, -1, 0), -1_000);
        assert_eq!(of_moment(TimeUnit::Year, -1, 0), 1970);
    }

    #[test]
    fn the_days_of_a_date_are_taken_for_milliseconds() {
        let last = 2_932_896;
        assert_eq!(
            [TimeUnit::Hour, TimeUnit::Minute, TimeUnit::Second].map(|unit| of_days(unit, last)),
            [0, 48, 52]
        );
        assert_eq!(of_days(TimeUnit::Millisecond, 18_711), 711);
    }
}
