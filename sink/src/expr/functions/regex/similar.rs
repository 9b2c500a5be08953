//! SIMILAR TO: SQL's regular expressions, by way of Java's.

use std::sync::Arc;

use super::cache::PatternCache;
use crate::arena::ArenaString;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, text};
use crate::java_regex::{JavaPattern, PatternError};
use crate::row::{Arena, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "SIMILAR",
    aliases: &["SIMILAR TO"],
    usage: &["text [NOT] SIMILAR TO pattern [ESCAPE character]"],
    since: "1.12",
    about: "Whether the text is as SQL's regular expression says.",
    bind,
}];

fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 3)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let constant = match (args.constant_text(1), args.len()) {
        (Some(pattern), 2) => Some(compile(pattern, None)),
        (Some(pattern), _) => args.constant_text(2).map(|escape| compile(pattern, Some(escape))),
        (None, _) => None,
    };
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, LogicalType::Boolean),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(Similar { constant }),
    })
}

struct Similar {
    /// The pattern, where it is constant. A broken one fails when a row comes, as in Flink.
    constant: Option<Result<JavaPattern, String>>,
}

impl Scalar for Similar {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let whole = text(args[0])?;
        match &self.constant {
            Some(Ok(pattern)) => Ok(Value::Boolean(pattern.is_match(whole)?)),
            Some(Err(why)) => Err(EvalError::new(why.clone())),
            None => {
                let escape = args.get(2).map(|escape| text(*escape)).transpose()?;
                let pattern = text(args[1])?;
                let java = anchored(pattern, escape, moment.arena).map_err(EvalError::new)?;
                PatternCache::with(moment.patterns, java, |compiled| match compiled {
                    Ok(compiled) => Ok(Value::Boolean(compiled.is_match(whole)?)),
                    Err(why) => Err(EvalError::new(refused(pattern, why))),
                })
            }
        }
    }
}

fn compile(pattern: &str, escape: Option<&str>) -> Result<JavaPattern, String> {
    JavaPattern::compile(anchored(pattern, escape, &Arena::new())?).map_err(|why| refused(pattern, &why))
}

/// As a pattern of Java's for the whole text.
fn anchored<'a>(pattern: &str, escape: Option<&str>, arena: &'a Arena) -> Result<&'a str, String> {
    let escape = match escape {
        None => None,
        Some(text) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(escape), None) => Some(escape),
                _ => return Err(format!("'{text}' is no escape character of SIMILAR TO: one character is")),
            }
        }
    };
    let mut java = arena.string_with_capacity(pattern.len() * 2);
    java.push_str(r"\A(?:");
    to_java(pattern, escape, &mut java)?;
    java.push_str(r")\z");
    Ok(java.into_str())
}

#[cold]
fn refused(pattern: &str, error: &PatternError) -> String {
    format!("the pattern '{pattern}' of SIMILAR TO: {error}")
}

const JAVA_SPECIALS: &str = r"[]()|^-+*?{}$\.";
const SPECIALS: &str = "[]()|^-+*_%?{}";

const CLASSES: &[(&str, &str)] = &[
    ("[:ALPHA:]", r"\p{Alpha}"),
    ("[:UPPER:]", r"\p{Upper}"),
    ("[:LOWER:]", r"\p{Lower}"),
    ("[:DIGIT:]", r"\d"),
    ("[:SPACE:]", " "),
    ("[:WHITESPACE:]", r"\s"),
    ("[:ALNUM:]", r"\p{Alnum}"),
];

fn to_java(pattern: &str, escape: Option<char>, out: &mut ArenaString<'_>) -> Result<(), String> {
    let mut rest = pattern;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            _ if Some(char) == escape => rest = escaped(pattern, rest, char, out)?,
            '_' => out.push('.'),
            '%' => out.push_str("(?s:.*)"),
            '[' => {
                out.push('[');
                rest = class(pattern, rest, escape, out)?;
            }
            ']' => return Err(broken(pattern)),
            '\\' | '$' => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    Ok(())
}

/// The character behind an escape; gives the rest.
fn escaped<'p>(
    pattern: &str,
    rest: &'p str,
    escape: char,
    out: &mut ArenaString<'_>,
) -> Result<&'p str, String> {
    let next = rest.chars().next().filter(|next| SPECIALS.contains(*next) || *next == escape);
    let Some(next) = next else { return Err(broken(pattern)) };
    if JAVA_SPECIALS.contains(next) {
        out.push('\\');
    }
    out.push(next);
    Ok(&rest[next.len_utf8()..])
}

/// The inside of a class in brackets, its end included; gives the rest.
fn class<'p>(
    pattern: &str,
    mut rest: &'p str,
    escape: Option<char>,
    out: &mut ArenaString<'_>,
) -> Result<&'p str, String> {
    while let Some(char) = rest.chars().next() {
        if rest.starts_with("[:") {
            let found = CLASSES.iter().find(|(name, _)| {
                let lower = name.to_ascii_lowercase();
                rest.starts_with(name) || rest.starts_with(&lower)
            });
            let Some((name, java)) = found else { return Err(broken(pattern)) };
            out.push_str(java);
            rest = &rest[name.len()..];
            continue;
        }
        rest = &rest[char.len_utf8()..];
        match char {
            ']' => {
                out.push(']');
                return Ok(rest);
            }
            _ if Some(char) == escape => rest = escaped(pattern, rest, char, out)?,
            '-' | '^' => out.push(char),
            _ if SPECIALS.contains(char) => return Err(broken(pattern)),
            _ => out.push(char),
        }
    }
    Err(broken(pattern))
}

#[cold]
fn broken(pattern: &str) -> String {
    format!("'{pattern}' is no regular expression of SQL")
}
