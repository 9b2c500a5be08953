//! gzip through flate2 and zlib-rs.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use crate::records::corrupt::Why;

pub(super) fn compress(records: &[u8], level: Option<i32>, out: &mut Vec<u8>) {
    let level = level.and_then(|level| u32::try_from(level).ok()).filter(|level| (1..=9).contains(level));
    let mut encoder = GzEncoder::new(out, level.map_or_else(Compression::default, Compression::new));
    // A Vec takes whatever is written.
    let _ = encoder.write_all(records);
    let _ = encoder.finish();
}

/// A batch may be several gzip members in a row; what follows them and is no member is ignored, as in Java.
pub(super) fn decompress(mut packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let mut out = Vec::with_capacity(room_first(packed).min(limit.saturating_add(1)));
    loop {
        inflate(&mut packed, limit, &mut out)?;
        if !packed.starts_with(&MEMBER) {
            return Ok(out);
        }
    }
}

/// One member. The room doubles up to the limit: it follows what comes out, not what is claimed.
fn inflate(packed: &mut &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Why> {
    let mut member = Decompress::new_gzip(WINDOW_BITS);
    loop {
        if out.len() == out.capacity() {
            out.reserve_exact(out.len().max(ROOM_MIN).min(limit.saturating_add(1) - out.len()));
        }
        let taken = member.total_in();
        let status = member.decompress_vec(packed, out, FlushDecompress::None).map_err(|_| BROKEN)?;
        *packed = &packed[(member.total_in() - taken) as usize..];
        match status {
            _ if out.len() > limit => return Err(Why::Larger { limit }),
            Status::StreamEnd => return Ok(()),
            _ if out.len() < out.capacity() => return Err(BROKEN),
            _ => {}
        }
    }
}

/// The last member's size stands at its end, and mostly there is but one. More than this many times the
/// packed bytes is not believed.
fn room_first(packed: &[u8]) -> usize {
    let claimed = packed.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    // One more: the end is then met before the room is full.
    (claimed + 1).min(packed.len().saturating_mul(ROOM_FIRST_MAX)).max(ROOM_MIN)
}

/// What a member begins with: the magic, and deflate as its method.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// The largest window that deflate knows.
const WINDOW_BITS: u8 = 15;

const ROOM_MIN: usize = 1024;
const ROOM_FIRST_MAX: usize = 64;

const BROKEN: Why = Why::Rule("its gzip stream is broken");
