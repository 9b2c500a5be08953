//! WriteTxnMarkers: ends a transaction in partitions, as coordinators do, and administrators for one that hangs.
//!
//! Behavior
//! - Every client may ask for a marker, as in a Kafka without ACLs. The coordinator's state of the transaction stays as it
//!   is.
//! - A node that does not lead the partition answers `NOT_LEADER_OR_FOLLOWER`; an epoch older than the producer's is `INVALID_PRODUCER_EPOCH`.
//!
//! Versions: 1 flexible; 2 which version of transactions it is (KIP-1228), ignored.

use upsert_kafka_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopic,
    WritableTxnMarkerTopicResult,
};
use upsert_kafka_protocol::messages::{WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::state::State;
use crate::state::transaction::EndMarkers;

impl Serve for WriteTxnMarkersRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<WriteTxnMarkersResponse> {
        answer(self, |marker, topic, index| write(marker, topic, index, state, context))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<WriteTxnMarkersResponse> {
        answer(self, |_, _, _| code)
    }
}

fn answer(
    request: &WriteTxnMarkersRequest,
    mut each: impl FnMut(&WritableTxnMarker, &str, i32) -> ErrorCode,
) -> Outcome<WriteTxnMarkersResponse> {
    let mut one = |marker: &WritableTxnMarker| {
        let topic = |topic: &WritableTxnMarkerTopic| {
            let partition = |index: &i32| WritableTxnMarkerPartitionResult {
                partition_index: *index,
                error_code: each(marker, &topic.name, *index),
                ..Default::default()
            };
            let partitions = topic.partition_indexes.iter().map(partition).collect();
            WritableTxnMarkerTopicResult { name: topic.name.clone(), partitions, ..Default::default() }
        };
        let topics = marker.topics.iter().map(topic).collect();
        WritableTxnMarkerResult { producer_id: marker.producer_id, topics, ..Default::default() }
    };
    let markers = request.markers.iter().map(&mut one).collect();
    Outcome::Answer(WriteTxnMarkersResponse { markers, ..Default::default() })
}

fn write(
    marker: &WritableTxnMarker,
    topic: &str,
    index: i32,
    state: &mut State,
    context: &RequestContext,
) -> ErrorCode {
    let partition = state.topics.find(topic, Uuid::ZERO).and_then(|topic| topic.partition(index));
    let partition = match partition {
        Ok(partition) => partition,
        Err(code) => return code,
    };
    if let Err(code) = partition.check_leader(context.node, -1) {
        return code;
    }
    let known = partition.producers.iter().find(|(id, _)| *id == marker.producer_id);
    if known.is_some_and(|(_, entry)| marker.producer_epoch < entry.epoch) {
        return ErrorCode::INVALID_PRODUCER_EPOCH;
    }
    let markers = EndMarkers {
        producer_id: marker.producer_id,
        epoch: marker.producer_epoch,
        committed: marker.transaction_result,
        participants: std::collections::BTreeSet::new(),
    };
    state.write_marker(&markers, topic, index, context.now);
    ErrorCode::NONE
}
