//! Moments as the text that programs have of them: ISO 8601, as chrono, jiff and JavaScript write it.

use crate::format::time::{self, Standard};
use crate::row::Timestamp;
use crate::types::LogicalType;

/// Days since 1970.
pub(super) fn date(text: &str) -> Option<i32> {
    time::parse_date(text)
}

/// Milliseconds of the day; `None` too where the text has less than a millisecond.
pub(super) fn time_of_day(text: &str) -> Option<i32> {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let is_exact = fraction.bytes().skip(3).all(|digit| digit == b'0');
    time::parse_clock(text).filter(|_| is_exact)
}

/// A wall clock, with a `T` or a blank between date and time.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    time::parse_timestamp(text, Standard::Iso8601).or_else(|| time::parse_timestamp(text, Standard::Sql))
}

/// An instant: a wall clock, and behind it `Z` or how far it is ahead of UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if let Some(utc) = text.strip_suffix(['Z', 'z']) {
        return timestamp(utc);
    }
    // A date has its signs before the time begins.
    let at = text.rfind(['+', '-']).filter(|at| text[..*at].contains(':'))?;
    let wall = timestamp(&text[..at])?;
    let (hours, minutes) = text[at + 1..].split_once(':').or_else(|| text[at + 1..].split_at_checked(2))?;
    let part = |digits: &str, end: i64| {
        let number: i64 = (digits.len() == 2).then(|| digits.parse().ok())??;
        (number < end && digits.bytes().all(|it| it.is_ascii_digit())).then_some(number)
    };
    let minutes = if minutes.is_empty() { 0 } else { part(minutes, 60)? };
    let offset = part(hours, 24)? * 3_600 + minutes * 60;
    let ahead = if text.as_bytes()[at] == b'-' { -offset } else { offset };
    Some(Timestamp { seconds: wall.seconds.checked_sub(ahead)?, ..wall })
}

/// A timestamp of a column of this type, as text.
pub(super) fn timestamp_text(at: Timestamp, logical: &LogicalType) -> String {
    let zone = if matches!(logical, LogicalType::TimestampLtz(_)) { "Z" } else { "" };
    written(|out| time::write_timestamp(at, Standard::Iso8601, out)) + zone
}

pub(super) fn date_text(days: i32) -> String {
    written(|out| time::write_date(days.into(), out))
}

pub(super) fn time_text(millis: i32) -> String {
    written(|out| time::write_time_with_millis(millis, out))
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_says_how_far_it_is_from_utc() {
        let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
        // 2026-01-31T12:00:00Z is 1769860800 (date -u -d @1769860800).
        assert_eq!(instant("2026-01-31T12:00:00Z"), at(1_769_860_800, 0));
        assert_eq!(instant("2026-01-31 12:00:00.5Z"), at(1_769_860_800, 500_000_000));
        assert_eq!(instant("2026-01-31T14:30:00+02:30"), at(1_769_860_800, 0));
        assert_eq!(instant("2026-01-31T11:00:00-0100"), at(1_769_860_800, 0));
        assert_eq!(instant("2026-01-31T14:00:00+02"), at(1_769_860_800, 0));
        for none in [
            "2026-01-31T12:00:00",
            "2026-01-31",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00:00+2:00",
            "Z",
            "+",
            "2026-01-31T12:00:00+é",
        ] {
            assert_eq!(instant(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_of_day_is_exact_to_the_millisecond() {
        assert_eq!(time_of_day("12:34:56.789000"), Some(45_296_789));
        assert_eq!(time_of_day("12:34:56.7891"), None);
        assert_eq!(time_of_day("12:34"), Some(45_240_000));
        assert_eq!(time_of_day("25:00:00"), None);
    }
}
