//! Casts of metadata columns that are declared with other types than records have.

use crate::expr::function::Moment;
use crate::plan::MetadataCast;
use crate::row::{Arena, Row};

pub(super) struct MetadataCasts {
    casts: Vec<MetadataCast>,
    /// Of the row that was cast last.
    arena: Arena,
}

impl MetadataCasts {
    pub(super) fn new(casts: Vec<MetadataCast>) -> Self {
        Self { casts, arena: Arena::new() }
    }

    /// The row as records have it.
    ///
    /// # Errors
    /// The first column whose value cannot be cast, in a sentence.
    pub(super) fn applied<'a>(&'a mut self, row: Row<'a>) -> Result<Row<'a>, String> {
        if self.casts.is_empty() {
            return Ok(row);
        }
        self.arena.reset();
        let arena = &self.arena;
        let moment = Moment::still(arena);
        let out = arena.alloc_slice_copy(row);
        for MetadataCast { column, slot, expr } in &self.casts {
            let cast = expr.evaluate(row, &moment);
            out[*slot] = cast.map_err(|error| format!("column {column}: {error}"))?;
        }
        Ok(out)
    }
}
