//! What Flink 2.2 answered: golden vectors datetime-0359 to datetime-0422, and the rules of `java.time` they rest on.

use super::*;
use crate::calendar::CivilDate;
use crate::expr::temporal::local::LocalDateTime;
use crate::row::Timestamp;

fn at(year: i64, month: i64, day: i64, second_of_day: i64, nanos: u32) -> Timestamp {
    Timestamp { seconds: CivilDate { year, month, day }.days() * 86_400 + second_of_day, nanos }
}

fn print(pattern: &str, timestamp: Timestamp) -> Result<String, String> {
    let mut out = String::new();
    DateTimeFormatter::of_pattern(pattern)?.print(&LocalDateTime::of(timestamp), &mut out)?;
    Ok(out)
}

#[test]
fn timestamps_are_printed_as_java_does() {
    let noon = at(2021, 3, 25, 43_322, 123_000_000);
    for (pattern, text) in [
        ("yyyy/MM/dd hh:mm a", "2021/03/25 12:02 PM"),
        ("EEE, d MMM yyyy", "Thu, 25 Mar 2021"),
        ("EEEE MMMM", "Thursday March"),
        ("yy-M-d H:m:s", "21-3-25 12:2:2"),
        ("yyyy-'W'ww", "2021-W13"),
        ("D", "84"),
        ("e", "5"),
        ("Q QQQ", "1 Q1"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS", "2021-03-25T12:02:02.123000000"),
        ("n A k G", "123000000 43322123 12 AD"),
        ("%Y", "%2021"),
        ("[XXX]ss.S", "02.1"),
        ("''", "'"),
        ("", ""),
    ] {
        assert_eq!(print(pattern, noon).as_deref(), Ok(text), "{pattern}");
    }
    assert_eq!(print("yyyyMMdd", at(10_000, 1, 1, 0, 0)).as_deref(), Ok("+100000101"));
}

#[test]
fn patterns_that_java_refuses_are_refused_with_its_words() {
    let now = at(2021, 3, 25, 0, 0);
    for (pattern, why) in [
        ("'", "Pattern ends with an incomplete string literal: '"),
        ("bad{", "Unknown pattern letter: b"),
        ("XXX", "Unsupported field: OffsetSeconds"),
        ("z", "Unable to extract ZoneId from temporal"),
        ("HHH", "Too many pattern letters: H"),
        ("]", "Pattern invalid as it contains ] without previous ["),
    ] {
        assert_eq!(print(pattern, now), Err(why.to_owned()), "{pattern}");
    }
    assert!(DateTimeFormatter::of_pattern(&"[".repeat(100_000)).is_err());
    assert!(DateTimeFormatter::of_pattern(&format!("{}H", "p".repeat(100_000))).is_err());
}

#[test]
fn texts_are_parsed_strictly_and_resolved_smartly() {
    let parse = |pattern: &str, text: &str| DateTimeFormatter::of_pattern(pattern).unwrap().parse(text);
    let second = at(2021, 3, 25, 43_322, 0);
    assert_eq!(parse("yyyy-MM-dd HH:mm:ss", "2021-03-25 12:02:02"), Ok(second));
    assert_eq!(parse("yyyyMMddHHmmss", "20210325120202"), Ok(second));
    assert_eq!(parse("dd/MM/yyyy HH:mm", "25/03/2021 12:02"), Ok(at(2021, 3, 25, 43_320, 0)));
    assert_eq!(parse("yyyy-MM-dd hh:mm:ss a", "2021-03-25 12:02:02 AM"), Ok(at(2021, 3, 25, 122, 0)));
    assert_eq!(parse("yyyy-MM-dd HH:mm:ssXXX", "2021-03-25 12:02:02+01:00"), Ok(second));
    assert_eq!(parse("yyyy-MM-dd", "2021-02-30"), Ok(at(2021, 2, 28, 0, 0)));
    assert_eq!(parse("yyyy-MM-dd HH:mm:ss", "2021-03-25 24:00:00"), Ok(at(2021, 3, 26, 0, 0)));
    assert_eq!(parse("yyyy", "2021"), Ok(at(2021, 1, 1, 0, 0)));
    assert_eq!(parse("", ""), Ok(at(1970, 1, 1, 0, 0)));
    for (pattern, text) in [
        ("yyyy-MM-dd HH:mm:ss", "2021-03-25 12:60:02"),
        ("yyyy-MM-dd", "2021-3-5"),
        ("yyyy", "20211"),
        ("EEE yyyy-MM-dd", "Mon 2021-03-25"),
    ] {
        assert_eq!(parse(pattern, text), Err(ParseFailure::Text), "{text}");
    }
    assert_eq!(parse("MM-dd", "02-30"), Err(ParseFailure::Moment));
}

#[test]
fn without_a_pattern_the_time_may_be_missing_and_months_short() {
    let parse = |text: &str| DateTimeFormatter::of_timestamps().parse(text);
    assert_eq!(parse("2021-3-5"), Ok(at(2021, 3, 5, 0, 0)));
    assert_eq!(parse("2021-03-25 12:02:02."), Ok(at(2021, 3, 25, 43_322, 0)));
    assert_eq!(parse("2021-03-25 1:2:3.123456789"), Ok(at(2021, 3, 25, 3_723, 123_456_789)));
    assert_eq!(parse("2021-04-31"), Ok(at(2021, 4, 30, 0, 0)));
    for text in
        ["2021-03-25T12:02:02", "2021-03-25 ", "12:02", "", "2021-13-01", "2021-03-25 12:02:02.1234567891"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}
