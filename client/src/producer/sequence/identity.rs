//! The producer id under which a partition's batches are written, and whether the leader knows it.

use crate::producer::producer_id::ProducerId;

/// ```text
///                known               acknowledged
///   Unknown ──────────────► New ───────────────────────► Established ──┐ next epoch
///                            ▲ │                          │    │  ▲    │
///       another producer id  │ │   long silence           │    │  └────┘
///                            │ ◄──────────────────────────┘    │
///                        Exhausted ◄───────────────────────────┘ no epoch is left
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SequenceIdentity {
    /// The cluster has not given one yet.
    Unknown,
    /// The partition's leader may not know the producer id: it takes the first batch whatever its sequence.
    New(ProducerId),
    /// The leader has acknowledged a batch, so it refuses what comes after a gap.
    Established(ProducerId),
    /// The epochs of this producer id are used up.
    Exhausted(i64),
}

impl SequenceIdentity {
    /// Who writes, if that is known.
    pub(super) fn current(self) -> Option<ProducerId> {
        match self {
            Self::New(identity) | Self::Established(identity) => Some(identity),
            Self::Unknown | Self::Exhausted(_) => None,
        }
    }

    /// Whether the leader knows the producer id.
    pub(super) fn is_established(self) -> bool {
        matches!(self, Self::Established(_))
    }

    /// The cluster gave this one; nothing changes where one is known already.
    pub(super) fn given(self, identity: ProducerId) -> Self {
        match self {
            Self::Exhausted(id) if id == identity.id => self,
            Self::Unknown | Self::Exhausted(_) => Self::New(identity),
            Self::New(_) | Self::Established(_) => self,
        }
    }

    /// The coordinator renewed it.
    pub(super) fn renewed(self, identity: ProducerId) -> Self {
        match self {
            Self::Established(old) if old.id == identity.id => Self::Established(identity),
            _ => Self::New(identity),
        }
    }

    /// The leader has acknowledged a batch.
    pub(super) fn acknowledged(self) -> Self {
        match self {
            Self::New(identity) => Self::Established(identity),
            other => other,
        }
    }

    /// The leader may have expired the producer id.
    pub(super) fn expired(self) -> Self {
        match self {
            Self::Established(identity) => Self::New(identity),
            other => other,
        }
    }

    /// The next epoch of the same producer id (KIP-360).
    pub(super) fn bumped(self) -> Self {
        let next = |old: ProducerId| Some(ProducerId { epoch: old.epoch.checked_add(1)?, ..old });
        match self {
            Self::New(old) => next(old).map_or(Self::Exhausted(old.id), Self::New),
            Self::Established(old) => next(old).map_or(Self::Exhausted(old.id), Self::Established),
            other => other,
        }
    }
}
