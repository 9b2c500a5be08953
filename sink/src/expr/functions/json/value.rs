//! JSON_VALUE, and DLI's JSON_VAL: a scalar out of a JSON text.

use std::sync::Arc;

use super::document::{is_scalar, parse, plain, written};
use super::path::PathArgument;
use super::walk::find;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, is_number, text};
use crate::format::json::node::Node;
use crate::row::{Unscaled, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "JSON_VALUE",
        aliases: &[],
        usage: &[
            "JSON_VALUE(json, path [RETURNING type] [{NULL | ERROR | DEFAULT value} ON EMPTY] [{NULL | ERROR | DEFAULT value} ON ERROR])",
        ],
        since: "1.14",
        about: "The scalar that a path leads to; a path without 'lax' in front is strict, for which a missing member is an error.",
        bind,
    },
    FunctionSpec {
        name: "JSON_VAL",
        aliases: &[],
        usage: &["JSON_VAL(json, path)"],
        since: "DLI",
        about: "What a path leads to, texts bare and all else as JSON; NULL where the text is not JSON or the path leads nowhere.",
        bind: |args| {
            args.count(2, 2)?;
            let casts = args.check(&[Takes::Text], BareNull::Taken)?;
            let path = PathArgument::of(args, 1);
            Ok(Bound {
                casts,
                data_type: LogicalType::STRING.nullable(),
                nulls: Nulls::Propagate,
                is_deterministic: true,
                scalar: Arc::new(JsonVal { path }),
            })
        },
    },
];

/// The arguments: JSON, path; or, behind those, NULL of the type that is returned, what to do where nothing is found and
/// its default, what to do about an error and its default.
fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    if args.len() != 7 {
        args.count(2, 2)?;
    }
    let mut casts = args.check(&[Takes::Text, Takes::Text, Takes::Any], BareNull::Taken)?;
    if args.is_bare_null(0) || args.is_bare_null(1) {
        return Err(BindError("NULL has no type: CAST(NULL AS STRING) gives it one".into()));
    }
    let returning = if args.len() == 7 { args.logical(2).clone() } else { LogicalType::STRING };
    use LogicalType as T;
    if !matches!(returning, T::VarChar(_) | T::Boolean | T::Int | T::Double) {
        return Err(BindError(format!("RETURNING knows STRING, BOOLEAN, INT and DOUBLE, not {returning}")));
    }
    let (mut on_empty, mut on_error) = (ValueOtherwise::Null, ValueOtherwise::Null);
    if args.len() == 7 {
        on_empty = ValueOtherwise::of(args, 3)?;
        on_error = ValueOtherwise::of(args, 5)?;
        for index in [4, 6] {
            let own = args.logical(index);
            let widened = is_number(own) && is_number(&returning) && *own != returning;
            casts[index] = (args.is_bare_null(index) || widened).then(|| returning.clone());
        }
    }
    Ok(Bound {
        casts,
        data_type: returning.clone().nullable(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(JsonValue { path: PathArgument::of(args, 1), returning, on_empty, on_error }),
    })
}

/// What becomes of a call that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueOtherwise {
    Null,
    Error,
    /// The argument with this index.
    Default(usize),
}

impl ValueOtherwise {
    fn of(args: &Arguments<'_>, index: usize) -> Result<Self, BindError> {
        match args.constant_text(index) {
            Some("NULL") => Ok(Self::Null),
            Some("ERROR") => Ok(Self::Error),
            Some("DEFAULT") if args.is_bare_null(index + 1) => {
                Err(BindError("NULL has no type: NULL ON EMPTY says it".into()))
            }
            Some("DEFAULT") => Ok(Self::Default(index + 1)),
            _ => Err(BindError("its behaviour is NULL, ERROR or DEFAULT".into())),
        }
    }
}

struct JsonValue {
    path: PathArgument,
    returning: LogicalType,
    on_empty: ValueOtherwise,
    on_error: ValueOtherwise,
}

