//! gzip, snappy, lz4 and zstd behind one enum; what comes out is capped.

use std::fmt;
use std::str::FromStr;

use super::corrupt::Why;

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(feature = "zstd")]
mod zstd;

/// The limit for whoever reads batches and has none of their own. A batch that is not compressed fits whenever
/// it fits a fetch (`fetch.max.bytes` is 50 MiB by default), and a compressed one of `max.message.bytes` at
/// its default of 1 MiB may shrink to a sixtieth: beyond that a batch is hardly meant well.
pub const DECOMPRESSED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Decompressed records keep at most this much room that they do not fill, and never more than they fill.
const SPARE_MAX: usize = 1 << 20;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// They are not.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// In xerial's framing.
    Snappy,
    /// In lz4's frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// A compression and how hard it tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codec {
    /// Which.
    pub compression: Compression,
    /// `None` is the codec's own default. snappy has no levels, and lz4 here one.
    pub level: Option<i32>,
}

impl Codec {
    /// No compression.
    pub const NONE: Self = Self { compression: Compression::None, level: None };

    /// This codec, or none where the build lacks it: every reader reads that.
    pub(super) fn built(self) -> Self {
        if self.compression.is_built() { self } else { Self::NONE }
    }

    /// Appends `records`, compressed for a batch of the format `magic`.
    #[cfg_attr(not(feature = "lz4"), expect(unused_variables))]
    pub(super) fn compress(self, records: &[u8], magic: i8, out: &mut Vec<u8>) {
        match self.compression {
            #[cfg(feature = "gzip")]
            Compression::Gzip => gzip::compress(records, self.level, out),
            #[cfg(feature = "snappy")]
            Compression::Snappy => snappy::compress(records, out),
            #[cfg(feature = "lz4")]
            Compression::Lz4 => lz4::compress(records, lz4::HeadChecksum::of(magic), out),
            #[cfg(feature = "zstd")]
            Compression::Zstd => zstd::compress(records, self.level, out),
            _ => out.extend_from_slice(records),
        }
    }
}

impl From<Compression> for Codec {
    fn from(compression: Compression) -> Self {
        Self { compression, level: None }
    }
}

impl Compression {
    /// All of them, by their number on the wire.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The number in a batch's attributes.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// As in `compression.type`.
    pub fn name(self) -> &'static str {
        ["none", "gzip", "snappy", "lz4", "zstd"][usize::from(self.id())]
    }

    /// Whether this build has it.
    pub fn is_built(self) -> bool {
        match self {
            Self::None => true,
            Self::Gzip => cfg!(feature = "gzip"),
            Self::Snappy => cfg!(feature = "snappy"),
            Self::Lz4 => cfg!(feature = "lz4"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// The one of that number, if this build has it.
    pub(super) fn of(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.id() == id && it.is_built())
    }

    /// What was compressed for a batch of the format `magic`, unless it is longer than `limit`.
    pub(super) fn decompress(self, packed: &[u8], magic: i8, limit: usize) -> Result<Vec<u8>, Why> {
        let mut records = self.decompress_roomy(packed, magic, limit)?;
        // Whoever counts decompressed bytes counts records, and not the room that a codec asked for.
        if records.capacity() - records.len() > records.len().min(SPARE_MAX) {
            records.shrink_to_fit();
        }
        Ok(records)
    }

    #[cfg_attr(not(feature = "lz4"), expect(unused_variables))]
    fn decompress_roomy(self, packed: &[u8], magic: i8, limit: usize) -> Result<Vec<u8>, Why> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => gzip::decompress(packed, limit),
            #[cfg(feature = "snappy")]
            Self::Snappy => snappy::decompress(packed, limit),
            #[cfg(feature = "lz4")]
            Self::Lz4 => lz4::decompress(packed, lz4::HeadChecksum::of(magic), limit),
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::decompress(packed, limit),
            _ => {
                // A build without any codec has no other use for them.
                let _ = (packed, limit);
                Err(Why::Compression(self.id()))
            }
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name of `compression.type`, in lower case.
impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Self::ALL.into_iter().find(|it| it.name() == text) {
            Some(it) if it.is_built() => Ok(it),
            Some(it) => Err(format!("{it} needs the cargo feature '{it}'")),
            None => Err(format!("'{text}' is none of none, gzip, snappy, lz4, zstd")),
        }
    }
}
