//! Static members, commits of members, and what admins ask.

use super::*;

fn static_join(member_id: &str, instance: &str) -> JoinGroupRequest {
    JoinGroupRequest { group_instance_id: Some(instance.into()), ..join(member_id) }
}

impl Script {
    /// A static member alone, stable in generation 1.
    fn instance(&mut self) -> Str {
        let peer = self.send(&static_join("", "i"), JOIN);
        let id = self.joined(peer).member_id;
        assert!(id.starts_with("i-"), "{id}");
        let peer = self.send(&sync(1, &id, &[(&*id, "all")]), SYNC);
        assert_eq!(self.synced(peer).0, NONE);
        id
    }
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    for version in [5, 8, 9] {
        let mut script = Script::new();
        let old = script.instance();
        let peer = script.send(&static_join("", "i"), version);
        let answer = script.heard::<JoinGroupRequest>(peer, version).unwrap();
        let new = answer.member_id;
        assert_ne!(new, old);
        assert_eq!((answer.error_code, answer.generation_id), (NONE, 1), "no rebalance");
        let (leader, members) = if version == 9 { (&new, 1) } else { (&old, 0) };
        assert_eq!((&answer.leader, answer.members.len()), (leader, members));
        assert_eq!(answer.skip_assignment, version == 9);
        let peer = script.send(&sync(1, &new, &[]), SYNC);
        assert_eq!(script.synced(peer), (NONE, Bytes::from_static(b"all")));
        assert_eq!(script.beat(1, &old), UNKNOWN);
        let mut request = sync(1, &old, &[]);
        request.group_instance_id = Some("i".into());
        let peer = script.send(&request, SYNC);
        assert_eq!(script.synced(peer).0, ErrorCode::FENCED_INSTANCE_ID);
    }
}

