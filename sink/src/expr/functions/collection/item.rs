//! What stands at a place of a collection: `a[1]`, `m['key']`, `r.field`, CARDINALITY, ELEMENT.

use std::sync::Arc;

use super::equality::same;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::expr::functions::signature::{
    BareNull, Takes, array, as_nullable_as, bound, count, integer, is_number, is_text, mistyped,
};
use crate::row::Value;
use crate::types::{DataType, Field, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ITEM",
        aliases: &[],
        usage: &["array[index]", "map[key]", "row.field"],
        since: "1.12",
        about: "The element of an ARRAY, counted from 1, the value of a MAP's key, or a field of a ROW; NULL where there is none.",
        bind: bind_item,
    },
    FunctionSpec {
        name: "CARDINALITY",
        aliases: &[],
        usage: &["CARDINALITY(collection)"],
        since: "1.12",
        about: "How many elements an ARRAY or entries a MAP has.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Any], BareNull::Refused)?;
            if !matches!(args.logical(0), LogicalType::Array(_) | LogicalType::Map(..)) {
                return Err(args.refused(0, "an ARRAY or a MAP"));
            }
            Ok(bound(casts, as_nullable_as(args, LogicalType::Int), Pure(cardinality)))
        },
    },
    FunctionSpec {
        name: "ELEMENT",
        aliases: &[],
        usage: &["ELEMENT(array)"],
        since: "1.12",
        about: "The only element of an ARRAY; NULL of an empty one, an error of a longer one.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Array], BareNull::Refused)?;
            let LogicalType::Array(element) = args.logical(0) else {
                return Err(args.refused(0, "an ARRAY"));
            };
            Ok(bound(casts, element.logical.clone().nullable(), Pure(element_of)))
        },
    },
];

fn bind_item(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Any], BareNull::Refused)?;
    match args.logical(0) {
        LogicalType::Array(element) => {
            if *args.logical(1) != LogicalType::Int {
                return Err(args.refused(1, "INT, which an ARRAY is indexed by"));
            }
            if let Some(index) = args.constant_integer(1).filter(|index| *index < 1) {
                return Err(BindError(format!(
                    "the elements of an ARRAY are counted from 1, so there is none at {index}"
                )));
            }
            Ok(bound(casts, element.logical.clone().nullable(), Pure(at)))
        }
        LogicalType::Map(key, value) => {
            let index = args.logical(1);
            let fits = key.logical == *index
                || is_text(&key.logical) && is_text(index)
                || is_number(&key.logical) && is_number(index);
            if !fits {
                return Err(args.refused(1, &format!("{}, the type of the MAP's keys", key.logical)));
            }
            let cast = (is_number(index) && key.logical != *index).then(|| key.logical.clone());
            Ok(bound(vec![None, cast], value.logical.clone().nullable(), Pure(value_of)))
        }
        LogicalType::Row(fields) => bind_field(args, fields),
        _ => Err(args.refused(0, "an ARRAY, a MAP or a ROW")),
    }
}

fn bind_field(args: &Arguments<'_>, fields: &[Field]) -> Result<Bound, BindError> {
    let index = match args.constant_text(1) {
        Some(name) => fields.iter().position(|field| &*field.name == name),
        None => args
            .constant_integer(1)
            .and_then(|index| usize::try_from(index - 1).ok())
            .filter(|index| *index < fields.len()),
    };
    let Some(index) = index else {
        let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        return Err(BindError(format!("the ROW has no such field; it has {}", names.join(", "))));
    };
    let field = &fields[index].data_type;
    let data_type =
        DataType { logical: field.logical.clone(), nullable: field.nullable || args.types[0].nullable };
    Ok(Bound {
        casts: vec![None, None],
        data_type,
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(FieldOf(index)),
    })
}

struct FieldOf(usize);

impl Scalar for FieldOf {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match args[0] {
            Value::Row(fields) => fields.get(self.0).copied().ok_or_else(mistyped),
            _ => Err(mistyped()),
        }
    }
}

fn at<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let index = usize::try_from(integer(args[1])? - 1).ok();
    Ok(index.and_then(|index| array(args[0]).ok()?.get(index)).copied().unwrap_or(Value::Null))
}

fn value_of<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let Value::Map(pairs) = args[0] else { return Err(mistyped()) };
    let found = pairs.iter().find(|(key, _)| same(*key, args[1]));
    Ok(found.map_or(Value::Null, |(_, value)| *value))
}

fn cardinality<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    match args[0] {
        Value::Array(items) => Ok(count(items.len())),
        Value::Map(pairs) => Ok(count(pairs.len())),
        _ => Err(mistyped()),
    }
}

fn element_of<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    match array(args[0])? {
        [] => Ok(Value::Null),
        [only] => Ok(*only),
        items => Err(EvalError::new(format!(
            "ELEMENT is of an ARRAY of one element, and this has {}",
            items.len()
        ))),
    }
}
