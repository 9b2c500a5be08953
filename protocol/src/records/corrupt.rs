//! What is wrong with a peer's records.

use std::fmt;

/// A batch that is damaged or that we cannot read: which one, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    base_offset: i64,
    position: usize,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// In words.
    Rule(&'static str),
    Magic(i8),
    Checksum {
        stored: u32,
        computed: u32,
    },
    Compression(u8),
    /// Never without a codec.
    #[cfg_attr(
        not(any(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
        expect(dead_code)
    )]
    Larger {
        limit: usize,
    },
}

impl Corrupt {
    #[cold]
    pub(super) fn new(base_offset: i64, position: usize, why: Why) -> Self {
        Self { base_offset, position, why }
    }

    /// The offset that leads the batch: what it claims for its first record, in formats 0 and 1 for its last.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Whether nothing is wrong with it but that it is larger, decompressed, than the reader allows.
    pub fn exceeds_limit(&self) -> bool {
        matches!(self.why, Why::Larger { .. })
    }

    /// Where the batch begins in the bytes that were given.
    pub fn position(&self) -> usize {
        self.position
    }
}

/// `the batch at offset 42 (byte 0): its checksum is 1, its bytes give 2`
impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the batch at offset {} (byte {}): ", self.base_offset, self.position)?;
        match self.why {
            Why::Rule(rule) => f.write_str(rule),
            Why::Magic(magic) => write!(f, "{magic} is no message format"),
            Why::Checksum { stored, computed } => {
                write!(f, "its checksum is {stored:08x}, its bytes give {computed:08x}")
            }
            Why::Compression(id) => write!(f, "compression {id} is not known, or not in this build"),
            Why::Larger { limit } => write!(f, "decompressed it is larger than the limit of {limit} bytes"),
        }
    }
}

impl std::error::Error for Corrupt {}
