//! `(a, b) = (c, d)`: rows that the query puts together are compared field by field, with three truths.

use super::comparison::Comparison;
use super::function::{BindError, Session};
use super::logic::{Connective, not};
use super::tree::Expr;
use crate::error::Position;
use crate::types::LogicalType;

/// The comparison of two values, which may be rows.
///
/// # Errors
/// As [`Comparison::bind`].
pub(crate) fn compare(
    comparison: Comparison,
    left: Expr,
    right: Expr,
    session: &Session,
    at: Option<Position>,
) -> Result<Expr, BindError> {
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if !is_equality || !(left.is_row() || right.is_row()) {
        return comparison.bind(left, right, session, at);
    }
    let (LogicalType::Row(a), LogicalType::Row(b)) = (&left.data_type().logical, &right.data_type().logical)
    else {
        return comparison.bind(left, right, session, at);
    };
    if a.len() != b.len() {
        return Err(BindError(format!(
            "{} does not compare {} fields with {}",
            comparison.name(),
            a.len(),
            b.len()
        )));
    }
    let fields = (0..a.len()).filter_map(|index| left.item(index).zip(right.item(index)));
    let equal = fields.map(|(a, b)| compare(Comparison::Equal, a, b, session, at));
    let all = Connective::And.bind(equal.collect::<Result<_, _>>()?)?;
    if comparison == Comparison::NotEqual { not(all) } else { Ok(all) }
}
