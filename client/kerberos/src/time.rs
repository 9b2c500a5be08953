//! Time: a moment that the caller tells, and Kerberos' way of writing it.

/// A moment: seconds since 1970, and the microseconds beyond.
///
/// This crate reads no clock. Whoever reads one for it should not give the same moment twice: services take two
/// requests of one moment for one that was stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Microseconds beyond, below 1,000,000.
    pub micros: u32,
}

impl UnixTime {
    /// From microseconds since 1970.
    pub fn from_micros(micros: i64) -> Self {
        let beyond = u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default();
        Self { seconds: micros.div_euclid(1_000_000), micros: beyond }
    }
}

/// `YYYYMMDDHHMMSSZ`.
pub(crate) fn format(unix_s: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(unix_s);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
}

/// `2026-11-29 12:00:05 UTC`, as errors say it.
pub(crate) fn shown(unix_s: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(unix_s);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `2 d 3 h`, `10 min 3 s`: the two largest units.
pub(crate) fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(units.len() - 1);
    let (size, name) = units[first];
    let mut text = format!("{} {name}", seconds / size);
    if let Some((size, name)) = units.get(first + 1)
        && let beyond @ 1.. = seconds % units[first].0 / size
    {
        text += &format!(" {beyond} {name}");
    }
    text
}

/// Seconds since 1970 of `YYYYMMDDHHMMSSZ`.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z").filter(|it| it.len() == 14 && it.iter().all(u8::is_ascii_digit))?;
    let number = |from: usize, to: usize| -> i64 {
        digits[from..to].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(8, 10), number(10, 12), number(12, 14));
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    valid.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of a day of the Gregorian calendar, whose years are counted from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month, day, hour, minute and second; years before 0 or after 9999 cannot be written.
fn civil(unix_s: i64) -> (i64, i64, i64, i64, i64, i64) {
    let unix_s = unix_s.clamp(FIRST_S, LAST_S);
    let (days, rest) = (unix_s.div_euclid(86_400) + 719_468, unix_s.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day, rest / 3600, rest / 60 % 60, rest % 60)
}

/// 0000-03-01.
const FIRST_S: i64 = -62_162_035_200;
/// 9999-12-31 23:59:59.
const LAST_S: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_that_date_says() {
        // By `date -u -d @… +%Y%m%d%H%M%SZ`.
        for (unix_s, text) in [
            (0, "19700101000000Z"),
            (951_782_399, "20000228235959Z"),
            (951_782_400, "20000229000000Z"),
            (1_709_164_800, "20240229000000Z"),
            (1_796_040_005, "20261130120005Z"),
            (4_107_542_400, "21000301000000Z"),
            (LAST_S, "99991231235959Z"),
        ] {
            assert_eq!(format(unix_s), text);
            assert_eq!(parse(text.as_bytes()), Some(unix_s));
        }
        assert_eq!(format(i64::MAX), "99991231235959Z");
        assert_eq!(format(i64::MIN), "00000301000000Z");
        for text in ["", "20261130100005", "20261330100005Z", "2026113010000xZ", "20261130250005Z"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_span_is_said_in_its_two_largest_units() {
        for (seconds, text) in
            [(0, "0 s"), (45, "45 s"), (300, "5 min"), (603, "10 min 3 s"), (93_700, "1 d 2 h")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
