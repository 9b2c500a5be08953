//! Makes values that a version can hold, for round trips and fuzzing.

use bytes::Bytes;

use super::{Field, Str, Tags, Wire};

/// A small random source that knows the version it makes values for.
pub struct Dice {
    state: u64,
    version: i16,
    flexible: bool,
}

impl Dice {
    /// Equal seeds roll equal values.
    pub fn new(seed: u64, version: i16, flexible: bool) -> Self {
        Self { state: seed | 1, version, flexible }
    }

    /// Rolls one field, where this version has it.
    pub fn field<T: Wire>(&mut self, f: &'static Field, value: &mut T) {
        if f.versions.contains(self.version) && (f.tag.is_none() || self.flexible) {
            value.roll(self, f.nullable.contains(self.version));
        }
    }

    /// Now and then a tag that nobody knows.
    pub fn tags(&mut self) -> Tags {
        if !self.flexible || self.below(4) > 0 {
            return Tags::default();
        }
        Tags(vec![(100_000, self.bytes())])
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn bytes(&mut self) -> Bytes {
        (0..self.below(200)).map(|i| i as u8).collect()
    }

    pub(crate) fn string(&mut self) -> Str {
        (0..self.below(200)).map(|i| char::from(b'a' + (i % 26) as u8)).collect::<String>().into()
    }
}