impl Scalar for JsonValue {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        if args[0] == Value::Null || args[1] == Value::Null {
            return Ok(Value::Null);
        }
        let mut own = None;
        let path = self.path.of_row(args[1], &mut own)?;
        let why = match path {
            Err(why) => why,
            Ok(path) => match parse(text(args[0])?, moment.arena) {
                Err(_) if path.is_lax => {
                    return self.otherwise(self.on_empty, "the path leads nowhere", args);
                }
                Err(why) => why,
                Ok(root) => match find(root, path, moment.arena) {
                    Err(why) => why,
                    Ok(Some(node)) if is_scalar(node) && node != Node::Null => {
                        return self.returned(node, moment);
                    }
                    Ok(_) if path.is_lax => {
                        return self.otherwise(self.on_empty, "the path leads to no scalar", args);
                    }
                    Ok(Some(Node::Null) | None) => "the path leads to null",
                    Ok(Some(_)) => "the path leads to an object or an array",
                },
            },
        };
        self.otherwise(self.on_error, why, args)
    }
}

impl JsonValue {
    /// Flink casts Java's objects, so that only the very type will do: INT of a text or of 1.0 is an error.
    fn returned<'a>(&self, node: Node<'a>, moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match (&self.returning, node) {
            (LogicalType::Boolean, Node::Boolean(truth)) => Ok(Value::Boolean(truth)),
            (LogicalType::Int, Node::Integer(digits)) => {
                digits.parse().map(Value::Int).map_err(|_| self.unfit(digits))
            }
            (LogicalType::Double, Node::Float(digits)) => {
                // JSON's numbers are Rust's; Java's zero has no sign on its way here.
                let number: f64 = digits.parse().map_err(|_| self.unfit(digits))?;
                Ok(Value::Double(if number == 0.0 { 0.0 } else { number }))
            }
            (LogicalType::VarChar(_), node) => Ok(Value::String(plain(node, moment.arena))),
            (_, node) => Err(self.unfit(plain(node, moment.arena))),
        }
    }

    #[cold]
    fn unfit(&self, found: &str) -> EvalError {
        EvalError::new(format!("JSON_VALUE returns {} and found {found}", self.returning))
    }

    fn otherwise<'a>(
        &self,
        what: ValueOtherwise,
        why: &str,
        args: &[Value<'a>],
    ) -> Result<Value<'a>, EvalError> {
        let default = match what {
            ValueOtherwise::Null => return Ok(Value::Null),
            ValueOtherwise::Error => return Err(EvalError::new(format!("JSON_VALUE found nothing: {why}"))),
            ValueOtherwise::Default(index) => args[index],
        };
        match (&self.returning, default) {
            (_, Value::Null)
            | (LogicalType::Boolean, Value::Boolean(_))
            | (LogicalType::Int, Value::Int(_))
            | (LogicalType::Double, Value::Double(_))
            | (LogicalType::VarChar(_), Value::String(_)) => Ok(default),
            (_, Value::Decimal(Unscaled(_)) | _) => {
                Err(EvalError::new(format!("the default of JSON_VALUE is not {}", self.returning)))
            }
        }
    }
}

struct JsonVal {
    path: PathArgument,
}

impl Scalar for JsonVal {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let json = text(args[0])?;
        if json.is_empty() {
            return Ok(Value::String(""));
        }
        let mut own = None;
        let path = self.path.of_row(args[1], &mut own)?;
        let (Ok(path), Ok(root)) = (path, parse(json, moment.arena)) else { return Ok(Value::Null) };
        Ok(match find(root, path, moment.arena) {
            Ok(Some(Node::String(text))) => Value::String(text),
            Ok(Some(Node::Null) | None) | Err(_) => Value::Null,
            Ok(Some(node)) => Value::String(written(node, moment.arena)),
        })
    }
}
