//! What chance decides: RAND, RAND_INTEGER, UUID.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, integer};
use crate::row::Value;
use crate::types::{DataType, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "RAND",
        aliases: &[],
        usage: &["RAND([seed])"],
        since: "1.12",
        about: "A number from 0 up to 1, drawn anew for every row. A seed is taken and not followed.",
        bind: |args| drawn(args, 0, 1, LogicalType::Double, |_, moment| Ok(Value::Double(fraction(moment)))),
    },
    FunctionSpec {
        name: "RAND_INTEGER",
        aliases: &[],
        usage: &["RAND_INTEGER([seed,] bound)"],
        since: "1.12",
        about: "A whole number from 0 up to the bound, drawn anew for every row. A seed is taken and not followed.",
        bind: |args| drawn(args, 1, 2, LogicalType::Int, rand_integer),
    },
    FunctionSpec {
        name: "UUID",
        aliases: &[],
        usage: &["UUID()"],
        since: "1.12",
        about: "A random UUID (version 4), drawn anew for every row.",
        bind: |args| drawn(args, 0, 0, LogicalType::Char(36), uuid),
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn drawn(
    args: &Arguments<'_>,
    least: usize,
    most: usize,
    gives: LogicalType,
    evaluate: Evaluate,
) -> Result<Bound, BindError> {
    args.count(least, most)?;
    let casts = if args.len() == 0 { Vec::new() } else { args.check(&[Takes::Integer], BareNull::Refused)? };
    let data_type: DataType = as_nullable_as(args, gives);
    let scalar = Arc::new(Pure(evaluate));
    Ok(Bound { casts, data_type, nulls: Nulls::Propagate, is_deterministic: false, scalar })
}

/// 53 bits of chance, as many as a double has.
fn fraction(moment: &Moment<'_>) -> f64 {
    ((moment.chance)() >> 11) as f64 / (1_u64 << 53) as f64
}

fn rand_integer<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let bound = integer(args[args.len() - 1])?;
    if bound <= 0 {
        return Err(EvalError::new(format!("RAND_INTEGER draws below {bound}, which is not above 0")));
    }
    // Below the bound, which is an INT.
    Ok(Value::Int((fraction(moment) * bound as f64) as i32))
}

fn uuid<'a>(_: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (high, low) = ((moment.chance)(), (moment.chance)());
    let high = high & !0xF000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let text = format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    );
    Ok(Value::String(moment.arena.alloc_str(&text)))
}
