//! A projection: from the source's row to the sink's, an expression for each column, held to NOT NULL.

use super::eval_error::EvalError;
use super::function::Moment;
use super::tree::Expr;
use crate::error::{Error, ErrorKind};
use crate::row::{Row, Value};

/// What each column of a sink is made of.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    /// The sink's name, for errors.
    table: Box<str>,
    columns: Vec<Projected>,
    on_null: OnNull,
}

/// One column of the sink.
#[derive(Clone, Debug)]
pub(crate) struct Projected {
    /// What the column is made of, of the column's type. NULL is checked at run time.
    pub(crate) expr: Expr,
    /// The column's name, if it is NOT NULL.
    pub(crate) required: Option<Box<str>>,
}

/// Whether a row goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The row goes on.
    Yes,
    /// The row is dropped: it has a NULL where none may be, and the job says DROP.
    No,
}

/// `table.exec.sink.not-null-enforcer`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnNull {
    /// ERROR: the job fails.
    #[default]
    Fail,
    /// DROP: the row is left out.
    Drop,
}

impl Projection {
    /// The columns of `table`, in declared order.
    pub(crate) fn new(table: &str, columns: Vec<Projected>, on_null: OnNull) -> Self {
        Self { table: table.into(), columns, on_null }
    }

    /// The sink's name.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// How many columns the sink's row has.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The expression of each column.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.columns.iter().map(|column| &column.expr)
    }

    /// The expression of one column.
    pub(crate) fn expr(&self, index: usize) -> &Expr {
        &self.columns[index].expr
    }

    pub(crate) fn on_null(&self) -> OnNull {
        self.on_null
    }

    /// The same without NOT NULL, but for these columns: for deletes that have their key alone.
    pub(crate) fn not_null_only(&self, columns: &[usize]) -> Self {
        let mut projection = self.clone();
        for (at, column) in projection.columns.iter_mut().enumerate() {
            column.required = column.required.take().filter(|_| columns.contains(&at));
        }
        projection
    }

    /// Fills `out`, which has [`Self::len`] slots.
    ///
    /// # Errors
    /// A NULL in a NOT NULL column, unless such rows are dropped; an expression without a value.
    #[inline]
    pub(crate) fn apply<'a>(
        &'a self,
        row: Row<'a>,
        out: &mut [Value<'a>],
        moment: &Moment<'a>,
    ) -> Result<Keep, Error> {
        for (column, out) in self.columns.iter().zip(out) {
            column.expr.evaluate_into(row, moment, out).map_err(|error| self.failed(column, error))?;
            if let (Value::Null, Some(name)) = (*out, &column.required) {
                return self.null(name);
            }
        }
        Ok(Keep::Yes)
    }

    #[cold]
    fn null(&self, column: &str) -> Result<Keep, Error> {
        match self.on_null {
            OnNull::Drop => Ok(Keep::No),
            OnNull::Fail => Err(Error::new(
                ErrorKind::Sink,
                format!(
                    "table {}: column '{column}' is NOT NULL, but the row has a NULL there; \
                     SET 'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out",
                    self.table
                ),
            )),
        }
    }

    #[cold]
    fn failed(&self, column: &Projected, error: EvalError) -> Error {
        let column = column.required.as_deref().unwrap_or("of the query");
        Error::new(ErrorKind::Sink, format!("table {}: column {column}: {error}", self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Arena;
    use crate::types::LogicalType;

    /// `id INT NOT NULL, name STRING`, as they are.
    fn projection(on_null: OnNull) -> Projection {
        let columns = [
            Projected { expr: Expr::column(0, LogicalType::Int.not_null()), required: Some("id".into()) },
            Projected { expr: Expr::column(1, LogicalType::STRING.nullable()), required: None },
        ];
        Projection::new("o", columns.into(), on_null)
    }

    #[test]
    fn a_null_in_a_not_null_column_fails_the_job_or_drops_the_row() {
        let arena = Arena::new();
        let moment = Moment::still(&arena);
        let (failing, dropping) = (projection(OnNull::Fail), projection(OnNull::Drop));
        let mut out = [Value::Null; 2];
        let row = [Value::Null, Value::String("a")];
        let error = failing.apply(&row, &mut out, &moment).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table o: column 'id' is NOT NULL, but the row has a NULL there; \
             SET 'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out"
        );
        assert_eq!(dropping.apply(&row, &mut out, &moment).unwrap(), Keep::No);
        let row = [Value::Int(1), Value::Null];
        assert_eq!(failing.apply(&row, &mut out, &moment).unwrap(), Keep::Yes);
        assert_eq!(out, row);
    }

    #[test]
    fn columns_are_picked_in_any_order_and_the_rest_is_null() {
        let column = |index| Expr::column(index, LogicalType::Int.nullable());
        let exprs = [column(1), Expr::null(LogicalType::Int), column(0)];
        let columns = exprs.map(|expr| Projected { expr, required: None });
        let projection = Projection::new("o", columns.into(), OnNull::Fail);
        let arena = Arena::new();
        let moment = Moment::still(&arena);
        let mut out = [Value::Int(9); 3];
        projection.apply(&[Value::Int(1), Value::Int(2)], &mut out, &moment).unwrap();
        assert_eq!(out, [Value::Int(2), Value::Null, Value::Int(1)]);
    }
}
