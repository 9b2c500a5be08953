//! ListOffsets, and the positions of groups.

use upsert_kafka_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic,
};
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopic};

use super::*;

fn list(script: &mut Script, parts: &[(i32, i64)]) -> Vec<ListOffsetsPartitionResponse> {
    let part = |&(partition_index, timestamp): &(i32, i64)| ListOffsetsPartition {
        partition_index,
        timestamp,
        ..Default::default()
    };
    let partitions = parts.iter().map(part).collect();
    let topics = vec![ListOffsetsTopic { name: Str::from_static("t"), partitions, ..Default::default() }];
    script.ask(&ListOffsetsRequest { topics, ..Default::default() }, 11).topics.remove(0).partitions
}

#[test]
fn offsets_are_listed_by_end_and_by_time() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let one = |script: &mut Script, timestamp| {
        let part = list(script, &[(0, timestamp)]).remove(0);
        assert_eq!(part.error_code, ErrorCode::NONE);
        (part.offset, part.timestamp)
    };
    assert_eq!(one(&mut script, -3), (-1, -1), "no newest record");
    (0..2).for_each(|_| drop(script.produce("t", 0, batch(3, Stamp::NONE))));
    let cases = [
        (-1, (6, -1)),
        (-2, (0, -1)),
        (-4, (0, -1)),
        (-5, (-1, -1)),
        (-3, (2, UNIX_MS + 2)),
        (0, (0, UNIX_MS)),
        (UNIX_MS + 1, (1, UNIX_MS + 1)),
        (UNIX_MS + 3, (-1, -1)),
    ];
    for (timestamp, found) in cases {
        assert_eq!(one(&mut script, timestamp), found, "{timestamp}");
    }
}

#[test]
fn an_unknown_partition_or_time_has_no_offset() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let codes: Vec<_> = list(&mut script, &[(1, -1), (0, -99)]).iter().map(|part| part.error_code).collect();
    assert_eq!(codes, [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ErrorCode::UNSUPPORTED_VERSION]);
}

fn commit(parts: &[(i32, i64)], note: &str) -> OffsetCommitRequest {
    let part = |&(partition_index, committed_offset): &(i32, i64)| OffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        committed_metadata: Some(Str::from(note)),
        ..Default::default()
    };
    let partitions = parts.iter().map(part).collect();
    let topic = OffsetCommitRequestTopic { name: Str::from_static("t"), partitions, ..Default::default() };
    OffsetCommitRequest { group_id: Str::from_static("g"), topics: vec![topic], ..Default::default() }
}

fn codes(answer: OffsetCommitResponse) -> Vec<ErrorCode> {
    answer.topics[0].partitions.iter().map(|part| part.error_code).collect()
}

#[test]
fn a_position_is_kept_in_every_version() {
    let mut script = Script::new();
    let topic_id = script.create("t", 1, &[]).topic_id;
    for version in 2..=10 {
        let mut request = commit(&[(0, i64::from(version))], "note");
        if version == 10 {
            request.topics[0].name = Str::default();
            request.topics[0].topic_id = topic_id;
        }
        assert_eq!(codes(script.ask(&request, version)), [ErrorCode::NONE]);
        let all = OffsetFetchRequest { group_id: Str::from_static("g"), topics: None, ..Default::default() };
        let kept = script.ask(&all, 7).topics.remove(0).partitions.remove(0);
        assert_eq!((kept.committed_offset, kept.metadata.as_deref()), (i64::from(version), Some("note")));
    }
}

