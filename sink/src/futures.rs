//! Sinks and sources as `futures::Sink` and `futures::Stream`, for programs that are made of those.
//!
//! Methods of [`UpsertSink`] and [`TableSource`] do the same with less: each item costs an allocation here.

use crate::table_source::TableSource;
use crate::upsert_sink::UpsertSink;

#[cfg(feature = "arrow")]
mod batch_items;
mod change_sink;
mod change_stream;
mod item;
#[cfg(feature = "serde")]
mod typed_items;

pub use change_sink::ChangeSink;
pub use change_stream::ChangeStream;
pub use item::{SinkItem, SourceItem};

impl UpsertSink {
    /// The sink as a `futures::Sink`, whose `poll_ready` is the back-pressure of [`write`](Self::write).
    pub fn into_sink<I: SinkItem>(self) -> ChangeSink<I> {
        ChangeSink::new(self)
    }
}

impl TableSource {
    /// The source as a `futures::Stream` of `(RowKind, OwnedRow)` or of structs ([`TypedChange`](crate::TypedChange)).
    pub fn into_stream<I: SourceItem>(self) -> ChangeStream<I> {
        ChangeStream::new(self, 1)
    }

    /// The source as a `futures::Stream` of RecordBatches, each of so many rows at most.
    #[cfg(feature = "arrow")]
    pub fn into_batches(self, rows_max: usize) -> ChangeStream<arrow_array::RecordBatch> {
        ChangeStream::new(self, rows_max)
    }
}
