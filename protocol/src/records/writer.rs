//! Writes one batch, record by record, each into its final place.

use bytes::{Bytes, BytesMut};

use super::body::Header;
use super::compress::{Codec, Compression};
use super::layout::{self, HEADER_BYTES, put};
use super::varint;

/// An open batch. Its bytes are the ones that a socket will send, unless they are compressed.
#[derive(Debug)]
pub struct BatchWriter {
    /// What lies behind `len` is room and means nothing.
    buffer: BytesMut,
    len: usize,
    limit: usize,
    count: u32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
}

/// Who wrote a batch, and which of its records is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// -1 for a producer without idempotence.
    pub producer_id: i64,
    /// -1 likewise.
    pub producer_epoch: i16,
    /// The sequence of the first record; -1 likewise.
    pub base_sequence: i32,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

impl Stamp {
    /// A producer without idempotence.
    pub const NONE: Self =
        Self { producer_id: -1, producer_epoch: -1, base_sequence: -1, transactional: false };
}

impl BatchWriter {
    /// An empty batch of at most `limit` bytes, header included, in a buffer that may have been used before.
    /// The buffer grows as records come, and not beyond the limit unless one record alone is larger.
    pub fn new(mut buffer: BytesMut, limit: usize) -> Self {
        // What was written before need not be zeroed; the rest is when records come.
        let len = buffer.len().min(limit).max(HEADER_BYTES);
        buffer.resize(len, 0);
        Self { buffer, len: HEADER_BYTES, limit, count: 0, base_timestamp_ms: 0, max_timestamp_ms: 0 }
    }

    /// Appends a record and returns its index. `None` when it does not fit: the batch is then as it was.
    /// An empty batch takes any record that the format can hold.
    // Every nanosecond here is paid per record.
    #[inline(always)]
    pub fn append(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> Option<u32> {
        if self.count == 0 {
            (self.base_timestamp_ms, self.max_timestamp_ms) = (timestamp_ms, timestamp_ms);
        }
        let delta = varint::zigzag(timestamp_ms.wrapping_sub(self.base_timestamp_ms));
        let index = varint::zigzag(i64::from(self.count));
        let headers_size = if headers.is_empty() { 1 } else { headers_size(headers) };
        let body = 1
            + varint::size(delta)
            + varint::size(index)
            + field_size(key)
            + field_size(value)
            + headers_size;
        let length = varint::zigzag(body as i64);
        let end = self.len + varint::size(length) + body;
        if end > self.buffer.len() && !self.grow(end) {
            return None;
        }

        let room = write_head(&mut self.buffer[self.len..end], length, delta, index);
        let room = write_field(room, key);
        let room = write_field(room, value);
        if headers.is_empty() {
            room[0] = 0;
        } else {
            write_headers(room, headers);
        }
        self.len = end;
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);
        self.count += 1;
        Some(self.count - 1)
    }

    /// How many records are in.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes so far, header included, before compression.
    pub fn size(&self) -> usize {
        self.len
    }

    /// Whether no record is in.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that the buffer holds on to.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Lets the batch take more: whoever accounts for memory grants it piece by piece.
    pub fn raise_limit(&mut self, limit: usize) {
        self.limit = self.limit.max(limit);
    }

    /// Closes the batch: compresses where asked, fills the header in, and computes the checksum.
    /// A codec that is not in this build is none.
    pub fn seal(self, stamp: Stamp, codec: Codec) -> Bytes {
        self.seal_as(flags(stamp), stamp, codec.built(), compressed)
    }

    /// As [`BatchWriter::seal`], by way of a scratch that the caller keeps: what is compressed comes to lie in the
    /// batch's own buffer, which can then be used again.
    pub fn seal_by(self, stamp: Stamp, codec: Codec, scratch: &mut Vec<u8>) -> Bytes {
        let in_place = |mut batch: BytesMut, codec: Codec| {
            scratch.clear();
            codec.compress(&batch[HEADER_BYTES..], MAGIC, scratch);
            batch.truncate(HEADER_BYTES);
            batch.extend_from_slice(scratch);
            batch
        };
        self.seal_as(flags(stamp), stamp, codec.built(), in_place)
    }

