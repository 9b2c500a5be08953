//! The fields that a text has named, resolved as `java.time` does smartly, and completed as Flink does.

use crate::calendar::{CivilDate, DAY_SECONDS, last_day};
use crate::expr::temporal::field::{CHRONO_FIELDS, ChronoField};
use crate::expr::temporal::local::LocalDateTime;
use crate::row::Timestamp;

/// The fields that a text has named.
#[derive(Clone, Copy, Default)]
pub(super) struct ParsedFields([Option<i64>; CHRONO_FIELDS]);

/// Parts that are out of their range or contradict each other.
struct Wrong;

/// Seconds of the day, and nanoseconds.
type ClockTime = (i64, i64);

impl ParsedFields {
    /// The end of what was read; nothing where the field already has another value.
    pub(super) fn set(&mut self, field: ChronoField, value: i64, end: usize) -> Option<usize> {
        let before = self.0[field as usize].replace(value);
        before.is_none_or(|before| before == value).then_some(end)
    }

    /// Date and time where there is enough of each; nothing where the parts are wrong.
    pub(super) fn resolve(&mut self) -> Option<(Option<CivilDate>, Option<ClockTime>)> {
        let date = self.resolve_date().ok()?;
        self.merge_hours().ok()?;
        let (time, is_next_day) = self.resolve_time().ok()?;
        let date = date.map(|date| if is_next_day { CivilDate::of(date.days() + 1) } else { date });
        let agrees = date.is_none_or(|date| self.agrees_with(date));
        agrees.then_some((date, time))
    }

    /// `LocalDateTime.of` with what was resolved, then what was only named, then defaults.
    pub(super) fn complete(&self, date: Option<CivilDate>, time: Option<ClockTime>) -> Option<Timestamp> {
        let valid = |field: ChronoField, default: i64| {
            let value = self.get(field).unwrap_or(default);
            field.range().contains(&value).then_some(value)
        };
        let date = match date {
            Some(date) => date,
            None => CivilDate {
                year: valid(ChronoField::Year, 1970)?,
                month: valid(ChronoField::Month, 1)?,
                day: valid(ChronoField::DayOfMonth, 1)?,
            },
        };
        let (second_of_day, nanos) = match time {
            Some(time) => time,
            None => {
                let minutes = valid(ChronoField::HourOfDay, 0)? * 60 + valid(ChronoField::Minute, 0)?;
                (minutes * 60 + valid(ChronoField::Second, 0)?, valid(ChronoField::Nano, 0)?)
            }
        };
        let seconds = date.days() * DAY_SECONDS + second_of_day;
        // Fields are checked: nanoseconds lie below a billion.
        (date.day <= date.last_day()).then_some(Timestamp { seconds, nanos: nanos as u32 })
    }

    fn get(&self, field: ChronoField) -> Option<i64> {
        self.0[field as usize]
    }

    /// A value that is checked as it is used up.
    fn take(&mut self, field: ChronoField) -> Result<Option<i64>, Wrong> {
        match self.0[field as usize].take() {
            Some(value) if !field.range().contains(&value) => Err(Wrong),
            value => Ok(value),
        }
    }

    fn put(&mut self, field: ChronoField, value: i64) -> Result<(), Wrong> {
        self.set(field, value, 0).map(|_| ()).ok_or(Wrong)
    }

    /// Whether what else the text says of the date is true.
    fn agrees_with(&self, date: CivilDate) -> bool {
        let local = LocalDateTime { date, days: date.days(), second_of_day: 0, nanos: 0 };
        let others = [
            ChronoField::Era,
            ChronoField::Quarter,
            ChronoField::DayOfYear,
            ChronoField::AlignedDayOfWeekInMonth,
            ChronoField::DayOfWeek,
            ChronoField::LocalDayOfWeek,
        ];
        others.into_iter().all(|field| self.get(field).is_none_or(|value| value == local.field(field)))
    }

