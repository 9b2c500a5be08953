//! Avro's binary encoding: numbers and lengths, read within the bytes that there are.

use std::fmt::Display;

use crate::format::DecodeError;

/// A message's bytes, and how far they are read.
pub(super) struct WireReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> WireReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte's place in the message.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        match rest.get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(self.ends()),
        }
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.at..].first_chunk() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.ends()),
        }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(self.ends()),
        }
    }

    /// A long, which takes ten bytes at most.
    #[inline]
    pub(super) fn long(&mut self) -> Result<i64, DecodeError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(zigzag(first.into()));
        }
        self.long_after(first)
    }

    fn long_after(&mut self, first: u8) -> Result<i64, DecodeError> {
        let mut value = u64::from(first & 0x7F);
        for shift in (7..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(zigzag(value));
            }
        }
        Err(self.broken("a whole number has more than ten bytes"))
    }

    /// An int, which takes five bytes at most.
    #[inline]
    pub(super) fn int(&mut self) -> Result<i32, DecodeError> {
        let start = self.at;
        let long = self.long()?;
        if self.at - start > INT_BYTES_MAX {
            return Err(self.broken("an int has more than five bytes"));
        }
        // Five bytes hold 35 bits, of which Java takes the lower 32.
        Ok(long as i32)
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.left() => self.take(length),
            Ok(_) => Err(self.ends()),
            Err(_) => Err(self.broken(format_args!("a length of {length}"))),
        }
    }

    /// How many items the next block of an array or a map has, where that is said; and its bytes, where that is.
    #[inline]
    pub(super) fn block(&mut self) -> Result<(u64, Option<usize>), DecodeError> {
        let count = self.long()?;
        if count >= 0 {
            return Ok((count.unsigned_abs(), None));
        }
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.left() => Ok((count.unsigned_abs(), Some(length))),
            _ => Err(self.broken(format_args!("a block of {length} bytes"))),
        }
    }

    #[cold]
    pub(super) fn ends(&self) -> DecodeError {
        self.broken("the message ends within a value")
    }

    /// What is wrong with the bytes at this place.
    #[cold]
    pub(super) fn broken(&self, why: impl Display) -> DecodeError {
        DecodeError::refused(format!(
            "the message is not Avro of its schema: {why} (byte {} of {})",
            self.at,
            self.bytes.len()
        ))
    }
}

#[inline]
fn zigzag(value: u64) -> i64 {
    // Both halves fit: the shift leaves 63 bits, the other is 0 or 1.
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[inline]
pub(super) fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[inline]
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // No slice is longer than an i64 counts.
    write_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// As Java's decoder has it.
const INT_BYTES_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Avro's specification, and the ends of both types.
    #[test]
    fn numbers_are_zigzag_and_have_no_more_bytes_than_their_type() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (-2, &[3]),
            (-64, &[0x7f]),
            (64, &[0x80, 1]),
            (i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] {
            let mut out = Vec::new();
            write_long(value, &mut out);
            assert_eq!(out, bytes);
            assert_eq!(WireReader::new(bytes).long().unwrap(), value);
        }
        let long = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0];
        assert!(WireReader::new(&long).long().unwrap_err().to_string().contains("more than ten bytes"));
        let int = [0x80, 0x80, 0x80, 0x80, 0x80, 0];
        assert!(WireReader::new(&int).int().unwrap_err().to_string().contains("more than five bytes"));
        assert!(WireReader::new(&[0x80]).long().unwrap_err().to_string().contains("ends within"));
    }

    #[test]
    fn a_length_is_not_believed_beyond_the_message() {
        for bytes in [&[0x20, b'a'][..], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[1]] {
            assert!(WireReader::new(bytes).bytes().is_err());
        }
        assert!(WireReader::new(&[1, 0x20]).block().is_err());
        assert_eq!(WireReader::new(&[3, 2, 0]).block().unwrap(), (2, Some(1)));
    }
}