    /// Closes a batch of control records, which no user sees: their keys are of
    /// [`ControlType`](super::ControlType). Java never compresses them.
    pub fn seal_control(self, stamp: Stamp) -> Bytes {
        self.seal_as(layout::CONTROL | flags(stamp), stamp, Codec::NONE, compressed)
    }

    fn seal_as(
        mut self,
        flags: i16,
        stamp: Stamp,
        codec: Codec,
        compressed: impl FnOnce(BytesMut, Codec) -> BytesMut,
    ) -> Bytes {
        self.buffer.truncate(self.len);
        let mut buffer = match codec.compression {
            Compression::None => self.buffer,
            _ => compressed(self.buffer, codec),
        };
        let attributes = i16::from(codec.compression.id()) | flags;
        let count = self.count.cast_signed();
        put(&mut buffer, layout::BASE_OFFSET, 0i64.to_be_bytes());
        let length = (buffer.len() - layout::PREFIX_BYTES) as i32;
        put(&mut buffer, layout::LENGTH, length.to_be_bytes());
        put(&mut buffer, layout::LEADER_EPOCH, (-1i32).to_be_bytes());
        put(&mut buffer, layout::MAGIC, MAGIC.to_be_bytes());
        put(&mut buffer, layout::ATTRIBUTES, attributes.to_be_bytes());
        put(&mut buffer, layout::LAST_OFFSET_DELTA, (count - 1).to_be_bytes());
        put(&mut buffer, layout::BASE_TIMESTAMP, self.base_timestamp_ms.to_be_bytes());
        put(&mut buffer, layout::MAX_TIMESTAMP, self.max_timestamp_ms.to_be_bytes());
        put(&mut buffer, layout::COUNT, count.to_be_bytes());
        restamp(&mut buffer, stamp);
        buffer.freeze()
    }

    /// Doubles the buffer up to the limit; a first record that is larger than the limit gets its own size.
    #[cold]
    fn grow(&mut self, end: usize) -> bool {
        if (end > self.limit && self.count > 0) || i32::try_from(end).is_err() {
            return false;
        }
        let doubled = self.buffer.len().max(GROWN_BYTES_MIN / 2).saturating_mul(2);
        self.buffer.resize(doubled.min(self.limit).max(end), 0);
        true
    }
}

fn flags(stamp: Stamp) -> i16 {
    if stamp.transactional { layout::TRANSACTIONAL } else { 0 }
}

/// Gives a sealed batch of format 2 another writer or sequence, and renews the checksum.
///
/// # Panics
/// When the bytes are shorter than a batch's header.
pub fn restamp(batch: &mut [u8], stamp: Stamp) {
    put(batch, layout::PRODUCER_ID, stamp.producer_id.to_be_bytes());
    put(batch, layout::PRODUCER_EPOCH, stamp.producer_epoch.to_be_bytes());
    put(batch, layout::BASE_SEQUENCE, stamp.base_sequence.to_be_bytes());
    layout::renew_checksum(batch);
}

