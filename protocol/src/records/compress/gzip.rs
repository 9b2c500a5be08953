//! gzip through flate2 and zlib-rs.

use std::io::Write;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use crate::records::corrupt::Why;

pub(super) fn compress(records: &[u8], level: Option<i32>, out: &mut Vec<u8>) {
    let level = level.and_then(|level| u32::try_from(level).ok()).filter(|level| (1..=9).contains(level));
    let mut encoder = GzEncoder::new(out, level.map_or_else(Compression::default, Compression::new));
    // A Vec takes whatever is written.
    let _ = encoder.write_all(records);
    let _ = encoder.finish();
}

/// A batch may be several gzip members in a row; what follows them and is no member is ignored, as in Java.
pub(super) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let mut members = GzDecoder::new(packed);
    let mut out = Vec::new();
    loop {
        super::read_capped(&mut members, limit, &mut out, "its gzip stream is broken")?;
        let rest = members.into_inner();
        if !rest.starts_with(&MEMBER) {
            return Ok(out);
        }
        members = GzDecoder::new(rest);
    }
}

/// What a member begins with: the magic, and deflate as its method.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];
