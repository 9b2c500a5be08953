//! Functions of MAPs.

use super::equality::same;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::common_type::{as_common, common_type};
use crate::expr::functions::signature::{BareNull, Takes, array, as_nullable_as, bound, mistyped};
use crate::row::Value;
use crate::types::{DataType, Field, LogicalType};

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "MAP_KEYS",
        aliases: &[],
        usage: &["MAP_KEYS(map)"],
        since: "1.18",
        about: "The keys of a MAP as an ARRAY.",
        bind: |args| {
            let (key, _) = map_of(args)?;
            of_map(args, key.clone(), |args, moment| {
                let pairs = pairs(args[0])?;
                Ok(Value::Array(moment.arena.alloc_slice_fill_with(pairs.len(), |at| pairs[at].0)))
            })
        },
    },
    FunctionSpec {
        name: "MAP_VALUES",
        aliases: &[],
        usage: &["MAP_VALUES(map)"],
        since: "1.18",
        about: "The values of a MAP as an ARRAY.",
        bind: |args| {
            let (_, value) = map_of(args)?;
            of_map(args, value.clone(), |args, moment| {
                let pairs = pairs(args[0])?;
                Ok(Value::Array(moment.arena.alloc_slice_fill_with(pairs.len(), |at| pairs[at].1)))
            })
        },
    },
    FunctionSpec {
        name: "MAP_ENTRIES",
        aliases: &[],
        usage: &["MAP_ENTRIES(map)"],
        since: "1.18",
        about: "The entries of a MAP as an ARRAY of ROWs of key and value.",
        bind: |args| {
            let (key, value) = map_of(args)?;
            let fields = [Field::new("key", key.clone()), Field::new("value", value.clone())];
            of_map(args, LogicalType::Row(fields.into()).nullable(), |args, moment| {
                let pairs = pairs(args[0])?;
                let row = |at: usize| {
                    let fields = [pairs[at].0, pairs[at].1];
                    Value::Row(moment.arena.alloc_slice_copy(&fields))
                };
                Ok(Value::Array(moment.arena.alloc_slice_fill_with(pairs.len(), row)))
            })
        },
    },
    FunctionSpec {
        name: "MAP_FROM_ARRAYS",
        aliases: &[],
        usage: &["MAP_FROM_ARRAYS(keys, values)"],
        since: "1.18",
        about: "A MAP of an ARRAY of keys and one of as many values.",
        bind: bind_from_arrays,
    },
    FunctionSpec {
        name: "MAP_UNION",
        aliases: &[],
        usage: &["MAP_UNION(map, …)"],
        since: "1.20",
        about: "The entries of all MAPs; of equal keys the last one counts.",
        bind: bind_union,
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn map_of<'a>(args: &'a Arguments<'_>) -> Result<(&'a DataType, &'a DataType), BindError> {
    args.count(1, 1)?;
    match args.logical(0) {
        LogicalType::Map(key, value) if !args.is_bare_null(0) => Ok((key, value)),
        _ => Err(args.refused(0, "a MAP")),
    }
}

/// A function of one MAP that gives an ARRAY.
fn of_map(args: &Arguments<'_>, element: DataType, evaluate: Evaluate) -> Result<Bound, BindError> {
    let logical = LogicalType::Array(Box::new(element));
    Ok(bound(vec![None], as_nullable_as(args, logical), Pure(evaluate)))
}

fn pairs(value: Value<'_>) -> Result<&[(Value<'_>, Value<'_>)], EvalError> {
    match value {
        Value::Map(pairs) => Ok(pairs),
        _ => Err(mistyped()),
    }
}

fn bind_from_arrays(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Array], BareNull::Refused)?;
    let (LogicalType::Array(key), LogicalType::Array(value)) = (args.logical(0), args.logical(1)) else {
        return Err(args.refused(0, "an ARRAY"));
    };
    let logical = LogicalType::Map(key.clone(), value.clone());
    Ok(bound(casts, as_nullable_as(args, logical), Pure(from_arrays)))
}

fn from_arrays<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let (keys, values) = (array(args[0])?, array(args[1])?);
    if keys.len() != values.len() {
        return Err(EvalError::new(format!(
            "MAP_FROM_ARRAYS has {} keys and {} values",
            keys.len(),
            values.len()
        )));
    }
    Ok(Value::Map(moment.arena.alloc_slice_fill_with(keys.len(), |at| (keys[at], values[at]))))
}

fn bind_union(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, usize::MAX)?;
    args.check(&[Takes::Map], BareNull::Refused)?;
    let types: Vec<&LogicalType> = (0..args.len()).map(|index| args.logical(index)).collect();
    let Some(common) = common_type(&types) else {
        return Err(BindError("its MAPs have no type in common".into()));
    };
    let casts = (0..args.len()).map(|index| as_common(args, index, &common)).collect();
    Ok(bound(casts, as_nullable_as(args, common), Pure(union)))
}

fn union<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let mut all = moment.arena.vec();
    for map in args {
        for (key, value) in pairs(*map)? {
            match all.iter_mut().find(|(other, _): &&mut (Value<'a>, Value<'a>)| same(*key, *other)) {
                Some(earlier) => earlier.1 = *value,
                None => all.push((*key, *value)),
            }
        }
    }
    Ok(Value::Map(all.into_slice()))
}
