//! ROUND, TRUNCATE, FLOOR and CEIL of numbers.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::decimal;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, integer, mistyped};
use crate::format::number;
use crate::row::{Arena, Unscaled, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ROUND",
        aliases: &[],
        usage: &["ROUND(number [, places])"],
        since: "1.12",
        about: "The number rounded half up to so many places; a negative count rounds before the point.",
        bind: |args| bind_places(args, Mode::HalfUp),
    },
    FunctionSpec {
        name: "TRUNCATE",
        aliases: &[],
        usage: &["TRUNCATE(number [, places])"],
        since: "1.12",
        about: "The number cut to so many places; a negative count cuts before the point.",
        bind: |args| bind_places(args, Mode::Down),
    },
    FunctionSpec {
        name: "FLOOR",
        aliases: &[],
        usage: &["FLOOR(number)"],
        since: "1.12",
        about: "The greatest whole number that is not above the number.",
        bind: |args| bind_whole(args, Mode::Floor),
    },
    FunctionSpec {
        name: "CEIL",
        aliases: &["CEILING"],
        usage: &["CEIL(number)"],
        since: "1.12",
        about: "The least whole number that is not below the number.",
        bind: |args| bind_whole(args, Mode::Ceiling),
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    HalfUp,
    Down,
    Floor,
    Ceiling,
}

fn bind_whole(args: &Arguments<'_>, mode: Mode) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Number], BareNull::Refused)?;
    let logical = args.logical(0);
    let (from, gives) = match logical {
        LogicalType::Decimal { precision, scale } => {
            (*scale, LogicalType::Decimal { precision: *precision, scale: 0 })
        }
        other => (0, other.clone()),
    };
    Ok(bound(casts, as_nullable_as(args, gives), Rounding { mode, from, to: 0, precision: 38 }))
}

fn bind_places(args: &Arguments<'_>, mode: Mode) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Number, Takes::Integer], BareNull::Refused)?;
    let places = if args.len() == 1 { Some(0) } else { args.constant_integer(1) };
    let (from, to, precision, gives) = match args.logical(0) {
        LogicalType::Decimal { precision, scale } => {
            let (precision, to) = rounded_type(*precision, *scale, places);
            // Where the places are a row's, Flink holds nothing to the declared precision.
            let held_to = if places.is_some() { precision } else { 38 };
            (*scale, to, held_to, LogicalType::Decimal { precision, scale: to })
        }
        other => (0, 0, 38, other.clone()),
    };
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, gives),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Rounding { mode, from, to, precision }),
    })
}

/// The precision and scale of a DECIMAL rounded to so many places, if they are known.
fn rounded_type(precision: u8, scale: u8, places: Option<i64>) -> (u8, u8) {
    let Some(places) = places.filter(|places| *places < i64::from(scale)) else { return (precision, scale) };
    // One digit more before the point, since rounding may carry.
    let whole = 1 + precision - scale;
    let places = u8::try_from(places).unwrap_or(0);
    ((whole + places).min(38), places)
}

struct Rounding {
    mode: Mode,
    /// The scale of a DECIMAL that comes in.
    from: u8,
    /// The scale and precision of what comes out.
    to: u8,
    precision: u8,
}

impl Scalar for Rounding {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let places = args.get(1).map_or(Ok(0), |places| integer(*places))?;
        Ok(match args[0] {
            // Java's conversion of the result to the type wraps.
            Value::TinyInt(n) => Value::TinyInt(self.whole(n.into(), places) as i8),
            Value::SmallInt(n) => Value::SmallInt(self.whole(n.into(), places) as i16),
            Value::Int(n) => Value::Int(self.whole(n.into(), places) as i32),
            Value::BigInt(n) => Value::BigInt(self.whole(n.into(), places) as i64),
            Value::Float(n) => Value::Float(self.floating(f64::from(n), places, moment.arena)? as f32),
            Value::Double(n) => Value::Double(self.floating(n, places, moment.arena)?),
            Value::Decimal(Unscaled(n)) => self.decimal(n, places),
            _ => return Err(mistyped()),
        })
    }
}

