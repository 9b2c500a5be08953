//! Who gets what, by each assignor.

use std::collections::BTreeMap;

use upsert_kafka_protocol::Str;

use super::*;
use crate::TopicPartition;

/// A member and the topics that it wants.
fn member(id: &'static str, topics: &[&'static str]) -> GroupMember {
    let said = MemberSubscription {
        topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
        owned: Vec::new(),
        generation: -1,
        rack: None,
        user_data: None,
    };
    GroupMember { member_id: Str::from(id), instance_id: None, said }
}

fn with(member: GroupMember, owned: &[(&str, i32)], generation: i32) -> GroupMember {
    let owned = owned.iter().map(|(topic, index)| TopicPartition::new(*topic, *index)).collect();
    GroupMember { said: MemberSubscription { owned, generation, ..member.said }, ..member }
}

fn counts(topics: &[(&str, i32)]) -> HashMap<Arc<str>, i32> {
    topics.iter().map(|(topic, count)| (Arc::from(*topic), *count)).collect()
}

/// `a: t0-0 t0-1 | b: …`, in the order of the ids.
fn shown(assignment: &GroupAssignment) -> String {
    let member = |(id, partitions): (&Str, &Vec<TopicPartition>)| {
        let partitions: Vec<_> = partitions.iter().map(TopicPartition::to_string).collect();
        format!("{id}: {}", partitions.join(" "))
    };
    assignment.iter().map(member).collect::<Vec<_>>().join(" | ")
}

// The examples of Java's documentation of RangeAssignor and RoundRobinAssignor.

#[test]
fn range_gives_neighbours_topic_by_topic() {
    let members = [member("C0", &["t0", "t1"]), member("C1", &["t0", "t1"])];
    let assignment = Assignor::Range.assign(&members, &counts(&[("t0", 3), ("t1", 3)]));
    assert_eq!(shown(&assignment), "C0: t0-0 t0-1 t1-0 t1-1 | C1: t0-2 t1-2");
}

#[test]
fn round_robin_gives_in_turns() {
    let members = [member("C0", &["t0", "t1"]), member("C1", &["t0", "t1"])];
    let assignment = Assignor::RoundRobin.assign(&members, &counts(&[("t0", 3), ("t1", 3)]));
    assert_eq!(shown(&assignment), "C0: t0-0 t0-2 t1-1 | C1: t0-1 t1-0 t1-2");
}

#[test]
fn round_robin_passes_over_who_does_not_want_a_topic() {
    let members = [member("C0", &["t0"]), member("C1", &["t0", "t1"]), member("C2", &["t0", "t1", "t2"])];
    let assignment = Assignor::RoundRobin.assign(&members, &counts(&[("t0", 1), ("t1", 2), ("t2", 3)]));
    assert_eq!(shown(&assignment), "C0: t0-0 | C1: t1-0 | C2: t1-1 t2-0 t2-1 t2-2");
}

#[test]
fn static_members_come_first_in_the_order_of_their_names() {
    let named = |id, instance| GroupMember { instance_id: Some(Str::from(instance)), ..member(id, &["t"]) };
    let members = [member("a", &["t"]), named("z", "i1"), named("b", "i2")];
    let assignment = Assignor::Range.assign(&members, &counts(&[("t", 4)]));
    assert_eq!(shown(&assignment), "a: t-3 | b: t-2 | z: t-0 t-1");
}

#[test]
fn a_topic_that_does_not_exist_is_nobodys() {
    for assignor in Assignor::ALL {
        let assignment = assignor.assign(&[member("a", &["t", "gone"])], &counts(&[("t", 1)]));
        assert_eq!(shown(&assignment), "a: t-0", "{assignor}");
    }
}

