//! Iterates over the records of a batch; keys, values and headers are borrowed.

use std::borrow::Cow;

use bytes::Bytes;

use super::batch::{Batch, TimestampType};
use super::corrupt::{Corrupt, Why};
use super::layout;
use super::legacy_message::{self, LegacyMessage};
use super::varint::{take_i32, take_i64};
use crate::wire::text::lossy;

/// The records of one batch, decompressed.
#[derive(Clone, Debug)]
pub struct Body {
    records: Bytes,
    count: i32,
    base_offset: i64,
    base_timestamp: i64,
    /// The broker's stamp, where it is the one that counts.
    append_time: Option<i64>,
    /// In formats 0 and 1 what the offsets count from; there `count` is 0, for nothing says it.
    message_set: Option<i64>,
    position: usize,
}

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its place in the partition.
    pub offset: i64,
    /// Milliseconds since 1970; -1 in format 0.
    pub timestamp_ms: i64,
    /// Which partition a producer chose by.
    pub key: Option<&'a [u8]>,
    /// None is a tombstone.
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: i32,
}

/// A header to write. Names may repeat, and a value may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name.
    pub key: &'a str,
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// The headers of a record, in order.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    left: i32,
}

/// The records of a [`Body`]. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    body: &'a Body,
    rest: &'a [u8],
    left: i32,
}

impl Body {
    pub(super) fn new(batch: &Batch, records: Bytes) -> Self {
        let appended = batch.timestamp_type() == TimestampType::LogAppendTime;
        Self {
            records,
            count: batch.count(),
            base_offset: batch.base_offset(),
            base_timestamp: batch.base_timestamp(),
            append_time: appended.then(|| batch.max_timestamp()),
            message_set: None,
            position: batch.position(),
        }
    }

    /// Of formats 0 and 1: `messages` are whole ones.
    pub(super) fn of_messages(batch: &Batch, messages: Bytes, first_offset: i64) -> Self {
        Self { count: 0, message_set: Some(first_offset), ..Self::new(batch, messages) }
    }

    /// The records in order.
    pub fn iter(&self) -> Records<'_> {
        Records { body: self, rest: &self.records, left: self.count }
    }

    /// How many bytes they take, decompressed.
    pub fn size(&self) -> usize {
        self.records.len()
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> &Bytes {
        &self.records
    }
}

impl<'a> IntoIterator for &'a Body {
    type Item = Result<Record<'a>, Corrupt>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.iter()
    }
}

impl<'a> Records<'a> {
    /// The records that are still to come, as a body of their own: reading may go on there later.
    pub fn rest(&self) -> Body {
        Body { records: self.body.records.slice_ref(self.rest), count: self.left, ..self.body.clone() }
    }

    #[inline]
    fn read(&mut self) -> Result<Record<'a>, &'static str> {
        const EARLY: &str = "a record ends early";
        let size = take_i32(&mut self.rest).ok_or("a record's size is no number")?;
        let size = usize::try_from(size).map_err(|_| "a record of negative size")?;
        let (mut record, rest) =
            self.rest.split_at_checked(size).ok_or("a record is longer than its batch")?;
        self.rest = rest;
        let (_attributes, after) = record.split_first().ok_or(EARLY)?;
        record = after;
        let timestamp_delta = take_i64(&mut record).ok_or(EARLY)?;
        let offset_delta = take_i32(&mut record).ok_or(EARLY)?;
        let key = take_field(&mut record).ok_or("a key is longer than its record")?;
        let value = take_field(&mut record).ok_or("a value is longer than its record")?;
        let header_count = take_i32(&mut record).ok_or(EARLY)?;
        check_headers(record, header_count)?;
        Ok(Record {
            offset: self.body.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp_ms: match self.body.append_time {
                Some(time) => time,
                None => self.body.base_timestamp.wrapping_add(timestamp_delta),
            },
            key,
            value,
            headers: record,
            header_count,
        })
    }

    /// The end of a batch, or a message of a set.
    #[inline(never)]
    fn next_uncounted(&mut self) -> Option<Result<Record<'a>, Corrupt>> {
        let why = match (self.left, self.rest.is_empty(), self.body.message_set) {
            (0, true, _) => return None,
            (0, false, Some(first)) => {
                return Some(self.read_message(first).map_err(|why| self.fail(why)));
            }
            (0, false, None) => "bytes after the last record",
            _ => "a negative count of records",
        };
        Some(Err(self.fail(why)))
    }

    fn read_message(&mut self, first_offset: i64) -> Result<Record<'a>, &'static str> {
        let bytes = legacy_message::take(&mut self.rest)?.ok_or("a message ends early")?;
        let message = LegacyMessage::read(bytes)?;
        if i16::from(message.attributes) & layout::COMPRESSION_BITS != 0 {
            return Err("a wrapper within a wrapper");
        }
        Ok(Record {
            offset: first_offset.wrapping_add(message.offset),
            timestamp_ms: self.body.append_time.filter(|_| message.magic > 0).unwrap_or(message.timestamp_ms),
            key: message.key,
            value: message.value,
            headers: &[],
            header_count: 0,
        })
    }

    #[cold]
    fn fail(&mut self, why: &'static str) -> Corrupt {
        (self.left, self.rest) = (0, &[]);
        Corrupt::new(self.body.base_offset, self.body.position, Why::Rule(why))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Corrupt>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return self.next_uncounted();
        }
        self.left -= 1;
        let outcome = self.read();
        Some(outcome.map_err(|why| self.fail(why)))
    }
}

impl<'a> Record<'a> {
    /// Its headers, in order.
    pub fn headers(&self) -> Headers<'a> {
        Headers { bytes: self.headers, left: self.header_count }
    }
}

/// A name that is not UTF-8 is given with replacement characters, as Java does.
impl<'a> Iterator for Headers<'a> {
    type Item = (Cow<'a, str>, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        // The record's headers were walked when it was read: what is missing here was never there.
        let key = take_field(&mut self.bytes)??;
        let value = take_field(&mut self.bytes)?;
        self.left -= 1;
        Some((lossy(key), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left.unsigned_abs() as usize))
    }
}

#[inline]
fn check_headers(mut bytes: &[u8], count: i32) -> Result<(), &'static str> {
    if count == 0 && bytes.is_empty() {
        return Ok(());
    }
    if count < 0 {
        return Err("a negative count of headers");
    }
    for _ in 0..count {
        match take_field(&mut bytes) {
            Some(Some(_)) => {}
            Some(None) => return Err("a header without a name"),
            None => return Err("a header's name is longer than its record"),
        }
        take_field(&mut bytes).ok_or("a header's value is longer than its record")?;
    }
    if bytes.is_empty() { Ok(()) } else { Err("bytes after a record's headers") }
}

/// Bytes led by their length; any negative length is null. `None` when there are too few.
#[inline]
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let Ok(length) = usize::try_from(take_i32(bytes)?) else { return Some(None) };
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Some(field))
}