impl Rounding {
    fn whole(&self, number: i128, places: i64) -> i128 {
        if places >= 0 || matches!(self.mode, Mode::Floor | Mode::Ceiling) {
            return number;
        }
        cut(number, places.unsigned_abs(), self.mode)
    }

    fn decimal(&self, digits: i128, places: i64) -> Value<'static> {
        let dropped = i64::from(self.from).saturating_sub(places);
        let digits = match u64::try_from(dropped) {
            Ok(dropped @ 1..) => cut(digits, dropped, self.mode),
            _ => digits,
        };
        let digits = if self.to < self.from {
            Some(digits / decimal::power(self.from - self.to))
        } else {
            digits.checked_mul(decimal::power(self.to - self.from))
        };
        let fits = |digits: &i128| digits.unsigned_abs() < decimal::power(self.precision).unsigned_abs();
        digits.filter(fits).map_or(Value::Null, |digits| Value::Decimal(Unscaled(digits)))
    }

    fn floating(&self, number: f64, places: i64, arena: &Arena) -> Result<f64, EvalError> {
        match self.mode {
            Mode::Floor => return Ok(number.floor()),
            Mode::Ceiling => return Ok(number.ceil()),
            Mode::HalfUp | Mode::Down => {}
        }
        if !number.is_finite() {
            let function = if self.mode == Mode::HalfUp { "ROUND" } else { "TRUNCATE" };
            return Err(EvalError::new(format!("{function} has no value for {number}")));
        }
        Ok(Shortest::of(number, arena).rounded(places, self.mode, arena))
    }
}

/// The digits with so many of the last ones made zero.
fn cut(digits: i128, dropped: u64, mode: Mode) -> i128 {
    let Some(unit) = u32::try_from(dropped).ok().and_then(|dropped| 10_i128.checked_pow(dropped)) else {
        return match mode {
            Mode::Floor if digits < 0 => -1,
            Mode::Ceiling if digits > 0 => 1,
            _ => 0,
        };
    };
    let (whole, rest) = (digits / unit, digits % unit);
    let carry = match mode {
        Mode::Down => 0,
        Mode::HalfUp if rest.unsigned_abs() >= (unit.unsigned_abs()).div_ceil(2) => digits.signum(),
        Mode::HalfUp => 0,
        Mode::Floor => -i128::from(rest < 0),
        Mode::Ceiling => i128::from(rest > 0),
    };
    (whole + carry).saturating_mul(unit)
}

/// A double as the shortest digits that are it, which is what Java's BigDecimal.valueOf rounds.
struct Shortest {
    negative: bool,
    digits: u64,
    /// Of the last digit.
    exponent: i64,
}

impl Shortest {
    fn of(number: f64, arena: &Arena) -> Self {
        let text = arena.written_text(|out| number::write_f64(number.abs(), out));
        let (mantissa, exponent) = text.split_once('E').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        let digits = digits.fold(0_u64, |digits, digit| digits * 10 + u64::from(digit - b'0'));
        let places = i64::try_from(fraction.len()).unwrap_or(0);
        Self { negative: number < 0.0, digits, exponent: exponent.parse::<i64>().unwrap_or(0) - places }
    }

    fn rounded(&self, places: i64, mode: Mode, arena: &Arena) -> f64 {
        let dropped = (-places).saturating_sub(self.exponent);
        let digits = match u64::try_from(dropped) {
            Ok(dropped @ 1..) => cut(self.digits.into(), dropped, mode),
            _ => self.digits.into(),
        };
        let sign = if self.negative && digits != 0 { "-" } else { "" };
        // Digits and an exponent are a number.
        arena.formatted(format_args!("{sign}{digits}e{}", self.exponent)).parse().unwrap_or(f64::NAN)
    }
}
