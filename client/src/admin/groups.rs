//! Consumer groups as somebody sees them who is no member.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest,
    consumer_group_describe, describe_groups,
};

use super::{Admin, GroupDescription, GroupListing, GroupMemberDescription, accepted, text};
use crate::cluster::{Attempts, Coordinator};
use crate::connection::Connection;
use crate::consumer::committed_offsets;
use crate::consumer::group::consumer_protocol;
use crate::{Committed, Error, ErrorKind, TopicPartition};

impl Admin {
    /// All groups that may be seen, by their ids. Every broker is asked, since each knows those that it coordinates.
    ///
    /// # Errors
    /// When a broker does not answer in time.
    pub async fn groups(&self) -> Result<Vec<GroupListing>, Error> {
        let mut groups = BTreeMap::new();
        for broker in self.cluster().await?.brokers {
            let mut attempts = Attempts::new(&self.cluster);
            let attempt = || async {
                let connection = self.cluster.connection(broker.id).await?;
                let response = connection.call(&ListGroupsRequest::default()).await?;
                refused(&connection, response.error_code, None, "ListGroups")?;
                Ok(response.groups)
            };
            let listed = loop {
                match attempts.run(attempt()).await {
                    Ok(listed) => break listed,
                    Err(error) => attempts.again(error).await?,
                }
            };
            for group in listed {
                let listing = GroupListing {
                    group_id: group.group_id.to_string(),
                    group_type: group.group_type.to_string(),
                    state: group.group_state.to_string(),
                    protocol_type: group.protocol_type.to_string(),
                };
                groups.insert(listing.group_id.clone(), listing);
            }
        }
        Ok(groups.into_values().collect())
    }

    /// Whether the cluster serves groups of the consumer protocol (`group.protocol=consumer`, KIP-848): Kafka does so
    /// from 4.0 on, unless its feature `group.version` was left at 0.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub async fn serves_consumer_protocol(&self) -> Result<bool, Error> {
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let attempt = async { Ok(self.cluster.any().await?.group_version() >= 1) };
            match attempts.run(attempt).await {
                Ok(serves) => return Ok(serves),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    /// A group and its members, of either protocol.
    ///
    /// # Errors
    /// When there is no such group, it may not be seen, or its coordinator does not answer in time.
    pub async fn describe_group(&self, group: &str) -> Result<GroupDescription, Error> {
        self.ask_coordinator(group, |coordinator| async move {
            // As Java's client: of the newer protocol, and if it is not, of the older one.
            match described_consumers(&coordinator, group).await {
                Err(error) if is_another_type(&error) => described_classic(&coordinator, group).await,
                described => described,
            }
        })
        .await
    }

    /// All offsets that a group has committed, by topic and partition; none when there is no such group.
    ///
    /// # Errors
    /// When they may not be seen, or its coordinator does not answer in time.
    pub async fn group_offsets(&self, group: &str) -> Result<Vec<Committed>, Error> {
        committed_offsets::all_committed(&self.cluster, group).await
    }

    /// Deletes a group that has no members, and its offsets.
    ///
    /// # Errors
    /// When it has members, there is none, it may not be deleted, or its coordinator does not answer in time.
    pub async fn delete_group(&self, group: &str) -> Result<(), Error> {
        self.ask_coordinator(group, |coordinator| async move {
            let request = DeleteGroupsRequest { groups_names: vec![text(group)], ..Default::default() };
            let response = coordinator.call(&request).await?;
            let result = response.results.into_iter().find(|result| *result.group_id == *group);
            let result = result.ok_or_else(|| left_out(&coordinator, "DeleteGroups"))?;
            refused(&coordinator, result.error_code, result.error_message.as_deref(), "DeleteGroups")
        })
        .await
    }

    /// Asks the group's coordinator, which is looked for again where it has moved.
    async fn ask_coordinator<T, F: Future<Output = Result<T, Error>>>(
        &self,
        group: &str,
        ask: impl Fn(Connection) -> F,
    ) -> Result<T, Error> {
        let keeper = Coordinator::Group(Arc::from(group));
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let attempt = async { ask(self.cluster.coordinator(&keeper).await?).await };
            match attempts.run(attempt).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    if error.is_retriable() {
                        self.cluster.forget_coordinator(&keeper).await;
                    }
                    attempts.again(error.within(&keeper.named())).await?;
                }
            }
        }
    }
}

