//! Dates, times and timestamps: Java's formatters, strict and smart, over the proleptic calendar.

use crate::calendar::{CivilDate, DAY_SECONDS as DAY};
use crate::row::Timestamp;

/// How timestamps are spelled: `timestamp-format.standard`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standard {
    /// `2021-03-25 12:02:02.5`
    #[default]
    Sql,
    /// `2021-03-25T12:02:02.5`
    Iso8601,
}

impl Standard {
    fn separator(self) -> u8 {
        match self {
            Self::Sql => b' ',
            Self::Iso8601 => b'T',
        }
    }
}

/// Days since 1970 of `yyyy-MM-dd`.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let (date, rest) = date(text.as_bytes())?;
    (rest.is_empty() && exists(&date)).then(|| date.days())?.try_into().ok()
}

/// The same as Java's `Date.valueOf` has it: one digit will do for month and day, and 30 February is 2 March.
pub(crate) fn parse_lenient_date(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    let mut part = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next().filter(|part| digits.contains(&part.len()))?;
        part.bytes().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
    };
    let (year, month, day) = (part(4..=4)?, part(1..=2)?, part(1..=2)?);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then(|| CivilDate { year, month, day }.days())?.try_into().ok()
}

/// Milliseconds of the day of Java's `LocalTime.parse`: `HH:mm`, seconds and their fraction only if there are some.
pub(crate) fn parse_clock(text: &str) -> Option<i32> {
    let clock = Clock::of(text.as_bytes(), true)?;
    let seconds = clock.seconds(false)?;
    i32::try_from(seconds * 1_000 + i64::from(clock.nanos / 1_000_000)).ok()
}

/// Milliseconds of the day of `HH:mm:ss.SSS`; what is below a millisecond is cut.
pub(crate) fn parse_time(text: &str) -> Option<i32> {
    let clock = Clock::of(text.as_bytes(), false)?;
    let seconds = clock.seconds(true)? % DAY;
    i32::try_from(seconds * 1_000 + i64::from(clock.nanos / 1_000_000)).ok()
}

/// SQL's formatter is Java's smart one: it knows 24:00:00 and moves 30 February to the month's end. ISO's is strict.
pub(crate) fn parse_timestamp(text: &str, standard: Standard) -> Option<Timestamp> {
    let (date, rest) = date(text.as_bytes())?;
    let clock = Clock::of(rest.strip_prefix(&[standard.separator()])?, standard == Standard::Iso8601)?;
    match standard {
        Standard::Sql => moment(&date, &clock, true),
        Standard::Iso8601 => moment(&date, &clock, false),
    }
}

/// The same with a `Z` behind; smart in both spellings, and seconds are required.
pub(crate) fn parse_instant(text: &str, standard: Standard) -> Option<Timestamp> {
    let (date, rest) = date(text.as_bytes())?;
    let clock = rest.strip_prefix(&[standard.separator()])?.strip_suffix(b"Z")?;
    moment(&date, &Clock::of(clock, false)?, true)
}

fn moment(date: &CivilDate, clock: &Clock, smart: bool) -> Option<Timestamp> {
    let seconds = clock.seconds(smart)?;
    let clamped = CivilDate { day: date.day.min(date.last_day()), ..*date };
    (smart || exists(date)).then(|| Timestamp { seconds: clamped.days() * DAY + seconds, nanos: clock.nanos })
}

/// A time of day, each part in the range of two digits.
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
}

impl Clock {
    fn of(text: &[u8], seconds_optional: bool) -> Option<Self> {
        let (hour, rest) = two(text)?;
        let (minute, rest) = two(rest.strip_prefix(b":")?)?;
        let (second, nanos) = match rest {
            [b':', rest @ ..] => two(rest).and_then(|(second, rest)| Some((second, nanos(rest)?)))?,
            [] if seconds_optional => (0, 0),
            _ => return None,
        };
        Some(Self { hour, minute, second, nanos })
    }

