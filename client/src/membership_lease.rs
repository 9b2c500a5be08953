//! Until when a member's group has it for certain, for producers that write what it reads.

use std::time::Instant;

use tokio::sync::watch;

/// A member's word to producers: nobody else has its partitions yet. See [`Producer::write_for`](crate::Producer::write_for).
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct MembershipLease(watch::Receiver<LeaseStanding>);

/// What a member knows of its place in its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseStanding {
    /// Its coordinator gives its partitions to nobody else before this; `None` while it has none that are certain.
    pub(crate) until: Option<Instant>,
    /// How often it lost partitions without being asked.
    pub(crate) losses: u64,
}

impl MembershipLease {
    pub(crate) fn new(standing: watch::Receiver<LeaseStanding>) -> Self {
        Self(standing)
    }

    /// How often the member has lost partitions without being asked, as its task knows: whoever reads them may hear of the
    /// last time only later.
    pub fn losses(&self) -> u64 {
        self.standing().losses
    }

    pub(crate) fn standing(&self) -> LeaseStanding {
        *self.0.borrow()
    }

    /// Returns when it has changed; false once the member is gone.
    pub(crate) async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}
