//! ListGroups: the groups that the node coordinates.
//!
//! Behavior
//! - Types are `classic` and `consumer`. Words that no state or type bears filter everything out.
//!
//! Versions: 3 flexible; 4 states; 5 types.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::list_groups::ListedGroup;
use upsert_kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::group::Group;

impl Serve for ListGroupsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ListGroupsResponse> {
        let words =
            |words: &[Str]| words.iter().map(|word| word.to_ascii_lowercase()).collect::<BTreeSet<_>>();
        let (states, types) = (words(&self.states_filter), words(&self.types_filter));
        let named = |words: &BTreeSet<String>, name: &str| {
            words.is_empty() || words.contains(&name.to_ascii_lowercase())
        };
        let everyone = state.may_cluster(context, AclOperation::Describe);
        let asked = |(id, group): &(&Str, &Group)| {
            (everyone || state.may(context, AclOperation::Describe, AclResource::Group, id))
                && state.nodes.coordinates(context.node, id)
                && named(&states, group.state_name())
                && named(&types, group.type_name())
        };
        let listed = |(id, group): (&Str, &Group)| ListedGroup {
            group_id: id.clone(),
            protocol_type: group.protocol_type(),
            group_state: Str::from_static(group.state_name()),
            group_type: Str::from_static(group.type_name()),
            ..Default::default()
        };
        let groups = state.groups.iter().filter(asked).map(listed).collect();
        Outcome::Answer(ListGroupsResponse { groups, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<ListGroupsResponse> {
        Outcome::Answer(ListGroupsResponse { error_code, ..Default::default() })
    }
}
