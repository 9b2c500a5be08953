//! Texts made longer.

use crate::expr::EvalError;
use crate::expr::function::{FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, integer, text};
use crate::expr::functions::utf16;
use crate::row::Value;
use crate::types::LogicalType;

/// Bytes that a function may make of one value; Flink ends at the heap of its JVM.
const MADE_BYTES_MAX: usize = 256 * 1024 * 1024;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "REPEAT",
        aliases: &[],
        usage: &["REPEAT(text, times)"],
        since: "1.12",
        about: "The text so many times.",
        bind: |args| {
            args.count(2, 2)?;
            let casts = args.check(&[Takes::Text, Takes::Integer], BareNull::Refused)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(repeat)))
        },
    },
    FunctionSpec {
        name: "LPAD",
        aliases: &[],
        usage: &["LPAD(text, length, padding)"],
        since: "1.12",
        about: "The text filled from the left, or cut, to a length; NULL for a negative length or no padding.",
        bind: |args| {
            args.count(3, 3)?;
            let casts = args.check(&[Takes::Text, Takes::Integer, Takes::Text], BareNull::Refused)?;
            let scalar = Pure(|args, moment| pad(args, moment, Side::Left));
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), scalar))
        },
    },
    FunctionSpec {
        name: "RPAD",
        aliases: &[],
        usage: &["RPAD(text, length, padding)"],
        since: "1.12",
        about: "The text filled from the right, or cut, to a length; NULL for a negative length or no padding.",
        bind: |args| {
            args.count(3, 3)?;
            let casts = args.check(&[Takes::Text, Takes::Integer, Takes::Text], BareNull::Refused)?;
            let scalar = Pure(|args, moment| pad(args, moment, Side::Right));
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), scalar))
        },
    },
];

fn repeat<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let once = text(args[0])?;
    let times = usize::try_from(integer(args[1])?).unwrap_or(0);
    let length = once.len().saturating_mul(times);
    bounded("REPEAT", length)?;
    let mut out = moment.arena.string_with_capacity(length);
    for _ in 0..if once.is_empty() { 0 } else { times } {
        out.push_str(once);
    }
    Ok(Value::String(out.into_str()))
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// Lengths are in units of UTF-16, as Java counts them.
fn pad<'a>(args: &[Value<'a>], moment: &Moment<'a>, side: Side) -> Result<Value<'a>, EvalError> {
    let (base, padding) = (text(args[0])?, text(args[2])?);
    let Ok(length) = usize::try_from(integer(args[1])?) else { return Ok(Value::Null) };
    if padding.is_empty() {
        return Ok(Value::Null);
    }
    bounded(if side == Side::Left { "LPAD" } else { "RPAD" }, length)?;
    let missing = length.saturating_sub(utf16::length(base));
    let filling = padding.encode_utf16().cycle().take(missing);
    let kept = base.encode_utf16().take(length);
    let mut units = moment.arena.vec_with_capacity(length);
    match side {
        Side::Left => units.extend(filling.chain(kept)),
        Side::Right => units.extend(kept.chain(filling)),
    }
    Ok(Value::String(utf16::to_text(&units, moment.arena)))
}

fn bounded(function: &str, length: usize) -> Result<(), EvalError> {
    if length <= MADE_BYTES_MAX {
        return Ok(());
    }
    Err(EvalError::new(format!(
        "{function} would make a text of {length} bytes; one value may have {MADE_BYTES_MAX}"
    )))
}