#[test]
fn one_groups_positions_come_back_in_the_old_versions() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    let mut request = commit(&[(0, 10)], "upsert-kafka");
    request.topics[0].partitions[0].committed_leader_epoch = 0;
    script.ask(&request, 8);
    for version in 1..=7 {
        let asked = OffsetFetchRequestTopic {
            name: Str::from_static("t"),
            partition_indexes: vec![0, 1],
            ..Default::default()
        };
        let (group_id, topics) = (Str::from_static("g"), Some(vec![asked]));
        let answer = script.ask(&OffsetFetchRequest { group_id, topics, ..Default::default() }, version);
        let parts = &answer.topics[0].partitions;
        assert_eq!((parts[0].committed_offset, parts[1].committed_offset), (10, -1));
        assert_eq!(parts[0].metadata.as_deref(), Some("upsert-kafka"));
        assert_eq!(parts[0].committed_leader_epoch, if version >= 5 { 0 } else { -1 });
    }
}

#[test]
fn several_groups_positions_come_back_in_the_new_versions() {
    let mut script = Script::new();
    let topic_id = script.create("t", 2, &[]).topic_id;
    script.ask(&commit(&[(1, 10)], ""), 8);
    for version in 8..=10 {
        let all = |id| OffsetFetchRequestGroup {
            group_id: Str::from_static(id),
            topics: None,
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![all("g"), all("h")], ..Default::default() };
        let answer = script.ask(&request, version);
        let topic = &answer.groups[0].topics[0];
        assert_eq!(topic.topic_id, if version == 10 { topic_id } else { Uuid::ZERO });
        let kept: Vec<_> =
            topic.partitions.iter().map(|part| (part.partition_index, part.committed_offset)).collect();
        assert_eq!(kept, [(1, 10)]);
        assert_eq!(answer.groups[1].topics, []);
    }
}

#[test]
fn a_commit_that_cannot_be_kept_says_why() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let (none, unknown) = (ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(codes(script.ask(&commit(&[(0, 5), (1, 5)], ""), 8)), [none, unknown]);
    let noted = commit(&[(0, 6)], &"x".repeat(4097));
    assert_eq!(codes(script.ask(&noted, 8)), [ErrorCode::OFFSET_METADATA_TOO_LARGE]);
    let member = OffsetCommitRequest { generation_id_or_member_epoch: 3, ..commit(&[(0, 7)], "") };
    assert_eq!(codes(script.ask(&member, 8)), [ErrorCode::UNKNOWN_MEMBER_ID]);
    let nobody = OffsetCommitRequest { group_id: "new".into(), ..member };
    assert_eq!(codes(script.ask(&nobody, 8)), [ErrorCode::ILLEGAL_GENERATION]);
    assert_eq!(codes(script.ask(&nobody, 9)), [ErrorCode::GROUP_ID_NOT_FOUND]);
}

#[test]
fn a_group_has_its_coordinator_here() {
    let mut script = Script::with(BrokerConfig { advertised_port: 9, ..Default::default() });
    for version in 0..=3 {
        let request = FindCoordinatorRequest { key: Str::from_static("g"), ..Default::default() };
        let answer = script.ask(&request, version);
        assert_eq!((answer.error_code, answer.node_id, answer.port), (ErrorCode::NONE, 1, 9));
    }
    for version in 4..=6 {
        let coordinator_keys = ["g", "h"].map(Str::from_static).to_vec();
        let answer = script.ask(&FindCoordinatorRequest { coordinator_keys, ..Default::default() }, version);
        let found: Vec<_> =
            answer.coordinators.iter().map(|one| (&*one.key, one.node_id, one.port)).collect();
        assert_eq!(found, [("g", 1, 9), ("h", 1, 9)]);
    }
}

#[test]
fn a_transaction_has_a_coordinator_and_a_share_group_has_none() {
    let mut script = Script::new();
    let of = |key_type| FindCoordinatorRequest { key: "x".into(), key_type, ..Default::default() };
    let answer = script.ask(&of(1), 3);
    assert_eq!((answer.error_code, answer.node_id), (ErrorCode::NONE, 1));
    let answer = script.ask(&of(2), 3);
    assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_VERSION);
    assert!(answer.error_message.unwrap().contains("transactions only"));
}
