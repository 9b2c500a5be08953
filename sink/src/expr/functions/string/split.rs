//! Texts cut at a separator.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, integer, text};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "SPLIT_INDEX",
        aliases: &[],
        usage: &["SPLIT_INDEX(text, separator, index)"],
        since: "1.12",
        about: "The part with this number, counted from 0, of the text cut at the separator, a text or a character's code; NULL where there is none.",
        bind: bind_split_index,
    },
    FunctionSpec {
        name: "SPLIT",
        aliases: &[],
        usage: &["SPLIT(text, separator)"],
        since: "1.20",
        about: "The parts of the text cut at the separator; every character where that is empty.",
        bind: |args| {
            args.count(2, 2)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            let logical = LogicalType::Array(Box::new(LogicalType::STRING.nullable()));
            Ok(bound(casts, as_nullable_as(args, logical), Pure(split)))
        },
    },
];

fn bind_split_index(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(3, 3)?;
    let takes = [Takes::Text, Takes::TextOrInteger, Takes::Integer];
    let casts = args.check(&takes, BareNull::Refused)?;
    Ok(bound(casts, LogicalType::STRING.nullable(), Pure(split_index)))
}

fn split_index<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let whole = text(args[0])?;
    let Ok(index) = usize::try_from(integer(args[2])?) else { return Ok(Value::Null) };
    if whole.is_empty() {
        return Ok(Value::Null);
    }
    let part = match args[1] {
        // Commons' StringUtils takes no separator for blanks.
        Value::String("") => whole.split(is_java_whitespace).nth(index),
        Value::String(separator) => whole.split(separator).nth(index),
        code => match u8::try_from(integer(code)?) {
            Ok(code @ 1..) => whole.split(char::from(code)).nth(index),
            _ => None,
        },
    };
    Ok(part.map_or(Value::Null, Value::String))
}

/// `Character.isWhitespace`: Unicode's separators but those that do not break, and ASCII's controls of layout.
fn is_java_whitespace(char: char) -> bool {
    match char {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}' => false,
        '\u{1c}'..='\u{1f}' => true,
        _ => char.is_whitespace(),
    }
}

fn split<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, separator) = (text(args[0])?, text(args[1])?);
    let mut parts = moment.arena.vec();
    if whole.is_empty() {
        return Ok(Value::Array(parts.into_slice()));
    }
    if !separator.is_empty() {
        parts.extend(whole.split(separator).map(Value::String));
        return Ok(Value::Array(parts.into_slice()));
    }
    for (at, char) in whole.char_indices() {
        if char.len_utf16() == 2 {
            // Java cuts between the halves of a character.
            parts.extend([Value::String("?"), Value::String("?")]);
        } else {
            parts.push(Value::String(&whole[at..at + char.len_utf8()]));
        }
    }
    Ok(Value::Array(parts.into_slice()))
}
