//! Expressions: what a query computes of one row.
//!
//! The planner binds an expression to the columns of a source: names are resolved to indexes, and every part knows its
//! type. After that no expression can be ill-typed. A job evaluates it once a row. The value borrows from the row where
//! it can, from the expression where it is a literal, and from the [`Arena`] where it had to be made; nothing is
//! allocated beside.
//!
//! Three readers ask an expression what it is: [`Projection`] evaluates it, the rule about UPDATE_BEFORE asks which
//! column it stands for ([`Expr::source_column`]), and `explain` prints it ([`Expr::display`]).

mod cast;
mod decimal;
#[allow(dead_code, reason = "nothing calls yet")]
pub(crate) mod function;
#[allow(dead_code, reason = "nothing calls yet")]
pub(crate) mod functions;
mod projection;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use self::cast::Cast;
pub(crate) use self::projection::{Keep, OnNull, Projected, Projection};
use crate::row::{Arena, Row, Value};
use crate::types::{DataType, Field, LogicalType};

/// An expression over the columns of one source, with its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    kind: ExprKind,
    data_type: DataType,
}

#[derive(Clone, Debug, PartialEq)]
enum ExprKind {
    /// The source's column with this index.
    Column(usize),
    /// The literal NULL, of the expression's type.
    Null,
    /// An operand, and what turns its values into those of the expression's type.
    Cast(Box<Expr>, Cast),
}

/// Why an expression has no value for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvalError(Cow<'static, str>);

impl Expr {
    /// The source's column with this index, which has this type.
    pub(crate) fn column(index: usize, data_type: DataType) -> Self {
        Self { kind: ExprKind::Column(index), data_type }
    }

    /// NULL, as a value of this type.
    pub(crate) fn null(logical: LogicalType) -> Self {
        Self { kind: ExprKind::Null, data_type: logical.nullable() }
    }

    /// The same value as one of another type, where Flink casts by itself; else the expression comes back as it was.
    /// Whether NULL fits is not asked: [`Projection`] sees to NOT NULL.
    pub(crate) fn implicitly_cast(self, to: &LogicalType) -> Result<Self, Self> {
        let Some(cast) = Cast::logical(&self.data_type.logical, to) else { return Err(self) };
        let data_type = DataType { logical: to.clone(), nullable: self.data_type.nullable };
        // Where values stay as they are, there is nothing to do at run time.
        let kind = if cast == Cast::Keep { self.kind } else { ExprKind::Cast(Box::new(self), cast) };
        Ok(Self { kind, data_type })
    }

    /// What its values are.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The column of which it is the value, perhaps cast; `None` where it is anything else. Equal values of that column
    /// give equal values of the expression.
    pub(crate) fn source_column(&self) -> Option<usize> {
        match &self.kind {
            ExprKind::Column(index) => Some(*index),
            ExprKind::Null => None,
            ExprKind::Cast(operand, _) => operand.source_column(),
        }
    }

    /// Adds every column of the source that it reads.
    pub(crate) fn columns(&self, into: &mut BTreeSet<usize>) {
        match &self.kind {
            ExprKind::Column(index) => _ = into.insert(*index),
            ExprKind::Null => {}
            ExprKind::Cast(operand, _) => operand.columns(into),
        }
    }

    /// The expression's value for a row.
    ///
    /// # Errors
    /// A cast cannot hold the value.
    #[inline]
    pub(crate) fn evaluate<'a>(&'a self, row: Row<'a>, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match &self.kind {
            ExprKind::Column(index) => Ok(row[*index]),
            _ => self.compute(row, arena),
        }
    }

    /// What is more than a copy, out of the line of what is not.
    fn compute<'a>(&'a self, row: Row<'a>, arena: &'a Arena) -> Result<Value<'a>, EvalError> {
        match &self.kind {
            ExprKind::Column(index) => Ok(row[*index]),
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Cast(operand, cast) => {
                cast.apply(operand.evaluate(row, arena)?, arena).map_err(EvalError::new)
            }
        }
    }

    /// Whether it is TRUE for a row, as a filter asks: of FALSE, TRUE and NULL only one is.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline]
    pub(crate) fn is_true<'a>(&'a self, row: Row<'a>, arena: &'a Arena) -> Result<bool, EvalError> {
        Ok(self.evaluate(row, arena)? == Value::Boolean(true))
    }

    /// The expression as a person reads it, in the names of the source's columns.
    pub(crate) fn display<'a>(&'a self, columns: &'a [Field]) -> impl fmt::Display + 'a {
        Displayed { expr: self, columns }
    }
}