    fn seconds(&self, midnight_at_24: bool) -> Option<i64> {
        let Self { hour, minute, second, nanos } = *self;
        let midnight = midnight_at_24 && hour == 24 && minute == 0 && second == 0 && nanos == 0;
        let valid = (hour <= 23 || midnight) && minute <= 59 && second <= 59;
        valid.then_some(hour * 3_600 + minute * 60 + second)
    }
}

fn exists(date: &CivilDate) -> bool {
    date.day <= date.last_day()
}

/// Four digits of year, or a sign and more of them; month and day in range, not yet against each other.
fn date(text: &[u8]) -> Option<(CivilDate, &[u8])> {
    let (sign, text) = match text.first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => (0, text),
    };
    let digits = text.iter().take(10).position(|&byte| byte == b'-')?;
    let year = text[..digits].iter().try_fold(0, |year, &byte| Some(year * 10 + digit(byte)?))?;
    let fits = match sign {
        0 => digits == 4,
        1 => (5..=9).contains(&digits) && year > 9_999,
        _ => (4..=9).contains(&digits) && year > 0,
    };
    let (month, rest) = two(&text[digits + 1..])?;
    let (day, rest) = two(rest.strip_prefix(b"-")?)?;
    let valid = fits && (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then_some((CivilDate { year: if sign < 0 { -year } else { year }, month, day }, rest))
}

fn two(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([tens, ones], rest) = text.split_first_chunk()?;
    Some((digit(*tens)? * 10 + digit(*ones)?, rest))
}

/// Nothing, a point, or a point and up to nine digits.
fn nanos(text: &[u8]) -> Option<u32> {
    let digits = match text {
        [] => return Some(0),
        [b'.', digits @ ..] if digits.len() <= 9 => digits,
        _ => return None,
    };
    let nanos = digits.iter().try_fold(0, |nanos, &byte| Some(nanos * 10 + digit(byte)? as u32))?;
    Some(nanos * 10u32.pow(9 - digits.len() as u32))
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// `2021-03-25`, `+10000-01-01`, `-0001-01-01`.
pub(crate) fn write_date(days: i64, out: &mut Vec<u8>) {
    let CivilDate { year, month, day } = CivilDate::of(days);
    match year {
        10_000.. => out.push(b'+'),
        ..0 => out.push(b'-'),
        _ => {}
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(year.unsigned_abs()).as_bytes();
    out.extend_from_slice(&b"000"[digits.len().min(4) - 1..]);
    out.extend_from_slice(digits);
    write_two(Some(b'-'), month, out);
    write_two(Some(b'-'), day, out);
}

/// `12:34:56`: the milliseconds are dropped as up to Flink 2.2; 2.3 writes them.
pub(crate) fn write_time(millis: i32, out: &mut Vec<u8>) {
    write_clock(None, i64::from(millis).div_euclid(1_000).rem_euclid(DAY), out);
}

/// `12:34:56.12`: as many digits of fraction as the value has.
pub(crate) fn write_time_with_millis(millis: i32, out: &mut Vec<u8>) {
    write_time(millis, out);
    // A remainder of a thousand.
    write_fraction(millis.rem_euclid(1_000) as u32 * 1_000_000, out);
}

/// As many digits of fraction as the value has; the declared precision does not count.
pub(crate) fn write_timestamp(time: Timestamp, standard: Standard, out: &mut Vec<u8>) {
    write_date(time.seconds.div_euclid(DAY), out);
    write_clock(Some(standard.separator()), time.seconds.rem_euclid(DAY), out);
    write_fraction(time.nanos, out);
}

fn write_fraction(nanos: u32, out: &mut Vec<u8>) {
    if nanos > 0 {
        out.push(b'.');
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(1_000_000_000 + nanos).trim_end_matches('0');
        out.extend_from_slice(&digits.as_bytes()[1..]);
    }
}

fn write_clock(before: Option<u8>, second: i64, out: &mut Vec<u8>) {
    write_two(before, second / 3_600, out);
    write_two(Some(b':'), second / 60 % 60, out);
    write_two(Some(b':'), second % 60, out);
}

fn write_two(before: Option<u8>, number: i64, out: &mut Vec<u8>) {
    out.extend(before);
    out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
}
