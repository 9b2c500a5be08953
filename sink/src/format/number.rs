//! Java's reading of numbers in text, and Java's text of floating point numbers.

use std::fmt::Arguments;
use std::io::Write as _;
use std::str::FromStr;

/// What `Integer.parseInt` and its kin take, blanks around it aside.
#[inline]
pub(crate) fn integer<T: FromStr>(text: &str) -> Option<T> {
    trim(text).parse().ok()
}

/// What `Double.parseDouble` and `Float.parseFloat` take.
#[inline]
pub(crate) fn floating<T: Floating>(text: &str) -> Option<T> {
    let text = trim(text);
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok().or_else(|| hexadecimal(text)),
        b'd' | b'D' | b'f' | b'F' => {
            let number = &text[..text.len() - 1];
            let ends = number.ends_with(|last: char| last.is_ascii_digit() || last == '.');
            if ends { number.parse().ok().or_else(|| hexadecimal(number)) } else { None }
        }
        _ => match text.trim_start_matches(['+', '-']) {
            "NaN" | "Infinity" if text.len() <= "+Infinity".len() => text.parse().ok(),
            _ => None,
        },
    }
}

/// FLOAT or DOUBLE: what the two differ in.
pub(crate) trait Floating: FromStr {
    /// Bits of a normal number's digits.
    const PRECISION: i32;
    /// The exponent of the least number above zero.
    const EXPONENT_MIN: i32;

    fn from_f64(exact: f64) -> Self;
}

impl Floating for f32 {
    const PRECISION: i32 = 24;
    const EXPONENT_MIN: i32 = -149;

    fn from_f64(exact: f64) -> Self {
        exact as Self
    }
}

impl Floating for f64 {
    const PRECISION: i32 = 53;
    const EXPONENT_MIN: i32 = -1074;

    fn from_f64(exact: f64) -> Self {
        exact
    }
}

/// `0x1.8p3`, rounded once, half to even.
#[cold]
fn hexadecimal<T: Floating>(text: &str) -> Option<T> {
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let (digits, exponent) = text.strip_prefix("0x").or(text.strip_prefix("0X"))?.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut exponent = binary_exponent(exponent)? - 4 * fraction.len() as i64;
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    // Digits beyond 60 bits only say that there is more: the last bit sticks.
    let mut mantissa = 0u64;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if mantissa < 1 << 56 {
            mantissa = mantissa * 16 + digit;
        } else {
            mantissa |= u64::from(digit != 0);
            exponent += 4;
        }
    }
    let bits = i64::from(64 - mantissa.leading_zeros());
    let excess = (bits - i64::from(T::PRECISION)).max(i64::from(T::EXPONENT_MIN) - exponent).max(0);
    Some(T::from_f64(sign * scaled(half_even(mantissa, excess), exponent.saturating_add(excess))))
}

/// An exponent too long for any number is as good as a very large one.
fn binary_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i64::from(i32::MAX)).min(i64::from(i32::MAX));
    Some(if text.starts_with('-') { -size } else { size })
}

fn half_even(mantissa: u64, drop: i64) -> u64 {
    match drop {
        0 => mantissa,
        1..=63 => {
            let (kept, rest, half) = (mantissa >> drop, mantissa & ((1 << drop) - 1), 1 << (drop - 1));
            kept + u64::from(rest > half || (rest == half && kept & 1 == 1))
        }
        _ => 0,
    }
}

/// Mantissa times two to the exponent, exact: the caller has rounded.
fn scaled(mantissa: u64, exponent: i64) -> f64 {
    let power = |exponent: i64| f64::from_bits(((exponent + 1023) as u64) << 52);
    let value = mantissa as f64;
    match exponent {
        _ if mantissa == 0 => 0.0,
        1024.. => f64::INFINITY,
        -1022.. => value * power(exponent),
        _ => value * power(exponent + 100) * power(-100),
    }
}

/// Java's `String.trim`: whatever is not above a blank goes.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_matches(|char| char <= ' '),
    }
}

/// `Double.toString` of JDK 19 and later; what JSON has no number for is a bare word.
#[inline]
pub(crate) fn write_f64(value: f64, out: &mut Vec<u8>) {
    match value.abs() {
        1e-3..1e7 => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
        0.0..=f64::MAX => {
            write_far(zmij::Buffer::new().format_finite(value), format_args!("{value:.1e}"), out);
        }
        _ => out.extend_from_slice(special(value).as_bytes()),
    }
}