#[test]
fn a_static_member_that_joins_twice_fences_the_first() {
    let mut script = Script::new();
    script.instance();
    let other = script.member_id();
    let waits = script.send(&join(&other), JOIN);
    let first = script.send(&static_join("", "i"), JOIN);
    let answer = script.joined(first);
    assert_eq!((answer.error_code, answer.generation_id), (NONE, 2));
    script.joined(waits);
    let third = script.member_id();
    script.send(&join(&third), JOIN);
    let first = script.send(&static_join(&answer.member_id, "i"), JOIN);
    assert_eq!(script.answers(), []);
    let second = script.send(&static_join("", "i"), JOIN);
    assert_eq!(script.joined(first).error_code, ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(script.answers(), [], "the others are waited for");
    script.pass(60_000);
    assert_eq!(script.joined(second).error_code, NONE);
}

#[test]
fn a_rebalance_that_nobody_comes_to_waits_for_the_sessions_to_end() {
    let mut script = Script::new();
    let hasty = JoinGroupRequest { rebalance_timeout_ms: 0, ..static_join("", "i") };
    let peer = script.send(&hasty, JOIN);
    let id = script.joined(peer).member_id;
    let peer = script.send(&sync(1, &id, &[]), SYNC);
    script.synced(peer);
    let newcomer = script.member_id();
    let joins = script.send(&JoinGroupRequest { rebalance_timeout_ms: 0, ..join(&newcomer) }, JOIN);
    script.cluster.handle_gone(joins);
    assert_eq!(script.leave(&newcomer, None), NONE);
    let mut steps = 0;
    while let Some(due) = script.cluster.deadline() {
        let ms = (due - script.now().instant).as_millis();
        script.pass(u64::try_from(ms).unwrap());
        steps += 1;
        assert!(steps < 30, "it goes on for ever");
    }
    assert_eq!(&*script.state(), "Empty");
}

#[test]
fn a_static_member_leaves_by_its_instance_alone() {
    let mut script = Script::new();
    script.instance();
    assert_eq!(script.leave("", Some("j")), UNKNOWN);
    assert_eq!(script.leave("odd", Some("i")), ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(script.leave("", Some("i")), NONE);
    assert_eq!(&*script.state(), "Empty");
}

#[test]
fn a_member_commits_in_its_generation() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    assert_eq!(script.commit(-1, ""), NONE, "a group without members");
    let id = script.alone();
    assert_eq!(script.commit(1, &id), NONE);
    assert_eq!(script.commit(2, &id), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(script.commit(1, "odd"), UNKNOWN);
    assert_eq!(script.commit(-1, ""), UNKNOWN, "it has members now");
    let other = script.member_id();
    script.send(&join(&other), JOIN);
    assert_eq!(script.commit(1, &id), NONE, "before it joins again");
    script.send(&join(&id), JOIN);
    script.answers();
    assert_eq!(script.commit(2, &id), REBALANCE);
}

#[test]
fn a_transactions_positions_are_those_of_a_member() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let id = script.alone();
    let init = InitProducerIdRequest {
        transactional_id: Some("x".into()),
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let peer = script.send(&init, 5);
    let producer_id = script.heard::<InitProducerIdRequest>(peer, 5).unwrap().producer_id;
    let mut commit = |generation_id_or_member_epoch, member_id: &str, instance: Option<&str>| {
        let topic = txn_offset_commit::TxnOffsetCommitRequestTopic {
            name: "t".into(),
            partitions: vec![Default::default()],
            ..Default::default()
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: "x".into(),
            group_id: "g".into(),
            producer_id,
            generation_id_or_member_epoch,
            member_id: member_id.into(),
            group_instance_id: instance.map(Str::from),
            topics: vec![topic],
            ..Default::default()
        };
        let peer = script.send(&request, 5);
        script.heard::<TxnOffsetCommitRequest>(peer, 5).unwrap().topics[0].partitions[0].error_code
    };
    assert_eq!(commit(1, &id, None), NONE);
    assert_eq!(commit(-1, "", None), NONE, "who names nothing is not checked");
    assert_eq!(commit(0, &id, None), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(commit(1, "odd", None), UNKNOWN);
    assert_eq!(commit(1, &id, Some("i")), UNKNOWN);
}

#[test]
fn groups_are_described_listed_and_deleted() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let id = script.alone();
    let describe = |script: &mut Script, version| {
        let groups = ["g", "h"].map(Str::from_static).to_vec();
        let include_authorized_operations = true;
        let request = DescribeGroupsRequest { groups, include_authorized_operations, ..Default::default() };
        script.ask(&request, version).groups
    };
    let groups = describe(&mut script, 6);
    let (told, member) = (&groups[0], &groups[0].members[0]);
    assert_eq!(
        (&*told.group_state, &*told.protocol_type, &*told.protocol_data),
        ("Stable", "consumer", "range")
    );
    assert_eq!((&member.member_id, &*member.member_assignment), (&id, &b"all"[..]));
    assert_eq!(*member.member_metadata, *format!("range of {id}").as_bytes());
    assert_eq!((&*groups[1].group_state, groups[1].error_code), ("Dead", ErrorCode::GROUP_ID_NOT_FOUND));
    assert_eq!(describe(&mut script, 5)[1].error_code, NONE);

    let list = |script: &mut Script, states: &[&'static str], types: &[&'static str]| {
        let words = |words: &[&'static str]| words.iter().map(|word| Str::from_static(word)).collect();
        let request = ListGroupsRequest {
            states_filter: words(states),
            types_filter: words(types),
            ..Default::default()
        };
        script.ask(&request, 5).groups.len()
    };
    assert_eq!(list(&mut script, &[], &[]), 1);
    assert_eq!(list(&mut script, &["stable"], &["Classic"]), 1);
    assert_eq!(list(&mut script, &["Empty"], &[]), 0);
    assert_eq!(list(&mut script, &[], &["consumer"]), 0);

    let delete = |script: &mut Script| {
        let request = DeleteGroupsRequest { groups_names: vec!["g".into()], ..Default::default() };
        script.ask(&request, 2).results[0].error_code
    };
    assert_eq!(delete(&mut script), ErrorCode::NON_EMPTY_GROUP);
    script.leave(&id, None);
    assert_eq!((delete(&mut script), delete(&mut script)), (NONE, ErrorCode::GROUP_ID_NOT_FOUND));
}

#[test]
fn positions_are_deleted_where_nobody_reads() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    script.create("u", 1, &[]);
    assert_eq!(script.commit(-1, ""), NONE);
    // A subscription of version 0 to one topic, "u", without user data.
    let said = Bytes::from_static(b"\x00\x00\x00\x00\x00\x01\x00\x01u\xff\xff\xff\xff");
    let mut request = join("");
    request.protocols[0].metadata = said;
    let peer = script.send(&request, 3);
    let member = script.heard::<JoinGroupRequest>(peer, 3).unwrap().member_id;
    let delete = |script: &mut Script, topic: &'static str| {
        let part = offset_delete::OffsetDeleteRequestPartition::default();
        let topic = offset_delete::OffsetDeleteRequestTopic {
            name: topic.into(),
            partitions: vec![part],
            ..Default::default()
        };
        let request = OffsetDeleteRequest { group_id: "g".into(), topics: vec![topic], ..Default::default() };
        script.ask(&request, 0).topics.remove(0).partitions.remove(0).error_code
    };
    assert_eq!(delete(&mut script, "u"), ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC);
    assert_eq!(delete(&mut script, "v"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(script.cluster.state.groups.of("g").unwrap().offsets.all().count(), 1);
    assert_eq!(delete(&mut script, "t"), NONE);
    let group = script.cluster.state.groups.of("g").unwrap();
    assert_eq!(group.offsets.committed("t", 0), None);
    assert_eq!(script.leave(&member, None), NONE);
    assert_eq!(delete(&mut script, "u"), NONE);
}

#[test]
fn another_node_has_no_group() {
    let mut script = Script::with(BrokerConfig { nodes: 2, seed: 1, ..Default::default() });
    let coordinator = script.cluster.coordinator("g").unwrap();
    script.node = coordinator;
    let id = script.alone();
    script.node = 3 - coordinator;
    let elsewhere = ErrorCode::NOT_COORDINATOR;
    assert_eq!(script.beat(1, &id), elsewhere);
    let peer = script.send(&join(&id), JOIN);
    assert_eq!(script.joined(peer).error_code, elsewhere);
    let peer = script.send(&sync(1, &id, &[]), SYNC);
    assert_eq!(script.synced(peer).0, elsewhere);
    script.cluster.stop_node(coordinator, script.now());
    assert_eq!(script.beat(1, &id), NONE, "nothing is lost");
}

#[test]
fn a_member_whose_connection_is_gone_joins_by_another() {
    let mut script = Script::new();
    let first = script.alone();
    let second = script.member_id();
    let lost = script.send(&join(&second), JOIN);
    script.cluster.handle_gone(lost);
    let found = script.send(&join(&second), JOIN);
    let again = script.send(&join(&first), JOIN);
    assert_eq!((script.joined(found).generation_id, script.joined(again).generation_id), (2, 2));
    assert!(script.kept.is_empty());
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut script = Script::new();
    let first = script.alone();
    let unused = script.member_id();
    let again = script.send(&join(&first), JOIN);
    assert_eq!(script.answers(), [], "who has an id may come any time");
    script.pass(10_000);
    assert_eq!(script.joined(again).generation_id, 2);
    let peer = script.send(&join(&unused), JOIN);
    assert_eq!(script.joined(peer).error_code, UNKNOWN);
}
