//! What chooses between values.

use std::sync::Arc;

use super::common_type::{as_common, common_type};
use crate::expr::EvalError;
use crate::expr::comparison::order;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::row::Value;
use crate::types::{DataType, LogicalType};

/// The functions of this family.
pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "IF",
        aliases: &[],
        usage: &["IF(condition, value, otherwise)"],
        since: "1.12",
        about: "The first value where the condition is TRUE, else the second.",
        bind: by_the_binder,
    },
    FunctionSpec {
        name: "NULLIF",
        aliases: &[],
        usage: &["NULLIF(value, other)"],
        since: "1.12",
        about: "NULL where both are equal, else the first.",
        bind: by_the_binder,
    },
    FunctionSpec {
        name: "COALESCE",
        aliases: &[],
        usage: &["COALESCE(value, …)"],
        since: "1.12",
        about: "The first value that is not NULL.",
        bind: coalesce,
    },
    FunctionSpec {
        name: "IFNULL",
        aliases: &[],
        usage: &["IFNULL(value, otherwise)"],
        since: "1.13",
        about: "The value, or the second one where it is NULL.",
        bind: if_null,
    },
    FunctionSpec {
        name: "GREATEST",
        aliases: &[],
        usage: &["GREATEST(value, …)"],
        since: "1.14",
        about: "The largest value, or NULL where one is NULL.",
        bind: greatest,
    },
    FunctionSpec {
        name: "LEAST",
        aliases: &[],
        usage: &["LEAST(value, …)"],
        since: "1.14",
        about: "The smallest value, or NULL where one is NULL.",
        bind: least,
    },
];

/// IF and NULLIF are forms of CASE: the binder makes them, where their arguments are as many as they take.
fn by_the_binder(args: &Arguments<'_>) -> Result<Bound, BindError> {
    Err(BindError(format!("it does not take {} arguments", args.types.len())))
}

fn if_null(args: &Arguments<'_>) -> Result<Bound, BindError> {
    match args.types.len() {
        2 => coalesce(args),
        count => Err(BindError(format!("it takes 2 arguments, not {count}"))),
    }
}

fn coalesce(args: &Arguments<'_>) -> Result<Bound, BindError> {
    let common = common(args)?;
    let is_null = |at: usize| args.types[at].nullable || args.is_bare_null(at);
    let nullable = (0..args.types.len()).all(is_null);
    let first =
        Pure(|args, _| Ok(args.iter().copied().find(|it| !matches!(it, Value::Null)).unwrap_or(Value::Null)));
    Ok(bound(args, common, nullable, Nulls::Given, Arc::new(first)))
}

fn greatest(args: &Arguments<'_>) -> Result<Bound, BindError> {
    extreme(args, Extreme::Greatest)
}

fn least(args: &Arguments<'_>) -> Result<Bound, BindError> {
    extreme(args, Extreme::Least)
}

fn extreme(args: &Arguments<'_>, extreme: Extreme) -> Result<Bound, BindError> {
    use LogicalType as T;
    if (0..args.types.len()).any(|at| args.is_bare_null(at)) {
        return Err(BindError("NULL has no type here: CAST(NULL AS …) gives it one".to_owned()));
    }
    let common = common(args)?;
    if matches!(common, T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_)) {
        return Err(BindError(format!("{common} has no order")));
    }
    let nullable = args.types.iter().any(|it| it.nullable);
    Ok(bound(args, common, nullable, Nulls::Propagate, Arc::new(extreme)))
}

fn common(args: &Arguments<'_>) -> Result<LogicalType, BindError> {
    if args.types.is_empty() {
        return Err(BindError("it takes at least one argument".to_owned()));
    }
    let typed: Vec<&LogicalType> = (0..args.types.len())
        .filter(|at| !args.is_bare_null(*at))
        .map(|at| &args.types[at].logical)
        .collect();
    if typed.is_empty() {
        return Err(BindError("every argument is NULL, which has no type: CAST one of them".to_owned()));
    }
    common_type(&typed).ok_or_else(|| {
        let types: Vec<String> = typed.iter().map(|it| it.to_string()).collect();
        BindError(format!("the arguments have no type in common: {}", types.join(", ")))
    })
}

fn bound(
    args: &Arguments<'_>,
    common: LogicalType,
    nullable: bool,
    nulls: Nulls,
    scalar: Arc<dyn Scalar>,
) -> Bound {
    let casts = (0..args.types.len()).map(|at| as_common(args, at, &common)).collect();
    Bound { casts, data_type: DataType { logical: common, nullable }, nulls, is_deterministic: true, scalar }
}

/// Which end of the order.
enum Extreme {
    Greatest,
    Least,
}

impl Scalar for Extreme {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let mut best = args[0];
        for value in &args[1..] {
            // Both have one scale.
            let order = order(value, &best, (0, 0)).unwrap_or_else(|| is_nan(*value).cmp(&is_nan(best)));
            let is_better = match self {
                Self::Greatest => order.is_gt(),
                Self::Least => order.is_lt(),
            };
            if is_better {
                best = *value;
            }
        }
        Ok(best)
    }
}

/// NaN stands above every number.
fn is_nan(value: Value<'_>) -> bool {
    match value {
        Value::Double(number) => number.is_nan(),
        Value::Float(number) => number.is_nan(),
        _ => false,
    }
}
