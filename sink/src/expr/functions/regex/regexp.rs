//! REGEXP and the functions whose names begin so.

use std::sync::Arc;

use super::cache::PatternCache;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, count, integer, text};
use crate::expr::functions::utf16;
use crate::java_regex::{JavaPattern, PatternError, next_char};
use crate::row::Value;
use crate::types::{DataType, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "REGEXP",
        aliases: &[],
        usage: &["REGEXP(text, pattern)"],
        since: "1.12",
        about: "Whether the pattern is found in the text; FALSE of an empty or broken pattern.",
        bind: |args| {
            args.count(2, 2)?;
            bind(args, BareNull::Refused, Takes::Any, as_nullable_as(args, LogicalType::Boolean), regexp)
        },
    },
    FunctionSpec {
        name: "REGEXP_REPLACE",
        aliases: &[],
        usage: &["REGEXP_REPLACE(text, pattern, replacement)"],
        since: "1.12",
        about: "The text with all that the pattern finds replaced; the replacement stands as it is, `$1` included.",
        bind: |args| {
            args.count(3, 3)?;
            bind(args, BareNull::Refused, Takes::Text, as_nullable_as(args, LogicalType::STRING), replace)
        },
    },
    FunctionSpec {
        name: "REGEXP_EXTRACT",
        aliases: &[],
        usage: &["REGEXP_EXTRACT(text, pattern [, group])"],
        since: "1.12",
        about: "What the pattern, or a group of it, finds first; NULL if nothing.",
        bind: |args| {
            args.count(2, 3)?;
            bind(args, BareNull::Refused, Takes::Integer, LogicalType::STRING.nullable(), extract)
        },
    },
    FunctionSpec {
        name: "REGEXP_EXTRACT_ALL",
        aliases: &[],
        usage: &["REGEXP_EXTRACT_ALL(text, pattern [, group])"],
        since: "2.0",
        about: "All that a group of the pattern finds, the first by default; NULL where there is no such group.",
        bind: |args| {
            args.count(2, 3)?;
            let logical = LogicalType::Array(Box::new(LogicalType::STRING.nullable()));
            bind(args, BareNull::Taken, Takes::Integer, logical.nullable(), extract_all)
        },
    },
    FunctionSpec {
        name: "REGEXP_COUNT",
        aliases: &[],
        usage: &["REGEXP_COUNT(text, pattern)"],
        since: "2.0",
        about: "How often the pattern is found in the text.",
        bind: |args| {
            args.count(2, 2)?;
            bind(args, BareNull::Taken, Takes::Any, LogicalType::Int.nullable(), |pattern, args, _| {
                let found = pattern.matches(text(args[0])?);
                Ok(count(found.map(|it| it.map(|_| 1)).sum::<Result<usize, _>>()?))
            })
        },
    },
    FunctionSpec {
        name: "REGEXP_INSTR",
        aliases: &[],
        usage: &["REGEXP_INSTR(text, pattern)"],
        since: "2.0",
        about: "Where the pattern is found first, counted from 1; 0 where it is not.",
        bind: |args| {
            args.count(2, 2)?;
            bind(args, BareNull::Taken, Takes::Any, LogicalType::Int.nullable(), |pattern, args, _| {
                let whole = text(args[0])?;
                let found = pattern.find_at(whole, 0)?;
                Ok(count(found.map_or(0, |found| utf16::length(&whole[..found.start]) + 1)))
            })
        },
    },
    FunctionSpec {
        name: "REGEXP_SUBSTR",
        aliases: &[],
        usage: &["REGEXP_SUBSTR(text, pattern)"],
        since: "2.0",
        about: "What the pattern finds first; NULL if nothing.",
        bind: |args| {
            args.count(2, 2)?;
            bind(args, BareNull::Taken, Takes::Any, LogicalType::STRING.nullable(), |pattern, args, _| {
                let whole = text(args[0])?;
                Ok(pattern.find_at(whole, 0)?.map_or(Value::Null, |found| Value::String(&whole[found])))
            })
        },
    },
];

