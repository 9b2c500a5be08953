//! Arithmetic of DECIMAL: Flink's precisions and scales, and results of up to 38 digits.

use super::decimal::{power, rescale};
use super::eval_error::EvalError;
use super::function::{Moment, Scalar};
use super::wide::Wide;
use crate::row::{Unscaled, Value};

/// An operation on two exact numbers, one of which is a DECIMAL.
#[derive(Debug)]
pub(crate) struct Exact {
    pub(crate) operation: Operation,
    /// Of the operands.
    pub(crate) scales: (u8, u8),
    /// Of the result.
    pub(crate) precision: u8,
    pub(crate) scale: u8,
    /// Where the result is a whole number: its type.
    pub(crate) rank: Option<u8>,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

const PRECISION_MAX: u8 = 38;

/// Tens by which a number of 128 bits can be divided.
const DIGITS_MAX: u8 = 38;

/// Places that are kept where digits before the point would take their room.
const SCALE_KEPT_MIN: u8 = 6;

/// Precision and scale of a sum or difference.
pub(crate) fn sum(a: (u8, u8), b: (u8, u8)) -> (u8, u8) {
    let scale = a.1.max(b.1);
    fitted((a.0 - a.1).max(b.0 - b.1) + scale + 1, scale)
}

/// Precision and scale of a product.
pub(crate) fn product(a: (u8, u8), b: (u8, u8)) -> (u8, u8) {
    fitted(a.0 + b.0 + 1, a.1 + b.1)
}

/// Precision and scale of a quotient.
pub(crate) fn quotient(a: (u8, u8), b: (u8, u8)) -> (u8, u8) {
    let scale = SCALE_KEPT_MIN.max(a.1 + b.0 + 1);
    fitted(a.0 - a.1 + b.1 + scale, scale)
}

/// Precision and scale of a remainder.
pub(crate) fn remainder(a: (u8, u8), b: (u8, u8)) -> (u8, u8) {
    let scale = a.1.max(b.1);
    fitted((a.0 - a.1).min(b.0 - b.1) + scale, scale)
}

/// What is too precise loses places, yet keeps six of them.
fn fitted(precision: u8, scale: u8) -> (u8, u8) {
    if precision <= PRECISION_MAX {
        return (precision, scale);
    }
    let whole = precision - scale;
    (PRECISION_MAX, PRECISION_MAX.saturating_sub(whole).max(scale.min(SCALE_KEPT_MIN)))
}

impl Scalar for Exact {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let (Some(a), Some(b)) = (args[0].exact(), args[1].exact()) else {
            return Err(EvalError::mistyped());
        };
        if b == 0 && matches!(self.operation, Operation::Divide | Operation::Remainder) {
            return Err(EvalError::new("division by zero"));
        }
        let digits = match self.operation {
            Operation::Add => self.sum(a, b),
            Operation::Subtract => self.sum(a, -b),
            Operation::Multiply => self.product(a, b),
            Operation::Divide => self.quotient(a, b),
            Operation::Remainder => self.remainder(a, b),
        };
        Ok(match (digits, self.rank) {
            (None, _) => Value::Null,
            // As Java narrows: the higher bits are lost.
            (Some(digits), Some(rank)) => Value::of_rank(digits as i64, rank),
            (Some(digits), None) => Value::Decimal(Unscaled(digits)),
        })
    }
}

impl Exact {
    fn sum(&self, a: i128, b: i128) -> Option<i128> {
        let (left, right) = self.scales;
        let scale = left.max(right);
        let aligned = |digits: i128, from: u8| digits.checked_mul(power(scale - from));
        if let Some(sum) = aligned(a, left).zip(aligned(b, right)).and_then(|(a, b)| a.checked_add(b)) {
            return rescale(sum, scale, self.precision, self.scale);
        }
        let wide =
            |digits: i128, from: u8| Wide::product(digits.unsigned_abs(), 1).shifted(u32::from(scale - from));
        let (size_a, size_b) = (wide(a, left), wide(b, right));
        let (is_negative, size) = match ((a < 0) == (b < 0), size_a >= size_b) {
            (true, _) => (a < 0, size_a.plus(size_b)),
            (false, true) => (a < 0, size_a.minus(size_b)),
            (false, false) => (b < 0, size_b.minus(size_a)),
        };
        self.fit(is_negative, size, scale.into())
    }

    fn product(&self, a: i128, b: i128) -> Option<i128> {
        let scale = self.scales.0 + self.scales.1;
        match a.checked_mul(b) {
            Some(product) if scale - self.scale <= DIGITS_MAX => {
                rescale(product, scale, self.precision, self.scale)
            }
            _ => {
                let product = Wide::product(a.unsigned_abs(), b.unsigned_abs());
                self.fit((a < 0) != (b < 0), product, scale.into())
            }
        }
    }

    fn quotient(&self, a: i128, b: i128) -> Option<i128> {
        let (left, right) = self.scales;
        // a · 10^(scale + right - left) / b. The scale is above left unless both are near 38.
        let up = u32::from(self.scale + right).saturating_sub(left.into());
        let down = u8::try_from(u32::from(left).saturating_sub((self.scale + right).into())).ok()?;
        // A divisor beyond 128 bits leaves less than half a unit.
        let Some(divisor) = b.unsigned_abs().checked_mul(power(down).unsigned_abs()) else { return Some(0) };
        let small = 10_u128.checked_pow(up).and_then(|unit| a.unsigned_abs().checked_mul(unit));
        let size = match small {
            Some(dividend) => {
                let (whole, rest) = (dividend / divisor, dividend % divisor);
                whole + u128::from(rest >= divisor - rest)
            }
            None => {
                let (whole, rest) = Wide::product(a.unsigned_abs(), 1).shifted(up).divided(divisor);
                let rounded = if rest >= divisor - rest { whole.plus_one() } else { whole };
                rounded.digits()?
            }
        };
        self.signed((a < 0) != (b < 0), size)
    }

    fn remainder(&self, a: i128, b: i128) -> Option<i128> {
        let (left, right) = self.scales;
        let scale = left.max(right);
        let divisor = Wide::product(b.unsigned_abs(), 1).shifted(u32::from(scale - right)).digits();
        let dividend = Wide::product(a.unsigned_abs(), 1).shifted(u32::from(scale - left));
        let rest = match divisor {
            Some(divisor) => dividend.divided(divisor).1,
            // The divisor is larger than any dividend, which is its own remainder.
            None => dividend.digits()?,
        };
        self.signed(a < 0, rest)
    }

    /// A magnitude of that scale as digits of the result, if they are not too many.
    fn fit(&self, is_negative: bool, magnitude: Wide, scale: u32) -> Option<i128> {
        let own = u32::from(self.scale);
        let magnitude =
            if scale > own { magnitude.rounded(scale - own) } else { magnitude.shifted(own - scale) };
        self.signed(is_negative, magnitude.digits()?)
    }

    fn signed(&self, is_negative: bool, size: u128) -> Option<i128> {
        let size = i128::try_from(size).ok()?;
        self.within(if is_negative { -size } else { size })
    }

    fn within(&self, digits: i128) -> Option<i128> {
        let fits = self.rank.is_some() || digits.unsigned_abs() < power(self.precision).unsigned_abs();
        fits.then_some(digits)
    }
}
