//! The partition that Java's producer gives a key.

/// Kafka's hash: murmur2 in 32 bits with Kafka's seed.
#[inline]
pub fn murmur2(key: &[u8]) -> i32 {
    murmur2::murmur2(key, murmur2::KAFKA_SEED).cast_signed()
}

/// The key's partition of so many; the sign is masked away, not negated, as in Java.
///
/// # Panics
/// When there is no partition.
#[inline]
pub fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partitions
}
