//! Written bytes in pieces: small ones flattened, large ones lent.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Bytes to send, in order; a socket takes the pieces in one vectored write.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    parts: VecDeque<Bytes>,
    remaining: usize,
}

impl Segments {
    /// Nothing yet, with room for so many pieces.
    pub(crate) fn with_capacity(parts: usize) -> Self {
        Self { parts: VecDeque::with_capacity(parts), remaining: 0 }
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.remaining += part.len();
            self.parts.push_back(part);
        }
    }

    /// Adds all the pieces of another.
    pub fn append(&mut self, mut other: Self) {
        self.remaining += other.remaining;
        self.parts.append(&mut other.parts);
    }

    /// All of it in one piece: copies, unless it is one already.
    pub fn into_bytes(mut self) -> Bytes {
        if self.parts.len() == 1 {
            return self.parts.pop_front().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.remaining);
        self.parts.iter().for_each(|part| whole.extend_from_slice(part));
        whole.freeze()
    }

    /// The pieces that are left, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter()
    }

    /// How many pieces are left.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }
}

impl Buf for Segments {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], |part| part)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            count += 1;
        }
        count
    }

    /// # Panics
    /// When fewer bytes are left.
    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "advanced past the end");
        self.remaining -= count;
        while count > 0 {
            let Some(part) = self.parts.front_mut() else { return };
            if count < part.len() {
                part.advance(count);
                return;
            }
            count -= part.len();
            self.parts.pop_front();
        }
    }
}

impl From<Bytes> for Segments {
    fn from(part: Bytes) -> Self {
        let mut segments = Self::default();
        segments.push(part);
        segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advance_crosses_pieces() {
        let mut segments = Segments::from(Bytes::from_static(b"abc"));
        segments.push(Bytes::from_static(b""));
        segments.push(Bytes::from_static(b"defg"));
        assert_eq!((segments.remaining(), segments.parts()), (7, 2));
        segments.advance(4);
        assert_eq!(segments.chunk(), b"efg");
        assert_eq!(segments.into_bytes(), &b"efg"[..]);
    }
}
