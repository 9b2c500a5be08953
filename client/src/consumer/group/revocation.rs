//! Partitions that a member is to let go.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::member_task::MemberCommand;
use super::ownership::TopicIdPartition;
use crate::TopicPartition;

/// Partitions that a member is to let go. Dropping it says that it has: nothing of them is read or written any more.
#[derive(Debug)]
pub struct Revocation {
    partitions: Vec<TopicIdPartition>,
    named: Vec<TopicPartition>,
    deadline: Instant,
    commands: mpsc::UnboundedSender<MemberCommand>,
}

impl Revocation {
    pub(super) fn new(
        partitions: Vec<TopicIdPartition>,
        deadline: Instant,
        commands: mpsc::UnboundedSender<MemberCommand>,
    ) -> Self {
        let named = partitions.iter().map(|of| TopicPartition::new(Arc::clone(&of.topic), of.partition));
        Self { named: named.collect(), partitions, deadline, commands }
    }

    /// The partitions.
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.named
    }

    /// When the group goes on without the member, if it has not let go: `max.poll.interval.ms` after it was told.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Drop for Revocation {
    fn drop(&mut self) {
        // A member that is gone has nothing to wait for.
        _ = self.commands.send(MemberCommand::LetGo(std::mem::take(&mut self.partitions)));
    }
}
