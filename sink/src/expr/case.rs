//! CASE and IF: the first condition that holds chooses, and only what it chooses is computed.

use std::sync::Arc;

use super::cast;
use super::eval_error::EvalError;
use super::function::{BindError, Moment, Session};
use super::functions::common_type::common_type;
use super::logic::boolean;
use super::tree::{Expr, Lazy};
use crate::row::{Row, Value};
use crate::types::{DataType, LogicalType};

/// Conditions with their results, and the result where none holds.
///
/// # Errors
/// A condition is no BOOLEAN, or the results have no type in common.
pub(crate) fn bind(
    name: &'static str,
    branches: Vec<(Expr, Expr)>,
    otherwise: Option<Expr>,
    session: &Session,
) -> Result<Expr, BindError> {
    for (condition, _) in &branches {
        boolean(condition, name)?;
    }
    let results = branches.iter().map(|(_, result)| result).chain(&otherwise);
    let logical = result_type(name, results)?;
    let mut nullable = otherwise.is_none();
    let mut args = Vec::with_capacity(2 * branches.len() + 1);
    for (condition, result) in branches {
        nullable |= result.data_type().nullable;
        args.push(condition);
        args.push(as_type(result, &logical, session)?);
    }
    let otherwise = otherwise.unwrap_or_else(|| Expr::null(logical.clone()));
    nullable |= otherwise.data_type().nullable;
    args.push(as_type(otherwise, &logical, session)?);
    Ok(Expr::lazy(name, args, Arc::new(Case), DataType { logical, nullable }))
}

/// The type of all results; a bare NULL takes that of the others.
pub(crate) fn result_type<'a>(
    name: &str,
    results: impl Iterator<Item = &'a Expr>,
) -> Result<LogicalType, BindError> {
    let typed: Vec<&LogicalType> =
        results.filter(|it| !it.is_bare_null()).map(|it| &it.data_type().logical).collect();
    if typed.is_empty() {
        return Err(BindError(format!("every value of {name} is NULL, which has no type: CAST one of them")));
    }
    // A day and a moment have a common type elsewhere, yet not here.
    let has = |is: fn(&LogicalType) -> bool| typed.iter().any(|logical| is(logical));
    let common = if has(|it| *it == LogicalType::Date) && has(|it| matches!(it, LogicalType::Timestamp(_))) {
        None
    } else {
        common_type(&typed)
    };
    common.ok_or_else(|| {
        let types: Vec<String> = typed.iter().map(|it| it.to_string()).collect();
        BindError(format!("the values of {name} have no type in common: {}", types.join(", ")))
    })
}

/// A value as the common type.
pub(crate) fn as_type(value: Expr, to: &LogicalType, session: &Session) -> Result<Expr, BindError> {
    if value.is_bare_null() {
        return Ok(Expr::null(to.clone()));
    }
    if value.data_type().logical == *to {
        return Ok(value);
    }
    let nullable = value.data_type().nullable;
    cast::bind(value, &DataType { logical: to.clone(), nullable }, false, session)
}

/// Conditions and results in turn, and the result of none at the end.
struct Case;

impl Lazy for Case {
    fn evaluate<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Value<'a>, EvalError> {
        let mut branches = args.chunks_exact(2);
        for branch in &mut branches {
            if branch[0].is_true(row, moment)? {
                return branch[1].evaluate(row, moment);
            }
        }
        match branches.remainder() {
            [otherwise] => otherwise.evaluate(row, moment),
            _ => Ok(Value::Null),
        }
    }
}
