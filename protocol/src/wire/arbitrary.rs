//! Makes values that a version can hold, for round trips and fuzzing.

use bytes::{Buf, Bytes};

#[cfg(any(test, feature = "arbitrary"))]
use super::Message;
use super::{Field, Str, Tags, Wire};

/// Any value that the version can hold; equal seeds give equal values.
#[cfg(any(test, feature = "arbitrary"))]
pub fn arbitrary<M: Message>(seed: u64, version: i16) -> M {
    let mut message = M::blank();
    message.arbitrary(&mut Choices::new(seed, version, M::FLEXIBLE.contains(version)), false);
    message
}

/// A source of choices that knows the version it makes values for.
pub struct Choices {
    source: Source,
    version: i16,
    flexible: bool,
}

enum Source {
    /// As long as one likes.
    Seed(u64),
    /// A fuzzer's; zeros when they are used up, so that what is made ends soon.
    Bytes(Bytes),
}

impl Choices {
    /// Equal seeds choose equal values.
    pub fn new(seed: u64, version: i16, flexible: bool) -> Self {
        Self { source: Source::Seed(seed | 1), version, flexible }
    }

    /// Every choice is one of the bytes, so that who changes a byte changes a choice.
    pub fn of(bytes: Bytes, version: i16, flexible: bool) -> Self {
        Self { source: Source::Bytes(bytes), version, flexible }
    }

    /// The version it makes values for.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Chooses one field, where this version has it.
    pub fn field<T: Wire>(&mut self, f: &'static Field, value: &mut T) {
        if f.versions.contains(self.version) && (f.tag.is_none() || self.flexible) {
            value.arbitrary(self, f.nullable.contains(self.version));
        }
    }

    /// Now and then a tag that nobody knows.
    pub fn tags(&mut self) -> Tags {
        if !self.flexible || self.below(4) < 3 {
            return Tags::default();
        }
        Tags(vec![(100_000, self.bytes())])
    }

    pub(crate) fn next(&mut self) -> u64 {
        match &mut self.source {
            Source::Seed(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                *state
            }
            Source::Bytes(bytes) => {
                let count = bytes.len().min(8);
                bytes.split_to(count).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
        }
    }

    /// A number below `n`, which is at most 256.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        match &mut self.source {
            Source::Seed(_) => self.next() % n,
            Source::Bytes(bytes) if bytes.has_remaining() => u64::from(bytes.get_u8()) % n,
            Source::Bytes(_) => 0,
        }
    }

    pub(crate) fn bytes(&mut self) -> Bytes {
        (0..self.below(200)).map(|i| i as u8).collect()
    }

    pub(crate) fn string(&mut self) -> Str {
        let from = self.below(ALPHABET.len() as u64) as usize;
        ALPHABET.iter().cycle().skip(from).take(self.below(60) as usize).collect::<String>().into()
    }
}

/// Of every length that UTF-8 has.
const ALPHABET: [char; 8] = ['a', 'z', '0', '\0', 'é', '€', '\u{fffd}', '𝄞'];
