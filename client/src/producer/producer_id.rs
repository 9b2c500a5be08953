//! What the cluster knows a producer by.

/// The producer id and its epoch: what the cluster knows a producer by, and what a transaction can be resumed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerId {
    /// The number that the cluster gave.
    pub id: i64,
    /// Grows with every renewal; what is written under an older one is refused.
    pub epoch: i16,
}
