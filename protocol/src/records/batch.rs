//! Finds the batches in a blob and tells what their headers say.

use bytes::Bytes;

use super::body::Body;
use super::compress::Compression;
use super::corrupt::{Corrupt, Why};
use super::layout::{self, HEADER_BYTES, PREFIX_BYTES, field};

/// The batches of a fetched or produced blob, in order. A last one that is cut off ends the iteration in
/// silence: a broker may cut a fetch anywhere. After an error there is nothing more.
pub fn batches(blob: &Bytes) -> Batches {
    Batches { blob: blob.clone(), position: 0 }
}

/// See [`batches`].
#[derive(Clone, Debug)]
pub struct Batches {
    blob: Bytes,
    position: usize,
}

/// One batch: its header's facts, and its bytes, which are the blob's.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Bytes,
    position: usize,
}

/// What the timestamps of a batch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, one for all records.
    LogAppendTime,
}

impl Batches {
    /// Bytes after the last whole batch.
    pub fn remaining(&self) -> usize {
        self.blob.len() - self.position
    }

    fn find(&mut self) -> Result<Option<Batch>, Corrupt> {
        let rest = &self.blob[self.position..];
        if rest.len() < PREFIX_BYTES {
            return Ok(None);
        }
        let base_offset = i64::from_be_bytes(field(rest, layout::BASE_OFFSET));
        let length = i32::from_be_bytes(field(rest, layout::LENGTH));
        let corrupt = |why| Corrupt::new(base_offset, self.position, why);
        // The least any format takes: so Java finds that a log is damaged.
        if length < LENGTH_MIN {
            return Err(corrupt(Why::Rule("its length is too small for any batch")));
        }
        if length > LENGTH_MAX {
            return Err(corrupt(Why::Rule("its length is beyond what a batch can be")));
        }
        // A damaged head is told from a cut one as early as its bytes allow, as in Java.
        let Some(&magic) = rest.get(layout::MAGIC) else { return Ok(None) };
        let magic = magic.cast_signed();
        if !(0..=2).contains(&magic) {
            return Err(corrupt(Why::Magic(magic)));
        }
        let size = PREFIX_BYTES + length.unsigned_abs() as usize;
        if rest.len() < size {
            return Ok(None);
        }
        match magic {
            2 if size < HEADER_BYTES => Err(corrupt(Why::Rule("its length is smaller than its header"))),
            2 => {
                let bytes = self.blob.slice(self.position..self.position + size);
                let batch = Batch { bytes, position: self.position };
                self.position += size;
                Ok(Some(batch))
            }
            magic => Err(corrupt(Why::Magic(magic))),
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.find();
        if found.is_err() {
            self.position = self.blob.len();
        }
        found.transpose()
    }
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $at:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $ty {
            <$ty>::from_be_bytes(field(&self.bytes, layout::$at))
        }
    )*};
}

impl Batch {
    facts! {
        /// The offset of the first record that was ever in it.
        base_offset: i64 = BASE_OFFSET;
        /// The epoch of the leader that took it; -1 before it is in a log.
        leader_epoch: i32 = LEADER_EPOCH;
        /// The stored CRC-32C.
        crc: u32 = CHECKSUM;
        /// The header's flags.
        attributes: i16 = ATTRIBUTES;
        /// The last offset less the first; compaction keeps it.
        last_offset_delta: i32 = LAST_OFFSET_DELTA;
        /// What the records' timestamps count from, or the delete horizon.
        base_timestamp: i64 = BASE_TIMESTAMP;
        /// The greatest timestamp, or the broker's.
        max_timestamp: i64 = MAX_TIMESTAMP;
        /// -1 for a producer without idempotence.
        producer_id: i64 = PRODUCER_ID;
        /// -1 likewise.
        producer_epoch: i16 = PRODUCER_EPOCH;
        /// The sequence of the first record; -1 likewise.
        base_sequence: i32 = BASE_SEQUENCE;
        /// How many records it says it has; 0 when compaction left none.
        count: i32 = COUNT;
    }

    /// The offset of the last record that was ever in it.
    pub fn last_offset(&self) -> i64 {
        self.base_offset().wrapping_add(i64::from(self.last_offset_delta()))
    }

    /// Where to read on, whatever records are left.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// The sequence of the last record: sequences run to `i32::MAX` and wrap to 0. -1 without idempotence.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            -1 => -1,
            base => base.wrapping_add(self.last_offset_delta()) & i32::MAX,
        }
    }

    /// What the timestamps are.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.has(layout::LOG_APPEND_TIME) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.has(layout::TRANSACTIONAL)
    }

    /// Whether it holds a marker, which is not for users.
    pub fn is_control(&self) -> bool {
        self.has(layout::CONTROL)
    }

    /// When the tombstones in it may go, once compaction has set that.
    pub fn delete_horizon(&self) -> Option<i64> {
        self.has(layout::DELETE_HORIZON).then(|| self.base_timestamp())
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// When the number is not that of a codec.
    pub fn compression(&self) -> Result<Compression, Corrupt> {
        let id = (self.attributes() & layout::COMPRESSION_BITS) as u8;
        Compression::of(id).ok_or_else(|| self.corrupt(Why::Compression(id)))
    }

    /// Compares the checksum.
    ///
    /// # Errors
    /// When it differs.
    pub fn check(&self) -> Result<(), Corrupt> {
        let (stored, computed) = (self.crc(), crc32c::crc32c(&self.bytes[layout::CHECKED_FROM..]));
        if stored == computed { Ok(()) } else { Err(self.corrupt(Why::Checksum { stored, computed })) }
    }

    /// The records, decompressed into at most `limit` bytes, or borrowed where they are not compressed.
    ///
    /// # Errors
    /// When they cannot be decompressed, or not within the limit.
    pub fn body(&self, limit: usize) -> Result<Body, Corrupt> {
        let packed = self.bytes.slice(HEADER_BYTES..);
        let records = match self.compression()? {
            // Java looks at no byte behind a header that counts no record.
            _ if self.count() == 0 => Bytes::new(),
            Compression::None => packed,
            codec => Bytes::from(codec.decompress(&packed, limit).map_err(|why| self.corrupt(why))?),
        };
        Ok(Body::new(self, records))
    }

    /// Header and records as they lie in the blob.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Where it begins in the blob.
    pub fn position(&self) -> usize {
        self.position
    }

    pub(super) fn corrupt(&self, why: Why) -> Corrupt {
        Corrupt::new(self.base_offset(), self.position, why)
    }

    fn has(&self, flag: i16) -> bool {
        self.attributes() & flag != 0
    }
}

/// The overhead of a record of format 0: no batch of any format is shorter.
const LENGTH_MIN: i32 = 14;

/// With its prefix a batch is at most this large.
const LENGTH_MAX: i32 = i32::MAX - PREFIX_BYTES as i32;
