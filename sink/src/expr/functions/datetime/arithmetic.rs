//! The operators `+`, `-` and `*` where an operand is a moment or an interval.

use super::{is_interval, is_moment};
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Pure};
use crate::expr::functions::signature::{as_nullable_as, bound, integer, is_integer, mistyped};
use crate::expr::temporal::arithmetic::{add_millis, add_months};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "+",
        aliases: &[],
        usage: &["time + interval", "interval + interval"],
        since: "1.12",
        about: "A moment an interval later; of numbers the sum.",
        bind: |args| bind_arithmetic('+', args),
    },
    FunctionSpec {
        name: "-",
        aliases: &[],
        usage: &["time - interval", "interval - interval"],
        since: "1.12",
        about: "A moment an interval earlier; of numbers the difference.",
        bind: |args| bind_arithmetic('-', args),
    },
    FunctionSpec {
        name: "*",
        aliases: &[],
        usage: &["count * interval", "interval * count"],
        since: "1.12",
        about: "An interval so many times; of numbers the product.",
        bind: |args| bind_arithmetic('*', args),
    },
];

/// Binds `left operator right`, one of which is a moment or an interval.
///
/// # Errors
/// Flink has no such operator.
fn bind_arithmetic(operator: char, args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let (left, right) = (args.logical(0), args.logical(1));
    let is_null = args.is_bare_null(0) || args.is_bare_null(1);
    let bound = match operator {
        _ if is_null => None,
        '+' if is_moment(left) && is_interval(right) => Some(moved(args, 0, 1)),
        '+' if is_interval(left) && is_moment(right) => Some(moved(args, 1, 1)),
        '-' if is_moment(left) && is_interval(right) => Some(moved(args, 0, -1)),
        '+' if is_interval(left) && left == right => Some(combined(args, 1)),
        '-' if is_interval(left) && left == right => Some(combined(args, -1)),
        '*' if is_interval(left) && is_integer(right) => Some(multiplied(args, 0)),
        '*' if is_integer(left) && is_interval(right) => Some(multiplied(args, 1)),
        _ => None,
    };
    bound.ok_or_else(|| refused(operator, left, right))
}

fn refused(operator: char, left: &LogicalType, right: &LogicalType) -> BindError {
    let hint = match operator {
        '-' if is_moment(left) && is_moment(right) => ": write TIMESTAMPDIFF(unit, from, to)",
        '+' | '-' if is_moment(left) && is_integer(right) => ": add an INTERVAL",
        _ => "",
    };
    BindError(format!("{left} {operator} {right} is not defined{hint}"))
}

/// A moment an interval later or earlier.
fn moved(args: &Arguments<'_>, moment: usize, sign: i8) -> Bound {
    let logical = match args.logical(moment) {
        // Flink's TIME has no precision.
        LogicalType::Time(_) => LogicalType::Time(0),
        other => other.clone(),
    };
    let data_type = as_nullable_as(args, logical);
    let casts = vec![None; 2];
    match (moment, sign) {
        (0, 1) => bound(casts, data_type, Pure(|args, _| later(args[0], args[1], 1))),
        (0, _) => bound(casts, data_type, Pure(|args, _| later(args[0], args[1], -1))),
        _ => bound(casts, data_type, Pure(|args, _| later(args[1], args[0], 1))),
    }
}

/// An interval of months is an INT, one of milliseconds a BIGINT. Java's numbers wrap.
fn later<'a>(moment: Value<'a>, interval: Value<'a>, sign: i8) -> Result<Value<'a>, EvalError> {
    let moved = match interval {
        Value::Int(months) => add_months(moment, months.wrapping_mul(sign.into())),
        Value::BigInt(millis) => add_millis(moment, millis.wrapping_mul(sign.into())),
        _ => None,
    };
    moved.ok_or_else(mistyped)
}

fn combined(args: &Arguments<'_>, sign: i8) -> Bound {
    let data_type = as_nullable_as(args, args.logical(0).clone());
    let casts = vec![None; 2];
    if sign > 0 {
        return bound(casts, data_type, Pure(|args, _| sum(args[0], args[1], 1)));
    }
    bound(casts, data_type, Pure(|args, _| sum(args[0], args[1], -1)))
}

fn sum<'a>(left: Value<'a>, right: Value<'a>, sign: i8) -> Result<Value<'a>, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(Value::Int(a.wrapping_add(b.wrapping_mul(sign.into())))),
        (Value::BigInt(a), Value::BigInt(b)) => {
            Ok(Value::BigInt(a.wrapping_add(b.wrapping_mul(sign.into()))))
        }
        _ => Err(mistyped()),
    }
}

fn multiplied(args: &Arguments<'_>, interval: usize) -> Bound {
    let logical = args.logical(interval).clone();
    let is_months = logical == LogicalType::IntervalYearMonth;
    let data_type = as_nullable_as(args, logical);
    let casts = vec![None; 2];
    if is_months {
        return bound(
            casts,
            data_type,
            Pure(|args, _| Ok(Value::Int(integer(args[0])?.wrapping_mul(integer(args[1])?) as i32))),
        );
    }
    bound(
        casts,
        data_type,
        Pure(|args, _| Ok(Value::BigInt(integer(args[0])?.wrapping_mul(integer(args[1])?)))),
    )
}
