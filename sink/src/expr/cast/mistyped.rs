//! The failure that only a mistake of ours can cause.

use crate::expr::EvalError;

/// Seen only if a decoder hands out what is not of its column's type.
#[cold]
pub(super) fn mistyped() -> EvalError {
    EvalError::new("the value is not of the column's type; this is a mistake of ours")
}
