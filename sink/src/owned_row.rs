//! A row that owns its values: to keep it, to send it, to hand it over later.

use crate::row::{Arena, Row, Value};
use crate::state::{RowBytes, write_row};

/// A row of its own, in a few bytes. Values are read into an arena, as those of any row.
///
/// ```
/// use upsert_kafka_sink::OwnedRow;
/// use upsert_kafka_sink::row::{Arena, Value};
///
/// let row = OwnedRow::new(&[Value::BigInt(1), Value::String("Ada")]);
/// let arena = Arena::new();
/// assert_eq!(row.read(&arena), [Value::BigInt(1), Value::String("Ada")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedRow {
    bytes: Box<[u8]>,
    arity: usize,
}

impl OwnedRow {
    /// A copy of the row.
    pub fn new(row: Row<'_>) -> Self {
        let mut bytes = Vec::new();
        write_row(row, &slots(row.len()), &mut bytes);
        Self { bytes: bytes.into(), arity: row.len() }
    }

    /// The row, which borrows from this one and from the arena.
    pub fn read<'a>(&'a self, arena: &'a Arena) -> Row<'a> {
        let row = arena.alloc_slice_fill_copy(self.arity, Value::Null);
        RowBytes::new(&self.bytes).read(&slots(self.arity), row, arena);
        row
    }
}

fn slots(arity: usize) -> Vec<usize> {
    (0..arity).collect()
}
