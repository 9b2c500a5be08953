//! URL_ENCODE and URL_DECODE: application/x-www-form-urlencoded, as Java's URLEncoder and URLDecoder have it.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Evaluate, Takes, bound, text};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "URL_ENCODE",
        aliases: &[],
        usage: &["URL_ENCODE(text)"],
        since: "2.0",
        about: "The text as it stands in a URL's query.",
        bind: |args| bind(args, encode),
    },
    FunctionSpec {
        name: "URL_DECODE",
        aliases: &[],
        usage: &["URL_DECODE(text)"],
        since: "2.0",
        about: "The text that stands in a URL's query; NULL where that is broken.",
        bind: |args| bind(args, decode),
    },
];

fn bind(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Text], BareNull::Taken)?;
    Ok(bound(casts, LogicalType::STRING.nullable(), Pure(evaluate)))
}

fn encode<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let plain = text(args[0])?;
    let mut out = moment.arena.string_with_capacity(plain.len());
    for byte in plain.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                let digits = [byte >> 4, byte & 15];
                out.extend(digits.map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
            }
        }
    }
    Ok(Value::String(out.into_str()))
}

fn decode<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let coded = text(args[0])?;
    if !coded.contains(['%', '+']) {
        return Ok(Value::String(coded));
    }
    let mut out = moment.arena.vec_with_capacity(coded.len());
    let mut rest = coded;
    while let Some(first) = rest.chars().next() {
        match first {
            '+' => out.push(b' '),
            '%' => {
                let Some(byte) = rest.get(1..3).and_then(byte) else { return Ok(Value::Null) };
                out.push(byte);
                rest = &rest[3..];
                continue;
            }
            _ => out.extend(rest.bytes().take(first.len_utf8())),
        }
        rest = &rest[first.len_utf8()..];
    }
    Ok(Value::String(moment.arena.lossy(out.into_slice())))
}

/// Two hexadecimal digits; Java's parser takes a plus for the first.
fn byte(digits: &str) -> Option<u8> {
    u8::from_str_radix(digits, 16).ok()
}
