//! Rows of structs, by serde: a struct is a row by the names of its fields, and no JSON stands between.
//!
//! | a column of | is written from | is read as |
//! |---|---|---|
//! | `BOOLEAN` | `bool` | `bool` |
//! | `TINYINT` … `BIGINT` | any integer that fits | any integer that holds it |
//! | `FLOAT`, `DOUBLE` | floats, integers; an `f64` only where a FLOAT holds it exactly | floats |
//! | `DECIMAL` | text, integers | text; floats and integers where the type wants them |
//! | `CHAR`, `VARCHAR`, `STRING` | text, `char`, variants without fields | the same |
//! | `BINARY`, `VARBINARY`, `BYTES` | bytes, sequences of `u8` | the same |
//! | `DATE`, `TIME`, `TIMESTAMP`, `TIMESTAMP_LTZ` | ISO text, `2026-01-31T12:00:00.5`, of an instant with `Z` or an offset | the same, of an instant with `Z` |
//! | `ARRAY`, `MAP`, `MULTISET` | sequences, maps | the same |
//! | `ROW` | structs and maps by name, tuples and sequences by place | the same |
//!
//! `None` and `()` are NULL. A field that no column has is refused, a column that no field has is NULL. So the types of
//! chrono, jiff, rust_decimal, uuid and serde_bytes are what they are to serde_json.

use crate::error::Error;
use crate::row::{Row, RowKind};
use crate::table_source::TableSource;
use crate::types::Field;
use row_deserializer::RowDeserializer;
use serde_error::SerdeError;

mod row_deserializer;
mod row_serializer;
mod row_slots;
mod scalar_column;
mod serde_error;
mod sink;
mod temporal;
mod value_deserializer;
mod value_serializer;

/// How a row of a table changed, as structs: `T` is the row, `K` its key.
///
/// A key of one column may be that column's type; another one is a struct of the key's columns, or a tuple of them in
/// the order of the PRIMARY KEY clause. Of a table without a key, `K` is the whole row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a table without old rows has these two changes")]
pub enum TypedChange<T, K = T> {
    /// The row is there, be it new or in the place of one with its key.
    Upsert(T),
    /// The row of this key is gone.
    Delete(K),
}

impl TableSource {
    /// Waits for the next change and reads it into structs; `None` where the table is read to its end. What was there
    /// before a change (UPDATE_BEFORE) is passed over.
    ///
    /// ```
    /// # use upsert_kafka_sink::plan::PlanOptions;
    /// use upsert_kafka_sink::{KafkaTable, SourceOptions, TableSource, TypedChange, UpsertSink};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct User {
    ///     id: i64,
    ///     name: Option<String>,
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = upsert_kafka_broker::Broker::start(upsert_kafka_broker::BrokerConfig::default()).await?;
    /// # let options = PlanOptions::new().with_bootstrap(broker.address().to_string());
    ///
    /// let table = KafkaTable::from_ddl(
    ///     "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    ///        'connector' = 'upsert-kafka', 'topic' = 'users', 'key.format' = 'json', 'value.format' = 'json',
    ///        'properties.bootstrap.servers' = 'kafka:9092')",
    /// )?;
    /// # let table = table.with_options(options);
    /// let mut sink = UpsertSink::open(&table).await?;
    /// sink.upsert(&User { id: 1, name: Some("Ada".into()) }).await?;
    /// sink.delete(&1).await?;
    /// sink.flush().await?;
    ///
    /// let mut source = TableSource::open(&table, SourceOptions::new()).await?;
    /// let first = source.next_change::<User, i64>().await?;
    /// assert!(matches!(first, Some(TypedChange::Upsert(User { id: 1, .. }))));
    /// let second = source.next_change::<User, i64>().await?;
    /// assert!(matches!(second, Some(TypedChange::Delete(1))));
    /// # broker.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TableSource`] says; a row that `T` or `K` do not take is one that cannot be read.
    pub async fn next_change<T, K>(&mut self) -> Result<Option<TypedChange<T, K>>, Error>
    where
        T: serde_core::de::DeserializeOwned,
        K: serde_core::de::DeserializeOwned,
    {
        while self.ready().await? {
            if let Some(change) = self.drain_change() {
                return Ok(Some(change));
            }
        }
        Ok(None)
    }

    fn drain_change<T, K>(&mut self) -> Option<TypedChange<T, K>>
    where
        T: serde_core::de::DeserializeOwned,
        K: serde_core::de::DeserializeOwned,
    {
        let mut change = None;
        let (table, columns, key) = self.shared();
        self.drain(1, &mut |kind, row| {
            change = typed(kind, row, &columns, &key).map_err(|error| error.of_source(&table))?;
            Ok(())
        });
        change
    }
}

fn typed<T, K>(
    kind: RowKind,
    row: Row<'_>,
    columns: &[Field],
    key: &[usize],
) -> Result<Option<TypedChange<T, K>>, SerdeError>
where
    T: serde_core::de::DeserializeOwned,
    K: serde_core::de::DeserializeOwned,
{
    Ok(match kind {
        RowKind::UpdateBefore => None,
        RowKind::Insert | RowKind::UpdateAfter => {
            Some(TypedChange::Upsert(T::deserialize(RowDeserializer::whole(columns, row))?))
        }
        RowKind::Delete => {
            Some(TypedChange::Delete(K::deserialize(RowDeserializer::of_key(columns, key, row))?))
        }
    })
}

#[cfg(test)]
mod tests;
