//! Texts read as values of other types.

use super::moment;
use super::number::IntegerType;
use crate::expr::EvalError;
use crate::expr::decimal::{power, rescale};
use crate::expr::temporal::formatter::DateTimeFormatter;
use crate::expr::temporal::text::{read_date, read_time, read_timestamp};
use crate::expr::temporal::zone::Zone;
use crate::format::{decimal as format_decimal, number};
use crate::row::{Unscaled, Value};

#[cold]
fn unreadable(to: &str, expected: &str) -> EvalError {
    EvalError::new(format!("CAST to {to}: the text is not {expected}"))
}

pub(super) fn boolean(text: &str) -> Result<Value<'static>, EvalError> {
    let is_one = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one(&["t", "true", "y", "yes", "1"]) {
        return Ok(Value::Boolean(true));
    }
    if is_one(&["f", "false", "n", "no", "0"]) {
        return Ok(Value::Boolean(false));
    }
    Err(unreadable("BOOLEAN", "one of true, t, yes, y, 1, false, f, no, n, 0"))
}

/// Digits with a sign, blanks around them; what stands behind a point is dropped.
pub(super) fn integer(text: &str, to: IntegerType) -> Result<Value<'static>, EvalError> {
    let number = text.trim_matches(' ');
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // `.5` and `-.` are numbers, no text and a lone sign are none.
    let is_number = are_digits(digits) && are_digits(fraction) && !matches!(number, "" | "-" | "+");
    if !is_number {
        return Err(unreadable(to.name(), "a whole number"));
    }
    let value = if digits.is_empty() { Some(0) } else { whole.parse::<i64>().ok() };
    let fits = value.map(|value| to.wrap(value)).filter(|wrapped| match wrapped {
        Value::TinyInt(it) => Some(i64::from(*it)) == value,
        Value::SmallInt(it) => Some(i64::from(*it)) == value,
        Value::Int(it) => Some(i64::from(*it)) == value,
        _ => true,
    });
    fits.ok_or_else(|| unreadable(to.name(), "a number that it can hold"))
}

pub(super) fn float(text: &str) -> Result<Value<'static>, EvalError> {
    number::floating(text).map(Value::Float).ok_or_else(|| unreadable("FLOAT", "a number"))
}

pub(super) fn double(text: &str) -> Result<Value<'static>, EvalError> {
    number::floating(text).map(Value::Double).ok_or_else(|| unreadable("DOUBLE", "a number"))
}

/// Up to so many digits Flink keeps a DECIMAL in a long, and reads short texts its own way.
const LONG_DIGITS_MAX: usize = 18;

pub(super) fn decimal(text: &str, precision: u8, scale: u8) -> Result<Value<'static>, EvalError> {
    let is_short = usize::from(precision) <= LONG_DIGITS_MAX && text.len() <= LONG_DIGITS_MAX;
    let digits =
        if is_short { short_decimal(text, precision, scale) } else { long_decimal(text, precision, scale) };
    let digits = digits
        .ok_or_else(|| unreadable(&format!("DECIMAL({precision}, {scale})"), "a number that it can hold"))?;
    Ok(Value::Decimal(Unscaled(digits)))
}

const fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\n' | '\t')
}

/// As Flink's `toDecimalFromBytes`: any character ends the digits, and only blanks may follow it.
fn short_decimal(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let text = text.trim_start_matches(is_blank).as_bytes();
    let (is_negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest.is_empty() {
        return None;
    }
    let (mut significand, mut length, mut point) = (0_i128, 0_i32, None);
    let mut end = 0;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'0'..=b'9' => {
                significand = significand * 10 + i128::from(byte - b'0');
                length += 1;
            }
            b'.' if point.is_none() => point = Some(length),
            b'.' => return None,
            other => {
                end = *other;
                break;
            }
        }
    }
    let mut exponent = 0;
    if matches!(end, b'e' | b'E') && !rest.is_empty() {
        (exponent, rest) = short_exponent(rest)?;
    }
    exponent -= length - point.unwrap_or(length);
    if !rest.iter().all(|byte| is_blank((*byte).into())) {
        return None;
    }
    let change = exponent + i32::from(scale);
    if length + change > i32::from(precision) {
        return None;
    }
    let size = match u8::try_from(change) {
        Ok(change) => significand * power(change.min(38 - LONG_DIGITS_MAX as u8)),
        // Of 18 digits, 20 places to the right leave nothing.
        Err(_) => rescale(significand, change.unsigned_abs().min(37) as u8, 38, 0)?,
    };
    Some(if is_negative { -size } else { size })
}

