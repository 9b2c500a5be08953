//! From a batch to its records: decompressed, or borrowed where they are not compressed.

use bytes::Bytes;

use super::batch::Batch;
use super::body::{Body, Record};
use super::compress::Compression;
use super::corrupt::{Corrupt, Why};
use super::layout::HEADER_BYTES;
use super::legacy_message::{self, LegacyMessage};

impl Batch {
    /// The records, decompressed into at most `limit` bytes, or borrowed where they are not compressed.
    ///
    /// # Errors
    /// When they cannot be decompressed, or not within the limit.
    pub fn body(&self, limit: usize) -> Result<Body, Corrupt> {
        if self.magic() < 2 {
            return self.message_set(limit).map_err(|why| self.corrupt(why));
        }
        let packed = self.bytes().slice(HEADER_BYTES..);
        let records = match self.compression()? {
            // Java looks at no byte behind a header that counts no record.
            _ if self.count() == 0 => Bytes::new(),
            Compression::None => packed,
            codec => {
                Bytes::from(codec.decompress(&packed, self.magic(), limit).map_err(|why| self.corrupt(why))?)
            }
        };
        Ok(Body::new(self, records))
    }

    fn message_set(&self, limit: usize) -> Result<Body, Why> {
        let id = self.compression_id();
        match Compression::of(id).ok_or(Why::Compression(id))? {
            Compression::None => Ok(Body::of_messages(self, self.bytes().clone(), 0)),
            Compression::Zstd => Err(Why::Rule("zstd is not for formats 0 and 1")),
            codec => {
                let wrapper = LegacyMessage::read(self.bytes()).map_err(Why::Rule)?;
                let packed = wrapper.value.ok_or(Why::Rule("a wrapper of no messages"))?;
                let mut messages = codec.decompress(packed, self.magic(), limit)?;
                let (size, last) = whole_messages(&messages).map_err(Why::Rule)?;
                messages.truncate(size);
                let first = self.first_offset(last).map_err(Why::Rule)?;
                Ok(Body::of_messages(self, Bytes::from(messages), first))
            }
        }
    }

    /// What the offsets in a wrapper count from, its last being known: nothing in format 0.
    fn first_offset(&self, last: i64) -> Result<i64, &'static str> {
        match (self.magic(), self.last_offset()) {
            // Some versions of librdkafka produced wrappers of offset 0.
            (0, _) | (_, 0) => Ok(0),
            (_, wrapper) if wrapper < last => Err("its offset is smaller than that of its last message"),
            (_, wrapper) => Ok(wrapper.wrapping_sub(last)),
        }
    }

    /// The sequence of one of its records, likewise.
    pub fn sequence_of(&self, record: &Record<'_>) -> i32 {
        // The delta was 32 bits when the record was read.
        self.sequence(record.offset.wrapping_sub(self.base_offset()) as i32)
    }
}

/// How many bytes the whole messages of a decompressed set take, and the last one's offset. As in Java, one
/// that is cut off at the end is no error.
fn whole_messages(set: &[u8]) -> Result<(usize, i64), &'static str> {
    let (mut rest, mut last) = (set, None);
    while let Some(message) = legacy_message::take(&mut rest)? {
        last = Some(legacy_message::offset(message));
    }
    let last = last.ok_or("a wrapper of no messages")?;
    Ok((set.len() - rest.len(), last))
}
