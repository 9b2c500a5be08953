//! A wall clock's reading: a date, and nanoseconds of the day.

use super::field::ChronoField;
use crate::calendar::{CivilDate, DAY_SECONDS, day_of_week};
use crate::row::Timestamp;

/// A TIMESTAMP taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LocalDateTime {
    pub(crate) date: CivilDate,
    /// Days since 1970-01-01.
    pub(crate) days: i64,
    /// Seconds since midnight.
    pub(crate) second_of_day: i64,
    /// Nanoseconds of the second.
    pub(crate) nanos: i64,
}

impl LocalDateTime {
    /// The reading of a timestamp.
    pub(crate) fn of(timestamp: Timestamp) -> Self {
        let days = timestamp.seconds.div_euclid(DAY_SECONDS);
        let second_of_day = timestamp.seconds.rem_euclid(DAY_SECONDS);
        Self { date: CivilDate::of(days), days, second_of_day, nanos: timestamp.nanos.into() }
    }

    /// What `java.time` calls the field of that name. Weeks are those of the United States: they begin on Sunday, and
    /// the first holds 1 January.
    pub(crate) fn field(&self, field: ChronoField) -> i64 {
        let CivilDate { year, month, day } = self.date;
        let hour = self.second_of_day / 3_600;
        match field {
            ChronoField::Era => i64::from(year > 0),
            ChronoField::YearOfEra => {
                if year > 0 {
                    year
                } else {
                    1 - year
                }
            }
            ChronoField::Year => year,
            ChronoField::Quarter => (month + 2) / 3,
            ChronoField::Month => month,
            ChronoField::DayOfYear => self.date.day_of_year(),
            ChronoField::DayOfMonth => day,
            ChronoField::AlignedDayOfWeekInMonth => (day - 1) % 7 + 1,
            ChronoField::DayOfWeek => day_of_week(self.days),
            ChronoField::LocalDayOfWeek => day_of_week(self.days) % 7 + 1,
            ChronoField::WeekBasedYear => self.week_of_year().0,
            ChronoField::WeekOfYear => self.week_of_year().1,
            ChronoField::WeekOfMonth => (day + 6 + (day_of_week(self.days - day + 1) % 7)) / 7,
            ChronoField::ModifiedJulianDay => self.days + 40_587,
            ChronoField::AmPm => hour / 12,
            ChronoField::HourOfDay => hour,
            ChronoField::ClockHourOfDay => (hour + 23) % 24 + 1,
            ChronoField::HourOfAmPm => hour % 12,
            ChronoField::ClockHourOfAmPm => (hour + 11) % 12 + 1,
            ChronoField::Minute => self.second_of_day / 60 % 60,
            ChronoField::Second => self.second_of_day % 60,
            ChronoField::Nano => self.nanos,
            ChronoField::MilliOfDay => self.second_of_day * 1_000 + self.nanos / 1_000_000,
            ChronoField::NanoOfDay => self.second_of_day * 1_000_000_000 + self.nanos,
        }
    }

    /// The year that the week belongs to, and the week in it.
    fn week_of_year(&self) -> (i64, i64) {
        let first_of = |year| CivilDate { year, month: 1, day: 1 }.days();
        // The Sunday that begins a year's first week.
        let begin_of = |year| first_of(year) - day_of_week(first_of(year)) % 7;
        let year = self.date.year;
        if self.days >= begin_of(year + 1) {
            return (year + 1, 1);
        }
        (year, (self.days - begin_of(year)) / 7 + 1)
    }
}
