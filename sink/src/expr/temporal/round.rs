//! FLOOR and CEIL to a unit. Dates before 15 October 1582 go through the Julian calendar, as in Calcite.

use super::unit::TimeUnit;
use crate::calendar::{CivilDate, DAY_MILLIS};

/// Which way to round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    Floor,
    Ceil,
}

/// A wall clock's milliseconds; nothing for a unit that time is not rounded to.
pub(crate) fn moment(unit: TimeUnit, toward: Toward, millis: i64) -> Option<i64> {
    match unit {
        TimeUnit::Day | TimeUnit::Hour => multiple(toward, millis, unit.millis()?),
        _ if is_of_date(unit) => Some(date(unit, toward, millis / DAY_MILLIS).wrapping_mul(DAY_MILLIS)),
        _ => clock(unit, toward, millis),
    }
}

/// Whether it is a unit of whole days.
pub(crate) fn is_of_date(unit: TimeUnit) -> bool {
    use TimeUnit as U;
    let whole = [U::Millennium, U::Century, U::Decade, U::Year, U::Quarter, U::Month, U::Week, U::Day];
    whole.contains(&unit)
}

/// Whether there is anything to round to: days of weeks and years, and the epoch, are no spans.
pub(crate) fn is_span(unit: TimeUnit) -> bool {
    use TimeUnit as U;
    !matches!(unit, U::DayOfWeek | U::IsoDayOfWeek | U::DayOfYear | U::Epoch)
}

/// Milliseconds to a unit below the day; nothing for one below the millisecond.
pub(crate) fn clock(unit: TimeUnit, toward: Toward, millis: i64) -> Option<i64> {
    // Flink counts an ISO year as twelve, of whatever there is.
    let span = if unit == TimeUnit::IsoYear { 12 } else { unit.millis()? };
    multiple(toward, millis, span)
}

fn multiple(toward: Toward, millis: i64, span: i64) -> Option<i64> {
    let rest = millis.rem_euclid(span);
    Some(match toward {
        Toward::Ceil if rest > 0 => millis.wrapping_add(span - rest),
        _ => millis.wrapping_sub(rest),
    })
}

/// Days to a unit of whole days.
pub(crate) fn date(unit: TimeUnit, toward: Toward, days: i64) -> i64 {
    let is_up = toward == Toward::Ceil;
    let CivilDate { year, month, day } = CivilDate::of_legacy(days);
    let first = |year: i64, month: i64| {
        let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
        CivilDate { year, month, day: 1 }.days()
    };
    let begin_of = |span: i64| (year + span - 1) / span * span;
    match unit {
        TimeUnit::Millennium => first(begin_of(1_000) - if is_up { -1 } else { 999 }, 1),
        TimeUnit::Century => first(begin_of(100) - if is_up { -1 } else { 99 }, 1),
        TimeUnit::Decade => first(10 * (year / 10 + i64::from(is_up)), 1),
        TimeUnit::Year => first(year + i64::from(is_up && (month > 1 || day > 1)), 1),
        TimeUnit::Quarter => {
            let quarter = (month + 2) / 3 + i64::from(is_up && (month > 1 || day > 1));
            first(year, quarter * 3 - 2)
        }
        TimeUnit::Month => first(year, month + i64::from(is_up && day > 1)),
        TimeUnit::Week => {
            let since_sunday = (days + 4).rem_euclid(7);
            let offset = if is_up && since_sunday > 0 { since_sunday - 7 } else { since_sunday };
            CivilDate { year, month, day }.days() - offset
        }
        _ => CivilDate { year, month, day }.days() + i64::from(is_up),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors datetime-0112 to datetime-0188.
    #[test]
    fn dates_are_rounded_as_calcite_does() {
        let of = |year, month, day| CivilDate { year, month, day }.days();
        for (unit, toward, days, expected) in [
            (TimeUnit::Week, Toward::Floor, of(1970, 1, 1), of(1969, 12, 28)),
            (TimeUnit::Week, Toward::Floor, of(1, 1, 1), of(1, 1, 2)),
            (TimeUnit::Week, Toward::Ceil, of(1, 1, 1), of(1, 1, 9)),
            (TimeUnit::Day, Toward::Ceil, of(1, 1, 1), of(1, 1, 4)),
            (TimeUnit::Quarter, Toward::Ceil, of(9999, 12, 31), of(10_000, 1, 1)),
            (TimeUnit::Quarter, Toward::Ceil, of(1970, 1, 1), of(1970, 1, 1)),
            (TimeUnit::Century, Toward::Ceil, of(1900, 2, 28), of(1901, 1, 1)),
            (TimeUnit::Millennium, Toward::Floor, of(2020, 2, 29), of(2001, 1, 1)),
            (TimeUnit::Decade, Toward::Ceil, of(2020, 2, 29), of(2030, 1, 1)),
        ] {
            assert_eq!(
                CivilDate::of(date(unit, toward, days)),
                CivilDate::of(expected),
                "{unit:?} {toward:?}"
            );
        }
        assert_eq!(moment(TimeUnit::Month, Toward::Floor, -1), Some(0));
        assert_eq!(moment(TimeUnit::Second, Toward::Ceil, -1), Some(0));
        assert_eq!(moment(TimeUnit::Nanosecond, Toward::Floor, 7), None);
    }
}
