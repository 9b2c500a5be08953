//! What a failure may do to the rows of a sink, as `sink.delivery-guarantee` says.

/// How rows of a sink become lasting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryGuarantee {
    /// Positions are committed when the rows are acknowledged: after a crash some rows are written again.
    AtLeastOnce,
    /// Rows and positions are one transaction.
    ExactlyOnce(TransactionNaming),
}

/// What transactions of a sink are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TransactionNaming {
    /// `sink.transactional-id-prefix`
    pub(crate) prefix: String,
    /// `sink.transaction-naming-strategy`
    pub(crate) strategy: NamingStrategy,
}

/// How ids go on from one transaction to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamingStrategy {
    /// The same id again: coordinators keep one for each task.
    Pooling,
    /// An id for each checkpoint.
    Incrementing,
}

impl DeliveryGuarantee {
    /// How its transactions are called, where it has some.
    pub(crate) fn naming(&self) -> Option<&TransactionNaming> {
        match self {
            Self::AtLeastOnce => None,
            Self::ExactlyOnce(naming) => Some(naming),
        }
    }
}
