//! The APIs of features that are switched off: share groups, streams groups.
//!
//! Behavior
//! - All are `UNSUPPORTED_VERSION`, as in a Kafka 4.4 whose features `share.version` and `streams.version` are
//!   at level 0: there they are advertised, and refused. ApiVersions lists none of these features.
//!
//! Versions: all that Kafka 4.4 offers.

use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;

macro_rules! switched_off {
    ($($request:ident $response:ident: $refused:expr;)*) => {$(
        impl Serve for $request {
            fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<$response> {
                self.refuse(context, ErrorCode::UNSUPPORTED_VERSION)
            }

            fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<$response> {
                let refused: fn(&Self, ErrorCode) -> $response = $refused;
                Outcome::Answer(refused(self, code))
            }
        }
    )*};
}

/// An answer that says it once.
macro_rules! once {
    ($response:ident) => {
        |_, error_code| $response {
            error_code,
            error_message: Some(Str::from_static(error_code.message())),
            ..Default::default()
        }
    };
}

/// An answer that says it for each group asked for.
macro_rules! per_group {
    ($module:ident $response:ident) => {
        |it, error_code| {
            let group = |group_id: &Str| $module::DescribedGroup {
                group_id: group_id.clone(),
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                ..Default::default()
            };
            $response { groups: it.group_ids.iter().map(group).collect(), ..Default::default() }
        }
    };
}

/// An answer that says it for each partition asked for.
macro_rules! per_partition {
    ($module:ident $response:ident $topic:ident) => {
        |it, error_code| {
            let partition = |part: &$module::PartitionData| $module::PartitionResult {
                partition: part.partition,
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                ..Default::default()
            };
            let topics = it.topics.iter().map(|topic| $module::$topic {
                topic_id: topic.topic_id,
                partitions: topic.partitions.iter().map(partition).collect(),
                ..Default::default()
            });
            $response { results: topics.collect(), ..Default::default() }
        }
    };
}

switched_off! {
    ShareGroupHeartbeatRequest ShareGroupHeartbeatResponse: once!(ShareGroupHeartbeatResponse);
    ShareGroupDescribeRequest ShareGroupDescribeResponse:
        per_group!(share_group_describe ShareGroupDescribeResponse);
    ShareFetchRequest ShareFetchResponse: once!(ShareFetchResponse);
    ShareAcknowledgeRequest ShareAcknowledgeResponse: once!(ShareAcknowledgeResponse);
    InitializeShareGroupStateRequest InitializeShareGroupStateResponse:
        per_partition!(initialize_share_group_state InitializeShareGroupStateResponse InitializeStateResult);
    ReadShareGroupStateRequest ReadShareGroupStateResponse:
        per_partition!(read_share_group_state ReadShareGroupStateResponse ReadStateResult);
    WriteShareGroupStateRequest WriteShareGroupStateResponse:
        per_partition!(write_share_group_state WriteShareGroupStateResponse WriteStateResult);
    DeleteShareGroupStateRequest DeleteShareGroupStateResponse:
        per_partition!(delete_share_group_state DeleteShareGroupStateResponse DeleteStateResult);
    ReadShareGroupStateSummaryRequest ReadShareGroupStateSummaryResponse:
        per_partition!(read_share_group_state_summary ReadShareGroupStateSummaryResponse ReadStateSummaryResult);
    StreamsGroupHeartbeatRequest StreamsGroupHeartbeatResponse: once!(StreamsGroupHeartbeatResponse);
    StreamsGroupDescribeRequest StreamsGroupDescribeResponse:
        per_group!(streams_group_describe StreamsGroupDescribeResponse);
    DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse: |it, error_code| {
        let group = |group: &describe_share_group_offsets::DescribeShareGroupOffsetsRequestGroup| {
            describe_share_group_offsets::DescribeShareGroupOffsetsResponseGroup {
                group_id: group.group_id.clone(),
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                ..Default::default()
            }
        };
        DescribeShareGroupOffsetsResponse { groups: it.groups.iter().map(group).collect(), ..Default::default() }
    };
    AlterShareGroupOffsetsRequest AlterShareGroupOffsetsResponse: once!(AlterShareGroupOffsetsResponse);
    DeleteShareGroupOffsetsRequest DeleteShareGroupOffsetsResponse: once!(DeleteShareGroupOffsetsResponse);
    StreamsGroupTopologyDescriptionUpdateRequest StreamsGroupTopologyDescriptionUpdateResponse:
        once!(StreamsGroupTopologyDescriptionUpdateResponse);
}
