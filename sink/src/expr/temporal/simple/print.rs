//! From an instant to its text.

use std::fmt::{self, Write};

use super::{Piece, SimpleDateFormat};
use crate::calendar::{CivilDate, DAY_MILLIS, day_of_week};
use crate::expr::temporal::field::{ERAS, HALVES, MONTHS, WEEKDAYS};
use crate::expr::temporal::zone::Zone;

/// What a `GregorianCalendar` shows of an instant.
struct Shown<'a> {
    date: CivilDate,
    days: i64,
    milli_of_day: i64,
    zone: &'a Zone,
    seconds: i64,
}

impl SimpleDateFormat {
    /// Writes an instant into a text, which never fails, as the zone's clocks and `java.util`'s calendar show it.
    pub(crate) fn print(&self, millis: i64, zone: &Zone, out: &mut impl Write) -> fmt::Result {
        let seconds = millis.div_euclid(1_000);
        let local = i128::from(millis) + i128::from(zone.legacy_offset_at(seconds)) * 1_000;
        // An i64 of milliseconds has few enough days.
        let days = local.div_euclid(DAY_MILLIS.into()) as i64;
        let milli_of_day = local.rem_euclid(DAY_MILLIS.into()) as i64;
        let shown = Shown { date: CivilDate::of_legacy(days), days, milli_of_day, zone, seconds };
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => out.write_str(text),
            Piece::Letters(letter, count) => shown.print(*letter, *count, out),
        })
    }
}

impl Shown<'_> {
    fn print(&self, letter: char, count: usize, out: &mut impl Write) -> fmt::Result {
        let CivilDate { year, month, .. } = self.date;
        let year_of_era = if year > 0 { year } else { 1 - year };
        let hour = self.milli_of_day / 3_600_000;
        let weekday = day_of_week(self.days);
        let name = |name: &'static str, is_full: bool| if is_full { name } else { &name[..3] };
        match letter {
            'G' => out.write_str(ERAS[usize::from(year > 0)]),
            'y' | 'Y' => {
                let year = if letter == 'Y' { self.week_of_year().0 } else { year_of_era };
                if count == 2 { number(year % 100, 2, out) } else { number(year, count, out) }
            }
            'M' | 'L' if count > 2 => out.write_str(name(MONTHS[(month - 1) as usize], count > 3)),
            'E' => out.write_str(name(WEEKDAYS[(weekday - 1) as usize], count > 3)),
            'a' => out.write_str(HALVES[usize::from(hour >= 12)]),
            'z' => out.write_str(&self.zone.abbreviation_at(self.seconds)),
            'Z' | 'X' => self.print_offset(letter, count, out),
            _ => number(self.value(letter, hour, weekday), count, out),
        }
    }

    fn value(&self, letter: char, hour: i64, weekday: i64) -> i64 {
        let CivilDate { year, month, day } = self.date;
        match letter {
            'M' | 'L' => month,
            'd' => day,
            'D' => self.days - CivilDate::legacy_days(year, 1, 1) + 1,
            'F' => (day - 1) / 7 + 1,
            'u' => weekday,
            'w' => self.week_of_year().1,
            'W' => (day + 6 + day_of_week(self.days - day + 1) % 7) / 7,
            'H' => hour,
            'k' => (hour + 23) % 24 + 1,
            'K' => hour % 12,
            'h' => (hour + 11) % 12 + 1,
            'm' => self.milli_of_day / 60_000 % 60,
            's' => self.milli_of_day / 1_000 % 60,
            _ => self.milli_of_day % 1_000,
        }
    }

    /// The year that the week belongs to, and the week in it: weeks begin on Sunday, the first holds 1 January.
    fn week_of_year(&self) -> (i64, i64) {
        let begin_of = |year: i64| {
            let first = CivilDate::legacy_days(year, 1, 1);
            first - day_of_week(first) % 7
        };
        let year = self.date.year;
        if self.days >= begin_of(year + 1) {
            return (year + 1, 1);
        }
        (year, (self.days - begin_of(year)) / 7 + 1)
    }

    fn print_offset(&self, letter: char, count: usize, out: &mut impl Write) -> fmt::Result {
        let minutes = self.zone.legacy_offset_at(self.seconds) / 60;
        if letter == 'X' && minutes == 0 {
            return out.write_char('Z');
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        match (letter, count) {
            ('X', 1) => write!(out, "{sign}{hours:02}"),
            ('X', 3) => write!(out, "{sign}{hours:02}:{minutes:02}"),
            _ => write!(out, "{sign}{hours:02}{minutes:02}"),
        }
    }
}

fn number(value: i64, width: usize, out: &mut impl Write) -> fmt::Result {
    write!(out, "{value:0width$}")
}
