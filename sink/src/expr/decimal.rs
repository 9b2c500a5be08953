//! Arithmetic of DECIMAL that casts need.

/// 10ⁿ for n up to 38.
pub(crate) fn power(n: u8) -> i128 {
    10_i128.pow(u32::from(n))
}

/// Digits of scale `from` as DECIMAL(precision, scale), rounded half up; none where they do not fit.
pub(crate) fn rescale(digits: i128, from: u8, precision: u8, scale: u8) -> Option<i128> {
    let digits = if scale >= from {
        digits.checked_mul(power(scale - from))?
    } else {
        let unit = power(from - scale);
        let (whole, rest) = (digits / unit, digits % unit);
        // Half of a power of ten is exact.
        if rest.unsigned_abs() >= unit.unsigned_abs() / 2 { whole + digits.signum() } else { whole }
    };
    (digits.unsigned_abs() < power(precision).unsigned_abs()).then_some(digits)
}

/// The nearest double, as Java's `BigDecimal.doubleValue` gives it.
pub(crate) fn to_double(digits: i128, scale: u8) -> f64 {
    let mut text = itoa::Buffer::new();
    let digits = text.format(digits).as_bytes();
    // 40 bytes of digits and sign, and `e-38`.
    let mut whole = [0_u8; 48];
    let mut length = digits.len();
    whole[..length].copy_from_slice(digits);
    for byte in [b'e', b'-', b'0' + scale / 10, b'0' + scale % 10] {
        whole[length] = byte;
        length += 1;
    }
    // These bytes are a number by construction; if they were not, NaN would show it.
    std::str::from_utf8(&whole[..length]).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// The shortest decimal that is this double, as DECIMAL(precision, scale); none where it does not fit.
pub(crate) fn from_double(value: f64, precision: u8, scale: u8) -> Option<i128> {
    let mut text = zmij::Buffer::new();
    let text = text.format_finite(value);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit) {
        digits = digits.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    if whole.starts_with('-') {
        digits = -digits;
    }
    let places = i32::try_from(fraction.len()).ok()? - exponent.parse::<i32>().ok()?;
    match u8::try_from(places) {
        // 17 digits at most, so a place beyond 38 leaves nothing of them, not even half a unit.
        Ok(places) if places <= 38 => rescale(digits, places, precision, scale),
        Ok(_) => Some(0),
        Err(_) if places > 0 || digits == 0 => Some(0),
        Err(_) => {
            let zeros = u8::try_from(-places).ok().filter(|zeros| *zeros <= 38)?;
            rescale(digits.checked_mul(power(zeros))?, 0, precision, scale)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_away_from_zero() {
        for (digits, from, scale, rounded) in
            [(1236, 2, 1, 124), (1235, 2, 1, 124), (1234, 2, 1, 123), (-1235, 2, 1, -124), (5, 0, 2, 500)]
        {
            assert_eq!(rescale(digits, from, 5, scale), Some(rounded), "{digits}");
        }
        assert_eq!(rescale(99_999, 1, 4, 0), None);
    }

    #[test]
    fn doubles_go_to_and_fro() {
        assert_eq!(to_double(12_345, 2), 123.45);
        assert_eq!(to_double(-1, 38), -1e-38);
        assert_eq!(from_double(12.36, 5, 1), Some(124));
        assert_eq!(from_double(-0.05, 5, 1), Some(-1));
        assert_eq!(from_double(1e20, 38, 0), Some(100_000_000_000_000_000_000));
        assert_eq!(from_double(1e300, 38, 0), None);
        assert_eq!(from_double(1e-300, 38, 10), Some(0));
        assert_eq!(from_double(0.0, 38, 10), Some(0));
    }
}
