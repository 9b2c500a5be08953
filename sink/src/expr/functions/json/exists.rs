//! JSON_EXISTS and IS JSON.

use std::sync::Arc;

use super::document::{is_scalar, parse};
use super::path::JsonPath;
use super::walk::find;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::expr::functions::signature::{BareNull, Evaluate, Takes, text};
use crate::format::json::node::Node;
use crate::row::{Arena, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "JSON_EXISTS",
        aliases: &[],
        usage: &["JSON_EXISTS(json, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])"],
        since: "1.14",
        about: "Whether a path leads somewhere.",
        bind: bind_exists,
    },
    FunctionSpec {
        name: "IS JSON VALUE",
        aliases: &["IS JSON"],
        usage: &["text IS [NOT] JSON [VALUE]"],
        since: "1.12",
        about: "Whether the text is JSON; FALSE of NULL.",
        bind: |args| bind_is(args, |args, moment| is(args, moment.arena, |_| true)),
    },
    FunctionSpec {
        name: "IS JSON OBJECT",
        aliases: &[],
        usage: &["text IS [NOT] JSON OBJECT"],
        since: "1.12",
        about: "Whether the text is a JSON object; FALSE of NULL.",
        bind: |args| bind_is(args, |args, moment| is(args, moment.arena, |it| matches!(it, Node::Object(_)))),
    },
    FunctionSpec {
        name: "IS JSON ARRAY",
        aliases: &[],
        usage: &["text IS [NOT] JSON ARRAY"],
        since: "1.12",
        about: "Whether the text is a JSON array; FALSE of NULL.",
        bind: |args| bind_is(args, |args, moment| is(args, moment.arena, |it| matches!(it, Node::Array(_)))),
    },
    FunctionSpec {
        name: "IS JSON SCALAR",
        aliases: &[],
        usage: &["text IS [NOT] JSON SCALAR"],
        since: "1.12",
        about: "Whether the text is a JSON scalar; FALSE of NULL.",
        bind: |args| bind_is(args, |args, moment| is(args, moment.arena, is_scalar)),
    },
];

fn bind_is(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    Ok(Bound {
        casts: args.check(&[Takes::Text], BareNull::Refused)?,
        data_type: LogicalType::Boolean.not_null(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(Pure(evaluate)),
    })
}

fn is<'a>(args: &[Value<'a>], arena: &'a Arena, kind: fn(Node<'_>) -> bool) -> Result<Value<'a>, EvalError> {
    if args[0] == Value::Null {
        return Ok(Value::Boolean(false));
    }
    Ok(Value::Boolean(parse(text(args[0])?, arena).is_ok_and(kind)))
}

/// The arguments: JSON, path, and what to do about an error.
fn bind_exists(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 3)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let Some(path) = args.constant_text(1).filter(|_| args.literals[1]) else {
        return Err(BindError("its path must stand there as a text".into()));
    };
    let on_error = match args.constants.get(2).and_then(|_| args.constant_text(2)) {
        Some("TRUE") => OnError::Value(Value::Boolean(true)),
        Some("UNKNOWN") => OnError::Value(Value::Null),
        Some("ERROR") => OnError::Fail,
        _ => OnError::Value(Value::Boolean(false)),
    };
    Ok(Bound {
        casts,
        data_type: LogicalType::Boolean.nullable(),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(JsonExists { path: JsonPath::parse(path), on_error }),
    })
}

enum OnError {
    Value(Value<'static>),
    Fail,
}

struct JsonExists {
    path: Result<JsonPath, String>,
    on_error: OnError,
}

impl Scalar for JsonExists {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let found = match &self.path {
            Err(why) => Err(why.as_str()),
            Ok(path) => match parse(text(args[0])?, moment.arena) {
                Err(_) if path.is_lax => Ok(None),
                Err(why) => Err(why),
                Ok(root) => find(root, path, moment.arena),
            },
        };
        let is_lax = self.path.as_ref().is_ok_and(|path| path.is_lax);
        let why = match found {
            Ok(Some(Node::Null)) if !is_lax => "the path leads to null",
            Ok(found) => return Ok(Value::Boolean(found.is_some())),
            Err(why) => why,
        };
        match &self.on_error {
            OnError::Value(value) => Ok(*value),
            OnError::Fail => Err(EvalError::new(format!("JSON_EXISTS cannot tell: {why}"))),
        }
    }
}
