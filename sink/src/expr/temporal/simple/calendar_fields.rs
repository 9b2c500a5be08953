//! The fields of a lenient `java.util.GregorianCalendar` that a text has set, and the instant that they mean.

use crate::calendar::{CivilDate, DAY_MILLIS, day_of_week};
use crate::expr::temporal::zone::Zone;

/// A field of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalendarField {
    Era,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfMonth,
    DayOfYear,
    /// Sunday is 1.
    DayOfWeek,
    DayOfWeekInMonth,
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    /// Seconds east of Greenwich.
    ZoneOffset,
}

const FIELDS: usize = 16;

/// The fields that were set, and when each was set last: later ones win.
#[derive(Clone, Debug, Default)]
pub(super) struct CalendarFields {
    values: [i64; FIELDS],
    stamps: [u32; FIELDS],
    next: u32,
}

impl CalendarFields {
    pub(super) fn set(&mut self, field: CalendarField, value: i64) {
        self.next += 1;
        self.values[field as usize] = value;
        self.stamps[field as usize] = self.next;
    }

    fn get(&self, field: CalendarField) -> Option<i64> {
        (self.stamp(field) > 0).then_some(self.values[field as usize])
    }

    fn stamp(&self, field: CalendarField) -> u32 {
        self.stamps[field as usize]
    }

    /// Milliseconds since 1970-01-01 00:00:00 UTC; a number beyond i64 wraps, as Java's does.
    pub(super) fn instant(&self, zone: &Zone) -> i64 {
        let local = i128::from(self.days()) * i128::from(DAY_MILLIS) + i128::from(self.millis());
        let seconds = local.div_euclid(1_000);
        let offset = match (self.get(CalendarField::ZoneOffset), i64::try_from(seconds)) {
            (Some(offset), _) => offset,
            (None, Ok(seconds)) => seconds - zone.legacy_instant_of(seconds),
            (None, Err(_)) => 0,
        };
        (local - i128::from(offset) * 1_000) as i64
    }

    /// Moves the year.
    pub(super) fn add_years(&mut self, years: i64) {
        self.values[CalendarField::Year as usize] += years;
    }

    fn millis(&self) -> i64 {
        use CalendarField as F;
        let get = |field| self.get(field).unwrap_or(0);
        let half_day_hour = match (self.stamp(F::Hour), self.stamp(F::AmPm)) {
            (0, _) | (_, 0) => 0,
            (hour, half) => hour.max(half),
        };
        let is_24_hours = self.stamp(F::HourOfDay) >= half_day_hour && self.stamp(F::HourOfDay) > 0;
        let hour = if is_24_hours { get(F::HourOfDay) } else { get(F::Hour) + 12 * get(F::AmPm) };
        ((hour * 60 + get(F::Minute)) * 60 + get(F::Second)) * 1_000 + get(F::Millisecond)
    }

    /// Which way to say the date was set last decides.
    fn days(&self) -> i64 {
        use CalendarField as F;
        let year = match (self.get(F::Year).unwrap_or(1970), self.get(F::Era)) {
            (year, Some(0)) => 1 - year,
            (year, _) => year,
        };
        let month = self.get(F::Month).unwrap_or(1);
        let weekday = self.stamp(F::DayOfWeek);
        let with_weekday = |field: F| match (self.stamp(field), weekday) {
            (0, _) | (_, 0) => 0,
            (stamp, weekday) => stamp.max(weekday),
        };
        let ways = [
            (self.stamp(F::DayOfMonth), F::DayOfMonth),
            (with_weekday(F::WeekOfMonth), F::WeekOfMonth),
            (with_weekday(F::DayOfWeekInMonth), F::DayOfWeekInMonth),
            (self.stamp(F::DayOfYear), F::DayOfYear),
            (with_weekday(F::WeekOfYear), F::WeekOfYear),
        ];
        let parts = [
            (self.stamp(F::WeekOfMonth), F::WeekOfMonth),
            (self.stamp(F::DayOfWeekInMonth).max(weekday), F::DayOfWeekInMonth),
            (self.stamp(F::WeekOfYear), F::WeekOfYear),
        ];
        let last = |ways: &[(u32, F)]| {
            let set = ways.iter().filter(|(stamp, _)| *stamp > 0);
            set.max_by_key(|(stamp, _)| *stamp).map(|(_, way)| *way)
        };
        match last(&ways).or_else(|| last(&parts)) {
            Some(F::DayOfYear) => {
                CivilDate::legacy_days(year, 1, 1) + self.get(F::DayOfYear).unwrap_or(1) - 1
            }
            Some(F::WeekOfYear) => self.in_week(CivilDate::legacy_days(year, 1, 1), F::WeekOfYear),
            Some(F::WeekOfMonth) => self.in_week(CivilDate::legacy_days(year, month, 1), F::WeekOfMonth),
            Some(F::DayOfWeekInMonth) => self.nth_weekday(CivilDate::legacy_days(year, month, 1)),
            _ => CivilDate::legacy_days(year, month, self.get(F::DayOfMonth).unwrap_or(1)),
        }
    }

    /// The weekday, or Sunday, of a week; the first week holds the first day.
    fn in_week(&self, first: i64, week: CalendarField) -> i64 {
        let sunday = first - day_of_week(first) % 7;
        sunday + (self.get(week).unwrap_or(1) - 1) * 7 + self.get(CalendarField::DayOfWeek).unwrap_or(1) - 1
    }

    /// The n-th such weekday of a month.
    fn nth_weekday(&self, first: i64) -> i64 {
        let weekday = self.get(CalendarField::DayOfWeek).unwrap_or(1);
        let until = (weekday - 1 - day_of_week(first) % 7).rem_euclid(7);
        first + until + (self.get(CalendarField::DayOfWeekInMonth).unwrap_or(1) - 1) * 7
    }
}
