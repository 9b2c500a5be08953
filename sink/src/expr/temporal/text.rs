//! Texts of dates, times and intervals as casts write and read them.

use std::fmt::{self, Write};

use super::formatter::DateTimeFormatter;
use super::local::LocalDateTime;
use crate::calendar::{CivilDate, DAY_MILLIS};
use crate::format::number::trim;
use crate::row::Timestamp;

/// `2021-03-25`: of the year the last four digits.
pub(crate) fn write_date(days: i64, out: &mut impl Write) -> fmt::Result {
    let CivilDate { year, month, day } = CivilDate::of(days);
    write!(out, "{:04}-{month:02}-{day:02}", year.rem_euclid(10_000))
}

/// `12:34:56`
pub(crate) fn write_time(millis: i64, out: &mut impl Write) -> fmt::Result {
    let second = millis.rem_euclid(DAY_MILLIS) / 1_000;
    write!(out, "{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// `2021-03-25 12:34:56.120`: at least as many digits of fraction as the precision, and all that are not zero.
pub(crate) fn write_timestamp(timestamp: Timestamp, precision: u8, out: &mut impl Write) -> fmt::Result {
    let local = LocalDateTime::of(timestamp);
    write_date(local.days, out)?;
    out.write_char(' ')?;
    write_time(local.second_of_day * 1_000, out)?;
    let mut digits = 9;
    let mut fraction = timestamp.nanos;
    while digits > precision && fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    if digits == 0 { Ok(()) } else { write!(out, ".{fraction:0width$}", width = digits.into()) }
}

/// `+1-02`: years and months.
pub(crate) fn write_months(months: i32, out: &mut impl Write) -> fmt::Result {
    let sign = if months < 0 { '-' } else { '+' };
    let months = months.unsigned_abs();
    write!(out, "{sign}{}-{:02}", months / 12, months % 12)
}

/// `+1 02:03:04.567`: days, and the time. Days are Java's `int`, and wrap.
pub(crate) fn write_millis(millis: i64, out: &mut impl Write) -> fmt::Result {
    let sign = if millis < 0 { '-' } else { '+' };
    let millis = millis.unsigned_abs();
    let day = DAY_MILLIS as u64;
    let (days, rest) = ((millis / day) as i32, millis % day);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    write!(out, "{sign}{days} {hour:02}:{minute:02}:{:02}.{:03}", rest / 1_000 % 60, rest % 1_000)
}

/// A DATE of a text: `2021-3-5`, `2021-03`, `2021`, whatever follows a blank.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let date = match text.find(' ') {
        Some(end) if end > 0 => &text[..end],
        _ => text,
    };
    let mut parts = date.splitn(3, '-').map(whole);
    let year = parts.next()??;
    let month = parts.next().unwrap_or(Some(1))?;
    let day = parts.next().unwrap_or(Some(1))?;
    let date = CivilDate { year, month, day };
    let exists =
        (0..=9_999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= date.last_day();
    exists.then(|| date.days())
}

/// Milliseconds of a TIME: `12`, `12:3`, `12:34:56.789`, blanks around each number. Digits below a millisecond are
/// dropped.
pub(crate) fn read_time(text: &str) -> Option<i32> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(trim(fraction))),
        None => (text, None),
    };
    let mut parts = clock.split(':').map(trim);
    let hour = clock_part(parts.next()?, 23)?;
    let minute = parts.next().map_or(Some(0), |part| clock_part(part, 59))?;
    let (second, has_second) = match parts.next() {
        Some(part) => (clock_part(part, 59)?, true),
        None => (0, false),
    };
    let millis = match fraction {
        Some(digits)
            if has_second && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            digits.bytes().chain(*b"00").take(3).fold(0, |millis, byte| millis * 10 + i32::from(byte - b'0'))
        }
        Some(_) => return None,
        None => 0,
    };
    parts.next().is_none().then_some(((hour * 60 + minute) * 60 + second) * 1_000 + millis)
}

/// A TIMESTAMP of a text, its finer digits cut.
pub(crate) fn read_timestamp(formatter: &DateTimeFormatter, text: &str, precision: u8) -> Option<Timestamp> {
    let Timestamp { seconds, nanos } = formatter.parse(text).ok()?;
    let unit = 10_u32.pow(u32::from(9_u8.saturating_sub(precision)));
    Some(Timestamp { seconds, nanos: nanos - nanos % unit })
}

/// What `java.sql.Timestamp.valueOf` and `java.sql.Date.valueOf` read: Flink's second try. Hours, minutes and seconds
/// run on, and so do days up to the 31st.
pub(crate) fn read_sql(text: &str) -> Option<Timestamp> {
    let text = trim(text);
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let mut part = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().filter(|part| lengths.contains(&part.len())).and_then(java_int)
    };
    let (year, month, day) = (part(4..=4)?, part(1..=2)?, part(1..=2)?);
    if !((1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    let (seconds, nanos) = time.map_or(Some((0, 0)), sql_time)?;
    // The fields are `java.util`'s, and are read back as they are.
    let days = CivilDate::legacy_days(year, month, day) + seconds.div_euclid(86_400);
    let days = CivilDate::of_legacy(days).days();
    Some(Timestamp { seconds: days * 86_400 + seconds.rem_euclid(86_400), nanos })
}

fn sql_time(text: &str) -> Option<(i64, u32)> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, nanos) = match rest.split_once('.') {
        Some((second, fraction)) => {
            let is_number =
                (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
            let digits: u32 = fraction.parse().ok().filter(|_| is_number)?;
            (second, digits * 10_u32.pow(9 - fraction.len() as u32))
        }
        None => (rest, 0),
    };
    Some(((java_int(hour)? * 60 + java_int(minute)?) * 60 + java_int(second)?, nanos))
}

