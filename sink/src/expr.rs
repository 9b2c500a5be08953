//! From the source's row to the sink's: columns picked, cast as Flink casts them, and held to NOT NULL.

mod cast;
mod decimal;

pub(crate) use self::cast::Cast;
use crate::error::{Error, ErrorKind};
use crate::row::{Arena, Row, Value};
use crate::types::Field;

/// What each column of a sink is made of.
#[derive(Clone, Debug)]
pub struct Projection {
    table: Box<str>,
    slots: Vec<Slot>,
    on_null: OnNull,
}

/// Whether a row goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It does.
    Yes,
    /// It is dropped: it has a NULL where none may be, and the job says DROP.
    No,
}

/// `table.exec.sink.not-null-enforcer`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNull {
    /// ERROR: the job fails.
    #[default]
    Fail,
    /// DROP: the row is left out.
    Drop,
}

/// One column of the sink.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Its column in the source; NULL where there is none.
    pub(crate) source: Option<usize>,
    pub(crate) cast: Cast,
    /// The column's name, if it is NOT NULL.
    pub(crate) required: Option<Box<str>>,
}

impl Projection {
    pub(crate) fn new(table: &str, slots: Vec<Slot>, on_null: OnNull) -> Self {
        Self { table: table.into(), slots, on_null }
    }

    /// Rows of these columns as they are, held to NOT NULL: for a caller who has the sink's rows at hand.
    pub fn identity(table: &str, columns: &[Field], on_null: OnNull) -> Self {
        let slots = columns.iter().enumerate().map(|(index, column)| Slot {
            source: Some(index),
            cast: Cast::Keep,
            required: (!column.data_type.nullable).then(|| column.name.clone()),
        });
        Self::new(table, slots.collect(), on_null)
    }

    /// How many columns the sink's row has.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the sink has no columns.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn on_null(&self) -> OnNull {
        self.on_null
    }

    /// Fills `out`, which has [`Self::len`] slots.
    ///
    /// # Errors
    /// A NULL in a NOT NULL column, unless such rows are dropped; a number that no cast can hold.
    #[inline]
    pub fn apply<'a>(&self, row: Row<'a>, out: &mut [Value<'a>], arena: &'a Arena) -> Result<Keep, Error> {
        for (slot, out) in self.slots.iter().zip(out) {
            let value = slot.source.map_or(Value::Null, |index| row[index]);
            *out = match slot.cast {
                Cast::Keep => value,
                ref cast => cast.apply(value, arena).map_err(|reason| self.failed(slot, reason))?,
            };
            if let (Value::Null, Some(column)) = (*out, &slot.required) {
                return self.null(column);
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
    fn failed(&self, slot: &Slot, reason: &str) -> Error {
        let column = slot.required.as_deref().unwrap_or("of the query");
        Error::new(ErrorKind::Sink, format!("table {}: column {column}: {reason}", self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::LogicalType;

    fn projection(on_null: OnNull) -> Projection {
        let columns = [
            Field::new("id", LogicalType::Int.not_null()),
            Field::new("name", LogicalType::STRING.nullable()),
        ];
        Projection::identity("o", &columns, on_null)
    }

    #[test]
    fn a_null_in_a_not_null_column_fails_the_job_or_drops_the_row() {
        let arena = Arena::new();
        let mut out = [Value::Null; 2];
        let row = [Value::Null, Value::String("a")];
        let error = projection(OnNull::Fail).apply(&row, &mut out, &arena).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table o: column 'id' is NOT NULL, but the row has a NULL there; \
             SET 'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out"
        );
        assert_eq!(projection(OnNull::Drop).apply(&row, &mut out, &arena).unwrap(), Keep::No);
        let row = [Value::Int(1), Value::Null];
        assert_eq!(projection(OnNull::Fail).apply(&row, &mut out, &arena).unwrap(), Keep::Yes);
        assert_eq!(out, row);
    }

    #[test]
    fn columns_are_picked_in_any_order_and_the_rest_is_null() {
        let slot = |source| Slot { source, cast: Cast::Keep, required: None };
        let projection = Projection::new("o", vec![slot(Some(1)), slot(None), slot(Some(0))], OnNull::Fail);
        let arena = Arena::new();
        let mut out = [Value::Int(9); 3];
        projection.apply(&[Value::Int(1), Value::Int(2)], &mut out, &arena).unwrap();
        assert_eq!(out, [Value::Int(2), Value::Null, Value::Int(1)]);
    }
}
