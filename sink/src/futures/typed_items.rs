//! Structs as the items of a sink or a stream.

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::item::{SinkItem, SourceItem, sealed};
use crate::error::Error;
use crate::row::RowKind;
use crate::table_source::TableSource;
use crate::typed::TypedChange;
use crate::upsert_sink::UpsertSink;

impl<T: Send + 'static, K: Send + 'static> sealed::Sealed for TypedChange<T, K> {}

impl<T: Serialize + Send + 'static, K: Serialize + Send + 'static> SinkItem for TypedChange<T, K> {
    /// The struct is read at once: it need not be `Sync`, as it would to be borrowed while the record waits.
    fn write(self, sink: &mut UpsertSink) -> impl Future<Output = Result<(), Error>> + Send {
        let (kind, encoded) = match self {
            Self::Upsert(row) => (RowKind::UpdateAfter, sink.encode_typed(RowKind::UpdateAfter, &row, false)),
            Self::Delete(key) => (RowKind::Delete, sink.encode_typed(RowKind::Delete, &key, true)),
        };
        sink.send_encoded(kind, encoded)
    }
}

impl<T: DeserializeOwned + Send + 'static, K: DeserializeOwned + Send + 'static> SourceItem
    for TypedChange<T, K>
{
    async fn next(source: &mut TableSource, _: usize) -> Result<Option<Self>, Error> {
        source.next_change().await
    }
}
