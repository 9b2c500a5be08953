//! The slots of a row that is being made: which of them a field is meant for, by its name or by its place.

use super::serde_error::SerdeError;
use crate::row::{Arena, Row, Value};
use crate::types::{DataType, Field};

/// A row of a table, the key of one, or a ROW within a row; what is not put is NULL.
pub(super) struct RowSlots<'a, 's> {
    columns: &'s [Field],
    /// Where only a key is written: its columns, in its order.
    key: Option<&'s [usize]>,
    /// The columns of a table are its sink's to check, since a delete has few; the fields of a ROW are not.
    are_nulls_checked: bool,
    row: &'a mut [Value<'a>],
    /// How many fields came, which is the place of one that has no name.
    count: usize,
}

impl<'a, 's> RowSlots<'a, 's> {
    /// Of all columns of a table, or of a key alone.
    pub(super) fn of_table(columns: &'s [Field], key: Option<&'s [usize]>, arena: &'a Arena) -> Self {
        let row = arena.alloc_slice_fill_copy(columns.len(), Value::Null);
        Self { columns, key, are_nulls_checked: false, row, count: 0 }
    }

    /// Of a ROW.
    pub(super) fn of_fields(fields: &'s [Field], arena: &'a Arena) -> Self {
        Self { are_nulls_checked: true, ..Self::of_table(fields, None, arena) }
    }

    /// The slot of a field by its name.
    ///
    /// # Errors
    /// No column has it.
    pub(super) fn named(&mut self, name: &str) -> Result<usize, SerdeError> {
        // Fields mostly come in the order of the columns.
        let is_it = |slot: &usize| self.columns.get(*slot).is_some_and(|it| &*it.name == name);
        let next = Some(self.count).filter(is_it);
        let slot = next.or_else(|| self.columns.iter().position(|it| &*it.name == name));
        self.count += 1;
        let unknown = || format!("field {name} is no column; there are: {}", self.names());
        slot.ok_or_else(|| SerdeError::new(unknown()))
    }

    /// The slot of the next field that has a place and no name.
    ///
    /// # Errors
    /// There are no more.
    pub(super) fn next(&mut self) -> Result<usize, SerdeError> {
        if self.count == self.len() {
            return Err(self.miscounted("more"));
        }
        self.count += 1;
        Ok(self.slot(self.count - 1))
    }

    /// The only slot, for a value that is no struct.
    ///
    /// # Errors
    /// There is more than one.
    pub(super) fn only(&self) -> Result<usize, SerdeError> {
        match self.len() {
            1 => Ok(self.slot(0)),
            more => {
                let what = if self.key.is_some() { "a key" } else { "a row" };
                Err(SerdeError::new(format!("one value for {what} of {more} columns; a struct is expected")))
            }
        }
    }

    /// The type of a slot's values.
    pub(super) fn data_type(&self, slot: usize) -> &'s DataType {
        &self.columns[slot].data_type
    }

    /// Puts a value, if it is one.
    ///
    /// # Errors
    /// It is none, with the column's name.
    pub(super) fn put(
        &mut self,
        slot: usize,
        value: Result<Value<'a>, SerdeError>,
    ) -> Result<(), SerdeError> {
        self.row[slot] = value.map_err(|error| error.within(&*self.columns[slot].name))?;
        Ok(())
    }

    /// The row of fields that had names.
    ///
    /// # Errors
    /// A field of a ROW is NOT NULL and did not come.
    pub(super) fn finish(self) -> Result<Row<'a>, SerdeError> {
        if self.are_nulls_checked {
            let is_missing =
                |(column, value): &(&Field, &Value<'_>)| !column.data_type.nullable && **value == Value::Null;
            if let Some((column, _)) = self.columns.iter().zip(&*self.row).find(is_missing) {
                return Err(SerdeError::new("it is NOT NULL, and has no value").within(&*column.name));
            }
        }
        Ok(self.row)
    }

    /// The row of fields that had places: who counts them has one for each.
    ///
    /// # Errors
    /// There were fewer; or as [`finish`](Self::finish) says.
    pub(super) fn finish_placed(self) -> Result<Row<'a>, SerdeError> {
        if self.count < self.len() {
            return Err(self.miscounted("fewer"));
        }
        self.finish()
    }

    fn len(&self) -> usize {
        self.key.map_or(self.columns.len(), <[usize]>::len)
    }

    fn slot(&self, at: usize) -> usize {
        self.key.map_or(at, |key| key[at])
    }

    #[cold]
    fn miscounted(&self, what: &str) -> SerdeError {
        SerdeError::new(format!("{what} values than the {} columns {}", self.len(), self.names()))
    }

    #[cold]
    fn names(&self) -> String {
        let names: Vec<&str> = (0..self.len()).map(|at| &*self.columns[self.slot(at)].name).collect();
        names.join(", ")
    }
}
