//! AND, OR, NOT, and what asks for a truth or for NULL: SQL's three truths.

use std::sync::Arc;

use super::eval_error::EvalError;
use super::function::{BindError, Bound, Moment, Nulls, Pure, Scalar};
use super::tree::{Expr, Lazy};
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
impl Lazy for Connective {
    #[inline]
    fn evaluate<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Value<'a>, EvalError> {
        let decides = *self == Self::Or;
        let mut value = Value::Boolean(!decides);
        for arg in args {
            match arg.evaluate(row, moment)? {
                Value::Boolean(truth) if truth == decides => return Ok(Value::Boolean(decides)),
                Value::Null => value = Value::Null,
                _ => {}
            }
        }
        Ok(value)
    }
}

/// `NOT x`
///
/// # Errors
/// It is no BOOLEAN.
pub(crate) fn not(operand: Expr) -> Result<Expr, BindError> {
    boolean(&operand, "NOT")?;
    let data_type = operand.data_type().clone();
    Ok(call("NOT", operand, data_type, Nulls::Propagate, |args, _| match args[0] {
        Value::Boolean(truth) => Ok(Value::Boolean(!truth)),
        _ => Err(EvalError::mistyped()),
    }))
}

/// `x IS NULL`
pub(crate) fn is_null(operand: Expr) -> Expr {
    let data_type = LogicalType::Boolean.not_null();
    call("IS NULL", operand, data_type, Nulls::Given, |args, _| {
        Ok(Value::Boolean(matches!(args[0], Value::Null)))
    })
}

/// `x IS NOT NULL`
pub(crate) fn is_not_null(operand: Expr) -> Expr {
    let data_type = LogicalType::Boolean.not_null();
    call("IS NOT NULL", operand, data_type, Nulls::Given, |args, _| {
        Ok(Value::Boolean(!matches!(args[0], Value::Null)))
    })
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
    let bound = Bound {
        casts: Vec::new(),
        data_type: LogicalType::Boolean.not_null(),
        nulls: Nulls::Given,
        is_deterministic: true,
        scalar: Arc::new(IsTruth { truth, is_not }),
    };
    Ok(Expr::call(name, vec![operand], bound, None))
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

struct IsTruth {
    truth: bool,
    is_not: bool,
}

impl Scalar for IsTruth {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let is = matches!(args[0], Value::Boolean(truth) if truth == self.truth);
        Ok(Value::Boolean(is != self.is_not))
    }
}

fn call(
    name: &'static str,
    operand: Expr,
    data_type: DataType,
    nulls: Nulls,
    compute: for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>,
) -> Expr {
    let scalar = Arc::new(Pure(compute));
    let bound = Bound { casts: Vec::new(), data_type, nulls, is_deterministic: true, scalar };
    Expr::call(name, vec![operand], bound, None)
}