impl EvalError {
    /// The sentence that says why.
    pub(crate) fn new(why: impl Into<Cow<'static, str>>) -> Self {
        Self(why.into())
    }
}

struct Displayed<'a> {
    expr: &'a Expr,
    columns: &'a [Field],
}

impl fmt::Display for Displayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr.kind {
            ExprKind::Column(index) => f.write_str(&self.columns[*index].name),
            ExprKind::Null => f.write_str("NULL"),
            ExprKind::Cast(operand, _) => {
                write!(f, "{}, cast from {}", operand.display(self.columns), operand.data_type.logical)
            }
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(index: usize, logical: LogicalType) -> Expr {
        Expr::column(index, logical.nullable())
    }

    #[test]
    fn a_column_is_the_value_that_the_row_has_there() {
        let arena = Arena::new();
        let text = String::from("a");
        let row = [Value::Int(1), Value::String(&text)];
        let value = column(1, LogicalType::STRING).evaluate(&row, &arena).map(|value| match value {
            Value::String(text) => text.as_ptr(),
            other => panic!("{other:?}"),
        });
        assert_eq!(value, Ok(text.as_ptr()), "borrowed, not copied");
        assert_eq!(arena.allocated_bytes(), 0);
    }

    #[test]
    fn a_cast_changes_the_value_and_the_type_and_keeps_the_column() {
        let arena = Arena::new();
        let cast = column(0, LogicalType::Int).implicitly_cast(&LogicalType::BigInt).unwrap();
        assert_eq!(cast.data_type(), &LogicalType::BigInt.nullable());
        assert_eq!(cast.evaluate(&[Value::Int(7)], &arena), Ok(Value::BigInt(7)));
        assert_eq!(cast.evaluate(&[Value::Null], &arena), Ok(Value::Null));
        assert_eq!(cast.source_column(), Some(0));
        let columns = [Field::new("id", LogicalType::Int.nullable())];
        assert_eq!(cast.display(&columns).to_string(), "id, cast from INT");
    }

    #[test]
    fn a_cast_that_changes_no_value_costs_nothing_and_is_not_told() {
        let wider = column(0, LogicalType::VarChar(3)).implicitly_cast(&LogicalType::STRING).unwrap();
        assert_eq!(wider, column(0, LogicalType::STRING));
        let columns = [Field::new("name", LogicalType::VarChar(3).nullable())];
        assert_eq!(wider.display(&columns).to_string(), "name");
    }

    #[test]
    fn an_expression_that_flink_does_not_cast_by_itself_comes_back() {
        let text = column(0, LogicalType::STRING);
        assert_eq!(text.clone().implicitly_cast(&LogicalType::Int), Err(text));
    }

    #[test]
    fn null_is_a_value_of_its_type_and_of_no_column() {
        let null = Expr::null(LogicalType::Int);
        assert_eq!(null.evaluate(&[Value::Int(1)], &Arena::new()), Ok(Value::Null));
        assert_eq!((null.source_column(), null.display(&[]).to_string()), (None, "NULL".into()));
    }

    #[test]
    fn what_a_cast_cannot_hold_is_an_error() {
        let to = LogicalType::Decimal { precision: 5, scale: 2 };
        let cast = column(0, LogicalType::Double).implicitly_cast(&to).unwrap();
        let error = cast.evaluate(&[Value::Double(f64::NAN)], &Arena::new()).unwrap_err();
        assert_eq!(error.to_string(), "a DECIMAL cannot hold NaN or Infinity");
    }

    #[test]
    fn of_three_truths_only_true_is_true() {
        let truth = column(0, LogicalType::Boolean);
        let arena = Arena::new();
        for (value, is_true) in
            [(Value::Boolean(true), true), (Value::Boolean(false), false), (Value::Null, false)]
        {
            assert_eq!(truth.is_true(&[value], &arena), Ok(is_true), "{value:?}");
        }
    }
}
