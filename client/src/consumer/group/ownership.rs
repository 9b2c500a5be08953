//! What a member of a group has, what it is to have, and the order in which the caller is told.
//!
//! The group names a *target*. What is not in it is *revoked*: the caller is asked to let go, and has it until it does.
//! What is new in it is *given* only when nothing is being revoked, so that the caller sees an end before a beginning,
//! as in Java. A partition that is revoked and wanted again meanwhile is let go of first and given anew.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use upsert_kafka_protocol::Uuid;

/// A partition of the topic that has this id; a zero id is that of whichever topic has the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TopicIdPartition {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) topic_id: Uuid,
}

/// What the caller is told, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OwnershipEvent {
    /// These are the caller's from now on.
    Given(Vec<TopicIdPartition>),
    /// The caller is asked to let these go, and has them until it says that it has.
    Revoked(Vec<TopicIdPartition>),
    /// These are not the caller's any more: another member may have them already. It says when it has let go.
    Lost(Vec<TopicIdPartition>),
}

impl OwnershipEvent {
    fn partitions(&self) -> &[TopicIdPartition] {
        match self {
            Self::Given(of) | Self::Revoked(of) | Self::Lost(of) => of,
        }
    }
}

/// The partitions of one member.
#[derive(Debug, Default)]
pub(crate) struct Ownership {
    held: BTreeSet<TopicIdPartition>,
    /// Of these, those that the caller was asked to let go.
    leaving: BTreeSet<TopicIdPartition>,
    target: BTreeSet<TopicIdPartition>,
    /// Whether the caller has yet to let go of what it lost.
    is_losing: bool,
    /// How often it lost something.
    losses: u64,
    events: VecDeque<OwnershipEvent>,
}

impl Ownership {
    /// The group wants the member to have exactly these.
    pub(crate) fn aim(&mut self, target: BTreeSet<TopicIdPartition>) {
        self.target = target;
        let unwanted = self.held.difference(&self.target).filter(|it| !self.leaving.contains(it));
        let revoked: Vec<_> = unwanted.cloned().collect();
        if !revoked.is_empty() {
            self.leaving.extend(revoked.iter().cloned());
            self.events.push_back(OwnershipEvent::Revoked(revoked));
        }
        self.give();
    }

    /// The group has taken everything, without asking.
    pub(crate) fn lose_all(&mut self) {
        self.target.clear();
        for untold in std::mem::take(&mut self.events) {
            match untold {
                // The caller never heard of these.
                OwnershipEvent::Given(given) => given.iter().for_each(|of| _ = self.held.remove(of)),
                // Lost says more.
                OwnershipEvent::Revoked(_) => {}
                OwnershipEvent::Lost(lost) => self.events.push_back(OwnershipEvent::Lost(lost)),
            }
        }
        let told: BTreeSet<_> = self.events.iter().flat_map(OwnershipEvent::partitions).cloned().collect();
        let lost: Vec<_> = self.held.difference(&told).cloned().collect();
        if !lost.is_empty() {
            self.leaving.clone_from(&self.held);
            self.events.push_back(OwnershipEvent::Lost(lost));
            self.losses += 1;
        }
        self.is_losing = !self.leaving.is_empty();
    }

    /// The caller has let these go. What it never had, or has let go before, changes nothing.
    pub(crate) fn let_go(&mut self, released: &[TopicIdPartition]) {
        for of in released {
            if self.leaving.remove(of) {
                self.held.remove(of);
            }
        }
        self.is_losing &= !self.leaving.is_empty();
        self.give();
    }

    /// What the caller has, what it was asked to let go included.
    pub(crate) fn held(&self) -> &BTreeSet<TopicIdPartition> {
        &self.held
    }

    /// Whether the caller has exactly what the group wants it to have.
    pub(crate) fn is_settled(&self) -> bool {
        self.leaving.is_empty() && self.held == self.target
    }

    /// Whether the caller has yet to let go of what it lost: it may still take it for its own, and commit for it.
    pub(crate) fn is_losing(&self) -> bool {
        self.is_losing
    }

    /// How often the caller lost what it had, without being asked.
    pub(crate) fn losses(&self) -> u64 {
        self.losses
    }

