//! What a reader allows its peers.

use crate::records::DECOMPRESSED_BYTES_MAX;

/// Bounds on what a peer's bytes may cost; whoever reads them hands these on.
///
/// What is decoded from a frame takes memory in proportion to the frame, whatever it claims, though up to twenty times
/// as much: whoever reads frames of many megabytes decodes with a bound too ([`Message::decode_within`]).
///
/// [`Message::decode_within`]: crate::Message::decode_within
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest frame, its length not counted: 100 MiB, as a broker's `socket.request.max.bytes`.
    pub frame_bytes_max: usize,
    /// The most that the records of one batch may take when they are decompressed: 64 MiB. A batch of 1 MB can say
    /// that it is 30 GB.
    pub decompressed_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { frame_bytes_max: 100 << 20, decompressed_bytes_max: DECOMPRESSED_BYTES_MAX }
    }
}
