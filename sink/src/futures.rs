//! Sinks and sources as `futures::Sink` and `futures::Stream`, for programs that are made of those.
//!
//! Methods of [`UpsertSink`] and [`TableSource`] do the same with less: each item costs an allocation here.

use crate::error::Error;
use crate::owned_row::OwnedRow;
use crate::row::{Arena, RowKind};
use crate::table_source::TableSource;
use crate::upsert_sink::UpsertSink;

#[cfg(feature = "arrow")]
mod batch_items;
mod change_sink;
mod change_stream;
#[cfg(feature = "serde")]
mod typed_items;

pub use change_sink::ChangeSink;
pub use change_stream::ChangeStream;

/// What a [`ChangeSink`] takes: `(RowKind, OwnedRow)`, with the feature `serde` [`TypedChange`](crate::TypedChange), with
/// `arrow` RecordBatches. No other crate has one.
pub trait SinkItem: sealed::Sealed + Send + 'static {
    /// Writes it.
    #[doc(hidden)]
    fn write(self, sink: &mut UpsertSink) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What a [`ChangeStream`] gives: the same.
pub trait SourceItem: sealed::Sealed + Sized + Send + 'static {
    /// Waits for the next one; `None` is the end. `rows_max` counts where an item has several rows.
    #[doc(hidden)]
    fn next(
        source: &mut TableSource,
        rows_max: usize,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

mod sealed {
    pub trait Sealed {}
}

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

impl sealed::Sealed for (RowKind, OwnedRow) {}

impl SinkItem for (RowKind, OwnedRow) {
    fn write(self, sink: &mut UpsertSink) -> impl Future<Output = Result<(), Error>> + Send {
        let (kind, row) = self;
        let encoded = sink.encode(kind, row.read(&Arena::new()));
        sink.send_encoded(kind, encoded)
    }
}

impl SourceItem for (RowKind, OwnedRow) {
    async fn next(source: &mut TableSource, _: usize) -> Result<Option<Self>, Error> {
        while source.ready().await? {
            let mut change = None;
            source.drain(1, &mut |kind, row| {
                change = Some((kind, OwnedRow::new(row)));
                Ok(())
            });
            if change.is_some() {
                return Ok(change);
            }
        }
        Ok(None)
    }
}
