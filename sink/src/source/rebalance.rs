//! What a source does as a member of its group: partitions come, and go.

use std::collections::BTreeSet;

use tracing::{info, warn};
use upsert_kafka_client::{Client, GroupProtocol, MembershipLease, TopicPartition};

use super::group_share::{GroupShare, SourceEvent};
use super::offsets_initializer::Restore;
use super::subscription::Subscription;
use super::{KafkaSource, Positions};
use crate::error::{Error, ErrorKind};
use crate::plan::Notice;

impl KafkaSource {
    /// Joins the group. What the group has committed is looked at before, so that a group of another job is refused and
    /// not joined.
    ///
    /// Where the table does not choose, the group is of the consumer protocol if the cluster serves it: a member has its
    /// partitions at once then, where the first of a classic group waits for `group.initial.rebalance.delay.ms`.
    pub(super) async fn join(&mut self, client: &Client, chooses: bool) -> Result<(), Error> {
        if self.subscription.restore == Restore::Nothing {
            self.begin_all_anew().await?;
        } else {
            self.check_restore().await?;
        }
        let by_broker =
            !chooses && self.admin.serves_consumer_protocol().await.map_err(|e| self.failed(e))?;
        let protocol = if by_broker { GroupProtocol::Consumer } else { client.config().group_protocol };
        let config = client.config().clone().with(|it| it.group_protocol = protocol);
        let client = client.with_config(config).map_err(|e| self.failed(e))?;
        let joined = GroupShare::join(&client, &self.subscription.topics);
        self.group_share = Some(joined.map_err(|e| self.failed(e))?);
        Ok(())
    }

    /// Until when the group has the source for certain; `None` where no group gives it its partitions.
    pub(crate) fn lease(&self) -> Option<MembershipLease> {
        self.group_share.as_ref().map(GroupShare::lease)
    }

    /// Whether a group gives the source its partitions.
    pub(crate) fn is_member(&self) -> bool {
        self.group_share.is_some()
    }

    /// What the group does with the source's partitions; never, where they are fixed. Cancel-safe.
    pub(crate) async fn changed(&mut self) -> Result<SourceEvent, Error> {
        let Some(group_share) = &mut self.group_share else { return std::future::pending().await };
        let changed = group_share.changed().await;
        changed.map_err(|e| self.not_member(e))
    }

    /// Why the group does not take the source, or has put it out.
    #[cold]
    pub(super) fn not_member(&self, error: upsert_kafka_client::Error) -> Error {
        let is_another_kind = error.is_another_kind_of_group();
        let error = self.failed(error);
        if !is_another_kind {
            return error;
        }
        let text = format!(
            "{error}: another program reads with this group, or a job whose tables share by another \
             'properties.group.protocol' or 'properties.partition.assignment.strategy'; give this one a \
             'properties.group.id' of its own, or the same settings"
        );
        Error::new(ErrorKind::Cluster, text)
    }

    /// Returns once the group has given the source all that it wants it to have; at once, where partitions are fixed.
    pub(crate) fn settled(&self) -> impl Future<Output = ()> + Send + use<> {
        let settled = self.group_share.as_ref().map(GroupShare::settled);
        async move {
            if let Some(settled) = settled {
                settled.await;
            }
        }
    }

    /// Returns once the group has said that it has this member, be it without what [`changed`](Self::changed) then tells; at
    /// once, where partitions are fixed.
    pub(crate) fn confirmed(&self) -> impl Future<Output = ()> + Send + use<> {
        let confirmed = self.group_share.as_ref().map(GroupShare::confirmed);
        async move {
            if let Some(confirmed) = confirmed {
                confirmed.await;
            }
        }
    }

