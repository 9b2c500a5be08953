//! Functions of ARRAYs put together.

use super::equality::contains;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::common_type::{as_common, common_type};
use crate::expr::functions::signature::{BareNull, Takes, array, as_nullable_as, bound};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ARRAY_CONCAT",
        aliases: &[],
        usage: &["ARRAY_CONCAT(array, …)"],
        since: "1.18",
        about: "The ARRAYs one behind the other.",
        bind: |args| {
            bind(args, 1, usize::MAX, |args, moment| {
                let mut all = moment.arena.vec();
                for items in args {
                    all.extend(array(*items)?.iter().copied());
                }
                Ok(Value::Array(all.into_slice()))
            })
        },
    },
    FunctionSpec {
        name: "ARRAY_DISTINCT",
        aliases: &[],
        usage: &["ARRAY_DISTINCT(array)"],
        since: "1.18",
        about: "The ARRAY without elements that were there before.",
        bind: |args| bind(args, 1, 1, |args, moment| distinct(args, moment, |_| true)),
    },
    FunctionSpec {
        name: "ARRAY_UNION",
        aliases: &[],
        usage: &["ARRAY_UNION(array, array)"],
        since: "1.18",
        about: "The elements of either ARRAY, each once.",
        bind: |args| bind(args, 2, 2, |args, moment| distinct(args, moment, |_| true)),
    },
    FunctionSpec {
        name: "ARRAY_INTERSECT",
        aliases: &[],
        usage: &["ARRAY_INTERSECT(array, array)"],
        since: "1.20",
        about: "The elements of the first ARRAY that are in the second, each once.",
        bind: |args| {
            bind(args, 2, 2, |args, moment| {
                let other = array(args[1])?;
                distinct(&args[..1], moment, |item| contains(other, item))
            })
        },
    },
    FunctionSpec {
        name: "ARRAY_EXCEPT",
        aliases: &[],
        usage: &["ARRAY_EXCEPT(array, array)"],
        since: "1.20",
        about: "The elements of the first ARRAY that are not in the second, each once.",
        bind: |args| {
            bind(args, 2, 2, |args, moment| {
                let other = array(args[1])?;
                distinct(&args[..1], moment, |item| !contains(other, item))
            })
        },
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

fn bind(args: &Arguments<'_>, least: usize, most: usize, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(least, most)?;
    args.check(&[Takes::Array], BareNull::Refused)?;
    let types: Vec<&LogicalType> = (0..args.len()).map(|index| args.logical(index)).collect();
    let Some(common) = common_type(&types) else {
        return Err(BindError("its ARRAYs have no type in common".into()));
    };
    let casts = (0..args.len()).map(|index| as_common(args, index, &common)).collect();
    Ok(bound(casts, as_nullable_as(args, common), Pure(evaluate)))
}

/// The elements of all ARRAYs that are kept, each once.
fn distinct<'a>(
    args: &[Value<'a>],
    moment: &Moment<'a>,
    kept: impl Fn(Value<'a>) -> bool,
) -> Result<Value<'a>, EvalError> {
    let mut all = moment.arena.vec();
    for items in args {
        for item in array(*items)? {
            if kept(*item) && !contains(&all, *item) {
                all.push(*item);
            }
        }
    }
    Ok(Value::Array(all.into_slice()))
}