/// The most bytes that a batch of this one record takes.
pub fn size_max(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> usize {
    // Length, attributes, timestamp delta, offset delta at their longest.
    HEADER_BYTES + 5 + 1 + 10 + 5 + field_size(key) + field_size(value) + headers_size(headers)
}

fn compressed(batch: BytesMut, codec: Codec) -> BytesMut {
    let mut out = Vec::with_capacity(HEADER_BYTES + batch.len() / 2);
    out.resize(HEADER_BYTES, 0);
    codec.compress(&batch[HEADER_BYTES..], MAGIC, &mut out);
    // A Vec that nobody else holds becomes a buffer without a copy.
    Bytes::from(out).into()
}

fn headers_size(headers: &[Header<'_>]) -> usize {
    let count = varint::size(varint::zigzag(headers.len() as i64));
    headers.iter().fold(count, |sum, it| sum + field_size(Some(it.key.as_bytes())) + field_size(it.value))
}

#[inline]
fn field_size(field: Option<&[u8]>) -> usize {
    match field {
        Some(bytes) => varint::size(varint::zigzag(bytes.len() as i64)) + bytes.len(),
        None => 1,
    }
}

/// What leads a record; most have numbers of two bytes at the most, which are written at once.
#[inline]
fn write_head(room: &mut [u8], length: u64, delta: u64, index: u64) -> &mut [u8] {
    if (length | delta | index) < varint::SHORT_END
        && let Some(place) = room.first_chunk_mut()
    {
        let (length, length_size) = varint::short(length);
        let (delta, delta_size) = varint::short(delta);
        let (index, index_size) = varint::short(index);
        // The byte between is the attributes: none are defined.
        let index_at = length_size + 1 + delta_size;
        let head = length | delta << (8 * (length_size + 1)) | index << (8 * index_at);
        *place = head.to_le_bytes();
        return &mut room[index_at + index_size..];
    }
    let room = varint::write(room, length);
    room[0] = 0;
    let room = varint::write(&mut room[1..], delta);
    varint::write(room, index)
}

#[inline]
fn write_field<'a>(room: &'a mut [u8], field: Option<&[u8]>) -> &'a mut [u8] {
    let Some(bytes) = field else { return varint::write(room, varint::zigzag(-1)) };
    let room = varint::write(room, varint::zigzag(bytes.len() as i64));
    let (place, rest) = room.split_at_mut(bytes.len());
    place.copy_from_slice(bytes);
    rest
}

fn write_headers(room: &mut [u8], headers: &[Header<'_>]) {
    let mut room = varint::write(room, varint::zigzag(headers.len() as i64));
    for it in headers {
        room = write_field(room, Some(it.key.as_bytes()));
        room = write_field(room, it.value);
    }
}

/// The format that is written.
const MAGIC: i8 = 2;

/// What an empty buffer grows to first: many partitions with few records each stay small.
const GROWN_BYTES_MIN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_does_not_fit_leaves_the_batch_as_it_was() {
        let mut writer = BatchWriter::new(BytesMut::new(), 200);
        assert_eq!(writer.append(1, None, Some(&[7; 100]), &[]), Some(0));
        let size = writer.size();
        assert_eq!(writer.append(1, None, Some(&[7; 100]), &[]), None);
        assert_eq!((writer.size(), writer.count()), (size, 1));
        assert_eq!(writer.append(1, None, Some(&[7; 10]), &[]), Some(1));
    }

    #[test]
    fn an_empty_batch_takes_any_record_and_size_max_bounds_it() {
        let value = vec![7; 5000];
        let headers = [Header { key: "h", value: None }, Header { key: "h", value: Some(b"v") }];
        let mut writer = BatchWriter::new(BytesMut::new(), 200);
        assert_eq!(writer.append(i64::MAX, Some(b""), Some(&value), &headers), Some(0));
        assert!(writer.size() <= size_max(Some(b""), Some(&value), &headers));
    }

    #[test]
    fn a_buffer_is_used_again() {
        let mut writer = BatchWriter::new(BytesMut::with_capacity(4096), 4096);
        writer.append(5, Some(b"k"), Some(&[1; 2000]), &[]);
        let first = writer.seal(Stamp::NONE, Codec::NONE);
        let again = first.clone();
        drop(first);
        let buffer = again.try_into_mut().expect("the only holder");
        let mut writer = BatchWriter::new(buffer, 4096);
        assert_eq!(writer.append(5, Some(b"k"), Some(b"v"), &[]), Some(0));
        assert_eq!(writer.capacity(), 4096);
    }
}
