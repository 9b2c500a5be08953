//! What Flink 2.2 answered: golden vectors datetime-0399 to datetime-0466 and zone-0011 to zone-0015.

use super::*;
use crate::calendar::CivilDate;
use crate::expr::temporal::zone::Zone;

/// 2026-11-29
const NOW: i64 = 1_795_910_400;

fn date(pattern: &str, text: &str) -> Option<(i64, i64, i64)> {
    let millis = SimpleDateFormat::new(pattern).unwrap().parse(text, &Zone::utc(), NOW)?;
    let CivilDate { year, month, day } = CivilDate::of(millis.div_euclid(86_400_000));
    Some((year, month, day))
}

#[test]
fn texts_are_parsed_leniently() {
    for (pattern, text, expected) in [
        ("yyyy-MM-dd", "  2021-03-25", Some((2021, 3, 25))),
        ("yyyy-MM-dd", "10000-01-01", Some((10_000, 1, 1))),
        ("yyyy-MM-dd", "2021-13-01", Some((2022, 1, 1))),
        ("yyyy-MM-dd", "2021", None),
        ("yyyyMMdd", "2021-3-5", Some((2020, 8, 26))),
        ("yyyyMMdd", "2021-03-25", Some((2020, 12, 3))),
        ("yyyyMMdd", "20210325", Some((2021, 3, 25))),
        ("yyyy-M-d", "2021-03-25x", Some((2021, 3, 25))),
        ("yyyy-M-d", "-2021-03-25", Some((-2021, 3, 8))),
        ("yy-M-d", "21-3-5", Some((2021, 3, 5))),
        ("yy-M-d", "0001-01-01", Some((0, 12, 30))),
        ("MMM dd yyyy", "Mar 25 2021", Some((2021, 3, 25))),
        ("EEEE, d MMMM yyyy", "thursday, 25 MARCH 2021", Some((2021, 3, 25))),
        ("yyyy-DDD", "2021-084", Some((2021, 3, 25))),
        ("yyyy-'W'ww-E", "2021-W13-Thu", Some((2021, 3, 25))),
        ("", "2021", None),
    ] {
        assert_eq!(date(pattern, text), expected, "{pattern} {text}");
    }
    // Whose 80 years begin on this very day.
    assert_eq!(date("yy-MM-dd", "46-11-28"), Some((2046, 11, 28)));
    assert_eq!(date("yy-MM-dd", "46-11-30"), Some((1946, 11, 30)));
}

#[test]
fn seconds_are_those_of_java_util() {
    let seconds = |zone: &str, pattern: &str, text: &str| {
        let zone = Zone::of_id(zone).unwrap();
        SimpleDateFormat::new(pattern).unwrap().parse(text, &zone, NOW).map(|millis| millis / 1_000)
    };
    let pattern = "yyyy-MM-dd HH:mm:ss";
    assert_eq!(SimpleDateFormat::new(pattern).unwrap(), SimpleDateFormat::of_timestamps());
    for (zone, text, expected) in [
        ("UTC", "2021-02-30 00:00:00", 1_614_643_200),
        ("UTC", "0001-01-01 00:00:00", -62_135_769_600),
        ("UTC", "2021-03-25 12:60:02", 1_616_677_202),
        ("America/New_York", "2021-03-14 02:30:00", 1_615_707_000),
        ("America/New_York", "2021-11-07 01:30:00", 1_636_266_600),
        ("America/New_York", "1883-11-18 12:00:00", -2_717_650_800),
        ("Asia/Shanghai", "1940-06-01 00:30:00", -933_665_400),
        ("Asia/Shanghai", "1900-12-31 23:55:00", -2_177_481_900),
    ] {
        assert_eq!(seconds(zone, pattern, text), Some(expected), "{text}");
    }
    assert_eq!(
        seconds("UTC", "yyyy-MM-dd HH:mm:ss.SSS", "2021-03-25 12:02:02.123456789"),
        Some(1_616_797_178)
    );
    assert_eq!(seconds("UTC", "yyyy-MM-dd'T'HH:mm:ssXXX", "2021-03-25T12:02:02+01:00"), Some(1_616_670_122));
    assert_eq!(seconds("UTC", "yyyy-MM-dd HH:mm Z", "2021-03-25 12:02 +0100"), Some(1_616_670_120));
    assert_eq!(seconds("UTC", "hh:mm a", "12:30 am"), Some(1_800));
}

#[test]
fn instants_are_printed_as_java_util_shows_them() {
    let print = |zone: &str, pattern: &str, seconds: i64| {
        let mut out = String::new();
        let format = SimpleDateFormat::new(pattern).unwrap();
        format.print(seconds * 1_000, &Zone::of_id(zone).unwrap(), &mut out).unwrap();
        out
    };
    for (zone, pattern, seconds, expected) in [
        ("UTC", "yyyy-MM-dd HH:mm:ss", -62_135_596_801, "0001-01-02 23:59:59"),
        ("UTC", "yyyy-MM-dd", 1_616_673_722_123, "53200-05-08"),
        ("America/New_York", "yyyy-MM-dd HH:mm:ss z", 671_558_400, "1991-04-13 12:00:00 EDT"),
        ("America/New_York", "yyyy-MM-dd HH:mm:ss z", -2_208_988_800, "1899-12-31 19:00:00 EST"),
        ("Asia/Shanghai", "yyyy-MM-dd HH:mm:ss z", 671_558_400, "1991-04-14 00:00:00 CST"),
        ("Asia/Shanghai", "XXX Z X", 1_616_673_722, "+08:00 +0800 +08"),
        (
            "UTC",
            "EEE, d MMM yy h:m a D w u 'o''clock'",
            1_616_673_722,
            "Thu, 25 Mar 21 12:2 PM 84 13 4 o'clock",
        ),
    ] {
        assert_eq!(print(zone, pattern, seconds), expected);
    }
}

#[test]
fn patterns_that_java_refuses_are_refused_with_its_words() {
    for (pattern, why) in [
        ("bad", "Illegal pattern character 'b'"),
        ("'x", "Unterminated quote"),
        ("XXXX", "invalid ISO 8601 format: length=4"),
    ] {
        assert_eq!(SimpleDateFormat::new(pattern), Err(why.to_owned()));
    }
    // Java writes such numbers; nobody needs them a megabyte wide.
    assert!(SimpleDateFormat::new(&"y".repeat(100_000)).is_err());
}
