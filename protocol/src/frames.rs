//! Length-prefixed frames out of a stream of bytes.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// What was read and is not yet a whole frame.
#[derive(Debug)]
pub struct Frames {
    buffer: BytesMut,
    bytes_max: usize,
}

/// A length that is negative or above the limit; the stream cannot be read on.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLength(pub i32);

impl Frames {
    /// No bytes yet; a frame may have so many, its length not counted.
    pub fn new(bytes_max: usize) -> Self {
        Self { buffer: BytesMut::new(), bytes_max }
    }

    /// Where the next bytes go. Room is made for what the frame lacks, but never for what only its
    /// length promises beyond `ROOM_MAX`.
    pub fn room(&mut self) -> &mut BytesMut {
        let missing = match self.length() {
            Some(Ok(length)) => (PREFIX + length).saturating_sub(self.buffer.len()),
            _ => 0,
        };
        self.buffer.reserve(missing.clamp(ROOM_MIN, ROOM_MAX));
        &mut self.buffer
    }

    /// The next whole frame, without its length; `None` until more bytes have come.
    ///
    /// # Errors
    /// When the length is negative or above the limit: where the next frame begins can then not be known.
    #[allow(clippy::should_implement_trait)] // an iterator would end where this waits
    pub fn next(&mut self) -> Result<Option<Bytes>, BadLength> {
        let length = match self.length() {
            None => return Ok(None),
            Some(length) => length?,
        };
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// How long the frame is that is on its way, as its length says, as soon as that has come.
    pub fn announced(&self) -> Option<usize> {
        self.length()?.ok()
    }

    fn length(&self) -> Option<Result<usize, BadLength>> {
        let length = i32::from_be_bytes(*self.buffer.first_chunk()?);
        Some(match usize::try_from(length) {
            Ok(bytes) if bytes <= self.bytes_max => Ok(bytes),
            _ => Err(BadLength(length)),
        })
    }
}

impl fmt::Display for BadLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a frame of {} bytes is not allowed", self.0)
    }
}

impl std::error::Error for BadLength {}

const PREFIX: usize = 4;
const ROOM_MIN: usize = 16 << 10;
const ROOM_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_whole_however_the_bytes_fall() {
        let stream = [&[0, 0, 0, 2][..], b"ab", &[0, 0, 0, 0], &[0, 0, 0, 3], b"cde"].concat();
        for step in 1..=stream.len() {
            let mut frames = Frames::new(10);
            let mut seen = Vec::new();
            for piece in stream.chunks(step) {
                frames.room().extend_from_slice(piece);
                while let Some(frame) = frames.next().unwrap() {
                    seen.push(frame);
                }
            }
            assert_eq!(seen, [&b"ab"[..], b"", b"cde"], "in steps of {step}");
        }
    }

    #[test]
    fn a_length_past_the_limit_is_refused_before_memory_is_taken() {
        let mut frames = Frames::new(10);
        frames.room().extend_from_slice(&[0, 0, 0, 11]);
        assert_eq!(frames.next(), Err(BadLength(11)));
        let mut frames = Frames::new(usize::MAX);
        frames.room().extend_from_slice(&[0xff, 0, 0, 0]);
        assert_eq!(frames.next(), Err(BadLength(-16_777_216)));
    }

    #[test]
    fn a_frame_announces_itself_before_it_is_whole() {
        let mut frames = Frames::new(100);
        assert_eq!(frames.announced(), None);
        frames.room().extend_from_slice(&[0, 0, 0, 9, 1]);
        assert_eq!((frames.next(), frames.announced()), (Ok(None), Some(9)));
    }

    #[test]
    fn a_promised_length_takes_memory_only_in_steps() {
        let mut frames = Frames::new(usize::MAX);
        frames.room().extend_from_slice(&i32::MAX.to_be_bytes());
        assert!(frames.room().capacity() <= 2 * ROOM_MAX);
    }
}