/// An exponent, and what follows it. Its last character, whatever it is, is dropped.
fn short_exponent(text: &[u8]) -> Option<(i32, &[u8])> {
    let (is_negative, mut rest) = match text {
        [b'-'] | [b'+'] => return None,
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut exponent = 0;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'0'..=b'9' if exponent < EXPONENT_STOP => exponent = exponent * 10 + i32::from(byte - b'0'),
            b'0'..=b'9' => {}
            _ => break,
        }
    }
    Some((if is_negative { -exponent } else { exponent }, rest))
}

/// Larger exponents are as good as this one.
const EXPONENT_STOP: i32 = 40;

/// As `java.math.BigDecimal`, which takes the digits of every script.
fn long_decimal(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let text = text.trim_matches(is_blank);
    // Its reader trims more than Flink does.
    if text.starts_with(|char| char <= ' ') || text.ends_with(|char| char <= ' ') {
        return None;
    }
    if text.is_ascii() {
        return format_decimal::parse(text, precision, scale)?.ok();
    }
    let ascii: String = text.chars().map(|char| decimal_digit(char).unwrap_or(char)).collect();
    format_decimal::parse(&ascii, precision, scale)?.ok()
}

/// The ASCII digit that a digit of another script stands for.
fn decimal_digit(char: char) -> Option<char> {
    let code = char as u32;
    let zero = DIGIT_ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Where the digits of other scripts begin: Arabic, Persian, N'Ko, Devanagari and its neighbours, Thai, Lao, Tibetan,
/// Burmese, Khmer, Mongolian, full width.
const DIGIT_ZEROS: [u32; 20] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0xFF10,
];

pub(super) fn date(text: &str) -> Result<Value<'static>, EvalError> {
    // A date that is read has four digits of year.
    read_date(text)
        .map(|days| Value::Date(days as i32))
        .ok_or_else(|| unreadable("DATE", "a date like yyyy-MM-dd"))
}

pub(super) fn time(text: &str) -> Result<Value<'static>, EvalError> {
    read_time(text).map(Value::Time).ok_or_else(|| unreadable("TIME", "a time like HH:mm:ss[.fff]"))
}

pub(super) fn timestamp(
    text: &str,
    formatter: &DateTimeFormatter,
    precision: u8,
    zone: &Zone,
) -> Result<Value<'static>, EvalError> {
    let read = read_timestamp(formatter, text, precision);
    let local = read.ok_or_else(|| unreadable("TIMESTAMP", "a timestamp like yyyy-MM-dd HH:mm:ss.SSS"))?;
    Ok(Value::Timestamp(moment::to_instant(local, zone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors cast-0325 to cast-0400 and the rules of `shared/spec/expressions.md`.
    #[test]
    fn decimals_are_read_as_flink_does() {
        let read = |text: &str, precision, scale| match decimal(text, precision, scale) {
            Ok(Value::Decimal(Unscaled(digits))) => Some(digits),
            _ => None,
        };
        for (text, digits) in [
            ("1.797", Some(180)),
            ("12a", Some(1_200)),
            ("1.0f", Some(100)),
            ("\t7", Some(700)),
            ("1\n", Some(100)),
            ("1E-3", Some(0)),
            ("-999.999", Some(-100_000)),
            ("1e3  ", None),
            ("1 2", None),
            ("nan", None),
            ("1.2.3", None),
            ("", None),
            ("-", None),
            ("1e", Some(100)),
            ("0e999999999999999", None),
            ("1.0E39", None),
        ] {
            assert_eq!(read(text, 5, 2), digits, "{text}");
        }
        assert_eq!(read("١٢", 38, 1), Some(120));
        assert_eq!((read("12a", 38, 1), read("1e400", 38, 18)), (None, None));
    }

    #[test]
    fn whole_numbers_may_have_a_point() {
        let read = |text: &str| integer(text, IntegerType::TinyInt).ok();
        for (text, number) in [
            (" 12 ", Some(12)),
            ("-99.999", Some(-99)),
            (".5", Some(0)),
            ("-.5", Some(0)),
            ("5.", Some(5)),
            ("+5", Some(5)),
            ("128", None),
            ("1e3", None),
            ("\t7", None),
            ("", None),
            ("-", None),
            ("--1", None),
            ("1.x", None),
        ] {
            assert_eq!(read(text), number.map(Value::TinyInt), "{text}");
        }
    }
}
