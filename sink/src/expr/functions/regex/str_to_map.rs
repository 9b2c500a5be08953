//! STR_TO_MAP: a text cut at patterns into keys and values.

use std::sync::Arc;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, text};
use crate::java_regex::JavaPattern;
use crate::row::Value;
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
        let mut pairs: Vec<(&'a str, Value<'a>)> = Vec::new();
        if !whole.is_empty() {
            let (mut list, mut key) = (None, None);
            let list = compiled(self.list.as_ref(), &mut list, args, 1)?;
            let key = compiled(self.key.as_ref(), &mut key, args, 2)?;
            for part in split(list, whole, usize::MAX)? {
                let halves = split(key, part, 2)?;
                let pair = match halves[..] {
                    [key, value] => (key, Value::String(value)),
                    _ => (part, Value::Null),
                };
                match pairs.iter_mut().find(|(key, _)| *key == pair.0) {
                    Some(earlier) => earlier.1 = pair.1,
                    None => pairs.push(pair),
                }
            }
        }
        let pairs = pairs.into_iter().map(|(key, value)| (Value::String(key), value));
        Ok(Value::Map(moment.arena.alloc_slice_fill_iter(pairs.collect::<Vec<_>>())))
    }
}

fn compile(pattern: &str) -> Result<JavaPattern, EvalError> {
    JavaPattern::compile(pattern).map_err(|why| EvalError::new(why.to_string()))
}

fn compiled<'p>(
    constant: Option<&'p JavaPattern>,
    of_row: &'p mut Option<JavaPattern>,
    args: &[Value<'_>],
    index: usize,
) -> Result<&'p JavaPattern, EvalError> {
    match constant {
        Some(pattern) => Ok(pattern),
        None => Ok(of_row.insert(compile(text(args[index])?)?)),
    }
}

/// As `String.split`: no empty text in front of an empty match, none at the end unless a limit was reached.
fn split<'t>(pattern: &JavaPattern, text: &'t str, most: usize) -> Result<Vec<&'t str>, EvalError> {
    let mut parts = Vec::new();
    let mut from = 0;
    for range in pattern.find_all(text)?.iter().filter_map(|found| found.get(0)).map(|found| found.range()) {
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
    if most == usize::MAX {
        while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        // A text of separators alone has no parts.
        if parts == [""] && !text.is_empty() {
            parts.pop();
        }
    }
    Ok(parts)
}
