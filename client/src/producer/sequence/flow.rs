//! Whether a partition's batches leave as they come, or wait for something.

use crate::producer::resolution::Resolution;

/// ```text
///              one failed              all in flight are answered
///   Flowing ──────────────► Draining ──────────────────────────────► Flowing
///                              │                                        ▲
///                              │ the first one is in doubt              │ the log was read
///                              └─────────────► Resolving ───────────────┘
/// ```
#[derive(Debug)]
pub(super) enum Flow {
    /// Batches leave as they come.
    Flowing,
    /// Nothing leaves until all that is in flight is answered.
    Draining(Then),
    /// Nothing leaves until the partition's log has told what became of the batches in doubt.
    Resolving(Box<Resolution>, Then),
}

/// What comes when nothing is in flight any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The same batches leave again, with the same bytes.
    Resend,
    /// The leader counts otherwise: all batches are re-sequenced.
    Resequence,
}

impl Flow {
    pub(super) fn is_flowing(&self) -> bool {
        matches!(self, Self::Flowing)
    }

    /// What comes next, where something failed.
    pub(super) fn then(&self) -> Then {
        match self {
            Self::Flowing => Then::Resend,
            Self::Draining(then) | Self::Resolving(_, then) => *then,
        }
    }

    /// The search of the log, while there is one.
    pub(super) fn resolution(&self) -> Option<&Resolution> {
        match self {
            Self::Resolving(resolution, _) => Some(resolution),
            Self::Flowing | Self::Draining(_) => None,
        }
    }

    /// The same, to go on with it.
    pub(super) fn resolution_mut(&mut self) -> Option<&mut Resolution> {
        match self {
            Self::Resolving(resolution, _) => Some(resolution),
            Self::Flowing | Self::Draining(_) => None,
        }
    }
}
