//! AND, OR, NOT, and what asks for a truth or for NULL: SQL's three truths.

use std::sync::Arc;

use super::eval_error::EvalError;
use super::function::{BindError, Moment};
use super::tree::{Expr, Predicate};
use crate::row::{Row, Value};
use crate::types::{DataType, LogicalType};

/// AND or OR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connective {
    And,
    Or,
}

impl Connective {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
        }
    }

    /// All operands, from the left.
    ///
    /// # Errors
    /// One of them is no BOOLEAN.
    pub(crate) fn bind(self, operands: Vec<Expr>) -> Result<Expr, BindError> {
        for operand in &operands {
            boolean(operand, self.name())?;
        }
        let nullable = operands.iter().any(|operand| operand.data_type().nullable);
        let data_type = DataType { logical: LogicalType::Boolean, nullable };
        Ok(Expr::lazy(self.name(), operands, Arc::new(self), data_type))
    }
}

/// The first operand that decides ends it. NULL decides nothing, so that what stands behind it may still fail.
impl Predicate for Connective {
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        let decides = *self == Self::Or;
        let mut truth = Some(!decides);
        for arg in args {
            match arg.truth(row, moment)? {
                Some(operand) if operand == decides => return Ok(Some(decides)),
                None => truth = None,
                Some(_) => {}
            }
        }
        Ok(truth)
    }
}

/// `NOT x`
///
/// # Errors
/// It is no BOOLEAN.
pub(crate) fn not(operand: Expr) -> Result<Expr, BindError> {
    boolean(&operand, "NOT")?;
    let data_type = operand.data_type().clone();
    Ok(Expr::lazy("NOT", vec![operand], Arc::new(Not), data_type))
}

/// `x IS NULL`
pub(crate) fn is_null(operand: Expr) -> Expr {
    Expr::lazy("IS NULL", vec![operand], Arc::new(IsNull { is_not: false }), LogicalType::Boolean.not_null())
}

/// `x IS NOT NULL`
pub(crate) fn is_not_null(operand: Expr) -> Expr {
    Expr::lazy(
        "IS NOT NULL",
        vec![operand],
        Arc::new(IsNull { is_not: true }),
        LogicalType::Boolean.not_null(),
    )
}

/// `x IS [NOT] TRUE`, `x IS [NOT] FALSE`
///
/// # Errors
/// It is no BOOLEAN.
pub(crate) fn is_truth(operand: Expr, truth: bool, is_not: bool) -> Result<Expr, BindError> {
    let name = match (truth, is_not) {
        (true, false) => "IS TRUE",
        (true, true) => "IS NOT TRUE",
        (false, false) => "IS FALSE",
        (false, true) => "IS NOT FALSE",
    };
    boolean(&operand, name)?;
    let form = Arc::new(IsTruth { truth, is_not });
    Ok(Expr::lazy(name, vec![operand], form, LogicalType::Boolean.not_null()))
}

/// `x IS [NOT] UNKNOWN`
///
/// # Errors
/// It is no BOOLEAN.
pub(crate) fn is_unknown(operand: Expr, is_not: bool) -> Result<Expr, BindError> {
    boolean(&operand, "IS UNKNOWN")?;
    Ok(if is_not { is_not_null(operand) } else { is_null(operand) })
}

/// Holds an operand to BOOLEAN; a bare NULL is none.
pub(crate) fn boolean(operand: &Expr, name: &str) -> Result<(), BindError> {
    if operand.is_bare_null() {
        return Err(BindError(format!(
            "{name} takes BOOLEAN; NULL has no type: write CAST(NULL AS BOOLEAN)"
        )));
    }
    match &operand.data_type().logical {
        LogicalType::Boolean => Ok(()),
        other => Err(BindError(format!("{name} takes BOOLEAN, not {other}"))),
    }
}

struct Not;

impl Predicate for Not {
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        Ok(args[0].truth(row, moment)?.map(|truth| !truth))
    }
}

struct IsNull {
    is_not: bool,
}

impl Predicate for IsNull {
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        Ok(Some(matches!(args[0].evaluate(row, moment)?, Value::Null) != self.is_not))
    }
}

struct IsTruth {
    truth: bool,
    is_not: bool,
}

impl Predicate for IsTruth {
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        Ok(Some((args[0].truth(row, moment)? == Some(self.truth)) != self.is_not))
    }
}
