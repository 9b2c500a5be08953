//! Arrays, maps and rows.

use crate::expr::function::FunctionSpec;

/// The functions of this family.
pub(super) static FUNCTIONS: &[FunctionSpec] = &[];
