//! What Kafka's own assignors make of the same groups: `vectors.jsonl` is what those of Apache Kafka 4.4.0 answered, to
//! whom members and topics were given in the order of their ids.

use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("vectors.jsonl");

#[test]
fn targets_are_those_of_kafka() {
    let mut told = [0, 0, 0];
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let members = vector["members"].as_array().unwrap();
        let before: Vec<_> = members.iter().map(|member| partitions(&member["before"])).collect();
        let after: Vec<_> = members.iter().map(|member| partitions(&member["after"])).collect();
        let spec = |(member, target)| spec(member, target);
        let members: Vec<_> = members.iter().zip(&before).map(spec).collect();
        let subscribed = |id: &Uuid| members.iter().any(|member| member.topics.contains(id));
        let counts = vector["partitions"].as_object().unwrap().iter();
        let counts = counts.map(|(id, count)| (uuid(id.parse().unwrap()), number(count)));
        let partitions = counts.filter(|(id, _)| subscribed(id)).collect();
        let homogeneous = vector["homogeneous"].as_bool().unwrap();
        let group = GroupSpec { members, partitions, homogeneous };
        let assignor = Assignor::by_name(vector["assignor"].as_str().unwrap()).unwrap();
        assert_eq!(assignor.assign(&group), after, "{line}");
        told[if assignor == Assignor::Range { 2 } else { usize::from(homogeneous) }] += 1;
    }
    assert!(told.iter().all(|count| *count > 20), "{told:?}");
}

fn spec<'a>(member: &'a Value, target: &'a Partitions) -> MemberSpec<'a> {
    MemberSpec {
        id: member["id"].as_str().unwrap(),
        instance: member["instance"].as_str(),
        topics: member["topics"].as_array().unwrap().iter().map(|id| uuid(number(id))).collect(),
        target,
    }
}

fn partitions(value: &Value) -> Partitions {
    let topics = value.as_object().unwrap().iter();
    let indexes = |them: &Value| them.as_array().unwrap().iter().map(number).collect();
    topics.map(|(id, them)| (uuid(id.parse().unwrap()), indexes(them))).collect()
}

fn number(value: &Value) -> i32 {
    i32::try_from(value.as_i64().unwrap()).unwrap()
}

fn uuid(number: i32) -> Uuid {
    Uuid(u128::try_from(number).unwrap().to_be_bytes())
}
