//! Finds the batches in a blob and tells what their headers say.

use bytes::Bytes;

use super::compress::Compression;
use super::corrupt::{Corrupt, Why};
use super::layout::{self, HEADER_BYTES, PREFIX_BYTES, field};
use super::legacy_message;

/// The batches of a fetched or produced blob, in order, of any format. In formats 0 and 1 a batch is a message:
/// one record, or a wrapper with many compressed ones. A last one that is cut off ends the iteration in
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
    /// Format 0 has no timestamps; they read as -1.
    NoTimestampType,
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
        let header_bytes = match magic {
            0 | 1 => PREFIX_BYTES + legacy_message::BODY_BYTES_MIN[usize::from(magic.unsigned_abs())],
            2 => HEADER_BYTES,
            _ => return Err(corrupt(Why::Magic(magic))),
        };
        let size = PREFIX_BYTES + length.unsigned_abs() as usize;
        if rest.len() < size {
            return Ok(None);
        }
        if size < header_bytes {
            return Err(corrupt(Why::Rule("its length is smaller than its header")));
        }
        let bytes = self.blob.slice(self.position..self.position + size);
        let batch = Batch { bytes, position: self.position };
        self.position += size;
        Ok(Some(batch))
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
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $at:ident, or $older:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $ty {
            if self.magic() < 2 {
                let older: fn(&Self) -> $ty = $older;
                return older(self);
            }
            <$ty>::from_be_bytes(field(&self.bytes, layout::$at))
        }
    )*};
}

impl Batch {
    /// The message format: 0, 1 or 2.
    pub fn magic(&self) -> i8 {
        self.bytes[layout::MAGIC].cast_signed()
    }

    facts! {
        /// The epoch of the leader that took it; -1 before it is in a log, and in formats 0 and 1.
        leader_epoch: i32 = LEADER_EPOCH, or |_| -1;
        /// The stored checksum: CRC-32C, in formats 0 and 1 CRC-32.
        crc: u32 = CHECKSUM, or |it| u32::from_be_bytes(field(&it.bytes, legacy_message::CHECKSUM));
        /// The header's flags; formats 0 and 1 have eight of them.
        attributes: i16 = ATTRIBUTES, or |it| i16::from(it.bytes[legacy_message::ATTRIBUTES].cast_signed());
        /// The last offset less the first; compaction keeps it. 0 in formats 0 and 1.
        last_offset_delta: i32 = LAST_OFFSET_DELTA, or |_| 0;
        /// What the records' timestamps count from, or the delete horizon. In formats 0 and 1 the greatest.
        base_timestamp: i64 = BASE_TIMESTAMP, or Self::message_timestamp;
        /// The greatest timestamp, or the broker's; -1 in format 0.
        max_timestamp: i64 = MAX_TIMESTAMP, or Self::message_timestamp;
        /// -1 for a producer without idempotence, and in formats 0 and 1.
        producer_id: i64 = PRODUCER_ID, or |_| -1;
        /// -1 likewise.
        producer_epoch: i16 = PRODUCER_EPOCH, or |_| -1;
        /// The sequence of the first record; -1 likewise.
        base_sequence: i32 = BASE_SEQUENCE, or |_| -1;
        /// How many records it says it has; 0 when compaction left none, -1 in formats 0 and 1, which do not say.
        count: i32 = COUNT, or |_| -1;
    }

    /// The offset of the first record that was ever in it. A wrapper of format 0 or 1 says only that of its
    /// last record, which is given here: the first is its first record's.
    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(field(&self.bytes, layout::BASE_OFFSET))
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
        self.sequence(self.last_offset_delta())
    }

    /// The sequence of the record so far behind the first.
    pub(super) fn sequence(&self, delta: i32) -> i32 {
        match self.base_sequence() {
            -1 => -1,
            base => base.wrapping_add(delta) & i32::MAX,
        }
    }

    /// What the timestamps are.
    pub fn timestamp_type(&self) -> TimestampType {
        match self.magic() {
            0 => TimestampType::NoTimestampType,
            _ if self.attributes() & layout::LOG_APPEND_TIME != 0 => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
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
        let id = self.compression_id();
        Compression::of(id).ok_or_else(|| self.corrupt(Why::Compression(id)))
    }

    /// Compares the checksum. Those of messages within a wrapper are not, since the wrapper's covers them.
    ///
    /// # Errors
    /// When it differs.
    pub fn check(&self) -> Result<(), Corrupt> {
        let computed = match self.magic() {
            2 => crc32c::crc32c(&self.bytes[layout::CHECKED_FROM..]),
            _ => legacy_message::checksum(&self.bytes),
        };
        let stored = self.crc();
        if stored == computed { Ok(()) } else { Err(self.corrupt(Why::Checksum { stored, computed })) }
    }

    fn message_timestamp(&self) -> i64 {
        if self.magic() == 0 { -1 } else { legacy_message::timestamp(&self.bytes) }
    }

    pub(super) fn compression_id(&self) -> u8 {
        (self.attributes() & layout::COMPRESSION_BITS) as u8
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

    /// Only format 2 has flags behind that of the timestamps.
    fn has(&self, flag: i16) -> bool {
        self.magic() == 2 && self.attributes() & flag != 0
    }
}

/// The overhead of a record of format 0: no batch of any format is shorter.
const LENGTH_MIN: i32 = 14;

/// With its prefix a batch is at most this large.
const LENGTH_MAX: i32 = i32::MAX - PREFIX_BYTES as i32;