async fn described_consumers(coordinator: &Connection, group: &str) -> Result<GroupDescription, Error> {
    const API: &str = "ConsumerGroupDescribe";
    let request = ConsumerGroupDescribeRequest { group_ids: vec![text(group)], ..Default::default() };
    let response = coordinator.call(&request).await?;
    let described = response.groups.into_iter().find(|described| *described.group_id == *group);
    let described = described.ok_or_else(|| left_out(coordinator, API))?;
    refused(coordinator, described.error_code, described.error_message.as_deref(), API)?;
    let member = |member: consumer_group_describe::Member| GroupMemberDescription {
        member_id: member.member_id.to_string(),
        instance_id: member.instance_id.map(|id| id.to_string()),
        client_id: member.client_id.to_string(),
        host: host(&member.client_host),
        partitions: partitions(&member.assignment),
    };
    Ok(GroupDescription {
        group_id: group.to_owned(),
        group_type: "consumer".to_owned(),
        state: described.group_state.to_string(),
        assignor: described.assignor_name.to_string(),
        members: by_id(described.members.into_iter().map(member)),
    })
}

async fn described_classic(coordinator: &Connection, group: &str) -> Result<GroupDescription, Error> {
    const API: &str = "DescribeGroups";
    let request = DescribeGroupsRequest { groups: vec![text(group)], ..Default::default() };
    let response = coordinator.call(&request).await?;
    let described = response.groups.into_iter().find(|described| *described.group_id == *group);
    let described = described.ok_or_else(|| left_out(coordinator, API))?;
    refused(coordinator, described.error_code, described.error_message.as_deref(), API)?;
    // How brokers before Kafka 4.0 say that there is none.
    if &*described.group_state == "Dead" {
        refused(coordinator, ErrorCode::GROUP_ID_NOT_FOUND, None, API)?;
    }
    let member = |member: describe_groups::DescribedGroupMember| GroupMemberDescription {
        member_id: member.member_id.to_string(),
        instance_id: member.group_instance_id.map(|id| id.to_string()),
        client_id: member.client_id.to_string(),
        host: host(&member.client_host),
        partitions: consumer_protocol::read_assignment(&member.member_assignment).unwrap_or_default(),
    };
    Ok(GroupDescription {
        group_id: group.to_owned(),
        group_type: "classic".to_owned(),
        state: described.group_state.to_string(),
        assignor: described.protocol_data.to_string(),
        members: by_id(described.members.into_iter().map(member)),
    })
}

/// Whether it says that the group is none of the consumer protocol, or that the broker does not know that protocol.
fn is_another_type(error: &Error) -> bool {
    error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) || error.kind() == ErrorKind::Unsupported
}

fn by_id(members: impl Iterator<Item = GroupMemberDescription>) -> Vec<GroupMemberDescription> {
    let mut members: Vec<_> = members.collect();
    members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
    members
}

fn partitions(assignment: &consumer_group_describe::Assignment) -> Vec<TopicPartition> {
    let topics = assignment.topic_partitions.iter();
    let of = |topic: &consumer_group_describe::TopicPartitions| {
        let name: Arc<str> = Arc::from(&*topic.topic_name);
        topic.partitions.clone().into_iter().map(move |index| TopicPartition::new(Arc::clone(&name), index))
    };
    topics.flat_map(of).collect()
}

/// Brokers in Java put a slash in front.
fn host(told: &str) -> String {
    told.trim_start_matches('/').to_owned()
}

fn refused(
    coordinator: &Connection,
    code: ErrorCode,
    message: Option<&str>,
    api: &'static str,
) -> Result<(), Error> {
    accepted(code, message, api).map_err(|error| coordinator.named(error, api))
}

fn left_out(coordinator: &Connection, api: &'static str) -> Error {
    coordinator.named(Error::new(ErrorKind::Protocol, "the broker's answer leaves the group out"), api)
}
