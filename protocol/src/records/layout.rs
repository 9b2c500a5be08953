//! Where each field lies in the 61 bytes that lead a batch of format 2.

/// The size of what leads a batch.
pub const HEADER_BYTES: usize = 61;

/// Base offset and length: what comes before the bytes that `length` counts.
pub(super) const PREFIX_BYTES: usize = 12;

/// The checksum covers all from here on.
pub(super) const CHECKED_FROM: usize = ATTRIBUTES;

pub(super) const BASE_OFFSET: usize = 0;
pub(super) const LENGTH: usize = 8;
pub(super) const LEADER_EPOCH: usize = 12;
pub(super) const MAGIC: usize = 16;
pub(super) const CHECKSUM: usize = 17;
pub(super) const ATTRIBUTES: usize = 21;
pub(super) const LAST_OFFSET_DELTA: usize = 23;
pub(super) const BASE_TIMESTAMP: usize = 27;
pub(super) const MAX_TIMESTAMP: usize = 35;
pub(super) const PRODUCER_ID: usize = 43;
pub(super) const PRODUCER_EPOCH: usize = 51;
pub(super) const BASE_SEQUENCE: usize = 53;
pub(super) const COUNT: usize = 57;

pub(super) const COMPRESSION_BITS: i16 = 0x07;
pub(super) const LOG_APPEND_TIME: i16 = 0x08;
pub(super) const TRANSACTIONAL: i16 = 0x10;
pub(super) const CONTROL: i16 = 0x20;
pub(super) const DELETE_HORIZON: i16 = 0x40;

/// Reads a field. The caller has seen to it that the header is there.
pub(super) fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&header[at..at + N]);
    out
}

/// Writes a field. The caller has seen to it that the header is there.
pub(super) fn put<const N: usize>(header: &mut [u8], at: usize, value: [u8; N]) {
    header[at..at + N].copy_from_slice(&value);
}

/// Gives a batch of format 2 its place in a log; both fields lie outside the checksum.
///
/// # Panics
/// When the bytes are shorter than a batch's header.
pub fn set_offset(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    put(batch, BASE_OFFSET, base_offset.to_be_bytes());
    put(batch, LEADER_EPOCH, leader_epoch.to_be_bytes());
}

/// Stamps a batch of format 2 with the broker's time, as under `message.timestamp.type=LogAppendTime`, and renews its
/// checksum.
///
/// # Panics
/// When the bytes are shorter than a batch's header.
pub fn set_log_append_time(batch: &mut [u8], timestamp_ms: i64) {
    let attributes = i16::from_be_bytes(field(batch, ATTRIBUTES)) | LOG_APPEND_TIME;
    put(batch, ATTRIBUTES, attributes.to_be_bytes());
    put(batch, MAX_TIMESTAMP, timestamp_ms.to_be_bytes());
    renew_checksum(batch);
}

/// Computes the checksum over what it covers and writes it.
pub(super) fn renew_checksum(batch: &mut [u8]) {
    let checksum = crc32c::crc32c(&batch[CHECKED_FROM..]);
    put(batch, CHECKSUM, checksum.to_be_bytes());
}