    fn resolve_date(&mut self) -> Result<Option<CivilDate>, Wrong> {
        if let Some(day) = self.take(ChronoField::ModifiedJulianDay)? {
            return Ok(Some(CivilDate::of(day - 40_587)));
        }
        if let Some(year_of_era) = self.take(ChronoField::YearOfEra)? {
            let is_before_christ = self.take(ChronoField::Era)? == Some(0);
            self.put(ChronoField::Year, if is_before_christ { 1 - year_of_era } else { year_of_era })?;
        }
        let Some(year) = self.get(ChronoField::Year) else { return Ok(None) };
        if let (Some(month), Some(day)) = (self.get(ChronoField::Month), self.get(ChronoField::DayOfMonth)) {
            for field in [ChronoField::Year, ChronoField::Month, ChronoField::DayOfMonth] {
                self.take(field)?;
            }
            return Ok(Some(CivilDate { year, month, day: day.min(last_day(year, month)) }));
        }
        if let Some(day) = self.take(ChronoField::DayOfYear)? {
            self.take(ChronoField::Year)?;
            let date = CivilDate::of(CivilDate { year, month: 1, day: 1 }.days() + day - 1);
            return if date.year == year { Ok(Some(date)) } else { Err(Wrong) };
        }
        Ok(None)
    }

    /// Other ways to say the hour become HOUR_OF_DAY.
    fn merge_hours(&mut self) -> Result<(), Wrong> {
        if let Some(nanos) = self.take(ChronoField::NanoOfDay)? {
            self.put_clock(nanos / 1_000_000_000, nanos % 1_000_000_000)?;
        }
        if let Some(millis) = self.take(ChronoField::MilliOfDay)? {
            self.put_clock(millis / 1_000, millis % 1_000 * 1_000_000)?;
        }
        // Zero passes as the last hour, in the smart way.
        for (clock_hour, hour, hours) in [
            (ChronoField::ClockHourOfDay, ChronoField::HourOfDay, 24),
            (ChronoField::ClockHourOfAmPm, ChronoField::HourOfAmPm, 12),
        ] {
            if let Some(value) = self.0[clock_hour as usize].take() {
                let value = if (0..=hours).contains(&value) { value % hours } else { return Err(Wrong) };
                self.put(hour, value)?;
            }
        }
        if let (Some(half), Some(hour)) = (self.get(ChronoField::AmPm), self.get(ChronoField::HourOfAmPm)) {
            self.take(ChronoField::AmPm)?;
            self.take(ChronoField::HourOfAmPm)?;
            self.put(ChronoField::HourOfDay, half * 12 + hour)?;
        }
        Ok(())
    }

    fn put_clock(&mut self, second_of_day: i64, nanos: i64) -> Result<(), Wrong> {
        self.put(ChronoField::HourOfDay, second_of_day / 3_600)?;
        self.put(ChronoField::Minute, second_of_day / 60 % 60)?;
        self.put(ChronoField::Second, second_of_day % 60)?;
        self.put(ChronoField::Nano, nanos)
    }

    /// The time, and whether 24:00 was meant.
    fn resolve_time(&mut self) -> Result<(Option<ClockTime>, bool), Wrong> {
        let parts =
            [ChronoField::Minute, ChronoField::Second, ChronoField::Nano].map(|field| self.get(field));
        let has_gap = parts.windows(2).any(|pair| pair[0].is_none() && pair[1].is_some());
        let all = [
            ChronoField::Minute,
            ChronoField::Second,
            ChronoField::Nano,
            ChronoField::HourOfAmPm,
            ChronoField::AmPm,
        ];
        let is_valid =
            |field: &ChronoField| self.get(*field).is_none_or(|value| field.range().contains(&value));
        if !all.iter().all(is_valid) {
            return Err(Wrong);
        }
        let Some(hour) = self.get(ChronoField::HourOfDay) else { return Ok((None, false)) };
        let [minute, second, nanos] = parts.map(|part| part.unwrap_or(0));
        let is_next_day = (hour, minute, second, nanos) == (24, 0, 0, 0) && !has_gap;
        if !(is_next_day || (0..=23).contains(&hour)) {
            return Err(Wrong);
        }
        if has_gap {
            return Ok((None, false));
        }
        Ok((Some((hour % 24 * 3_600 + minute * 60 + second, nanos)), is_next_day))
    }
}
