//! DeleteTopics: removes topics by name or id, with their records and committed offsets.
//!
//! Behavior
//! - Complete at once; a Fetch that waits for records of the topic is answered that it is gone.
//!
//! Versions: 4 flexible; 5 messages; 6 topic ids.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use upsert_kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::wait::WatchKey;

impl Serve for DeleteTopicsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DeleteTopicsResponse> {
        let mut deleted = BTreeSet::new();
        let outcome = answer(self, context, |topic| delete(topic, state, context, &mut deleted));
        state.groups.forget_topics(&deleted);
        outcome
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<DeleteTopicsResponse> {
        answer(self, context, |topic| refused(topic, code))
    }
}

fn answer(
    request: &DeleteTopicsRequest,
    context: &RequestContext,
    each: impl FnMut(DeleteTopicState) -> DeletableTopicResult,
) -> Outcome<DeleteTopicsResponse> {
    let by_name = |name: &Str| DeleteTopicState { name: Some(name.clone()), ..Default::default() };
    let responses = if context.version >= 6 {
        request.topics.iter().cloned().map(each).collect()
    } else {
        request.topic_names.iter().map(by_name).map(each).collect()
    };
    Outcome::Answer(DeleteTopicsResponse { responses, ..Default::default() })
}

fn delete(
    asked: DeleteTopicState,
    state: &mut State,
    context: &RequestContext,
    deleted: &mut BTreeSet<Str>,
) -> DeletableTopicResult {
    if asked.name.is_some() == (asked.topic_id != Uuid::ZERO) {
        return refused(asked, ErrorCode::INVALID_REQUEST);
    }
    let denied = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let everything = state.may_cluster(context, AclOperation::Delete);
    let may = |operation, name: &str| everything || state.may_topic(context, operation, name);
    if asked.name.as_ref().is_some_and(|name| !may(AclOperation::Describe, name)) {
        return refused(asked, denied);
    }
    let found = state.topics.find(asked.name.as_deref().unwrap_or(""), asked.topic_id);
    let name = match found {
        Ok(topic) if !may(AclOperation::Delete, &topic.name) => {
            let name = Some(topic.name.clone()).filter(|name| may(AclOperation::Describe, name));
            return refused(DeleteTopicState { name, ..asked }, denied);
        }
        Ok(topic) => topic.name.clone(),
        Err(code) => return refused(asked, code),
    };
    if let Some(topic) = state.topics.delete(&name) {
        state
            .completed
            .extend((0..).zip(&topic.partitions).map(|(index, _)| WatchKey::Partition(topic.id, index)));
        deleted.insert(name.clone());
    }
    DeletableTopicResult { name: Some(name), topic_id: asked.topic_id, ..Default::default() }
}

fn refused(asked: DeleteTopicState, error_code: ErrorCode) -> DeletableTopicResult {
    DeletableTopicResult {
        name: asked.name,
        topic_id: asked.topic_id,
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
