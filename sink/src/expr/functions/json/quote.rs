//! JSON_QUOTE and JSON_UNQUOTE.

use std::fmt::Write as _;

use super::document::parse;
use crate::expr::EvalError;
use crate::expr::function::{FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, text};
use crate::format::json::node::Node;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "JSON_QUOTE",
        aliases: &[],
        usage: &["JSON_QUOTE(text)"],
        since: "2.0",
        about: "The text as a JSON string, in ASCII.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(quote)))
        },
    },
    FunctionSpec {
        name: "JSON_UNQUOTE",
        aliases: &[],
        usage: &["JSON_UNQUOTE(json)"],
        since: "2.0",
        about: "The text of a JSON string; what is none stays as it is.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(unquote)))
        },
    },
];

fn quote<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let plain = text(args[0])?;
    let mut out = moment.arena.string_with_capacity(plain.len() + 2);
    out.push('"');
    for char in plain.chars() {
        match char {
            '"' | '\\' | '/' => out.extend(['\\', char]),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if char.is_ascii() => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // Growing text in the arena does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    Ok(Value::String(out.into_str()))
}

fn unquote<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let json = text(args[0])?;
    if !json.starts_with('"') || !json.ends_with('"') {
        return Ok(Value::String(json));
    }
    match parse(json, moment.arena) {
        Ok(Node::String(text)) => Ok(Value::String(text)),
        _ => Ok(Value::String(json)),
    }
}
