//! ARRAY[…], MAP[…] and ROW(…).

use std::sync::Arc;

use super::equality::same;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::common_type::{as_common, common_type};
use crate::expr::functions::signature::{BareNull, Takes};
use crate::row::Value;
use crate::types::{DataType, Field, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ARRAY",
        aliases: &[],
        usage: &["ARRAY[value, …]"],
        since: "1.12",
        about: "An ARRAY of the values.",
        bind: bind_array,
    },
    FunctionSpec {
        name: "MAP",
        aliases: &[],
        usage: &["MAP[key, value, …]"],
        since: "1.12",
        about: "A MAP of the keys to their values; of equal keys the last one counts.",
        bind: bind_map,
    },
    FunctionSpec {
        name: "ROW",
        aliases: &[],
        usage: &["ROW(value, …)", "(value, value, …)"],
        since: "1.12",
        about: "A ROW of the values, whose fields are called EXPR$0, EXPR$1, …",
        bind: bind_row,
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn constructor(casts: Vec<Option<LogicalType>>, logical: LogicalType, evaluate: Evaluate) -> Bound {
    Bound {
        casts,
        data_type: logical.not_null(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(Pure(evaluate)),
    }
}

/// The type of the values with these indexes, or none where they have none in common or are all bare NULLs.
fn element(args: &Arguments<'_>, indexes: impl Iterator<Item = usize> + Clone) -> Option<DataType> {
    let typed = indexes.clone().filter(|index| !args.is_bare_null(*index));
    let types: Vec<&LogicalType> = typed.map(|index| args.logical(index)).collect();
    let nullable = |index: usize| args.is_bare_null(index) || args.types[index].nullable;
    Some(DataType { logical: common_type(&types)?, nullable: indexes.clone().any(nullable) })
}

fn bind_array(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, usize::MAX)?;
    let element = element(args, 0..args.len()).ok_or_else(no_common_type)?;
    let casts = (0..args.len()).map(|index| as_common(args, index, &element.logical)).collect();
    let logical = LogicalType::Array(Box::new(element));
    Ok(constructor(casts, logical, |args, moment| Ok(Value::Array(moment.arena.alloc_slice_copy(args)))))
}

fn bind_map(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, usize::MAX)?;
    if !args.len().is_multiple_of(2) {
        return Err(BindError("a MAP takes as many values as keys".into()));
    }
    let count = args.len();
    let key = element(args, (0..count).step_by(2)).ok_or_else(no_common_type)?;
    let all_null = (1..count).step_by(2).all(|index| args.is_bare_null(index));
    let value = if all_null {
        // Calcite takes the key's type where no value has one.
        key.logical.clone().nullable()
    } else {
        element(args, (1..count).step_by(2)).ok_or_else(no_common_type)?
    };
    let of = |index: usize| if index.is_multiple_of(2) { &key.logical } else { &value.logical };
    let casts = (0..count).map(|index| as_common(args, index, of(index))).collect();
    Ok(constructor(casts, LogicalType::Map(Box::new(key), Box::new(value)), map))
}

fn map<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let mut pairs: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(args.len() / 2);
    for pair in args.chunks_exact(2) {
        match pairs.iter_mut().find(|(key, _)| same(*key, pair[0])) {
            Some(earlier) => earlier.1 = pair[1],
            None => pairs.push((pair[0], pair[1])),
        }
    }
    Ok(Value::Map(moment.arena.alloc_slice_copy(&pairs)))
}

fn bind_row(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, usize::MAX)?;
    let casts = args.check(&[Takes::Any], BareNull::Refused)?;
    let fields = args.types.iter().enumerate();
    let fields = fields.map(|(index, data_type)| Field::new(format!("EXPR${index}"), data_type.clone()));
    let logical = LogicalType::Row(fields.collect());
    Ok(constructor(casts, logical, |args, moment| Ok(Value::Row(moment.arena.alloc_slice_copy(args)))))
}

#[cold]
fn no_common_type() -> BindError {
    BindError("its values have no type in common".into())
}
