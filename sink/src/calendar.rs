//! Days and dates: the proleptic Gregorian calendar, and the one of `java.util`, which is Julian before 15 October 1582.

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// Milliseconds of a day.
pub(crate) const DAY_MILLIS: i64 = 86_400_000;

/// A year, a month from 1, a day from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CivilDate {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl CivilDate {
    /// The Gregorian date so many days after 1970-01-01, after Hinnant: years begin in March, so that the leap day is
    /// the last.
    pub(crate) fn of(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        Self::from_march(year_of_era + era * 400, day_of_year)
    }

    /// Days since 1970-01-01. The month is one of twelve; a day beyond its month's last runs on into the next.
    pub(crate) fn days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The last day of its month.
    pub(crate) fn last_day(&self) -> i64 {
        last_day(self.year, self.month)
    }

    /// From 1 on.
    pub(crate) fn day_of_year(&self) -> i64 {
        self.days() - Self { month: 1, day: 1, ..*self }.days() + 1
    }

    /// The date that `java.util.GregorianCalendar` sees so many days after 1970-01-01.
    pub(crate) fn of_legacy(days: i64) -> Self {
        if days >= CUTOVER_DAYS { Self::of(days) } else { Self::of_julian(days) }
    }

    /// The days that a lenient `GregorianCalendar` counts: any month and day run on into the next.
    pub(crate) fn legacy_days(year: i64, month: i64, day: i64) -> i64 {
        let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
        let date = Self { year, month, day };
        let (gregorian, julian) = (date.days(), date.julian_days());
        // In the ten days that never were, Java takes the Julian date.
        let is_gregorian = match year {
            1583.. => gregorian >= CUTOVER_DAYS,
            1582 => gregorian >= CUTOVER_DAYS && julian >= CUTOVER_DAYS,
            _ => false,
        };
        if is_gregorian { gregorian } else { julian }
    }

    fn of_julian(days: i64) -> Self {
        let days = days + 719_470;
        let cycle = days.div_euclid(1_461);
        let day_of_cycle = days.rem_euclid(1_461);
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460) / 365;
        Self::from_march(year_of_cycle + cycle * 4, day_of_cycle - 365 * year_of_cycle)
    }

    fn julian_days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        year * 365 + year.div_euclid(4) + day_of_year - 719_470
    }

    fn from_march(year: i64, day_of_year: i64) -> Self {
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        Self { year: year + i64::from(month <= 2), month, day }
    }
}

/// 1582-10-15, where `java.util` becomes Gregorian.
const CUTOVER_DAYS: i64 = -141_427;

/// The last day of a month.
pub(crate) fn last_day(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap_year(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Monday is 1, Sunday 7.
pub(crate) fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i64, month: i64, day: i64) -> CivilDate {
        CivilDate { year, month, day }
    }

    #[test]
    fn days_and_dates_go_to_and_fro() {
        for (days, civil) in [
            (0, date(1970, 1, 1)),
            (-1, date(1969, 12, 31)),
            (18_711, date(2021, 3, 25)),
            (-719_162, date(1, 1, 1)),
            (2_932_896, date(9999, 12, 31)),
            (-719_529, date(-1, 12, 31)),
        ] {
            assert_eq!((CivilDate::of(days), civil.days()), (civil, days));
        }
        for days in (-1_000_000..3_000_000).step_by(97) {
            assert_eq!(CivilDate::of(days).days(), days);
            let CivilDate { year, month, day } = CivilDate::of_legacy(days);
            assert_eq!(CivilDate::legacy_days(year, month, day), days, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn java_util_was_julian_before_october_1582() {
        // As UNIX_TIMESTAMP('0001-01-01 00:00:00') = -62135769600 says.
        assert_eq!(CivilDate::legacy_days(1, 1, 1) * DAY_SECONDS, -62_135_769_600);
        assert_eq!(CivilDate::of_legacy(CUTOVER_DAYS - 1), date(1582, 10, 4));
        assert_eq!(CivilDate::of_legacy(CUTOVER_DAYS), date(1582, 10, 15));
        assert_eq!(CivilDate::legacy_days(2021, 13, 1), date(2022, 1, 1).days());
        assert_eq!(CivilDate::legacy_days(2021, 2, 30), date(2021, 3, 2).days());
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!([day_of_week(0), day_of_week(18_711), day_of_week(-4)], [4, 4, 7]);
    }
}
