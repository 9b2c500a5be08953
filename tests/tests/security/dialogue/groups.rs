//! What ACLs deny of groups and their offsets.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_delete::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use upsert_kafka_protocol::messages::*;

use super::frames::{Client, PATIENCE};
use super::{Interview, sorted};

pub(crate) async fn hold(it: &mut Interview, alice: &mut Client<TcpStream>) {
    for name in ["closed", "read"] {
        let group = it.name(name);
        let request = FindCoordinatorRequest { coordinator_keys: vec![group.clone()], ..Default::default() };
        let begun = Instant::now();
        let code = loop {
            let code = alice.ask(&request, 4).await.coordinators[0].error_code;
            if code != ErrorCode::COORDINATOR_NOT_AVAILABLE || begun.elapsed() > PATIENCE {
                break code;
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("find {name}"), code);
        let request = HeartbeatRequest { group_id: group.clone(), ..Default::default() };
        let code = loop {
            let code = alice.ask(&request, 4).await.error_code;
            let early = matches!(
                code,
                // Kafka answers so while it loads the group.
                ErrorCode::NONE | ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            );
            if !early || begun.elapsed() > PATIENCE {
                break code;
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("heartbeat {name}"), code);
        offsets(it, alice, name).await;
        described(it, alice, name).await;
    }
    let run = it.run.clone();
    let listed = alice.ask(&ListGroupsRequest::default(), 5).await;
    let mine: Vec<_> =
        listed.groups.iter().map(|it| it.group_id.clone()).filter(|it| it.ends_with(&run)).collect();
    it.note("groups", (listed.error_code, mine));
}

const ASKED: [&str; 4] = ["read", "write", "closed", "begins-with"];

async fn offsets(it: &mut Interview, alice: &mut Client<TcpStream>, name: &str) {
    let (group, topics) = (it.name(name), ASKED);
    let part = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
    let topic = |name: &&str| OffsetCommitRequestTopic {
        name: it.name(name),
        partitions: vec![part.clone()],
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.clone(),
        generation_id_or_member_epoch: -1,
        topics: topics.iter().map(topic).collect(),
        ..Default::default()
    };
    let told = alice.ask(&request, 8).await.topics;
    let told: Vec<_> = told.iter().map(|it| (it.name.clone(), it.partitions[0].error_code)).collect();
    it.note(&format!("commit {name}"), sorted(told));
    let topic = |name: &&str| OffsetFetchRequestTopics {
        name: it.name(name),
        partition_indexes: vec![0],
        ..Default::default()
    };
    let asked = OffsetFetchRequestGroup {
        group_id: group.clone(),
        topics: Some(topics.iter().map(topic).collect()),
        ..Default::default()
    };
    let told = alice
        .ask(&OffsetFetchRequest { groups: vec![asked], ..Default::default() }, 8)
        .await
        .groups
        .remove(0);
    let parts: Vec<_> = told
        .topics
        .iter()
        .map(|it| (it.name.clone(), it.partitions[0].error_code, it.partitions[0].committed_offset))
        .collect();
    it.note(&format!("fetch offsets {name}"), (told.error_code, sorted(parts)));
}

async fn described(it: &mut Interview, alice: &mut Client<TcpStream>, name: &str) {
    let (group, topics) = (it.name(name), ASKED);
    let request = DescribeGroupsRequest {
        groups: vec![group.clone()],
        include_authorized_operations: true,
        ..Default::default()
    };
    let told = alice.ask(&request, 5).await.groups.remove(0);
    it.note(&format!("describe group {name}"), (told.error_code, told.authorized_operations));
    let topic = |name: &&str| OffsetDeleteRequestTopic {
        name: it.name(name),
        partitions: vec![OffsetDeleteRequestPartition::default()],
        ..Default::default()
    };
    let request = OffsetDeleteRequest {
        group_id: group.clone(),
        topics: topics.iter().map(topic).collect(),
        ..Default::default()
    };
    it.note(&format!("delete offsets {name}"), alice.ask(&request, 0).await.error_code);
    let request = DeleteGroupsRequest { groups_names: vec![group], ..Default::default() };
    it.note(&format!("delete group {name}"), alice.ask(&request, 2).await.results[0].error_code);
}
