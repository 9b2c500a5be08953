//! CAST and TRY_CAST: what a value becomes of another type.

pub(crate) mod implicit;

use super::function::{BindError, Session};
use super::tree::Expr;
use crate::types::DataType;

/// `CAST(operand AS to)`, or `TRY_CAST`, which gives NULL where CAST fails.
///
/// # Errors
/// Flink has no cast between these types.
pub(crate) fn bind(operand: Expr, to: &DataType, is_try: bool, session: &Session) -> Result<Expr, BindError> {
    let _ = (is_try, session);
    operand.implicitly_cast(&to.logical).map_err(|operand| {
        BindError(format!("{} cannot be cast to {}", operand.data_type().logical, to.logical))
    })
}
