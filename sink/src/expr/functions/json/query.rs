//! JSON_QUERY: an object or an array out of a JSON text.

use std::sync::Arc;

use super::document::{is_scalar, parse, plain, written};
use super::path::PathArgument;
use super::walk::find;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, is_text, text};
use crate::format::json::node::Node;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "JSON_QUERY",
    aliases: &[],
    usage: &[
        "JSON_QUERY(json, path [RETURNING type] [{WITHOUT | WITH [CONDITIONAL | UNCONDITIONAL]} [ARRAY] WRAPPER] [{NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR} ON EMPTY] [… ON ERROR])",
    ],
    since: "1.15",
    about: "The object or array that a path leads to, as JSON; a path without 'lax' in front is strict.",
    bind,
}];

/// The arguments: JSON, path; or, behind those, NULL of the type that is returned, the wrapper, what to do where nothing
/// is found and what to do about an error.
fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    if args.len() != 6 {
        args.count(2, 2)?;
    }
    let casts = args.check(&[Takes::Text, Takes::Text, Takes::Any], BareNull::Taken)?;
    if args.is_bare_null(0) || args.is_bare_null(1) {
        return Err(BindError("NULL has no type: CAST(NULL AS STRING) gives it one".into()));
    }
    let mut call = JsonQuery {
        path: PathArgument::of(args, 1),
        is_array: false,
        wrapper: Wrapper::Without,
        on_empty: QueryOtherwise::Null,
        on_error: QueryOtherwise::Null,
    };
    let mut returning = LogicalType::STRING;
    if args.len() == 6 {
        returning = args.logical(2).clone();
        call.is_array = match &returning {
            LogicalType::VarChar(_) => false,
            LogicalType::Array(element) if is_text(&element.logical) => true,
            _ => return Err(BindError(format!("RETURNING knows STRING and ARRAY<STRING>, not {returning}"))),
        };
        call.wrapper = match args.constant_text(3) {
            Some("CONDITIONAL") => Wrapper::Conditional,
            Some("UNCONDITIONAL") => Wrapper::Unconditional,
            _ => Wrapper::Without,
        };
        call.on_empty = QueryOtherwise::of(args.constant_text(4));
        call.on_error = QueryOtherwise::of(args.constant_text(5));
    }
    Ok(Bound {
        casts,
        data_type: returning.nullable(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(call),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    Without,
    /// An array around what is none.
    Conditional,
    /// An array around whatever it is.
    Unconditional,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QueryOtherwise {
    Null,
    Error,
    EmptyArray,
    EmptyObject,
}

impl QueryOtherwise {
    fn of(word: Option<&str>) -> Self {
        match word {
            Some("ERROR") => Self::Error,
            Some("EMPTY ARRAY") => Self::EmptyArray,
            Some("EMPTY OBJECT") => Self::EmptyObject,
            _ => Self::Null,
        }
    }
}

struct JsonQuery {
    path: PathArgument,
    /// Whether an ARRAY of texts is returned.
    is_array: bool,
    wrapper: Wrapper,
    on_empty: QueryOtherwise,
    on_error: QueryOtherwise,
}

impl Scalar for JsonQuery {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        if args[0] == Value::Null || args[1] == Value::Null {
            return Ok(Value::Null);
        }
        let mut own = None;
        let path = self.path.of_row(args[1], &mut own)?;
        let path = match path {
            Ok(path) => path,
            Err(why) => return self.otherwise(self.on_error, why),
        };
        let found = match parse(text(args[0])?, moment.arena) {
            Err(_) if path.is_lax => Ok(None),
            Err(why) => Err(why),
            Ok(root) => find(root, path, moment.arena),
        };
        match found {
            Err(why) => self.otherwise(self.on_error, why),
            Ok(Some(Node::Null) | None) if path.is_lax => {
                self.otherwise(self.on_empty, "the path leads nowhere")
            }
            Ok(Some(Node::Null) | None) => self.otherwise(self.on_error, "the path leads to null"),
            Ok(Some(node)) => self.wrapped(node, path.is_lax, moment),
        }
    }
}

impl JsonQuery {
    fn wrapped<'a>(&self, node: Node<'a>, is_lax: bool, moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let wrap = match self.wrapper {
            Wrapper::Without => false,
            Wrapper::Conditional => !matches!(node, Node::Array(_)),
            Wrapper::Unconditional => true,
        };
        let node = if wrap { Node::Array(moment.arena.alloc_slice_copy(&[node])) } else { node };
        if is_scalar(node) {
            let on = if is_lax { self.on_empty } else { self.on_error };
            return self.otherwise(on, "the path leads to a scalar");
        }
        if !self.is_array {
            return Ok(Value::String(written(node, moment.arena)));
        }
        let Node::Array(items) = node else {
            return self.otherwise(self.on_error, "the path leads to an object");
        };
        let element = |item: Node<'a>| match item {
            Node::Null => Value::Null,
            item if is_scalar(item) => Value::String(plain(item, moment.arena)),
            item => Value::String(written(item, moment.arena)),
        };
        Ok(Value::Array(moment.arena.alloc_slice_fill_iter(items.iter().map(|item| element(*item)))))
    }

    fn otherwise<'a>(&self, what: QueryOtherwise, why: &str) -> Result<Value<'a>, EvalError> {
        Ok(match what {
            QueryOtherwise::Null => Value::Null,
            QueryOtherwise::Error => return Err(EvalError::new(format!("JSON_QUERY found nothing: {why}"))),
            QueryOtherwise::EmptyArray if self.is_array => Value::Array(&[]),
            QueryOtherwise::EmptyArray => Value::String("[]"),
            QueryOtherwise::EmptyObject if self.is_array => {
                return Err(EvalError::new("JSON_QUERY returns an ARRAY, which no empty object is"));
            }
            QueryOtherwise::EmptyObject => Value::String("{}"),
        })
    }
}
