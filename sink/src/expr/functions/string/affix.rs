//! What a text begins and ends with: TRIM and its kin, STARTSWITH, ENDSWITH.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{
    BareNull, Takes, as_nullable_as, bound, bytes, is_text, text, varying,
};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "TRIM",
        aliases: &[],
        usage: &["TRIM(text)", "TRIM([BOTH | LEADING | TRAILING] [characters] FROM text)"],
        since: "1.12",
        about: "The text without the characters, blanks by default, at its beginning and end.",
        bind: |args| {
            args.count(1, 1)?;
            trim(args, both)
        },
    },
    FunctionSpec {
        name: "TRIM BOTH",
        aliases: &[],
        usage: &["TRIM(BOTH [characters] FROM text)"],
        since: "1.12",
        about: "TRIM on both sides.",
        bind: |args| trim(args, both),
    },
    FunctionSpec {
        name: "TRIM LEADING",
        aliases: &[],
        usage: &["TRIM(LEADING [characters] FROM text)"],
        since: "1.12",
        about: "TRIM at the beginning.",
        bind: |args| trim(args, leading),
    },
    FunctionSpec {
        name: "TRIM TRAILING",
        aliases: &[],
        usage: &["TRIM(TRAILING [characters] FROM text)"],
        since: "1.12",
        about: "TRIM at the end.",
        bind: |args| trim(args, trailing),
    },
    FunctionSpec {
        name: "LTRIM",
        aliases: &[],
        usage: &["LTRIM(text [, characters])"],
        since: "1.12",
        about: "The text without the characters, blanks by default, at its beginning.",
        bind: |args| trim(args, leading),
    },
    FunctionSpec {
        name: "RTRIM",
        aliases: &[],
        usage: &["RTRIM(text [, characters])"],
        since: "1.12",
        about: "The text without the characters, blanks by default, at its end.",
        bind: |args| trim(args, trailing),
    },
    FunctionSpec {
        name: "BTRIM",
        aliases: &[],
        usage: &["BTRIM(text [, characters])"],
        since: "2.0",
        about: "The text without the characters, blanks by default, at its beginning and end.",
        bind: |args| {
            args.count(1, 2)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(both)))
        },
    },
    FunctionSpec {
        name: "STARTSWITH",
        aliases: &[],
        usage: &["STARTSWITH(value, prefix)"],
        since: "2.0",
        about: "Whether a text or byte string begins with another.",
        bind: |args| affix(args, |args, _| Ok(Value::Boolean(bytes(args[0])?.starts_with(bytes(args[1])?)))),
    },
    FunctionSpec {
        name: "ENDSWITH",
        aliases: &[],
        usage: &["ENDSWITH(value, suffix)"],
        since: "2.0",
        about: "Whether a text or byte string ends with another.",
        bind: |args| affix(args, |args, _| Ok(Value::Boolean(bytes(args[0])?.ends_with(bytes(args[1])?)))),
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn trim(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    Ok(bound(casts, as_nullable_as(args, varying(args.logical(0))), Pure(evaluate)))
}

fn affix(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::TextOrBytes], BareNull::Taken)?;
    let known = |index: usize| !args.is_bare_null(index);
    if known(0) && known(1) && is_text(args.logical(0)) != is_text(args.logical(1)) {
        return Err(BindError("one argument is a character string and the other a byte string".into()));
    }
    Ok(bound(casts, as_nullable_as(args, LogicalType::Boolean), Pure(evaluate)))
}

fn both<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let set = characters(args)?;
    Ok(Value::String(text(args[0])?.trim_matches(|char| set.contains(char))))
}

fn leading<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let set = characters(args)?;
    Ok(Value::String(text(args[0])?.trim_start_matches(|char| set.contains(char))))
}

fn trailing<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let set = characters(args)?;
    Ok(Value::String(text(args[0])?.trim_end_matches(|char| set.contains(char))))
}

fn characters<'a>(args: &[Value<'a>]) -> Result<&'a str, EvalError> {
    args.get(1).map_or(Ok(" "), |set| text(*set))
}