/// `Float.toString` of JDK 19 and later, likewise.
#[inline]
pub(crate) fn write_f32(value: f32, out: &mut Vec<u8>) {
    match value.abs() {
        1e-3..1e7 => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
        0.0..=f32::MAX => {
            write_far(zmij::Buffer::new().format_finite(value), format_args!("{value:.1e}"), out);
        }
        _ => out.extend_from_slice(special(value.into()).as_bytes()),
    }
}

fn special(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

/// Zero, or a number outside of 10⁻³ to 10⁷: `d.dddE±n`.
///
/// Where one digit would do, Java takes the nearest of two digits: `4.9E-324`, not `5.0E-324`.
fn write_far(shortest: &str, two_digits: Arguments<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    if write_scientific(shortest, out) == 1 {
        out.truncate(start);
        let mut text = [0; 16];
        let mut rest = &mut text[..];
        // `-1.2e-324` is the longest there is.
        let _ = rest.write_fmt(two_digits);
        let unused = rest.len();
        write_scientific(str::from_utf8(&text[..text.len() - unused]).unwrap_or_default(), out);
    }
}

/// Moves the point behind the first digit; says how many digits there are (none: zero).
fn write_scientific(text: &str, out: &mut Vec<u8>) -> usize {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [0; 32];
    let (front, back) = digits.split_at_mut(whole.len());
    front.copy_from_slice(whole.as_bytes());
    back[..fraction.len()].copy_from_slice(fraction.as_bytes());
    let digits = &digits[..whole.len() + fraction.len()];

    out.extend_from_slice(sign.as_bytes());
    let Some(first) = digits.iter().position(|&digit| digit != b'0') else {
        out.extend_from_slice(b"0.0");
        return 0;
    };
    let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
    out.extend_from_slice(&[digits[first], b'.']);
    out.extend_from_slice(if first == last { b"0" } else { &digits[first + 1..=last] });
    out.push(b'E');
    let exponent = exponent.parse().unwrap_or(0) + whole.len() as i32 - 1 - first as i32;
    out.extend_from_slice(itoa::Buffer::new().format(exponent).as_bytes());
    last + 1 - first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        write_f64(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_are_laid_out_as_in_java() {
        let texts = [60.0, 9_999_999.0, 1e7, 1e-3, 9.9e-4, 123_456_789_012.0, -0.0, 4.9e-324, 1e23].map(text);
        let java = [
            "60.0",
            "9999999.0",
            "1.0E7",
            "0.001",
            "9.9E-4",
            "1.23456789012E11",
            "-0.0",
            "4.9E-324",
            "1.0E23",
        ];
        assert_eq!(texts, java);
        assert_eq!([f64::MAX, f64::INFINITY].map(text), ["1.7976931348623157E308", "Infinity"]);
    }

    #[test]
    fn numbers_in_text_are_read_as_in_java() {
        let double = floating::<f64>;
        assert_eq!(double(" 60.00 "), Some(60.0));
        assert_eq!(
            (double("1d"), double("6e1f"), double("-Infinity")),
            (Some(1.0), Some(60.0), Some(f64::NEG_INFINITY))
        );
        assert_eq!(
            (double(""), double("1_0"), double("inf"), double("1e"), double("--1")),
            (None, None, None, None, None)
        );
        assert_eq!(
            (integer::<i32>(" +12 "), integer::<i32>("1.0"), integer::<i8>("128")),
            (Some(12), None, None)
        );
    }

    #[test]
    fn hexadecimal_numbers_are_rounded_once() {
        let double = floating::<f64>;
        assert_eq!(
            (double("0x1p3"), double("-0x1.8p1d"), double("0x1p-1074")),
            (Some(8.0), Some(-3.0), Some(5e-324))
        );
        // One bit beyond the halfway point decides, however far behind it stands.
        assert_eq!(double("0x1.00000000000008p0"), Some(1.0));
        assert_eq!(double("0x1.00000000000008000000000000000000001p0"), Some(1.0 + f64::EPSILON));
        assert_eq!(
            (double("0x1p1024"), double("0x1p-1076"), double("0x1p99999999999")),
            (Some(f64::INFINITY), Some(0.0), Some(f64::INFINITY))
        );
        assert_eq!(floating::<f32>("0x1.000001p0"), Some(1.0));
        assert_eq!((double("0x1f"), double("0xp3"), double("0x1p")), (None, None, None));
    }
}
