//! What DLI has beside Flink's functions: DATE_ADD and DATE_SUB.

use crate::calendar::{CivilDate, DAY_SECONDS};
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, bound, integer, is_text, mistyped};
use crate::expr::temporal::text::{read_date, write_date};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "DATE_ADD",
        aliases: &[],
        usage: &["DATE_ADD(time, days)"],
        since: "DLI",
        about: "The date, 'yyyy-MM-dd', so many days after a TIMESTAMP or a text that begins like one.",
        bind: |args| bind_add(args, Pure(|args, moment| add(args, moment, 1))),
    },
    FunctionSpec {
        name: "DATE_SUB",
        aliases: &[],
        usage: &["DATE_SUB(time, days)"],
        since: "DLI",
        about: "The date, 'yyyy-MM-dd', so many days before a TIMESTAMP or a text that begins like one.",
        bind: |args| bind_add(args, Pure(|args, moment| add(args, moment, -1))),
    },
];

fn bind_add(args: &Arguments<'_>, scalar: Pure) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Any, Takes::Integer], BareNull::Taken)?;
    let logical = args.logical(0);
    if !(matches!(logical, LogicalType::Timestamp(_)) || is_text(logical) || args.is_bare_null(0)) {
        return Err(
            args.refused(0, "a TIMESTAMP or a character string: for a DATE write date + INTERVAL '1' DAY")
        );
    }
    Ok(bound(casts, LogicalType::STRING.nullable(), scalar))
}

fn add<'a>(args: &[Value<'a>], moment: &Moment<'a>, sign: i64) -> Result<Value<'a>, EvalError> {
    let days = match args[0] {
        Value::Timestamp(at) => Some(at.seconds.div_euclid(DAY_SECONDS)),
        Value::String(text) => read_date(text),
        _ => return Err(mistyped()),
    };
    let Some(days) = days else { return Ok(Value::Null) };
    let days = days + integer(args[1])?.saturating_mul(sign).clamp(-DAYS_MAX, DAYS_MAX);
    if !(0..=9_999).contains(&CivilDate::of(days).year) {
        return Ok(Value::Null);
    }
    let mut out = moment.arena.string_with_capacity("yyyy-MM-dd".len());
    // Growing text in the arena does not fail.
    let _ = write_date(days, &mut out);
    Ok(Value::String(out.into_str()))
}

/// More days than from year 0 to year 9999.
const DAYS_MAX: i64 = 4_000_000;
