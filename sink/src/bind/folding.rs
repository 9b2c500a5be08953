//! What binding comes to: constants are computed, and refusals become findings.

use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::expr::function::BindError;

/// What has no columns, computed. What fails stays as it is: its job fails, if it ever comes to it.
pub(super) fn folded(expr: Expr) -> Expr {
    expr.fold().unwrap_or_else(|(expr, _)| expr)
}

/// A refusal as a finding.
pub(super) fn refused(error: BindError) -> Finding {
    Finding::new(Rule::Type, error.0)
}
