//! Structs into an upsert-kafka table.

use serde_core::Serialize;

use super::row_serializer::RowSerializer;
use super::serde_error::SerdeError;
use crate::error::Error;
use crate::row::RowKind;
use crate::serializer::Serialized;
use crate::upsert_sink::UpsertSink;

impl UpsertSink {
    /// Writes the row: it is there then, be it new or in the place of one with its key. The struct is read before this
    /// returns, and the record handed over when the future is awaited, as [`write`](Self::write) does.
    ///
    /// # Errors
    /// A field that is no column, or a value that its column cannot hold, by their names; and as of `write`.
    pub fn upsert<T: Serialize + ?Sized>(
        &mut self,
        row: &T,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<'_, T> {
        let encoded = self.encode_typed(RowKind::UpdateAfter, row, false);
        self.send_encoded(RowKind::UpdateAfter, encoded)
    }

    /// Deletes the row of a key: a struct with the key's columns, whatever else it has; a tuple of them in the order of
    /// the PRIMARY KEY clause; or, of a key of one column, its value.
    ///
    /// # Errors
    /// As of [`upsert`](Self::upsert).
    pub fn delete<K: Serialize + ?Sized>(
        &mut self,
        key: &K,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<'_, K> {
        let encoded = self.encode_typed(RowKind::Delete, key, true);
        self.send_encoded(RowKind::Delete, encoded)
    }

    /// Makes a record of a struct, or of a key alone.
    pub(crate) fn encode_typed<T: Serialize + ?Sized>(
        &mut self,
        kind: RowKind,
        row: &T,
        is_key: bool,
    ) -> Result<Option<Serialized>, Error> {
        let mut arena = std::mem::take(&mut self.arena);
        arena.reset();
        let key = is_key.then_some(self.primary_key());
        let encoded = match RowSerializer::new(self.columns(), key, &arena).row(row) {
            Ok(row) => self.encode(kind, row),
            Err(error) => Err(SerdeError::of_sink(error, self.table())),
        };
        self.arena = arena;
        encoded
    }
}
