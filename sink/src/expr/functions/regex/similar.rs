//! SIMILAR TO: SQL's regular expressions, by way of Java's.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, text};
use crate::java_regex::JavaPattern;
use crate::row::Value;
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
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let whole = text(args[0])?;
        match &self.constant {
            Some(Ok(pattern)) => Ok(Value::Boolean(pattern.is_match(whole)?)),
            Some(Err(why)) => Err(EvalError::new(why.clone())),
            None => {
                let escape = args.get(2).map(|escape| text(*escape)).transpose()?;
                let pattern = compile(text(args[1])?, escape).map_err(EvalError::new)?;
                Ok(Value::Boolean(pattern.is_match(whole)?))
            }
        }
    }
}

fn compile(pattern: &str, escape: Option<&str>) -> Result<JavaPattern, String> {
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
    let java = to_java(pattern, escape)?;
    JavaPattern::compile(&format!(r"\A(?:{java})\z"))
        .map_err(|why| format!("the pattern '{pattern}' of SIMILAR TO: {why}"))
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

fn to_java(pattern: &str, escape: Option<char>) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            _ if Some(char) == escape => rest = escaped(pattern, rest, char, &mut out)?,
            '_' => out.push('.'),
            '%' => out.push_str("(?s:.*)"),
            '[' => {
                out.push('[');
                rest = class(pattern, rest, escape, &mut out)?;
            }
            ']' => return Err(broken(pattern)),
            '\\' | '$' => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    Ok(out)
}

/// The character behind an escape; gives the rest.
fn escaped<'p>(pattern: &str, rest: &'p str, escape: char, out: &mut String) -> Result<&'p str, String> {
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
    out: &mut String,
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
