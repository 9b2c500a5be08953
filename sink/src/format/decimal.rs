//! DECIMAL(p, s): read and rounded as Java's BigDecimal, written as Flink's JSON writes it.

use super::number::trim;

/// More digits than the precision asked for: SQL's NULL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TooWide;

/// Reads a number rounded half up, blanks around it aside; `None` if it is none.
pub(crate) fn parse(text: &str, precision: u8, scale: u8) -> Option<Result<i128, TooWide>> {
    let number = Parts::of(trim(text))?;
    Some(number.kept(scale, precision, true))
}

/// The part of a number before its point, if that has at most 19 digits.
pub(crate) fn truncated(text: &str) -> Option<i128> {
    Parts::of(text)?.kept(0, 19, false).ok()
}

/// A number's text, taken apart.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Parts<'a> {
    /// What `new BigDecimal(text)` takes.
    fn of(text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.as_bytes().first()? {
            b'-' => (true, &mantissa[1..]),
            b'+' => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let parts = Self { negative, whole, fraction, exponent: exponent.into() };
        let valid = whole.len() + fraction.len() > 0 && parts.digits().all(|digit| digit.is_ascii_digit());
        valid.then_some(parts)
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// The number times 10^scale, cut or rounded half up.
    fn kept(&self, scale: u8, precision: u8, round: bool) -> Result<i128, TooWide> {
        // From here on one digit more is one too many.
        let full = 10i128.pow(u32::from(precision.clamp(1, 38)) - 1);
        // Digits from here on stand behind the last place that is kept.
        let kept = self.whole.len() as i64 + self.exponent + i64::from(scale);
        let mut size = 0i128;
        let mut places = 0;
        for digit in self.digits().map(|digit| i128::from(digit - b'0')) {
            if places >= kept {
                size += i128::from(round && places == kept && digit >= 5);
                break;
            }
            if size >= full {
                return Err(TooWide);
            }
            size = size * 10 + digit;
            places += 1;
        }
        while places < kept && size > 0 {
            if size >= full {
                return Err(TooWide);
            }
            size *= 10;
            places += 1;
        }
        let signed = if self.negative { -size } else { size };
        // Rounding may have carried into one digit more.
        if size / 10 < full { Ok(signed) } else { Err(TooWide) }
    }
}

/// The scale kept, no exponent: `60.00`.
pub(crate) fn write_plain(unscaled: i128, scale: u8, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    point(sign(unscaled, &mut buffer, out), scale.into(), out);
}

/// Trailing zeros stripped, then as `BigDecimal.toString`: `6E+1`, `500.1`, `1E-10`.
pub(crate) fn write_stripped(mut unscaled: i128, scale: u8, out: &mut Vec<u8>) {
    let mut scale = i64::from(scale);
    if unscaled == 0 {
        return out.push(b'0');
    }
    while unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    let mut buffer = itoa::Buffer::new();
    layout(sign(unscaled, &mut buffer, out), scale, out);
}

/// Any JSON number as the BigDecimal it is, trailing zeros stripped.
pub(crate) fn write_canonical(number: &str, out: &mut Vec<u8>) {
    let Some(parts) = Parts::of(number) else { return out.extend_from_slice(number.as_bytes()) };
    let digits: Vec<u8> = parts.digits().collect();
    let Some(first) = digits.iter().position(|&digit| digit != b'0') else { return out.push(b'0') };
    let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
    if parts.negative {
        out.push(b'-');
    }
    let stripped = (digits.len() - 1 - last) as i64;
    layout(&digits[first..=last], parts.fraction.len() as i64 - parts.exponent - stripped, out);
}

/// Digits that need no memory of their own.
const DIGITS_USUAL: usize = 40;

/// Any JSON number as `BigDecimal.toString` has it, with the zeros that were written.
pub(crate) fn write_exact(number: &str, out: &mut Vec<u8>) {
    let Some(parts) = Parts::of(number) else { return out.extend_from_slice(number.as_bytes()) };
    let mut few;
    let many: Vec<u8>;
    let digits = match parts.digits().count() {
        count @ ..=DIGITS_USUAL => {
            few = [0; DIGITS_USUAL];
            few.iter_mut().zip(parts.digits()).for_each(|(slot, digit)| *slot = digit);
            &few[..count]
        }
        _ => {
            many = parts.digits().collect();
            &many[..]
        }
    };
    let first = digits.iter().position(|&digit| digit != b'0');
    if parts.negative && first.is_some() {
        out.push(b'-');
    }
    let digits = &digits[first.unwrap_or(digits.len() - 1)..];
    layout(digits, parts.fraction.len() as i64 - parts.exponent, out);
}

/// As `BigDecimal.toString` lays out digits of that scale.
fn layout(digits: &[u8], scale: i64, out: &mut Vec<u8>) {
    let exponent = digits.len() as i64 - 1 - scale;
    if scale >= 0 && exponent >= -6 {
        return point(digits, scale as usize, out);
    }
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent > 0 { b"E+" } else { b"E" });
    out.extend_from_slice(itoa::Buffer::new().format(exponent).as_bytes());
}

fn sign<'a>(unscaled: i128, buffer: &'a mut itoa::Buffer, out: &mut Vec<u8>) -> &'a [u8] {
    if unscaled < 0 {
        out.push(b'-');
    }
    buffer.format(unscaled.unsigned_abs()).as_bytes()
}

fn point(digits: &[u8], scale: usize, out: &mut Vec<u8>) {
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if scale > 0 {
        out.push(b'.');
        out.extend(std::iter::repeat_n(b'0', scale - fraction.len()));
        out.extend_from_slice(fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_half_up_and_too_many_digits_are_null() {
        let amount = |text| parse(text, 10, 2);
        assert_eq!(
            (amount("1.005"), amount(" -1.005 "), amount("1e-9")),
            (Some(Ok(101)), Some(Ok(-101)), Some(Ok(0)))
        );
        assert_eq!(
            (amount("99999999.995"), amount("1e2147483647")),
            (Some(Err(TooWide)), Some(Err(TooWide)))
        );
        assert_eq!(
            (amount(""), amount("1,5"), amount("."), amount("1e99999999999")),
            (None, None, None, None)
        );
        assert_eq!(parse(&"9".repeat(39), 38, 0), Some(Err(TooWide)));
        assert_eq!(parse(&"9".repeat(38), 38, 0), Some(Ok(10i128.pow(38) - 1)));
        assert_eq!(parse(&format!("{}.5", "9".repeat(38)), 38, 0), Some(Err(TooWide)));
        assert_eq!((truncated("-1.9"), truncated("1e2"), truncated("1e19")), (Some(-1), Some(100), None));
    }

    #[test]
    fn decimals_are_spelled_as_in_java() {
        let stripped = |unscaled, scale| {
            let mut out = Vec::new();
            write_stripped(unscaled, scale, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            [(6000, 2), (0, 2), (50010, 2), (1, 10), (-10, 2)].map(|(d, s)| stripped(d, s)),
            ["6E+1", "0", "500.1", "1E-10", "-0.1"]
        );
        let canonical = |text| {
            let mut out = Vec::new();
            write_canonical(text, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            ["1.10", "1e2", "-0.0", "1.00000000000000000001", "1e-999"].map(canonical),
            ["1.1", "1E+2", "0", "1.00000000000000000001", "1E-999"]
        );
    }
}
