//! RecordBatches as the items of a sink or a stream.

use arrow_array::RecordBatch;

use super::item::{SinkItem, SourceItem, sealed};
use crate::error::Error;
use crate::table_source::TableSource;
use crate::upsert_sink::UpsertSink;

impl sealed::Sealed for RecordBatch {}

impl SinkItem for RecordBatch {
    async fn write(self, sink: &mut UpsertSink) -> Result<(), Error> {
        sink.write_batch(&self).await
    }
}

impl SourceItem for RecordBatch {
    async fn next(source: &mut TableSource, rows_max: usize) -> Result<Option<Self>, Error> {
        source.next_batch(rows_max).await
    }
}