/// `Integer.parseInt`
fn java_int(text: &str) -> Option<i64> {
    text.parse::<i32>().ok().map(i64::from)
}

/// Digits alone, blanks around them aside.
fn whole(text: &str) -> Option<i64> {
    let text = trim(text);
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<i32>().ok().filter(|_| is_number).map(i64::from)
}

fn clock_part(text: &str, most: i32) -> Option<i32> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|part| is_number && *part <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut String) -> fmt::Result) -> String {
        let mut out = String::new();
        write(&mut out).unwrap();
        out
    }

    /// Flink trims each number by itself; comparison-0350.1 has a blank behind the hour.
    #[test]
    fn a_time_may_have_blanks_around_its_numbers() {
        let wanted = Some(((12 * 60 + 3) * 60 + 4) * 1_000 + 500);
        assert_eq!((read_time("12:3:4.5"), read_time(" 12 : 3 : 4 . 5 ")), (wanted, wanted));
        assert_eq!((read_time("12   "), read_time("1 2"), read_time("  ")), (Some(43_200_000), None, None));
    }

    #[test]
    fn timestamps_have_the_digits_of_their_precision_and_all_that_are_not_zero() {
        let at = |nanos| Timestamp { seconds: 1_616_673_722, nanos };
        for (nanos, precision, text) in [
            (0, 0, "2021-03-25 12:02:02"),
            (120_000_000, 3, "2021-03-25 12:02:02.120"),
            (120_000_000, 0, "2021-03-25 12:02:02.12"),
            (0, 9, "2021-03-25 12:02:02.000000000"),
        ] {
            assert_eq!(written(|out| write_timestamp(at(nanos), precision, out)), text);
        }
        let late = Timestamp { seconds: 253_402_329_599, nanos: 0 };
        assert_eq!(written(|out| write_timestamp(late, 0, out)), "0000-01-01 07:59:59");
    }

    /// Vectors cast-1084, cast-1085 and cast-1091.
    #[test]
    fn intervals_are_written_with_their_sign() {
        assert_eq!(written(|out| write_months(14, out)), "+1-02");
        assert_eq!(written(|out| write_months(-13, out)), "-1-01");
        assert_eq!(written(|out| write_millis(93_784_567, out)), "+1 02:03:04.567");
        assert_eq!(written(|out| write_millis(-185_542_587_187_200_000, out)), "--2147483648 00:00:00.000");
    }

    /// Vectors cast-0408 to cast-0413.
    #[test]
    fn dates_and_times_are_read_as_casts_do() {
        let date = |text: &str| read_date(text).map(|days| written(|out| write_date(days, out)));
        for (text, expected) in [
            ("2021-3-5", Some("2021-03-05")),
            ("2021-03", Some("2021-03-01")),
            ("  2", Some("0002-01-01")),
            ("2021-03-25 12:02:02 ", Some("2021-03-25")),
            ("2021-04-31", None),
            ("2021-03-25T12:02:02Z", None),
            ("12:34", None),
            ("", None),
            ("-1-1-1", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("12", Some(43_200_000)),
            ("12:3", Some(43_380_000)),
            ("12:34:56.7891", Some(45_296_789)),
            ("12:", None),
            ("24:00:00", None),
            ("12:34:56:1", None),
            ("123:0", None),
            ("12.5", None),
        ] {
            assert_eq!(read_time(text), expected, "{text}");
        }
    }

    /// Vectors datetime-0409 to datetime-0416.
    #[test]
    fn the_second_try_lets_fields_run_on() {
        let text = |text: &str| read_sql(text).map(|it| written(|out| write_timestamp(it, 0, out)));
        for (given, expected) in [
            ("2021-03-25 1:2:3", Some("2021-03-25 01:02:03")),
            ("2021-02-30 00:00:00", Some("2021-03-02 00:00:00")),
            ("2021-03-25 24:00:00", Some("2021-03-26 00:00:00")),
            ("2021-03-25 12:60:02", Some("2021-03-25 13:00:02")),
            ("0001-01-01 00:00:00", Some("0001-01-01 00:00:00")),
            (" 2021-03-25 ", Some("2021-03-25 00:00:00")),
            ("2021-13-25", None),
            ("2021-03-25 12:02", None),
            ("2021-03-25 12:02:02 AM", None),
            ("2021-03-25T12:02:02", None),
        ] {
            assert_eq!(text(given).as_deref(), expected, "{given}");
        }
    }
}
