//! A message: what formats 0 and 1 have for a record, and where its fields lie.

use super::layout::field;

/// One message, borrowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct LegacyMessage<'a> {
    /// 0 or 1.
    pub(super) magic: u8,
    /// Within a wrapper of format 1 it counts from the first message's.
    pub(super) offset: i64,
    pub(super) attributes: u8,
    /// -1 in format 0.
    pub(super) timestamp_ms: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// Splits the first message off. `None` when it is not whole, which ends a set in silence.
pub(super) fn take<'a>(set: &mut &'a [u8]) -> Result<Option<&'a [u8]>, &'static str> {
    if set.len() < PREFIX_BYTES {
        return Ok(None);
    }
    let length = i32::from_be_bytes(field(set, LENGTH));
    let length = usize::try_from(length).ok().filter(|length| *length >= BODY_BYTES_MIN[0]);
    let Some(size) = length.map(|length| PREFIX_BYTES + length) else {
        return Err("a message's length is too small");
    };
    let Some((message, rest)) = set.split_at_checked(size) else { return Ok(None) };
    *set = rest;
    Ok(Some(message))
}

impl<'a> LegacyMessage<'a> {
    /// Reads what [`take`] split off. As in Java, bytes behind the value are ignored.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let (timestamp_ms, mut rest) = match (bytes[MAGIC], bytes.len() - PREFIX_BYTES) {
            (0, _) => (-1, &bytes[TIMESTAMP..]),
            (1, size) if size < BODY_BYTES_MIN[1] => return Err("a message ends early"),
            (1, _) => (timestamp(bytes), &bytes[TIMESTAMP + 8..]),
            _ => return Err("a message of another format than 0 and 1"),
        };
        Ok(Self {
            magic: bytes[MAGIC],
            offset: offset(bytes),
            attributes: bytes[ATTRIBUTES],
            timestamp_ms,
            key: take_field(&mut rest).ok_or("a key is longer than its message")?,
            value: take_field(&mut rest).ok_or("a value is longer than its message")?,
        })
    }
}

pub(super) fn offset(message: &[u8]) -> i64 {
    i64::from_be_bytes(field(message, OFFSET))
}

pub(super) fn timestamp(message: &[u8]) -> i64 {
    i64::from_be_bytes(field(message, TIMESTAMP))
}

/// CRC-32 of ISO 3309, over all that lies behind it.
pub(super) fn checksum(message: &[u8]) -> u32 {
    crc32fast::hash(&message[MAGIC..])
}

/// Bytes led by their length; any negative length is null. `None` when there are too few.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Some(None) };
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Some(field))
}

pub(super) const OFFSET: usize = 0;
pub(super) const LENGTH: usize = 8;
pub(super) const CHECKSUM: usize = 12;
pub(super) const MAGIC: usize = 16;
pub(super) const ATTRIBUTES: usize = 17;
/// In format 1; in format 0 the key's length lies here.
pub(super) const TIMESTAMP: usize = 18;

/// Offset and length: what comes before the bytes that `length` counts.
pub(super) const PREFIX_BYTES: usize = 12;

/// The least that `length` can be, by format.
pub(super) const BODY_BYTES_MIN: [usize; 2] = [14, 22];
