//! What sinks take and sources give as futures: rows, structs, batches.

use crate::error::Error;
use crate::owned_row::OwnedRow;
use crate::row::{Arena, RowKind};
use crate::table_source::TableSource;
use crate::upsert_sink::UpsertSink;

/// What a [`ChangeSink`](super::ChangeSink) takes: `(RowKind, OwnedRow)`, with the feature `serde` [`TypedChange`](crate::TypedChange), with
/// `arrow` RecordBatches. No other crate has one.
pub trait SinkItem: sealed::Sealed + Send + 'static {
    /// Writes it.
    #[doc(hidden)]
    fn write(self, sink: &mut UpsertSink) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What a [`ChangeStream`](super::ChangeStream) gives: the same.
pub trait SourceItem: sealed::Sealed + Sized + Send + 'static {
    /// Waits for the next one; `None` is the end. `rows_max` counts where an item has several rows.
    #[doc(hidden)]
    fn next(
        source: &mut TableSource,
        rows_max: usize,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

pub(super) mod sealed {
    pub trait Sealed {}
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
