//! CreatePartitions: gives topics more partitions.
//!
//! Behavior
//! - Counts and assignments are checked as Kafka does; every node holds the new partitions, and the first broker of
//!   an assignment leads.
//! - A request may ask for 10,000 new partitions, as in Kafka; and the broker keeps no more than its configuration says.
//! - Complete at once: the timeout does not matter.
//!
//! Versions: 2 flexible; 3 `THROTTLING_QUOTA_EXCEEDED`, which is never told.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::create_partitions::{
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use upsert_kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::create_topics::{PARTITIONS_MAX, leader_among};
use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::nodes::Nodes;
use crate::state::{Refusal, State};

impl Serve for CreatePartitionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<CreatePartitionsResponse> {
        if wanted(self, state) > PARTITIONS_MAX {
            let words = "Excessively large number of partitions per request.";
            return refused_all(self, ErrorCode::POLICY_VIOLATION, words);
        }
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        self.topics.iter().for_each(|topic| *times.entry(&topic.name).or_default() += 1);
        let one = |topic: &CreatePartitionsTopic| match times.remove(&*topic.name)? {
            1 if !state.may_topic(context, AclOperation::Alter, &topic.name) => {
                Some(result(topic, Some(Refusal::new(ErrorCode::TOPIC_AUTHORIZATION_FAILED, ""))))
            }
            1 => Some(result(topic, create(topic, self.validate_only, state).err())),
            // It is answered once.
            _ => {
                let refusal = Refusal::new(ErrorCode::INVALID_REQUEST, "Duplicate topic name.");
                Some(result(topic, Some(refusal)))
            }
        };
        let results = self.topics.iter().filter_map(one).collect();
        Outcome::Answer(CreatePartitionsResponse { results, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<CreatePartitionsResponse> {
        refused_all(self, code, code.message())
    }
}

fn refused_all(
    request: &CreatePartitionsRequest,
    code: ErrorCode,
    words: &'static str,
) -> Outcome<CreatePartitionsResponse> {
    let one = |topic: &CreatePartitionsTopic| result(topic, Some(Refusal::new(code, words)));
    let results = request.topics.iter().map(one).collect();
    Outcome::Answer(CreatePartitionsResponse { results, ..Default::default() })
}

/// How many new partitions all its topics would have.
fn wanted(request: &CreatePartitionsRequest, state: &State) -> usize {
    let of = |topic: &CreatePartitionsTopic| {
        let present = state.topics.by_name(&topic.name)?.partitions.len();
        Some(usize::try_from(topic.count).unwrap_or(0).saturating_sub(present))
    };
    request.topics.iter().filter_map(of).fold(0, usize::saturating_add)
}

fn result(topic: &CreatePartitionsTopic, refusal: Option<Refusal>) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult {
        name: topic.name.clone(),
        error_code: refusal.as_ref().map_or(ErrorCode::NONE, |refusal| refusal.code),
        error_message: refusal.map(|it| Str::from(it.message)).filter(|message| !message.is_empty()),
        ..Default::default()
    }
}

fn create(asked: &CreatePartitionsTopic, validate_only: bool, state: &mut State) -> Result<(), Refusal> {
    let State { topics, nodes, .. } = state;
    let unknown = || Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "");
    let topic = topics.by_name(&asked.name).ok_or_else(unknown)?;
    let leaders = leaders(asked, topic.partitions.len(), nodes)?;
    topics.check_room(0, leaders.len())?;
    if !validate_only {
        topics.add_partitions(&asked.name, &leaders);
    }
    Ok(())
}

/// Who leads each of the new partitions.
fn leaders(
    asked: &CreatePartitionsTopic,
    present: usize,
    nodes: &Nodes,
) -> Result<Vec<Option<i32>>, Refusal> {
    let present = i32::try_from(present).unwrap_or(i32::MAX);
    let added = check_count(asked, present)?;
    let Some(assignments) = &asked.assignments else {
        return Ok((present..asked.count).map(|index| nodes.leader_of(index)).collect());
    };
    if assignments.len() != added {
        let message = format!(
            "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
            assignments.len()
        );
        return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    }
    assignments.iter().map(|assignment| leader_among(&assignment.broker_ids, nodes)).collect()
}

/// How many are to be added.
fn check_count(asked: &CreatePartitionsTopic, present: i32) -> Result<usize, Refusal> {
    let message = match asked.count {
        count if count == present => format!("Topic already has {present} partition(s)."),
        count if count < present => format!(
            "The topic {} currently has {present} partition(s); {count} would not be an increase.",
            asked.name
        ),
        count => return Ok(usize::try_from(count - present).unwrap_or(0)),
    };
    Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message))
}