type WithPattern = for<'a> fn(&JavaPattern, &[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn bind(
    args: &Arguments<'_>,
    bare_null: BareNull,
    third: Takes,
    data_type: DataType,
    evaluate: WithPattern,
) -> Result<Bound, BindError> {
    let casts = args.check(&[Takes::Text, Takes::Text, third], bare_null)?;
    let constant = match args.constant_text(1).map(JavaPattern::compile) {
        Some(Err(PatternError::Unsupported(why))) => return Err(BindError(why)),
        Some(Err(PatternError::Invalid(_))) => ConstantPattern::Invalid,
        Some(Ok(pattern)) => ConstantPattern::Pattern(Box::new(pattern)),
        None => ConstantPattern::None,
    };
    let on_invalid =
        if data_type.logical == LogicalType::Boolean { Value::Boolean(false) } else { Value::Null };
    Ok(Bound {
        casts,
        data_type,
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Regexp { constant, on_invalid, evaluate }),
    })
}

/// The pattern of a call, where it is constant.
enum ConstantPattern {
    Pattern(Box<JavaPattern>),
    Invalid,
    None,
}

struct Regexp {
    constant: ConstantPattern,
    /// What an invalid pattern gives.
    on_invalid: Value<'static>,
    evaluate: WithPattern,
}

impl Scalar for Regexp {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match &self.constant {
            ConstantPattern::Pattern(pattern) => (self.evaluate)(pattern, args, moment),
            ConstantPattern::Invalid => Ok(self.on_invalid),
            ConstantPattern::None => {
                PatternCache::with(moment.patterns, text(args[1])?, |pattern| match pattern {
                    Ok(pattern) => (self.evaluate)(pattern, args, moment),
                    Err(PatternError::Invalid(_)) => Ok(self.on_invalid),
                    Err(PatternError::Unsupported(why)) => Err(EvalError::new(why.clone())),
                })
            }
        }
    }
}

fn regexp<'a>(pattern: &JavaPattern, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    if args[1] == Value::String("") {
        return Ok(Value::Boolean(false));
    }
    Ok(Value::Boolean(pattern.is_match(text(args[0])?)?))
}

fn extract<'a>(
    pattern: &JavaPattern,
    args: &[Value<'a>],
    moment: &Moment<'a>,
) -> Result<Value<'a>, EvalError> {
    let group = args.get(2).map_or(Ok(0), |group| integer(*group))?;
    let whole = text(args[0])?;
    let found = match among(group, pattern) {
        None => None,
        Some(0) => pattern.find_at(whole, 0)?,
        Some(group) => pattern.find_group(whole, group, moment.arena)?,
    };
    Ok(found.map_or(Value::Null, |found| Value::String(&whole[found])))
}

fn extract_all<'a>(
    pattern: &JavaPattern,
    args: &[Value<'a>],
    moment: &Moment<'a>,
) -> Result<Value<'a>, EvalError> {
    let group = args.get(2).map_or(Ok(1), |group| integer(*group))?;
    let Some(group) = among(group, pattern) else { return Ok(Value::Null) };
    let whole = text(args[0])?;
    let mut all = moment.arena.vec();
    for found in pattern.group_matches(whole, group, moment.arena) {
        all.push(found?.map_or(Value::Null, |found| Value::String(&whole[found])));
    }
    Ok(Value::Array(all.into_slice()))
}

/// The number of a group, if the pattern has it; 0 is the whole.
fn among(group: i64, pattern: &JavaPattern) -> Option<usize> {
    usize::try_from(group).ok().filter(|group| *group <= pattern.groups())
}

fn replace<'a>(
    pattern: &JavaPattern,
    args: &[Value<'a>],
    moment: &Moment<'a>,
) -> Result<Value<'a>, EvalError> {
    let (whole, replacement) = (text(args[0])?, text(args[2])?);
    let mut all = pattern.matches(whole).peekable();
    if all.peek().is_none() {
        return Ok(Value::String(whole));
    }
    let mut out = moment.arena.string_with_capacity(whole.len());
    let mut copied = 0;
    for range in all {
        let range = range?;
        out.push_str(&whole[copied..range.start]);
        out.push_str(replacement);
        copied = range.end;
        let next = next_char(whole, range.end);
        // Java finds an empty match between the halves of a character too, each of which is then a question mark.
        if range.is_empty() && next - range.end == 4 {
            out.push('?');
            out.push_str(replacement);
            out.push('?');
            copied = next;
        }
    }
    out.push_str(&whole[copied..]);
    Ok(Value::String(out.into_str()))
}
