//! A batch: open while records come, sealed when it is first sent, stamped again where its sequence changes.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{self, BatchWriter, Codec, Stamp};

use super::delivery::{Completion, Delivery, SplitPart};
use super::keyless::QueuedBatch;
use super::partition::Partition;
use super::pool::Scratch;
use crate::Record;

mod split;

/// Records of one partition, with the memory that they hold.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) partition: Arc<Partition>,
    token: BatchToken,
    /// 0; of a part of a batch that was split, its number among all such parts of the partition.
    part_number: u32,
    /// Of its first record: lingering and `delivery.timeout.ms` count from here.
    pub(crate) opened: Instant,
    pub(crate) count: u32,
    /// Counts it among the unanswered batches of its partition, once it is closed.
    pub(crate) queued: Option<QueuedBatch>,
    /// How much of `buffer.memory` it holds.
    lent: usize,
    /// A buffer for compression that all batches share; `None` where each has its own.
    scratch: Option<Scratch>,
    /// Its size when it was sealed, before compression.
    raw_bytes: usize,
    content: BatchContent,
}

/// What a batch's deliveries are reached by.
#[derive(Clone, Debug)]
pub(crate) struct BatchToken {
    /// Grows with each batch of the producer; the parts of a batch that was split keep its id.
    pub(crate) id: u64,
    pub(crate) completion: Arc<Completion>,
    /// Which records of the whole it holds; `None` is all.
    pub(crate) part: Option<SplitPart>,
}

/// A batch whose deliveries are completed while it is still in flight.
#[derive(Debug)]
pub(crate) struct ExpiredBatch {
    pub(crate) token: BatchToken,
    pub(crate) partition: Arc<Partition>,
    pub(crate) count: u32,
}

/// Distinguishes the batches of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchKey {
    pub(crate) id: u64,
    pub(crate) part: u32,
}

#[derive(Debug)]
enum BatchContent {
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
        let content = BatchContent::Open(BatchWriter::new(buffer, lent));
        let token = BatchToken { id, completion, part: None };
        let (part_number, count, queued, raw_bytes, scratch) = (0, 0, None, 0, None);
        Self { partition, token, part_number, opened, count, queued, lent, scratch, raw_bytes, content }
    }

    /// Lets it be compressed by way of a shared buffer.
    pub(crate) fn with_scratch(self, scratch: Scratch) -> Self {
        Self { scratch: Some(scratch), ..self }
    }

    /// What its deliveries are reached by.
    pub(crate) fn token(&self) -> &BatchToken {
        &self.token
    }

    /// What its deliveries are completed by while it is still in flight.
    pub(crate) fn expired(&self) -> ExpiredBatch {
        ExpiredBatch { token: self.token.clone(), partition: Arc::clone(&self.partition), count: self.count }
    }

    /// Distinguishes it from the others of its partition.
    pub(crate) fn key(&self) -> BatchKey {
        BatchKey { id: self.token.id, part: self.part_number }
    }

    /// `None` when the record does not fit: the batch is then as it was.
    #[inline]
    pub(crate) fn append(&mut self, record: &Record<'_>, timestamp_ms: i64) -> Option<Delivery> {
        let BatchContent::Open(writer) = &mut self.content else { return None };
        let index = writer.append(timestamp_ms, record.key, record.value, record.headers)?;
        self.count = index + 1;
        Some(Delivery::new(Arc::clone(&self.token.completion), index, timestamp_ms))
    }

    /// How much of `buffer.memory` it holds.
    pub(crate) fn lent(&self) -> usize {
        self.lent
    }

    /// Lets it become this much larger.
    pub(crate) fn grant(&mut self, more: usize) {
        self.lent += more;
        if let BatchContent::Open(writer) = &mut self.content {
            writer.raise_limit(self.lent);
        }
    }

    /// What it takes in a request, at most: compression comes later.
    pub(crate) fn size(&self) -> usize {
        match &self.content {
            BatchContent::Open(writer) => writer.size(),
            BatchContent::Sealed { bytes, .. } => bytes.len(),
            BatchContent::Gone => 0,
        }
    }

    /// Its size when it was sealed, before compression.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.raw_bytes
    }

    /// The bytes under this stamp. Equal stamps give equal bytes, however often it is asked.
    pub(crate) fn sealed(&mut self, stamp: Stamp, codec: Codec) -> Bytes {
        let bytes = match std::mem::replace(&mut self.content, BatchContent::Gone) {
            BatchContent::Open(writer) => {
                self.raw_bytes = writer.size();
                match &self.scratch {
                    Some(scratch) => writer.seal_by(stamp, codec, &mut scratch.lock()),
                    None => writer.seal(stamp, codec),
                }
            }
            BatchContent::Sealed { bytes, stamp: known } if known == stamp => bytes,
            BatchContent::Sealed { bytes, .. } => restamped(bytes, stamp),
            BatchContent::Gone => Bytes::new(),
        };
        self.content = BatchContent::Sealed { bytes: bytes.clone(), stamp };
        bytes
    }

    /// Two batches of about half the bytes, for a broker that takes no larger ones, to stand in its place with
    /// the memory that it held; `None` when it holds one record only. `parts` numbers them.
    pub(crate) fn split(&self, parts: &mut u32) -> Option<[Self; 2]> {
        let [a, b] = match &self.content {
            BatchContent::Sealed { bytes, .. } if self.count > 1 => split::halves(bytes)?,
            _ => return None,
        };
        let mut half = |writer: BatchWriter, before: u32, lent: usize| {
            *parts += 1;
            let first = self.token.part.map_or(0, |part| part.first) + before;
            let total = self.token.part.map_or(self.count, |part| part.total);
            let part = Some(SplitPart { first, count: writer.count(), total });
            Self {
                partition: Arc::clone(&self.partition),
                token: BatchToken { part, completion: Arc::clone(&self.token.completion), ..self.token },
                part_number: *parts,
                opened: self.opened,
                count: writer.count(),
                queued: None,
                lent,
                scratch: self.scratch.clone(),
                raw_bytes: 0,
                content: BatchContent::Open(writer),
            }
        };
        // Together they hold what it held, of which `buffer.memory` knows.
        let lent = self.lent / 2;
        let before = a.count();
        Some([half(a, 0, lent), half(b, before, self.lent - lent)])
    }

    /// The memory to give back, with the buffer if nobody else reads it any more.
    pub(crate) fn release(self) -> (usize, Option<BytesMut>) {
        match self.content {
            BatchContent::Sealed { bytes, .. } => (self.lent, bytes.try_into_mut().ok()),
            BatchContent::Open(_) | BatchContent::Gone => (self.lent, None),
        }
    }
}

/// In place, unless the last attempt is still being written somewhere.
fn restamped(bytes: Bytes, stamp: Stamp) -> Bytes {
    let mut bytes = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    records::restamp(&mut bytes, stamp);
    bytes.freeze()
}
