//! Writes a message set, formats 0 and 1: for readers and tools of before Kafka 0.11.

use bytes::Bytes;

use super::compress::{Codec, Compression};
use super::layout::{self, put};
use super::legacy_message;

/// An open message set. Its messages lie one after the other; compressed they become the value of one more,
/// the wrapper.
///
/// ```
/// use upsert_kafka_protocol::records::{Codec, MessageSetWriter, batches};
///
/// let mut writer = MessageSetWriter::format_1();
/// writer.append(1_700_000_000_000, Some(b"key"), Some(b"value")).unwrap();
/// let set = writer.seal(Codec::NONE);
/// let message = batches(&set).next().unwrap().unwrap();
/// assert_eq!((message.magic(), message.max_timestamp()), (1, 1_700_000_000_000));
/// ```
#[derive(Debug)]
pub struct MessageSetWriter {
    magic: u8,
    append_time_ms: Option<i64>,
    buffer: Vec<u8>,
    first_offset: i64,
    next_offset: i64,
    max_timestamp_ms: i64,
    count: u32,
}

impl MessageSetWriter {
    /// An empty set of format 0, which has no timestamps.
    pub fn format_0() -> Self {
        Self::new(0)
    }

    /// An empty set of format 1.
    pub fn format_1() -> Self {
        Self::new(1)
    }

    fn new(magic: u8) -> Self {
        Self {
            magic,
            append_time_ms: None,
            buffer: Vec::new(),
            first_offset: 0,
            next_offset: 0,
            max_timestamp_ms: -1,
            count: 0,
        }
    }

    /// All that is appended from now on has the broker's time, and says so. Format 0 has no place for it.
    #[must_use]
    pub fn log_append_time(self, timestamp_ms: i64) -> Self {
        Self { append_time_ms: (self.magic > 0).then_some(timestamp_ms), ..self }
    }

    /// Appends a message, one offset behind the last; the first has 0. Returns its index; `None` when it is
    /// larger than the format can hold.
    pub fn append(&mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<u32> {
        self.append_at(self.next_offset, timestamp_ms, key, value)
    }

    /// Appends a message with its place in a partition. Offsets must rise; they may have gaps.
    pub fn append_at(
        &mut self,
        offset: i64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Option<u32> {
        let timestamp_ms = self.append_time_ms.unwrap_or(timestamp_ms);
        let message = New { magic: self.magic, attributes: self.attributes(), offset, timestamp_ms };
        if !message.write(key, value, &mut self.buffer) {
            return None;
        }
        if self.count == 0 {
            self.first_offset = offset;
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);
        self.next_offset = offset.wrapping_add(1);
        self.count += 1;
        Some(self.count - 1)
    }

    /// How many messages are in.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether no message is in.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes so far, before compression.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// Closes the set. zstd, which these formats lack, and a codec that is not in this build are none; so is
    /// any when the wrapper would be larger than the format can hold.
    pub fn seal(mut self, codec: Codec) -> Bytes {
        let codec = codec.built();
        if self.is_empty() || matches!(codec.compression, Compression::None | Compression::Zstd) {
            return self.buffer.into();
        }
        let inner = if self.magic == 0 { 0 } else { self.first_offset };
        self.shift_offsets(inner.wrapping_neg());
        let mut packed = Vec::with_capacity(self.buffer.len() / 2);
        codec.compress(&self.buffer, self.magic.cast_signed(), &mut packed);
        let wrapper = New {
            magic: self.magic,
            attributes: self.attributes() | codec.compression.id(),
            offset: self.next_offset.wrapping_sub(1),
            timestamp_ms: self.max_timestamp_ms,
        };
        let mut out = Vec::with_capacity(
            packed.len() + legacy_message::PREFIX_BYTES + legacy_message::BODY_BYTES_MIN[1],
        );
        if !wrapper.write(None, Some(&packed), &mut out) {
            self.shift_offsets(inner);
            return self.buffer.into();
        }
        out.into()
    }

    fn attributes(&self) -> u8 {
        // The bit has the same place in all formats.
        if self.append_time_ms.is_some() { layout::LOG_APPEND_TIME as u8 } else { 0 }
    }

    /// Offsets lie outside the checksums.
    fn shift_offsets(&mut self, by: i64) {
        let mut rest = &mut self.buffer[..];
        while by != 0 && !rest.is_empty() {
            put(rest, legacy_message::OFFSET, legacy_message::offset(rest).wrapping_add(by).to_be_bytes());
            let length = u32::from_be_bytes(layout::field(rest, legacy_message::LENGTH));
            rest = &mut rest[legacy_message::PREFIX_BYTES + length as usize..];
        }
    }
}

/// What leads a message that is to be written.
struct New {
    magic: u8,
    attributes: u8,
    offset: i64,
    timestamp_ms: i64,
}

impl New {
    /// Appends the message; false, and nothing, when it is too large.
    fn write(&self, key: Option<&[u8]>, value: Option<&[u8]>, out: &mut Vec<u8>) -> bool {
        let body = [key, value].into_iter().flatten().map(<[u8]>::len).sum::<usize>()
            + legacy_message::BODY_BYTES_MIN[usize::from(self.magic)];
        let Ok(length) = i32::try_from(body + legacy_message::PREFIX_BYTES) else { return false };
        let start = out.len();
        out.reserve(legacy_message::PREFIX_BYTES + body);
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(&(length - legacy_message::PREFIX_BYTES as i32).to_be_bytes());
        out.extend_from_slice(&[0; 4]); // the checksum
        out.extend_from_slice(&[self.magic, self.attributes]);
        if self.magic > 0 {
            out.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        }
        for field in [key, value] {
            // The sum of both fits.
            let length = field.map_or(-1, |field| field.len() as i32);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(field.unwrap_or_default());
        }
        let checksum = legacy_message::checksum(&out[start..]);
        put(&mut out[start..], legacy_message::CHECKSUM, checksum.to_be_bytes());
        true
    }
}
