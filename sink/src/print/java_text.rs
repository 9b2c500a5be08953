//! Values as `toString` of Java's classes has them: what Flink's `print` connector writes, unlike a cast to STRING.

use crate::format::{decimal, time};
use crate::row::{Timestamp, Unscaled};

/// `LocalDateTime`: `2021-03-24T10:00`, seconds only where there are some.
pub(super) fn local_date_time(at: Timestamp, out: &mut Vec<u8>) {
    time::write_date(at.seconds.div_euclid(DAY_SECONDS), out);
    out.push(b'T');
    clock(at.seconds.rem_euclid(DAY_SECONDS), at.nanos, false, out);
}

/// `Instant`: `2021-03-24T10:00:00Z`, always with seconds.
pub(super) fn instant(at: Timestamp, out: &mut Vec<u8>) {
    time::write_date(at.seconds.div_euclid(DAY_SECONDS), out);
    out.push(b'T');
    clock(at.seconds.rem_euclid(DAY_SECONDS), at.nanos, true, out);
    out.push(b'Z');
}

/// `LocalTime`: `10:00`, `10:00:01.500`.
pub(super) fn local_time(millis: i32, out: &mut Vec<u8>) {
    let nanos = millis.rem_euclid(1_000).unsigned_abs() * 1_000_000;
    clock(i64::from(millis.div_euclid(1_000)), nanos, false, out);
}

/// `BigDecimal`: all zeros of the scale, and an exponent where six of them would stand behind the point.
pub(super) fn big_decimal(Unscaled(unscaled): Unscaled, scale: u8, out: &mut Vec<u8>) {
    let mut plain = Vec::new();
    decimal::write_plain(unscaled, scale, &mut plain);
    decimal::write_exact(&String::from_utf8_lossy(&plain), out);
}

/// Digits of the fraction by threes, as many as are not all zero.
fn clock(seconds: i64, nanos: u32, with_seconds: bool, out: &mut Vec<u8>) {
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    out.extend_from_slice(format!("{hour:02}:{minute:02}").as_bytes());
    if !with_seconds && second == 0 && nanos == 0 {
        return;
    }
    out.extend_from_slice(format!(":{second:02}").as_bytes());
    let digits = format!("{nanos:09}");
    let length = match nanos {
        0 => return,
        _ if nanos.is_multiple_of(1_000_000) => 3,
        _ if nanos.is_multiple_of(1_000) => 6,
        _ => 9,
    };
    out.push(b'.');
    out.extend_from_slice(&digits.as_bytes()[..length]);
}

const DAY_SECONDS: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Said by jshell of Java 17.
    #[test]
    fn values_read_as_java_prints_them() {
        for (seconds, nanos, wall, moment) in [
            (1_616_580_000, 0, "2021-03-24T10:00", "2021-03-24T10:00:00Z"),
            (1_616_580_001, 0, "2021-03-24T10:00:01", "2021-03-24T10:00:01Z"),
            (1_616_580_000, 250_000_000, "2021-03-24T10:00:00.250", "2021-03-24T10:00:00.250Z"),
            (1_616_580_000, 120_000, "2021-03-24T10:00:00.000120", "2021-03-24T10:00:00.000120Z"),
            (1_616_580_000, 7, "2021-03-24T10:00:00.000000007", "2021-03-24T10:00:00.000000007Z"),
            (-1, 0, "1969-12-31T23:59:59", "1969-12-31T23:59:59Z"),
        ] {
            let at = Timestamp { seconds, nanos };
            assert_eq!(text(|out| local_date_time(at, out)), wall);
            assert_eq!(text(|out| instant(at, out)), moment);
        }
        for (millis, expected) in [(0, "00:00"), (36_001_000, "10:00:01"), (36_000_005, "10:00:00.005")] {
            assert_eq!(text(|out| local_time(millis, out)), expected);
        }
        for (unscaled, scale, expected) in [
            (6_000, 2, "60.00"),
            (0, 2, "0.00"),
            (1, 10, "1E-10"),
            (0, 10, "0E-10"),
            (-12, 0, "-12"),
            (1, 6, "0.000001"),
        ] {
            assert_eq!(text(|out| big_decimal(Unscaled(unscaled), scale, out)), expected);
        }
    }
}
