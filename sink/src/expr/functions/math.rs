//! Numbers.

pub(super) mod chance;
pub(super) mod power;
pub(super) mod round;
pub(super) mod sign;
pub(super) mod trigonometry;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound};
use crate::row::Value;
use crate::types::LogicalType;

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

/// A function of so many DOUBLEs that gives one.
fn doubles(args: &Arguments<'_>, least: usize, most: usize, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(least, most)?;
    let casts = if args.len() == 0 { Vec::new() } else { args.check(&[Takes::Double], BareNull::Refused)? };
    Ok(bound(casts, as_nullable_as(args, LogicalType::Double), Pure(evaluate)))
}
