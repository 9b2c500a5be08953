//! A consumer group of KIP-848: two members share it, one is static and comes back, both leave.

use upsert_kafka_protocol::messages::consumer_group_heartbeat::TopicPartitions;
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::leave_group::MemberIdentity;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_delete::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::OffsetFetchRequestGroup;

use super::*;

#[test]
fn a_consumer_group_answers_as_kafkas_do() {
    let Some(kafka) = Kafka::shared() else { return };
    compare(kafka, hold);
}

fn hold(it: &mut Dialogue) {
    let mut group = Members::of(it);
    group.ask_for_what_is_wrong();
    group.share();
    group.commit();
    group.meet_others();
    group.come_back();
    group.leave();
}

/// The members of a group, who speak in turn.
struct Members<'a> {
    it: &'a mut Dialogue,
    group: Str,
    topic_id: upsert_kafka_protocol::Uuid,
}

impl<'a> Members<'a> {
    fn of(it: &'a mut Dialogue) -> Self {
        let group = Str::from(unique("consumers"));
        it.coordinator_of_group(&group);
        let at_once = AlterableConfig {
            name: "consumer.assignment.interval.ms".into(),
            value: Some("0".into()),
            ..Default::default()
        };
        let resource = AlterConfigsResource {
            resource_type: GROUP,
            resource_name: group.clone(),
            configs: vec![at_once],
            ..Default::default()
        };
        // The embedded broker assigns at once, and has no settings of groups.
        it.ask(&IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() }, 1);
        let topic = MetadataRequestTopic { name: Some(it.topic.clone()), ..Default::default() };
        let topics = it.ask(&MetadataRequest { topics: Some(vec![topic]), ..Default::default() }, 12).topics;
        Self { it, group, topic_id: topics[0].topic_id }
    }

    fn beating(&self, member_id: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest {
        let (group_id, member_id) = (self.group.clone(), member_id.into());
        ConsumerGroupHeartbeatRequest { group_id, member_id, member_epoch, ..Default::default() }
    }

    fn joining(&self, member_id: &str) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec![self.it.topic.clone()]),
            topic_partitions: Some(Vec::new()),
            ..self.beating(member_id, 0)
        }
    }

    fn confirming(&self, member_id: &str, epoch: i32, partitions: &[i32]) -> ConsumerGroupHeartbeatRequest {
        let partitions = partitions.to_vec();
        let topic = TopicPartitions { topic_id: self.topic_id, partitions, ..Default::default() };
        ConsumerGroupHeartbeatRequest {
            topic_partitions: Some(vec![topic]),
            ..self.beating(member_id, epoch)
        }
    }

    /// What is said without the group's and the topic's name.
    fn words(&self, text: Option<&Str>) -> Option<String> {
        text.map(|text| text.replace(&*self.group, "GROUP").replace(&*self.it.topic, "TOPIC"))
    }

    fn beat(&mut self, what: &str, request: &ConsumerGroupHeartbeatRequest) {
        let answer = self.it.ask(request, 1);
        let words = self.words(answer.error_message.as_ref());
        let mut partitions = answer
            .assignment
            .map(|it| it.topic_partitions.into_iter().flat_map(|topic| topic.partitions).collect::<Vec<_>>());
        partitions.iter_mut().for_each(|it| it.sort_unstable());
        let of = (answer.member_id, answer.member_epoch, answer.heartbeat_interval_ms);
        self.it.note(what, (answer.error_code, words, of, partitions));
    }

    fn describe(&mut self, what: &str) {
        let groups = vec![self.group.clone()];
        let request = ConsumerGroupDescribeRequest {
            group_ids: groups,
            include_authorized_operations: true,
            ..Default::default()
        };
        let group = self.it.ask(&request, 1).groups.remove(0);
        let words = self.words(group.error_message.as_ref());
        let epochs = (group.group_epoch, group.assignment_epoch, group.authorized_operations);
        self.it.note(what, (group.error_code, words, group.group_state, epochs, group.assignor_name));
        let mut members = group.members;
        members.sort_by(|one, other| one.member_id.cmp(&other.member_id));
        for member in members {
            let had = |it: consumer_group_describe::Assignment| {
                let topics = it.topic_partitions.into_iter();
                let mut all: Vec<_> = topics.flat_map(|topic| topic.partitions).collect();
                all.sort_unstable();
                all
            };
            let has = (had(member.assignment), had(member.target_assignment));
            let names = member.subscribed_topic_names.len();
            let says = (member.instance_id, member.rack_id, names, member.subscribed_topic_regex);
            let of = (member.member_id, member.member_epoch, member.client_id, member.member_type);
            self.it.note(what, (of, has, says));
        }
    }

    fn ask_for_what_is_wrong(&mut self) {
        self.beat("no group yet", &self.beating("a", 2));
        self.beat("leaves a group that is not there", &self.beating("a", -1));
        self.describe("not there");
        let joining = self.joining("a");
        let empty = || Some(Str::default());
        let base = || joining.clone();
        for (what, request) in [
            ("no id", ConsumerGroupHeartbeatRequest { member_id: "".into(), ..base() }),
            ("no instance", ConsumerGroupHeartbeatRequest { instance_id: empty(), ..base() }),
            ("no rack", ConsumerGroupHeartbeatRequest { rack_id: empty(), ..base() }),
            ("no timeout", ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: -1, ..base() }),
            ("no partitions", ConsumerGroupHeartbeatRequest { topic_partitions: None, ..base() }),
            ("no topics", ConsumerGroupHeartbeatRequest { subscribed_topic_names: None, ..base() }),
            (
                "an assignor",
                ConsumerGroupHeartbeatRequest { server_assignor: Some("sticky".into()), ..base() },
            ),
            ("who is not static leaves for a while", self.beating("a", -2)),
            ("an epoch below all", self.beating("a", -3)),
        ] {
            self.beat(what, &request);
        }
        let regex = ConsumerGroupHeartbeatRequest { subscribed_topic_regex: Some("(".into()), ..base() };
        let code = self.it.ask(&regex, 1).error_code;
        self.it.note("a pattern", code);
        self.describe("nothing of that made a group");
    }

    fn share(&mut self) {
        self.beat("a joins", &self.joining("a"));
        self.beat("a lives", &self.beating("a", 2));
        self.beat("a is ahead", &self.beating("a", 3));
        self.beat("nobody", &self.beating("nobody", 1));
        self.describe("a alone");
        self.beat("b joins", &self.joining("b"));
        self.describe("b waits");
        self.beat("b waits", &self.beating("b", 3));
        self.beat("a is to give up one", &self.beating("a", 2));
        self.describe("a is to give up one");
        self.beat("a has both", &self.confirming("a", 2, &[0, 1]));
        self.beat("b waits still", &self.beating("b", 3));
        self.beat("a has given up one", &self.confirming("a", 2, &[0]));
        self.beat("a has not heard that", &self.confirming("a", 2, &[0]));
        self.beat("a says too much", &self.confirming("a", 2, &[0, 1]));
        self.beat("b is given one", &self.beating("b", 3));
        self.describe("shared");
        let full = ConsumerGroupHeartbeatRequest {
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec![self.it.topic.clone()]),
            ..self.confirming("b", 3, &[1])
        };
        self.beat("b says everything", &full);
        self.beat("b joins again", &self.joining("b"));
    }

    fn commit(&mut self) {
        for (what, member_id, epoch, partition, version) in [
            ("a", "a", 3, 0, 9),
            ("a as it was", "a", 2, 0, 9),
            ("a as it was, of b", "a", 2, 1, 9),
            ("b as it was not", "b", 2, 1, 9),
            ("a ahead", "a", 4, 0, 9),
            ("nobody", "nobody", 3, 0, 9),
            ("no member", "", -1, 0, 9),
            ("a without epochs", "a", 3, 0, 8),
        ] {
            let part = OffsetCommitRequestPartition {
                partition_index: partition,
                committed_offset: 1,
                ..Default::default()
            };
            let topic = OffsetCommitRequestTopic {
                name: self.it.topic.clone(),
                partitions: vec![part],
                ..Default::default()
            };
            let request = OffsetCommitRequest {
                group_id: self.group.clone(),
                generation_id_or_member_epoch: epoch,
                member_id: member_id.into(),
                topics: vec![topic],
                ..Default::default()
            };
            let code = self.it.ask(&request, version).topics[0].partitions[0].error_code;
            self.it.note(&format!("commit, {what}"), code);
        }
        for (member_id, member_epoch) in [(None, -1), (Some("a"), 3), (Some("a"), 2), (Some("nobody"), 3)] {
            let (group_id, member_id) = (self.group.clone(), member_id.map(Str::from));
            let asked = OffsetFetchRequestGroup {
                group_id,
                member_id,
                member_epoch,
                topics: None,
                ..Default::default()
            };
            let request = OffsetFetchRequest { groups: vec![asked], ..Default::default() };
            let group = self.it.ask(&request, 9).groups.remove(0);
            self.it.note("fetched", (group.error_code, group.topics.len()));
        }
    }

    fn meet_others(&mut self) {
        self.list("listed");
        for version in [5, 6] {
            let groups = vec![self.group.clone()];
            let group = self
                .it
                .ask(&DescribeGroupsRequest { groups, ..Default::default() }, version)
                .groups
                .remove(0);
            let words = self.words(group.error_message.as_ref());
            self.it.note("described as classic", (group.error_code, group.group_state, words));
        }
        self.delete("deleted with members");
        let topic = OffsetDeleteRequestTopic {
            name: self.it.topic.clone(),
            partitions: vec![OffsetDeleteRequestPartition::default()],
            ..Default::default()
        };
        let group_id = self.group.clone();
        let answer =
            self.it.ask(&OffsetDeleteRequest { group_id, topics: vec![topic], ..Default::default() }, 0);
        self.it.note("offsets deleted", (answer.error_code, answer.topics[0].partitions[0].error_code));
        let beat = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: 2,
            member_id: "a".into(),
            ..Default::default()
        };
        let code = self.it.ask(&beat, 4).error_code;
        self.it.note("a classic heartbeat", code);
        self.expel("nobody leaves as a classic member", "nobody", None);
        self.expel("an instance that is not there is expelled", "", Some("i"));
    }

    fn come_back(&mut self) {
        let named = |request| ConsumerGroupHeartbeatRequest { instance_id: Some("i".into()), ..request };
        self.beat("b leaves", &self.beating("b", -1));
        self.beat("b leaves again", &self.beating("b", -1));
        self.describe("b has left");
        self.beat("a has all", &self.beating("a", 3));
        self.beat("i joins", &named(self.joining("c")));
        self.beat("a is to give up one", &self.beating("a", 4));
        self.beat("a has given it up", &self.confirming("a", 4, &[0]));
        self.beat("i has it", &named(self.beating("c", 5)));
        self.beat("another i", &named(self.joining("d")));
        self.beat("another i lives", &named(self.beating("d", 5)));
        self.beat("i leaves for a while", &named(self.beating("c", -2)));
        self.describe("i is away");
        self.beat("a has one still", &self.beating("a", 5));
        self.beat("i is back", &named(self.joining("d")));
        self.describe("i is back");
        self.beat("i as it was", &named(self.beating("c", 5)));
        self.beat("i leaves as it was", &named(self.beating("c", -1)));
        self.expel("i is expelled as it was", "c", Some("i"));
        self.expel("i is expelled", "", Some("i"));
        self.beat("i is out", &named(self.beating("d", 5)));
        self.beat("a has all again", &self.beating("a", 5));
    }

    fn leave(&mut self) {
        self.expel("a leaves as a classic member", "a", None);
        self.describe("nobody is left");
        self.list("empty");
        let id = self.join_classic("a newcomer's id", "");
        self.beat("a in a classic group", &self.beating("a", 2));
        self.join_classic("joined", &id);
        self.expel("the classic member leaves", &id, None);
        // Not sooner: a group that turns into another type is described and listed as of what its log has
        // committed, and of these answers that to a leaving is the first which waits for all that was written.
        self.describe("a classic group");
        self.beat("a joins a classic group without members", &self.joining("a"));
        self.list("a consumer group");
        self.beat("a leaves at last", &self.beating("a", -1));
        self.delete("deleted");
        self.describe("deleted");
    }

    fn list(&mut self, what: &str) {
        for kind in ["Consumer", "classic", "share"] {
            let types_filter = vec![kind.into()];
            let groups = self.it.ask(&ListGroupsRequest { types_filter, ..Default::default() }, 5).groups;
            let own = groups.into_iter().find(|it| it.group_id == self.group);
            self.it.note(what, own.map(|it| (it.protocol_type, it.group_type, it.group_state)));
        }
    }

    fn delete(&mut self, what: &str) {
        let groups_names = vec![self.group.clone()];
        let answer = self.it.ask(&DeleteGroupsRequest { groups_names, ..Default::default() }, 2);
        self.it.note(what, answer.results[0].error_code);
    }

    fn expel(&mut self, what: &str, member_id: &str, instance: Option<&str>) {
        let member = MemberIdentity {
            member_id: member_id.into(),
            group_instance_id: instance.map(Str::from),
            ..Default::default()
        };
        let group_id = self.group.clone();
        let answer =
            self.it.ask(&LeaveGroupRequest { group_id, members: vec![member], ..Default::default() }, 5);
        self.it.note(what, (answer.error_code, answer.members.first().map(|member| member.error_code)));
    }

    fn join_classic(&mut self, what: &str, member_id: &str) -> Str {
        let protocol = JoinGroupRequestProtocol {
            name: "range".into(),
            // A subscription of version 0 to no topic.
            metadata: Bytes::from_static(b"\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"),
            ..Default::default()
        };
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: 20_000,
            rebalance_timeout_ms: 20_000,
            member_id: member_id.into(),
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..Default::default()
        };
        let answer = self.it.ask(&request, 9);
        self.it.note(what, (answer.error_code, answer.generation_id));
        answer.member_id
    }
}
