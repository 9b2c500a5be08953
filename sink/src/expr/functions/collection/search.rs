//! Functions of an ARRAY and an element.

use super::equality::{contains, same};
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::common_type::common_type;
use crate::expr::functions::signature::{BareNull, Takes, array, bound, count, is_number, is_text, text};
use crate::row::Value;
use crate::types::{DataType, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ARRAY_CONTAINS",
        aliases: &[],
        usage: &["ARRAY_CONTAINS(array, element)"],
        since: "1.16",
        about: "Whether the element is in the ARRAY; NULL may be looked for.",
        bind: |args| {
            let (casts, _) = with_element(args)?;
            let data_type = DataType { logical: LogicalType::Boolean, nullable: args.types[0].nullable };
            Ok(given(casts, data_type, |items, needle, _| Value::Boolean(contains(items, needle))))
        },
    },
    FunctionSpec {
        name: "ARRAY_POSITION",
        aliases: &[],
        usage: &["ARRAY_POSITION(array, element)"],
        since: "1.18",
        about: "Where the element is first in the ARRAY, counted from 1; 0 where it is not.",
        bind: |args| {
            let (casts, _) = with_element(args)?;
            let data_type = DataType { logical: LogicalType::Int, nullable: args.any_nullable() };
            Ok(bound(
                casts,
                data_type,
                Pure(|args, _| {
                    let place = array(args[0])?.iter().position(|item| same(*item, args[1]));
                    Ok(count(place.map_or(0, |place| place + 1)))
                }),
            ))
        },
    },
    FunctionSpec {
        name: "ARRAY_REMOVE",
        aliases: &[],
        usage: &["ARRAY_REMOVE(array, element)"],
        since: "1.18",
        about: "The ARRAY without all elements that are the same; NULL may be taken out.",
        bind: |args| {
            let (casts, _) = with_element(args)?;
            Ok(given(casts, args.types[0].clone(), |items, needle, moment| {
                let mut kept = moment.arena.vec();
                kept.extend(items.iter().copied().filter(|item| !same(*item, needle)));
                Value::Array(kept.into_slice())
            }))
        },
    },
    FunctionSpec {
        name: "ARRAY_APPEND",
        aliases: &[],
        usage: &["ARRAY_APPEND(array, element)"],
        since: "1.20",
        about: "The ARRAY with an element more at its end.",
        bind: |args| {
            let (casts, data_type) = with_element(args)?;
            Ok(given(casts, data_type, |items, needle, moment| {
                let mut all = moment.arena.vec_with_capacity(items.len() + 1);
                all.extend(items.iter().copied().chain([needle]));
                Value::Array(all.into_slice())
            }))
        },
    },
    FunctionSpec {
        name: "ARRAY_PREPEND",
        aliases: &[],
        usage: &["ARRAY_PREPEND(array, element)"],
        since: "1.20",
        about: "The ARRAY with an element more at its beginning.",
        bind: |args| {
            let (casts, data_type) = with_element(args)?;
            Ok(given(casts, data_type, |items, needle, moment| {
                let mut all = moment.arena.vec_with_capacity(items.len() + 1);
                all.extend([needle].into_iter().chain(items.iter().copied()));
                Value::Array(all.into_slice())
            }))
        },
    },
    FunctionSpec {
        name: "ARRAY_JOIN",
        aliases: &[],
        usage: &["ARRAY_JOIN(array, separator [, for NULL])"],
        since: "1.18",
        about: "The texts of an ARRAY one behind the other with the separator between them; NULLs are left out or replaced.",
        bind: bind_join,
    },
];

/// What an ARRAY and an element become.
type WithElement = for<'a> fn(&'a [Value<'a>], Value<'a>, &Moment<'a>) -> Value<'a>;

/// A call of an ARRAY, whose NULL gives NULL, and an element that may be NULL.
fn given(casts: Vec<Option<LogicalType>>, data_type: DataType, evaluate: WithElement) -> Bound {
    let mut call = bound(casts, data_type, GivenElement(evaluate));
    call.nulls = Nulls::Given;
    call
}

struct GivenElement(WithElement);

impl crate::expr::function::Scalar for GivenElement {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        if args[0] == Value::Null {
            return Ok(Value::Null);
        }
        Ok((self.0)(array(args[0])?, args[1], moment))
    }
}

/// The casts of an ARRAY and an element that fits it, and the ARRAY's type with room for the element.
fn with_element(args: &Arguments<'_>) -> Result<(Vec<Option<LogicalType>>, DataType), BindError> {
    args.count(2, 2)?;
    args.check(&[Takes::Array, Takes::Any], BareNull::Taken)?;
    let LogicalType::Array(element) = args.logical(0) else { return Err(args.refused(0, "an ARRAY")) };
    let is_null = args.is_bare_null(1);
    let own = args.logical(1);
    if !is_null && !fits(own, &element.logical) {
        return Err(args.refused(1, &format!("{}, the type of the ARRAY's elements", element.logical)));
    }
    let cast = is_null || (is_number(own) && *own != element.logical);
    let cast = cast.then(|| element.logical.clone());
    let nullable = element.nullable || is_null || args.types[1].nullable;
    let grown = DataType { logical: element.logical.clone(), nullable };
    let data_type =
        DataType { logical: LogicalType::Array(Box::new(grown)), nullable: args.types[0].nullable };
    Ok((vec![None, cast], data_type))
}

/// Whether Flink casts the one type to the other by itself.
fn fits(own: &LogicalType, element: &LogicalType) -> bool {
    use LogicalType as T;
    match (own, element) {
        _ if own == element => true,
        (T::Array(own), T::Array(element)) => fits(&own.logical, &element.logical),
        (T::Row(own), T::Row(element)) => {
            own.len() == element.len()
                && own
                    .iter()
                    .zip(element.iter())
                    .all(|(a, b)| fits(&a.data_type.logical, &b.data_type.logical))
        }
        (T::Map(key, value), T::Map(to_key, to_value)) => {
            fits(&key.logical, &to_key.logical) && fits(&value.logical, &to_value.logical)
        }
        _ if is_text(own) && is_text(element) => true,
        _ => common_type(&[own, element]).as_ref() == Some(element),
    }
}

fn bind_join(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 3)?;
    let casts = args.check(&[Takes::Array, Takes::Text], BareNull::Taken)?;
    if !matches!(args.logical(0), LogicalType::Array(element) if is_text(&element.logical)) {
        return Err(args.refused(0, "an ARRAY of character strings"));
    }
    let data_type = DataType { logical: LogicalType::STRING, nullable: args.any_nullable() };
    Ok(bound(casts, data_type, Pure(join)))
}

fn join<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let separator = text(args[1])?;
    let for_null = args.get(2).copied().unwrap_or(Value::Null);
    let mut out = moment.arena.string_with_capacity(0);
    let parts = array(args[0])?.iter().map(|item| if *item == Value::Null { for_null } else { *item });
    for (at, part) in parts.filter(|part| *part != Value::Null).enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(text(part)?);
    }
    Ok(Value::String(out.into_str()))
}
