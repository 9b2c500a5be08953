//! Upper and lower case, and texts turned around.

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, bound, text};
use crate::row::{Arena, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "UPPER",
        aliases: &[],
        usage: &["UPPER(text)"],
        since: "1.12",
        about: "The text in upper case.",
        bind: |args| same_type(args, |args, moment| map(args, moment, upper)),
    },
    FunctionSpec {
        name: "LOWER",
        aliases: &[],
        usage: &["LOWER(text)"],
        since: "1.12",
        about: "The text in lower case.",
        bind: |args| same_type(args, |args, moment| map(args, moment, lower)),
    },
    FunctionSpec {
        name: "INITCAP",
        aliases: &[],
        usage: &["INITCAP(text)"],
        since: "1.12",
        about: "Each word with its first letter in upper case and the others in lower case; letters are those of ASCII.",
        bind: |args| same_type(args, |args, moment| map(args, moment, initcap)),
    },
    FunctionSpec {
        name: "REVERSE",
        aliases: &[],
        usage: &["REVERSE(text)"],
        since: "1.12",
        about: "The text from its end to its beginning, character by character.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            let scalar = Pure(|args, moment| map(args, moment, reverse));
            Ok(bound(casts, LogicalType::STRING.nullable(), scalar))
        },
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

/// A function of one text that gives a text of its type.
fn same_type(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    Ok(bound(casts, as_nullable_as(args, args.logical(0).clone()), Pure(evaluate)))
}

fn map<'a>(
    args: &[Value<'a>],
    moment: &Moment<'a>,
    change: for<'b> fn(&'b str, &'b Arena) -> &'b str,
) -> Result<Value<'a>, EvalError> {
    Ok(Value::String(change(text(args[0])?, moment.arena)))
}

fn upper<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    if !text.is_ascii() {
        return arena.alloc_str(&text.to_uppercase());
    }
    collect(text.chars().map(|char| char.to_ascii_uppercase()), text.len(), arena)
}

fn lower<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    if !text.is_ascii() {
        return arena.alloc_str(&text.to_lowercase());
    }
    collect(text.chars().map(|char| char.to_ascii_lowercase()), text.len(), arena)
}

fn initcap<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    let mut in_word = false;
    let cased = text.chars().map(|char| {
        let cased = if in_word { char.to_ascii_lowercase() } else { char.to_ascii_uppercase() };
        in_word = char.is_ascii_alphanumeric();
        cased
    });
    collect(cased, text.len(), arena)
}

fn reverse<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    collect(text.chars().rev(), text.len(), arena)
}

fn collect<'a>(chars: impl Iterator<Item = char>, capacity: usize, arena: &'a Arena) -> &'a str {
    let mut out = arena.string_with_capacity(capacity);
    out.extend(chars);
    out.into_str()
}
