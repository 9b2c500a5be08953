//! Parts of a text, and parts replaced.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, integer, text, varying};
use crate::expr::functions::utf16;
use crate::row::Value;
use crate::types::{LENGTH_MAX, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "SUBSTRING",
        aliases: &["SUBSTR"],
        usage: &["SUBSTRING(text FROM from [FOR length])", "SUBSTRING(text, from [, length])"],
        since: "1.12",
        about: "The part of the text from a character, counted from 1 or backwards from -1; NULL for a negative length.",
        bind: |args| part(args, 2, 3, substring),
    },
    FunctionSpec {
        name: "LEFT",
        aliases: &[],
        usage: &["LEFT(text, length)"],
        since: "1.12",
        about: "So many characters from the beginning of the text.",
        bind: |args| part(args, 2, 2, left),
    },
    FunctionSpec {
        name: "RIGHT",
        aliases: &[],
        usage: &["RIGHT(text, length)"],
        since: "1.12",
        about: "So many characters from the end of the text.",
        bind: |args| part(args, 2, 2, right),
    },
    FunctionSpec {
        name: "OVERLAY",
        aliases: &[],
        usage: &["OVERLAY(text PLACING other FROM from [FOR length])"],
        since: "1.12",
        about: "The text with another laid over it, from a character on.",
        bind: bind_overlay,
    },
    FunctionSpec {
        name: "REPLACE",
        aliases: &[],
        usage: &["REPLACE(text, part, other)"],
        since: "1.12",
        about: "The text with every occurrence of a part replaced.",
        bind: |args| {
            args.count(3, 3)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(replace)))
        },
    },
    FunctionSpec {
        name: "TRANSLATE",
        aliases: &["TRANSLATE3"],
        usage: &["TRANSLATE(text, from, to)"],
        since: "2.0",
        about: "The text with each character of `from` replaced by the one in its place in `to`, or taken out.",
        bind: |args| {
            args.count(3, 3)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            Ok(bound(casts, as_nullable_as(args, LogicalType::STRING), Pure(translate)))
        },
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn part(args: &Arguments<'_>, least: usize, most: usize, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(least, most)?;
    let casts = args.check(&[Takes::Text, Takes::Integer], BareNull::Refused)?;
    Ok(bound(casts, varying(args.logical(0)).nullable(), Pure(evaluate)))
}

fn bind_overlay(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(3, 4)?;
    let casts = args.check(&[Takes::Text, Takes::Text, Takes::Integer], BareNull::Refused)?;
    let length = [0, 1].iter().map(|index| length(args.logical(*index))).fold(0, u32::saturating_add);
    let logical = LogicalType::VarChar(length.min(LENGTH_MAX));
    Ok(bound(casts, as_nullable_as(args, logical), Pure(overlay)))
}

fn length(logical: &LogicalType) -> u32 {
    match logical {
        LogicalType::Char(length) | LogicalType::VarChar(length) => *length,
        _ => LENGTH_MAX,
    }
}

fn substring<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, from) = (text(args[0])?, integer(args[1])?);
    let length = args.get(2).map_or(Ok(i64::MAX), |length| integer(*length))?;
    let Ok(length) = usize::try_from(length) else { return Ok(Value::Null) };
    let start = match from {
        1.. => usize::try_from(from - 1).ok(),
        0 => Some(0),
        _ => {
            let back = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
            whole.chars().count().checked_sub(back)
        }
    };
    Ok(Value::String(start.map_or("", |start| characters(whole, start, length))))
}

/// So many characters of a text, after those that are left out.
fn characters(whole: &str, skipped: usize, length: usize) -> &str {
    let rest = byte_of(whole, skipped);
    let rest = &whole[rest..];
    &rest[..byte_of(rest, length)]
}

/// Where the character with this number begins; the end of the text where there are fewer.
fn byte_of(text: &str, character: usize) -> usize {
    if text.is_ascii() {
        return character.min(text.len());
    }
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

fn left<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let length = usize::try_from(integer(args[1])?).unwrap_or(0);
    Ok(Value::String(characters(text(args[0])?, 0, length)))
}

fn right<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let length = usize::try_from(integer(args[1])?).unwrap_or(0);
    let whole = text(args[0])?;
    let skipped = whole.chars().count().saturating_sub(length);
    Ok(Value::String(characters(whole, skipped, usize::MAX)))
}

fn overlay<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, other, from) = (text(args[0])?, text(args[1])?, integer(args[2])?);
    let units = utf16::units(whole);
    let length = match args.get(3) {
        Some(length) => integer(*length)?,
        None => i64::try_from(utf16::length(other)).unwrap_or(i64::MAX),
    };
    let Some(start) = usize::try_from(from - 1).ok().filter(|start| *start < units.len()) else {
        return Ok(Value::String(whole));
    };
    let mut out = units[..start].to_vec();
    out.extend(other.encode_utf16());
    // Java keeps the rest only where it is longer than what was laid over it.
    let end = usize::try_from(length).ok().filter(|length| *length > 0);
    if let Some(end) = end.and_then(|length| start.checked_add(length)).filter(|end| *end < units.len()) {
        out.extend_from_slice(&units[end..]);
    }
    Ok(Value::String(utf16::to_text(&out, moment.arena)))
}

fn replace<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, part, other) = (text(args[0])?, text(args[1])?, text(args[2])?);
    let mut out = moment.arena.string_with_capacity(whole.len());
    if part.is_empty() {
        out.push_str(other);
        for char in whole.chars() {
            // Java puts the text between the halves of a character too, of which each is then a question mark.
            let halves = char.len_utf16() == 2;
            for _ in 0..char.len_utf16() {
                out.push(if halves { '?' } else { char });
                out.push_str(other);
            }
        }
        return Ok(Value::String(out.into_str()));
    }
    let mut rest = 0;
    for (at, found) in whole.match_indices(part) {
        out.push_str(&whole[rest..at]);
        out.push_str(other);
        rest = at + found.len();
    }
    if rest == 0 {
        return Ok(Value::String(whole));
    }
    out.push_str(&whole[rest..]);
    Ok(Value::String(out.into_str()))
}

fn translate<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, from, to) = (text(args[0])?, text(args[1])?, text(args[2])?);
    let mut out = moment.arena.string_with_capacity(whole.len());
    for char in whole.chars() {
        match from.chars().position(|it| it == char) {
            None => out.push(char),
            Some(at) => out.extend(to.chars().nth(at)),
        }
    }
    Ok(Value::String(out.into_str()))
}