    /// Reads what the group gave: each partition from where the group stands, or from where the table says.
    pub(crate) async fn take(&mut self, given: &[TopicPartition]) -> Result<(), Error> {
        let names: BTreeSet<&str> = given.iter().map(|of| &*of.topic).collect();
        let names: Vec<&str> = names.into_iter().collect();
        for topic in self.admin.describe_topics(&names).await.map_err(|e| self.failed(e))? {
            let topic = topic.map_err(|e| self.failed(e))?;
            let own: Vec<_> = given.iter().filter(|of| *of.topic == *topic.name).cloned().collect();
            self.begin(&topic, &own).await?;
        }
        let assignments = given.iter().filter_map(|of| Some(self.partitions.get(of)?.assignment(of)));
        let assignments = assignments.collect();
        self.consumer.incremental_assign(assignments).map_err(|e| self.failed(e))?;
        let begun =
            given.iter().filter(|of| self.partitions.get(*of).is_some_and(|it| it.committed.is_none()));
        self.commit_beginnings(begun.cloned().collect()).await;
        Ok(())
    }

    /// Reads these no more.
    pub(crate) fn let_go(&mut self, gone: &[TopicPartition]) {
        let read: Vec<_> = gone.iter().filter(|of| self.partitions.remove(*of).is_some()).cloned().collect();
        if let Err(error) = self.consumer.incremental_unassign(&read) {
            warn!(table = self.table, %error, "while letting partitions go");
        }
        info!(table = self.table, partitions = ?gone, "let go");
    }

    /// Leaves the group, so that others need not wait until they miss this member. The caller has committed what it can.
    pub(crate) async fn leave(&mut self) {
        if let Some(group_share) = &mut self.group_share {
            group_share.leave().await;
        }
    }

    /// The job is open: from now on what the group gives is logged. Tells of a member that has nothing to read while the
    /// group has more members than partitions.
    pub(crate) async fn opened(&mut self) -> Result<(), Error> {
        self.is_open = true;
        let Some(group) = self.subscription.group.clone().filter(|_| self.partitions.is_empty()) else {
            return Ok(());
        };
        let described = self.admin.describe_group(&group).await.map_err(|e| self.failed(e))?;
        let topics = self.describe().await?.into_iter().filter_map(Result::ok);
        let partitions: usize = topics.map(|topic| topic.partitions.len()).sum();
        let members = described.members.len();
        if members > partitions {
            let text = format!(
                "group {group} has {members} members for {partitions} partitions: this one reads nothing until another \
                 leaves"
            );
            self.notices.push(Notice { table: Some(self.table.clone()), text });
        }
        Ok(())
    }

    /// Commits for all partitions where the table says that they begin, while the group has no member: whoever joins then
    /// goes on from there.
    async fn begin_all_anew(&mut self) -> Result<(), Error> {
        if let (Some(group), Some(_)) = (&self.subscription.group, &self.subscription.kept_elsewhere)
            && !self.admin.describe_group(group).await.map_err(|e| self.failed(e))?.members.is_empty()
        {
            return Err(self.is_shared(group));
        }
        for topic in self.describe().await? {
            let topic = topic?;
            self.begin(&topic, &Subscription::all_partitions_of(&topic)).await?;
        }
        let Positions(begun) = self.positions();
        let all = self.owned();
        self.partitions.clear();
        self.subscription.restore = Restore::Checkpoint;
        if let Some(kept) = &self.subscription.kept_elsewhere {
            _ = kept.commit_beginnings(&begun).await?;
            return kept.release(&all).await;
        }
        let Some(group) = &self.subscription.group else { return Ok(()) };
        let committed = self.consumer.commit(group, &begun).await;
        committed.map_err(|e| if e.is_stale_member() { self.is_shared(group) } else { self.failed(e) })
    }

    #[cold]
    fn is_shared(&self, group: &str) -> Error {
        let text = format!(
            "table {}: group {group} has members that read, and they go on from its offsets: stop them before a job \
             begins as 'scan.startup.mode' says (--from-start-mode)",
            self.table
        );
        Error::new(ErrorKind::Cluster, text)
    }
}
