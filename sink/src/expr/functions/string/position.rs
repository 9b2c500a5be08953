//! Where a text stands in another, and how long it is.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, count, integer, text};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "CHAR_LENGTH",
        aliases: &["CHARACTER_LENGTH"],
        usage: &["CHAR_LENGTH(text)"],
        since: "1.12",
        about: "How many characters the text has.",
        bind: |args| number(args, 1, 1, |args, _| Ok(count(text(args[0])?.chars().count()))),
    },
    FunctionSpec {
        name: "ASCII",
        aliases: &[],
        usage: &["ASCII(text)"],
        since: "1.12",
        about: "The first byte of the text in UTF-8, between -128 and 127; 0 of an empty text.",
        bind: |args| {
            number(args, 1, 1, |args, _| {
                let first = text(args[0])?.as_bytes().first().copied().unwrap_or(0);
                Ok(Value::Int(i32::from(first.cast_signed())))
            })
        },
    },
    FunctionSpec {
        name: "POSITION",
        aliases: &[],
        usage: &["POSITION(part IN text [FROM from])"],
        since: "1.12",
        about: "Where the part stands first in the text, counted from 1; 0 where it does not.",
        bind: |args| number(args, 2, 3, locate),
    },
    FunctionSpec {
        name: "LOCATE",
        aliases: &[],
        usage: &["LOCATE(part, text [, from])"],
        since: "1.12",
        about: "Where the part stands first in the text, counted from 1; 0 where it does not.",
        bind: |args| number(args, 2, 3, locate),
    },
    FunctionSpec {
        name: "INSTR",
        aliases: &[],
        usage: &["INSTR(text, part [, from [, occurrence]])"],
        since: "1.12",
        about: "Where the part stands in the text, counted from 1; 0 where it does not. A negative start counts from the end.",
        bind: |args| number(args, 2, 4, instr),
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

/// A function of one or two texts, then numbers, that gives an INT.
fn number(args: &Arguments<'_>, least: usize, most: usize, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(least, most)?;
    let takes = [Takes::Text, if most == 1 { Takes::Integer } else { Takes::Text }, Takes::Integer];
    let casts = args.check(&takes, BareNull::Refused)?;
    Ok(bound(casts, as_nullable_as(args, LogicalType::Int), Pure(evaluate)))
}

fn locate<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let from = args.get(2).map_or(Ok(1), |from| integer(*from))?;
    Ok(Value::Int(place(text(args[1])?, text(args[0])?, from.saturating_sub(1))))
}

fn instr<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (whole, part) = (text(args[0])?, text(args[1])?);
    let from = args.get(2).map_or(Ok(1), |from| integer(*from))?;
    let occurrence = args.get(3).map_or(Ok(1), |occurrence| integer(*occurrence))?;
    if occurrence <= 0 {
        return Err(EvalError::new(format!("INSTR looks for occurrence {occurrence}, which is not above 0")));
    }
    if from > 0 {
        return Ok(Value::Int(nth(whole, part, from, occurrence)));
    }
    if from == 0 {
        return Ok(Value::Int(0));
    }
    if from == i64::from(i32::MIN) {
        return Err(EvalError::new("INSTR cannot begin at -2147483648"));
    }
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    let found = nth(&backwards(whole), &backwards(part), -from, occurrence);
    let length = |text: &str| i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
    Ok(Value::Int(if found == 0 { 0 } else { length(whole) + 2 - found - length(part) }))
}

fn nth(whole: &str, part: &str, from: i64, occurrence: i64) -> i32 {
    let (mut start, mut found) = (from, 0);
    for _ in 0..occurrence {
        found = place(whole, part, start - 1);
        // An empty part is found at the beginning each time.
        if found == 0 || part.is_empty() {
            return found;
        }
        start = i64::from(found) + 1;
    }
    found
}

/// The place of a part, from 1, where so many characters are left out; an empty part is found at once.
fn place(whole: &str, part: &str, skipped: i64) -> i32 {
    if part.is_empty() {
        return 1;
    }
    let skipped = usize::try_from(skipped).unwrap_or(0);
    let Some((start, _)) = whole.char_indices().nth(skipped) else { return 0 };
    let Some(found) = whole[start..].find(part) else { return 0 };
    let before = skipped + whole[start..start + found].chars().count();
    i32::try_from(before + 1).unwrap_or(i32::MAX)
}
