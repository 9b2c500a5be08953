//! `+ - * / %` and the sign: the types of their results, and their values.

use std::sync::Arc;

use super::eval_error::EvalError;
use super::exact::{self, Exact};
use super::function::{BindError, Bound, Moment, Nulls, Scalar};
use super::tree::Expr;
use crate::error::Position;
use crate::row::{Unscaled, Value};
use crate::types::{DataType, LogicalType};

/// An operator of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// The operator between two numbers.
    ///
    /// # Errors
    /// It does not take these types.
    pub(crate) fn bind(self, left: Expr, right: Expr, at: Option<Position>) -> Result<Expr, BindError> {
        let (from, to) = (left.data_type().clone(), right.data_type().clone());
        let nullable = from.nullable || to.nullable;
        let refused =
            || BindError(format!("{} does not take {} and {}", self.name(), from.logical, to.logical));
        if left.is_bare_null()
            || right.is_bare_null()
            || !from.logical.is_numeric()
            || !to.logical.is_numeric()
        {
            return Err(refused());
        }
        let (logical, operands, scalar): (_, _, Arc<dyn Scalar>) =
            if from.logical.is_approximate() || to.logical.is_approximate() {
                let logical = approximate(&from.logical, &to.logical);
                if self == Self::Remainder {
                    return Err(refused());
                }
                (logical.clone(), Some(logical), Arc::new(OfFloats(self)))
            } else if from.logical.is_whole() && to.logical.is_whole() {
                let logical = whole(self, &from.logical, &to.logical);
                let scalar = OfWholes { operator: self, rank: logical.rank().unwrap_or(3) };
                (logical, None, Arc::new(scalar))
            } else {
                let (Some(a), Some(b)) = (from.logical.exact_digits(), to.logical.exact_digits()) else {
                    return Err(refused());
                };
                let (logical, exact) = self.exact(a, b, &to.logical);
                (logical, None, Arc::new(exact))
            };
        let args = match operands {
            Some(logical) => vec![widened(left, &logical), widened(right, &logical)],
            None => vec![left, right],
        };
        let data_type = DataType { logical, nullable };
        let bound =
            Bound { casts: Vec::new(), data_type, nulls: Nulls::Propagate, is_deterministic: true, scalar };
        Ok(Expr::call(self.name(), args, bound, at))
    }

    /// The result of two exact numbers with these precisions and scales.
    fn exact(self, a: (u8, u8), b: (u8, u8), right: &LogicalType) -> (LogicalType, Exact) {
        let (precision, scale) = match self {
            Self::Add | Self::Subtract => exact::sum(a, b),
            Self::Multiply => exact::product(a, b),
            Self::Divide => exact::quotient(a, b),
            Self::Remainder => exact::remainder(a, b),
        };
        let operation = match self {
            Self::Add => exact::Operation::Add,
            Self::Subtract => exact::Operation::Subtract,
            Self::Multiply => exact::Operation::Multiply,
            Self::Divide => exact::Operation::Divide,
            Self::Remainder => exact::Operation::Remainder,
        };
        // A remainder without places has the type of the divisor.
        let logical = match self {
            Self::Remainder if a.1 == 0 && b.1 == 0 => right.clone(),
            _ => LogicalType::Decimal { precision, scale },
        };
        let rank = logical.rank();
        (logical, Exact { operation, scales: (a.1, b.1), precision, scale, rank })
    }
}

/// `-x` of a number.
///
/// # Errors
/// It is no number.
pub(crate) fn negated(operand: Expr, at: Option<Position>) -> Result<Expr, BindError> {
    let data_type = operand.data_type().clone();
    if operand.is_bare_null() || !data_type.logical.is_numeric() {
        return Err(BindError(format!("- does not take {}", data_type.logical)));
    }
    let bound = Bound {
        casts: Vec::new(),
        data_type,
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Negated),
    };
    Ok(Expr::call("-", vec![operand], bound, at))
}

/// DECIMAL beside FLOAT or DOUBLE counts as DOUBLE; of two approximate types the left one wins.
fn approximate(left: &LogicalType, right: &LogicalType) -> LogicalType {
    if matches!(left, LogicalType::Decimal { .. }) || matches!(right, LogicalType::Decimal { .. }) {
        return LogicalType::Double;
    }
    if left.is_approximate() { left.clone() } else { right.clone() }
}

/// The wider type; of `%` the type of the divisor.
fn whole(operator: Arithmetic, left: &LogicalType, right: &LogicalType) -> LogicalType {
    if operator == Arithmetic::Remainder || left.rank() < right.rank() { right.clone() } else { left.clone() }
}

/// An operand as the type in which the operator computes.
fn widened(operand: Expr, to: &LogicalType) -> Expr {
    match (&operand.data_type().logical, to) {
        (LogicalType::Double, LogicalType::Float) => operand,
        _ => operand.implicitly_cast(to).unwrap_or_else(|operand| operand),
    }
}

struct OfWholes {
    operator: Arithmetic,
    rank: u8,
}

/// What Java says.
const BY_ZERO: &str = "division by zero";

impl Scalar for OfWholes {
    #[inline]
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let (Some(a), Some(b)) = (args[0].whole(), args[1].whole()) else {
            return Err(EvalError::mistyped());
        };
        let number = match self.operator {
            Arithmetic::Add => a.wrapping_add(b),
            Arithmetic::Subtract => a.wrapping_sub(b),
            Arithmetic::Multiply => a.wrapping_mul(b),
            Arithmetic::Divide if b != 0 => a.wrapping_div(b),
            Arithmetic::Remainder if b != 0 => a.wrapping_rem(b),
            _ => return Err(EvalError::new(BY_ZERO)),
        };
        Ok(Value::of_rank(number, self.rank))
    }
}

struct OfFloats(Arithmetic);

impl Scalar for OfFloats {
    #[inline]
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        macro_rules! computed {
            ($a:expr, $b:expr) => {
                match self.0 {
                    Arithmetic::Add => $a + $b,
                    Arithmetic::Subtract => $a - $b,
                    Arithmetic::Multiply => $a * $b,
                    Arithmetic::Divide => $a / $b,
                    Arithmetic::Remainder => $a % $b,
                }
            };
        }
        Ok(match (args[0], args[1]) {
            (Value::Double(a), Value::Double(b)) => Value::Double(computed!(a, b)),
            (Value::Float(a), Value::Float(b)) => Value::Float(computed!(a, b)),
            (Value::Float(a), Value::Double(b)) => Value::Float(computed!(a, b as f32)),
            _ => return Err(EvalError::mistyped()),
        })
    }
}

struct Negated;

impl Scalar for Negated {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        Ok(match args[0] {
            Value::TinyInt(it) => Value::TinyInt(it.wrapping_neg()),
            Value::SmallInt(it) => Value::SmallInt(it.wrapping_neg()),
            Value::Int(it) => Value::Int(it.wrapping_neg()),
            Value::BigInt(it) => Value::BigInt(it.wrapping_neg()),
            Value::Float(it) => Value::Float(-it),
            Value::Double(it) => Value::Double(-it),
            Value::Decimal(Unscaled(digits)) => Value::Decimal(Unscaled(-digits)),
            _ => return Err(EvalError::mistyped()),
        })
    }
}
