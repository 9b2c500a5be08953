//! STR_TO_MAP: a text cut at patterns into keys and values.

use std::sync::Arc;

use super::cache::PatternCache;
use crate::arena::ArenaVec;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, text};
use crate::java_regex::JavaPattern;
use crate::row::{Arena, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "STR_TO_MAP",
    aliases: &[],
    usage: &["STR_TO_MAP(text)", "STR_TO_MAP(text, list pattern, key pattern)"],
    since: "1.12",
    about: "A MAP of the text's parts, cut at `,` and `=` or at these regular expressions; of equal keys the last one counts.",
    bind,
}];

fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    if args.len() != 1 {
        args.count(3, 3)?;
    }
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let text = || Box::new(LogicalType::STRING.nullable());
    let pattern = |index: usize, default: &str| {
        if args.len() == 1 {
            compile(default).ok()
        } else {
            args.constant_text(index).and_then(|it| compile(it).ok())
        }
    };
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, LogicalType::Map(text(), text())),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(StrToMap { list: pattern(1, ","), key: pattern(2, "=") }),
    })
}

/// The patterns, where they are constant.
struct StrToMap {
    list: Option<JavaPattern>,
    key: Option<JavaPattern>,
}

impl Scalar for StrToMap {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let whole = text(args[0])?;
        let arena = moment.arena;
        let mut pairs: ArenaVec<'a, (Value<'a>, Value<'a>)> = arena.vec();
        if !whole.is_empty() {
            let list = PatternArgument { constant: self.list.as_ref(), args, index: 1 };
            let key = PatternArgument { constant: self.key.as_ref(), args, index: 2 };
            let parts = list.with(moment, |list| split(list, whole, usize::MAX, arena))?;
            key.with(moment, |key| {
                for part in parts {
                    let pair = match *split(key, part, 2, arena)? {
                        [key, value] => (Value::String(key), Value::String(value)),
                        _ => (Value::String(part), Value::Null),
                    };
                    match pairs.iter_mut().find(|(key, _)| *key == pair.0) {
                        Some(earlier) => earlier.1 = pair.1,
                        None => pairs.push(pair),
                    }
                }
                Ok(())
            })?;
        }
        Ok(Value::Map(pairs.into_slice()))
    }
}

fn compile(pattern: &str) -> Result<JavaPattern, EvalError> {
    JavaPattern::compile(pattern).map_err(|why| EvalError::new(why.to_string()))
}

/// A pattern of the call: constant, or the row's.
struct PatternArgument<'p, 'a> {
    constant: Option<&'p JavaPattern>,
    args: &'p [Value<'a>],
    index: usize,
}

impl<'a> PatternArgument<'_, 'a> {
    /// Does something with it, compiled.
    fn with<T>(
        &self,
        moment: &Moment<'a>,
        apply: impl FnOnce(&JavaPattern) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        match self.constant {
            Some(pattern) => apply(pattern),
            None => {
                PatternCache::with(moment.patterns, text(self.args[self.index])?, |compiled| match compiled {
                    Ok(pattern) => apply(pattern),
                    Err(why) => Err(EvalError::new(why.to_string())),
                })
            }
        }
    }
}

/// As `String.split`: no empty text in front of an empty match, none at the end unless a limit was reached.
fn split<'t>(
    pattern: &JavaPattern,
    text: &'t str,
    most: usize,
    arena: &'t Arena,
) -> Result<&'t [&'t str], EvalError> {
    let mut parts = arena.vec();
    let mut from = 0;
    for range in pattern.matches(text) {
        let range = range?;
        if parts.len() + 1 == most {
            break;
        }
        let leads = range.start == 0 && range.end == 0;
        if leads || (range.is_empty() && range.start == text.len()) {
            continue;
        }
        parts.push(&text[from..range.start]);
        from = range.end;
    }
    parts.push(&text[from..]);
    let parts = &*parts.into_slice();
    if most < usize::MAX {
        return Ok(parts);
    }
    let kept = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    // A text of separators alone has no parts; an empty one has one.
    let kept = if text.is_empty() { 1 } else { kept };
    Ok(&parts[..kept])
}
