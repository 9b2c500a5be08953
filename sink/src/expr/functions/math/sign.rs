//! ABS and SIGN.

use crate::expr::EvalError;
use crate::expr::decimal;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, mistyped};
use crate::row::{Unscaled, Value};
use crate::types::LogicalType;
use std::sync::Arc;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ABS",
        aliases: &[],
        usage: &["ABS(number)"],
        since: "1.12",
        about: "The number without its sign; the least whole number of a type stays as it is.",
        bind: |args| bind(args, Which::Abs),
    },
    FunctionSpec {
        name: "SIGN",
        aliases: &[],
        usage: &["SIGN(number)"],
        since: "1.12",
        about: "-1, 0 or 1, of the number's type.",
        bind: |args| bind(args, Which::Sign),
    },
];

#[derive(Clone, Copy)]
enum Which {
    Abs,
    Sign,
}

struct Signed {
    which: Which,
    /// Of a DECIMAL.
    scale: u8,
}

fn bind(args: &Arguments<'_>, which: Which) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Number], BareNull::Refused)?;
    let logical = args.logical(0).clone();
    let scale = if let LogicalType::Decimal { scale, .. } = logical { scale } else { 0 };
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, logical),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Signed { which, scale }),
    })
}

impl Scalar for Signed {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        Ok(match (self.which, args[0]) {
            (Which::Abs, Value::TinyInt(n)) => Value::TinyInt(n.wrapping_abs()),
            (Which::Abs, Value::SmallInt(n)) => Value::SmallInt(n.wrapping_abs()),
            (Which::Abs, Value::Int(n)) => Value::Int(n.wrapping_abs()),
            (Which::Abs, Value::BigInt(n)) => Value::BigInt(n.wrapping_abs()),
            (Which::Abs, Value::Float(n)) => Value::Float(n.abs()),
            (Which::Abs, Value::Double(n)) => Value::Double(n.abs()),
            (Which::Abs, Value::Decimal(Unscaled(n))) => Value::Decimal(Unscaled(n.abs())),
            (Which::Sign, Value::TinyInt(n)) => Value::TinyInt(n.signum()),
            (Which::Sign, Value::SmallInt(n)) => Value::SmallInt(n.signum()),
            (Which::Sign, Value::Int(n)) => Value::Int(n.signum()),
            (Which::Sign, Value::BigInt(n)) => Value::BigInt(n.signum()),
            // Java's signum keeps zeros as they are, with their sign.
            (Which::Sign, Value::Float(n)) => Value::Float(if n == 0.0 { n } else { n.signum() }),
            (Which::Sign, Value::Double(n)) => Value::Double(if n == 0.0 { n } else { n.signum() }),
            (Which::Sign, Value::Decimal(Unscaled(n))) => {
                Value::Decimal(Unscaled(n.signum() * decimal::power(self.scale)))
            }
            _ => return Err(mistyped()),
        })
    }
}