#[test]
fn sticky_moves_no_more_than_a_newcomer_needs() {
    let members = [
        with(member("a", &["t"]), &[("t", 0), ("t", 2), ("t", 4)], 3),
        with(member("b", &["t"]), &[("t", 1), ("t", 3), ("t", 5)], 3),
        member("c", &["t"]),
    ];
    let counts = counts(&[("t", 6)]);
    assert_eq!(shown(&Assignor::Sticky.assign(&members, &counts)), "a: t-0 t-2 | b: t-1 t-3 | c: t-4 t-5");
    // First they let go; the newcomer gets its share when they join again.
    let cooperative = Assignor::CooperativeSticky;
    assert_eq!(shown(&cooperative.assign(&members, &counts)), "a: t-0 t-2 | b: t-1 t-3 | c: ");
    let next = [
        with(member("a", &["t"]), &[("t", 0), ("t", 2)], 4),
        with(member("b", &["t"]), &[("t", 1), ("t", 3)], 4),
        member("c", &["t"]),
    ];
    assert_eq!(shown(&cooperative.assign(&next, &counts)), "a: t-0 t-2 | b: t-1 t-3 | c: t-4 t-5");
}

#[test]
fn of_two_that_claim_a_partition_the_later_generation_has_it_and_of_equals_neither() {
    let counts = counts(&[("t", 2)]);
    let later =
        [with(member("a", &["t"]), &[("t", 0)], 4), with(member("b", &["t"]), &[("t", 0), ("t", 1)], 5)];
    assert_eq!(shown(&Assignor::Sticky.assign(&later, &counts)), "a: t-1 | b: t-0");
    let equal = [with(member("a", &["t"]), &[("t", 0)], 5), with(member("b", &["t"]), &[("t", 0)], 5)];
    assert_eq!(shown(&Assignor::CooperativeSticky.assign(&equal, &counts)), "a:  | b: t-1");
}

/// Any members with any topics: what can be given is given once, to one who wants it, as evenly as one move can tell.
#[test]
fn sticky_is_even_and_complete_whatever_members_want_and_have() {
    let mut chance = crate::retry::Chance::seeded(11);
    let names = ["a", "b", "c", "d", "e", "f"];
    let topics = ["t0", "t1", "t2", "t3"];
    for round in 0..500 {
        let mut draw = |max: usize| (chance.draw() * max as f64) as usize;
        let counts = counts(&topics.map(|topic| (topic, draw(9) as i32)));
        let mut members = Vec::new();
        for name in &names[..1 + draw(names.len())] {
            let wants: Vec<&str> = topics.into_iter().filter(|_| draw(3) > 0).collect();
            let owned: Vec<(&str, i32)> = (0..draw(8)).map(|_| (topics[draw(4)], draw(10) as i32)).collect();
            members.push(with(member(name, &wants), &owned, draw(3) as i32));
        }
        let assignment = Assignor::Sticky.assign(&members, &counts);
        check(&members, &counts, &assignment, round);
        let again: Vec<_> = members
            .iter()
            .map(|member| GroupMember {
                said: MemberSubscription {
                    owned: assignment[&member.member_id].clone(),
                    generation: 9,
                    ..member.said.clone()
                },
                ..member.clone()
            })
            .collect();
        assert_eq!(
            Assignor::Sticky.assign(&again, &counts),
            assignment,
            "round {round}: nothing moves without a reason"
        );
        assert_eq!(Assignor::CooperativeSticky.assign(&again, &counts), assignment, "round {round}");
    }
}

fn check(
    members: &[GroupMember],
    counts: &HashMap<Arc<str>, i32>,
    assignment: &GroupAssignment,
    round: usize,
) {
    let mut owners: BTreeMap<&TopicPartition, &Str> = BTreeMap::new();
    for member in members {
        for of in &assignment[&member.member_id] {
            assert!(member.said.topics.contains(&of.topic), "round {round}: {of} is not wanted");
            assert!(owners.insert(of, &member.member_id).is_none(), "round {round}: {of} is given twice");
        }
    }
    for (topic, count) in counts {
        let is_wanted = members.iter().any(|member| member.said.topics.contains(topic));
        let given = owners.keys().filter(|of| of.topic == *topic).count();
        assert_eq!(given, if is_wanted { *count as usize } else { 0 }, "round {round}: {topic}");
    }
    for rich in members {
        for poor in members {
            let (much, little) = (&assignment[&rich.member_id], &assignment[&poor.member_id]);
            let could_take = much.iter().any(|of| poor.said.topics.contains(&of.topic));
            assert!(
                !could_take || much.len() <= little.len() + 1,
                "round {round}: {} and {}",
                much.len(),
                little.len()
            );
        }
    }
}
