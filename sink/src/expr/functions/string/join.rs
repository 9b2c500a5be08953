//! Texts put together, or chosen among.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::common_type::{as_common, common_type};
use crate::expr::functions::signature::{
    BareNull, Takes, as_nullable_as, bound, integer, is_bytes, is_text, text,
};
use crate::row::Value;
use crate::types::{LENGTH_MAX, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "||",
        aliases: &[],
        usage: &["text || text"],
        since: "1.12",
        about: "One text behind the other; NULL if either is.",
        bind: bind_operator,
    },
    FunctionSpec {
        name: "CONCAT",
        aliases: &[],
        usage: &["CONCAT(text, …)"],
        since: "1.12",
        about: "The texts one behind the other; NULL if any is.",
        bind: |args| {
            args.count(1, usize::MAX)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(concat)))
        },
    },
    FunctionSpec {
        name: "CONCAT_WS",
        aliases: &[],
        usage: &["CONCAT_WS(separator, text, …)"],
        since: "1.12",
        about: "The texts one behind the other with the separator between them; NULLs are left out.",
        bind: |args| {
            args.count(1, usize::MAX)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            let mut call = bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(concat_ws));
            call.nulls = Nulls::Given;
            Ok(call)
        },
    },
    FunctionSpec {
        name: "ELT",
        aliases: &[],
        usage: &["ELT(index, value, …)"],
        since: "2.0",
        about: "The value with this number, counted from 1; NULL where there is none.",
        bind: bind_elt,
    },
];

fn bind_operator(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let logical = match (args.logical(0), args.logical(1)) {
        (LogicalType::Char(left), LogicalType::Char(right)) => LogicalType::Char(left.saturating_add(*right)),
        (
            LogicalType::Char(left) | LogicalType::VarChar(left),
            LogicalType::Char(right) | LogicalType::VarChar(right),
        ) => LogicalType::VarChar(left.saturating_add(*right).min(LENGTH_MAX)),
        _ => LogicalType::STRING,
    };
    Ok(bound(casts, as_nullable_as(args, logical), Pure(concat)))
}

fn concat<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let mut out = moment.arena.string_with_capacity(0);
    for part in args {
        out.push_str(text(*part)?);
    }
    Ok(Value::String(out.into_str()))
}

fn concat_ws<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    if args[0] == Value::Null {
        return Ok(Value::Null);
    }
    let separator = text(args[0])?;
    let mut out = moment.arena.string_with_capacity(0);
    for (at, part) in args[1..].iter().filter(|part| **part != Value::Null).enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(text(*part)?);
    }
    Ok(Value::String(out.into_str()))
}

fn bind_elt(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, usize::MAX)?;
    let mut casts = args.check(&[Takes::Integer, Takes::TextOrBytes], BareNull::Taken)?;
    let values: Vec<usize> = (1..args.len()).filter(|index| !args.is_bare_null(*index)).collect();
    let types: Vec<&LogicalType> = values.iter().map(|index| args.logical(*index)).collect();
    let same_kind = types.iter().all(|it| is_text(it)) || types.iter().all(|it| is_bytes(it));
    let common = if types.is_empty() { Some(LogicalType::STRING) } else { common_type(&types) };
    let Some(common) = common.filter(|_| same_kind) else {
        return Err(BindError("its values are character strings and byte strings at once".into()));
    };
    for index in 1..args.len() {
        casts[index] = as_common(args, index, &common);
    }
    let mut call = bound(casts, common.nullable(), Pure(elt));
    call.nulls = Nulls::Given;
    Ok(call)
}

fn elt<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    if args[0] == Value::Null {
        return Ok(Value::Null);
    }
    let index = usize::try_from(integer(args[0])?).ok().filter(|index| *index > 0);
    Ok(index.and_then(|index| args.get(index)).copied().unwrap_or(Value::Null))
}
