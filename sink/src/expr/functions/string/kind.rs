//! What a text is made of: IS_ALPHA, IS_DIGIT, IS_DECIMAL; and the database that names without one are looked up in.

use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Pure};
use crate::expr::functions::signature::{
    BareNull, Evaluate, Takes, as_nullable_as, bound, is_number, is_text,
};
use crate::format::number;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "IS_ALPHA",
        aliases: &[],
        usage: &["IS_ALPHA(text)"],
        since: "1.12",
        about: "Whether the text is of letters alone, and has one.",
        bind: |args| bind(args, |args, _| Ok(is_made_of(args[0], char::is_alphabetic))),
    },
    FunctionSpec {
        name: "IS_DIGIT",
        aliases: &[],
        usage: &["IS_DIGIT(text)"],
        since: "1.12",
        about: "Whether the text is of digits alone, and has one.",
        bind: |args| bind(args, |args, _| Ok(is_made_of(args[0], char::is_numeric))),
    },
    FunctionSpec {
        name: "IS_DECIMAL",
        aliases: &[],
        usage: &["IS_DECIMAL(text)"],
        since: "1.12",
        about: "Whether the text is a number.",
        bind: |args| bind(args, |args, _| Ok(is_decimal(args[0]))),
    },
    FunctionSpec {
        name: "CURRENT_DATABASE",
        aliases: &[],
        usage: &["CURRENT_DATABASE()"],
        since: "1.16",
        about: "The name of the database that a table's bare name is looked up in.",
        bind: |args| {
            args.count(0, 0)?;
            let scalar = Pure(|_, _| Ok(Value::String("default_database")));
            Ok(bound(Vec::new(), LogicalType::STRING.not_null(), scalar))
        },
    },
];

fn bind(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Any], BareNull::Refused)?;
    if !is_text(args.logical(0)) && !is_number(args.logical(0)) {
        return Err(args.refused(0, "a character string or a number"));
    }
    Ok(bound(casts, as_nullable_as(args, LogicalType::Boolean), Pure(evaluate)))
}

/// A number is made of neither: Java looks at texts alone.
fn is_made_of(value: Value<'_>, kind: fn(char) -> bool) -> Value<'static> {
    Value::Boolean(matches!(value, Value::String(text) if !text.is_empty() && text.chars().all(kind)))
}

fn is_decimal(value: Value<'_>) -> Value<'static> {
    Value::Boolean(match value {
        Value::String(text) => !text.is_empty() && number::floating::<f64>(text).is_some(),
        _ => true,
    })
}
