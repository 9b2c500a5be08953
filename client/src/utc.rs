//! Moments in UTC as text: what tokens and signatures carry, and what errors show.

/// For people: `2026-11-29 12:34:56 UTC`
pub(crate) fn shown(unix_s: i64) -> String {
    let (date, time) = date_and_time(unix_s);
    format!("{date} {time} UTC")
}

/// `2026-11-29T12:34:56Z`
#[cfg(feature = "oauth")]
pub(crate) fn iso(unix_ms: i64) -> String {
    let (date, time) = date_and_time(unix_ms.div_euclid(1000));
    format!("{date}T{time}Z")
}

/// `20261129T123456Z`
#[cfg(feature = "msk-iam")]
pub(crate) fn basic(unix_ms: i64) -> String {
    iso(unix_ms).replace(['-', ':'], "")
}

/// Reads what [`iso`] writes, with or without a fraction of a second. `None` where it is something else.
#[cfg(feature = "msk-iam")]
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let time = time.split('.').next()?;
    let numbers = |text: &str, separator| -> Option<[i64; 3]> {
        let numbers: Vec<i64> = text
            .split(separator)
            .map(|it| {
                it.parse().ok().filter(|_| it.bytes().all(|byte| byte.is_ascii_digit()) && it.len() <= 4)
            })
            .collect::<Option<_>>()?;
        numbers.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(time, ':')?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second) * 1000)
}

/// Reads HTTP's `Date`, `Sun, 29 Nov 2026 12:34:56 GMT` (RFC 9110 5.6.7, IMF-fixdate), as seconds since 1970. `None`
/// where it is something else, the forms of last century among them.
#[cfg(feature = "oauth")]
pub(crate) fn parse_http(text: &str) -> Option<i64> {
    let (_, moment) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = moment.split(' ').collect::<Vec<_>>()[..] else { return None };
    let number = |text: &str, digits: usize| -> Option<i64> {
        text.parse().ok().filter(|_| text.len() == digits && text.bytes().all(|it| it.is_ascii_digit()))
    };
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    let (year, day) = (number(year, 4)?, number(day, 2)?);
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second)
}

#[cfg(feature = "oauth")]
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2026-11-29` and `12:34:56`
fn date_and_time(unix_s: i64) -> (String, String) {
    let (days, of_day) = (unix_s.div_euclid(DAY_S), unix_s.rem_euclid(DAY_S));
    // Years begin with March, so that a leap day is the last: eras of 400 years are all alike.
    let shifted = days + DAYS_TO_1970;
    let era = shifted.div_euclid(ERA_DAYS);
    let of_era = shifted.rem_euclid(ERA_DAYS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
}

/// Days from 1970 to that day.
#[cfg(feature = "oauth")]
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970
}

const DAY_S: i64 = 86_400;
const ERA_DAYS: i64 = 146_097;
/// From the first of March of the year 0.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected by Python's `datetime.fromtimestamp(…, UTC)`.
    const MOMENTS: &[(i64, &str)] = &[
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (1_709_210_096, "2024-02-29T12:34:56Z"),
        (1_795_955_696, "2026-11-29T12:34:56Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ];

    #[test]
    fn moments_are_written_as_pythons_calendar_has_them() {
        for (seconds, text) in MOMENTS {
            assert_eq!(shown(*seconds), format!("{} UTC", text.replace('T', " ").trim_end_matches('Z')));
            #[cfg(feature = "oauth")]
            assert_eq!(iso(seconds * 1000 + 999), *text);
        }
    }

    /// Expected by Python's `email.utils.formatdate(…, usegmt=True)`.
    #[cfg(feature = "oauth")]
    #[test]
    fn the_date_of_an_http_answer_is_read_and_nothing_else() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
            (1_795_955_696, "Sun, 29 Nov 2026 12:34:56 GMT"),
        ] {
            assert_eq!(parse_http(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_http(text), None, "{text}");
        }
    }

    #[cfg(feature = "msk-iam")]
    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for (seconds, text) in MOMENTS {
            assert_eq!(parse_iso(text), Some(seconds * 1000));
        }
        assert_eq!(basic(1_795_955_696_000), "20261129T123456Z");
        assert_eq!(parse_iso("2026-11-29T12:34:56.789Z"), Some(1_795_955_696_000));
        for text in
            ["", "Z", "2026-11-29", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "+026-01-01T00:00:00Z"]
        {
            assert_eq!(parse_iso(text), None, "{text}");
        }
        assert_eq!(parse_iso("99999999999999999999-01-01T00:00:00Z"), None);
    }
}
