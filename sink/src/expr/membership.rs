//! `x IN (a, b, …)`: TRUE where one is equal, else NULL where one is NULL.

use super::cast;
use super::comparison::Comparison;
use super::function::{BindError, Session};
use super::functions::common_type::common_type;
use super::logic::{Connective, not};
use super::tree::Expr;
use crate::error::Position;
use crate::types::{DataType, LogicalType};

/// `operand [NOT] IN (items)`
///
/// # Errors
/// The items have no type in common, or none that compares with the operand.
pub(crate) fn bind(
    operand: Expr,
    items: Vec<Expr>,
    is_not: bool,
    session: &Session,
    at: Option<Position>,
) -> Result<Expr, BindError> {
    let typed: Vec<&LogicalType> =
        items.iter().filter(|it| !it.is_bare_null()).map(|it| &it.data_type().logical).collect();
    if !typed.is_empty() && common_type(&typed).is_none() {
        let types: Vec<String> = typed.iter().map(|it| it.to_string()).collect();
        return Err(BindError(format!("the values of IN have no type in common: {}", types.join(", "))));
    }
    let equal = |item: Expr| -> Result<Expr, BindError> {
        let (left, right) = texts_beside_numbers(operand.clone(), item, session)?;
        Comparison::Equal.bind(left, right, session, at)
    };
    let mut equals = items.into_iter().map(equal).collect::<Result<Vec<_>, _>>()?;
    let any = match equals.len() {
        1 => equals.remove(0),
        _ => Connective::Or.bind(equals)?,
    };
    if is_not { not(any) } else { Ok(any) }
}

/// What `=` refuses, IN takes: a number beside a text is written as one.
fn texts_beside_numbers(left: Expr, right: Expr, session: &Session) -> Result<(Expr, Expr), BindError> {
    let (a, b) = (left.data_type().clone(), right.data_type().clone());
    let text = |nullable| DataType { logical: LogicalType::STRING, nullable };
    if left.is_bare_null() || right.is_bare_null() {
        return Ok((left, right));
    }
    if a.logical.is_character() && b.logical.is_numeric() {
        return Ok((left, cast::bind(right, &text(b.nullable), false, session)?));
    }
    if a.logical.is_numeric() && b.logical.is_character() {
        return Ok((cast::bind(left, &text(a.nullable), false, session)?, right));
    }
    Ok((left, right))
}
