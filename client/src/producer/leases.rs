//! Whom a producer writes for: members of groups, whose partitions may become others'.
//!
//! A member that hears nothing of its coordinator for too long may have been given up, so that another one reads what it
//! read, and writes newer rows. What it sends again then, or later than others, would lie behind those.

use std::time::Instant;

use crate::membership_lease::MembershipLease;

/// Of one producer.
#[derive(Debug, Default)]
pub(super) struct Leases(Vec<Held>);

#[derive(Debug)]
struct Held {
    lease: MembershipLease,
    /// How often its member had lost partitions when the producer began to write for it.
    losses: u64,
}

impl Leases {
    pub(super) fn hold(&mut self, lease: MembershipLease) {
        let losses = lease.standing().losses;
        self.0.push(Held { lease, losses });
    }

    /// Whether one of the members has lost what it read since the producer writes for it.
    pub(super) fn is_lost(&self) -> bool {
        self.0.iter().any(|it| it.lease.standing().losses != it.losses)
    }

    /// Until when all of them are members for certain; `None` where nothing bounds it.
    pub(super) fn until(&self) -> Option<Instant> {
        self.0.iter().filter_map(|Held { lease, .. }| lease.standing().until).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::watch;

    use super::*;
    use crate::membership_lease::LeaseStanding;

    #[test]
    fn the_first_that_ends_bounds_all_and_one_loss_counts_since_it_is_held() {
        let now = Instant::now();
        let (one, heard) = watch::channel(LeaseStanding { until: None, losses: 3 });
        let (other, of_other) = watch::channel(LeaseStanding::default());
        let mut leases = Leases::default();
        assert_eq!((leases.until(), leases.is_lost()), (None, false));
        leases.hold(MembershipLease::new(heard));
        leases.hold(MembershipLease::new(of_other));
        assert_eq!((leases.until(), leases.is_lost()), (None, false));
        one.send_modify(|it| it.until = Some(now + Duration::from_secs(2)));
        other.send_modify(|it| it.until = Some(now + Duration::from_secs(1)));
        assert_eq!((leases.until(), leases.is_lost()), (Some(now + Duration::from_secs(1)), false));
        one.send_modify(|it| it.losses = 4);
        assert!(leases.is_lost());
    }
}
