//! A batch on its way: open while records come, sealed when it is first sent, stamped anew if it must be.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{self, BatchWriter, Codec, Stamp};

use super::delivery::{Completion, Delivery};
use super::keyless::Queued;
use super::topic::Partition;
use crate::Record;

/// Records of one partition, with the memory that they hold.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Grows with each batch of the producer.
    pub(crate) id: u64,
    pub(crate) partition: Arc<Partition>,
    pub(crate) completion: Arc<Completion>,
    /// Of its first record: lingering and `delivery.timeout.ms` count from here.
    pub(crate) opened: Instant,
    pub(crate) count: u32,
    /// Its place in the partition's queue, once it is closed.
    pub(crate) queued: Option<Queued>,
    /// How much of `buffer.memory` it holds.
    lent: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Open(BatchWriter),
    Sealed {
        bytes: Bytes,
        stamp: Stamp,
    },
    /// Between the two, and when it is given back.
    Gone,
}

impl Batch {
    /// The buffer is as long as the batch may become, until more is granted.
    pub(crate) fn new(id: u64, partition: Arc<Partition>, buffer: BytesMut, opened: Instant) -> Self {
        let completion = Arc::new(Completion::new(partition.index));
        let lent = buffer.len();
        let content = Content::Open(BatchWriter::new(buffer, lent));
        Self { id, partition, completion, opened, count: 0, queued: None, lent, content }
    }

    /// `None` when the record does not fit: the batch is then as it was.
    #[inline]
    pub(crate) fn append(&mut self, record: &Record<'_>, timestamp_ms: i64) -> Option<Delivery> {
        let Content::Open(writer) = &mut self.content else { return None };
        let index = writer.append(timestamp_ms, record.key, record.value, record.headers)?;
        self.count = index + 1;
        Some(Delivery::new(Arc::clone(&self.completion), index, timestamp_ms))
    }

    /// How much of `buffer.memory` it holds.
    pub(crate) fn lent(&self) -> usize {
        self.lent
    }

    /// Lets it become this much larger.
    pub(crate) fn grant(&mut self, more: usize) {
        self.lent += more;
        if let Content::Open(writer) = &mut self.content {
            writer.raise_limit(self.lent);
        }
    }

    /// What it takes in a request, at most: compression comes later.
    pub(crate) fn size(&self) -> usize {
        match &self.content {
            Content::Open(writer) => writer.size(),
            Content::Sealed { bytes, .. } => bytes.len(),
            Content::Gone => 0,
        }
    }

    /// The bytes under this stamp. Equal stamps give equal bytes, however often it is asked.
    pub(crate) fn sealed(&mut self, stamp: Stamp, codec: Codec) -> Bytes {
        let bytes = match std::mem::replace(&mut self.content, Content::Gone) {
            Content::Open(writer) => writer.seal(stamp, codec),
            Content::Sealed { bytes, stamp: known } if known == stamp => bytes,
            Content::Sealed { bytes, .. } => restamped(bytes, stamp),
            Content::Gone => Bytes::new(),
        };
        self.content = Content::Sealed { bytes: bytes.clone(), stamp };
        bytes
    }

    /// The memory to give back, with the buffer if nobody else reads it any more.
    pub(crate) fn release(self) -> (usize, Option<BytesMut>) {
        match self.content {
            Content::Sealed { bytes, .. } => (self.lent, bytes.try_into_mut().ok()),
            Content::Open(_) | Content::Gone => (self.lent, None),
        }
    }
}

/// In place, unless the last attempt is still being written somewhere.
fn restamped(bytes: Bytes, stamp: Stamp) -> Bytes {
    let mut bytes = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    records::restamp(&mut bytes, stamp);
    bytes.freeze()
}