    /// Whether the caller has yet to let go of something.
    pub(crate) fn is_revoking(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// The next thing that the caller is to be told.
    pub(crate) fn poll_event(&mut self) -> Option<OwnershipEvent> {
        self.events.pop_front()
    }

    fn give(&mut self) {
        if self.is_revoking() {
            return;
        }
        let given: Vec<_> = self.target.difference(&self.held).cloned().collect();
        if !given.is_empty() {
            self.held.extend(given.iter().cloned());
            self.events.push_back(OwnershipEvent::Given(given));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(partitions: &[i32]) -> Vec<TopicIdPartition> {
        let of = |partition: &i32| TopicIdPartition {
            topic: Arc::from("orders"),
            partition: *partition,
            topic_id: Uuid::ZERO,
        };
        partitions.iter().map(of).collect()
    }

    fn set(partitions: &[i32]) -> BTreeSet<TopicIdPartition> {
        orders(partitions).into_iter().collect()
    }

    fn told(ownership: &mut Ownership) -> Vec<OwnershipEvent> {
        std::iter::from_fn(|| ownership.poll_event()).collect()
    }

    #[test]
    fn what_is_new_is_given_after_what_is_revoked_was_let_go() {
        let mut ownership = Ownership::default();
        ownership.aim(set(&[0, 1]));
        assert_eq!(told(&mut ownership), [OwnershipEvent::Given(orders(&[0, 1]))]);
        assert!(ownership.is_settled());

        ownership.aim(set(&[1, 2]));
        assert_eq!(told(&mut ownership), [OwnershipEvent::Revoked(orders(&[0]))]);
        assert_eq!(*ownership.held(), set(&[0, 1]), "it is the caller's until it lets go");

        ownership.let_go(&orders(&[0]));
        assert_eq!(told(&mut ownership), [OwnershipEvent::Given(orders(&[2]))]);
        assert_eq!(*ownership.held(), set(&[1, 2]));
        assert!(ownership.is_settled());
    }

    #[test]
    fn what_is_wanted_again_is_let_go_of_and_given_anew() {
        let mut ownership = Ownership::default();
        ownership.aim(set(&[0, 1]));
        ownership.aim(set(&[1]));
        ownership.aim(set(&[0, 1]));
        let expected = [OwnershipEvent::Given(orders(&[0, 1])), OwnershipEvent::Revoked(orders(&[0]))];
        assert_eq!(told(&mut ownership), expected);
        assert!(!ownership.is_settled());
        ownership.let_go(&orders(&[0]));
        assert_eq!(told(&mut ownership), [OwnershipEvent::Given(orders(&[0]))]);
        assert!(ownership.is_settled());
    }

    #[test]
    fn what_is_lost_is_told_once_and_nothing_is_given_before_it_was_let_go() {
        let mut ownership = Ownership::default();
        ownership.aim(set(&[0, 1]));
        told(&mut ownership);
        ownership.aim(set(&[1, 2]));
        ownership.lose_all();
        assert_eq!(told(&mut ownership), [OwnershipEvent::Lost(orders(&[0, 1]))]);
        ownership.aim(set(&[3]));
        assert_eq!(told(&mut ownership), []);
        ownership.let_go(&orders(&[0]));
        assert!(ownership.is_losing());
        ownership.let_go(&orders(&[1]));
        assert!(!ownership.is_losing());
        assert_eq!(told(&mut ownership), [OwnershipEvent::Given(orders(&[3]))]);
    }

    #[test]
    fn what_is_lost_before_it_was_told_is_not_told_at_all() {
        let mut ownership = Ownership::default();
        ownership.aim(set(&[0]));
        ownership.lose_all();
        assert_eq!(told(&mut ownership), []);
        assert!(ownership.held().is_empty() && !ownership.is_revoking());
    }

    #[test]
    fn what_was_not_asked_for_cannot_be_let_go() {
        let mut ownership = Ownership::default();
        ownership.aim(set(&[0]));
        ownership.let_go(&orders(&[0, 7]));
        assert_eq!(*ownership.held(), set(&[0]));
    }
}
