//! A Produce request from batches, and the answer back to them.

use std::sync::Arc;

use upsert_kafka_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::dispatch::{OutgoingBatches, SentBatch};
use super::verdict::BatchAnswer;
use crate::cluster::Metadata;
use crate::config::Acks;
use crate::{Error, ErrorKind};

/// The first version that names topics by their ids.
pub(super) const TOPIC_IDS: i16 = 13;

/// The version to use at most: without an id for each topic, names it must be.
pub(super) fn version_max(outgoing: &OutgoingBatches, metadata: &Metadata) -> i16 {
    let known = |sent: &SentBatch| topic_id(metadata, &sent.partition.topic) != Uuid::default();
    let by_topics = if outgoing.batches.iter().all(known) { i16::MAX } else { TOPIC_IDS - 1 };
    outgoing
        .transaction
        .as_ref()
        .map_or(by_topics, |(_, protocol)| protocol.produce_version_max().min(by_topics))
}

/// The batches in wire form; they are lent, not copied.
pub(super) fn request(
    outgoing: &OutgoingBatches,
    metadata: &Metadata,
    acks: Acks,
    timeout_ms: i32,
) -> ProduceRequest {
    let partition = |sent: &SentBatch| PartitionProduceData {
        index: sent.partition.index,
        records: Some(sent.batch.bytes.clone()),
        ..Default::default()
    };
    let topics = outgoing.batches.chunk_by(|a, b| a.partition.topic == b.partition.topic);
    let topic_data = topics.map(|batches| {
        let name = &batches[0].partition.topic;
        TopicProduceData {
            name: Str::from(&**name),
            topic_id: topic_id(metadata, name),
            partition_data: batches.iter().map(partition).collect(),
            ..Default::default()
        }
    });
    ProduceRequest {
        transactional_id: outgoing.transaction.as_ref().map(|(id, _)| Str::from(&**id)),
        acks: match acks {
            Acks::All => -1,
            Acks::Leader => 1,
            Acks::None => 0,
        },
        timeout_ms,
        topic_data: topic_data.collect(),
        ..Default::default()
    }
}

/// What the broker says of each batch, in the order of the request.
pub(super) fn answers(
    request: &ProduceRequest,
    version: i16,
    response: &ProduceResponse,
) -> Vec<BatchAnswer> {
    let mut answers = Vec::new();
    for (at, topic) in request.topic_data.iter().enumerate() {
        let answered = topic_response(topic, at, version, response);
        let answered = answered.map_or(&[][..], |answered| &answered.partition_responses);
        for (at, partition) in topic.partition_data.iter().enumerate() {
            let answered = find(answered, at, |answered| answered.index == partition.index);
            answers.push(answered.map_or_else(left_out, answer));
        }
    }
    answers
}

/// Leaders that the broker named where it is not the one (KIP-951): topic, partition, leader, epoch.
pub(super) fn leader_hints(
    request: &ProduceRequest,
    version: i16,
    response: &ProduceResponse,
) -> Vec<(Str, i32, i32, i32)> {
    let mut hints = Vec::new();
    for (at, asked) in request.topic_data.iter().enumerate() {
        let Some(answered) = topic_response(asked, at, version, response) else { continue };
        let named = answered.partition_responses.iter().filter(|it| it.current_leader.leader_id >= 0);
        hints.extend(named.map(|it| {
            (asked.name.clone(), it.index, it.current_leader.leader_id, it.current_leader.leader_epoch)
        }));
    }
    hints
}

/// What is said of a topic, which later versions name by its id alone.
fn topic_response<'a>(
    asked: &TopicProduceData,
    at: usize,
    version: i16,
    response: &'a ProduceResponse,
) -> Option<&'a TopicProduceResponse> {
    find(&response.responses, at, |answered| match version {
        TOPIC_IDS.. => answered.topic_id == asked.topic_id,
        _ => answered.name == asked.name,
    })
}

/// Brokers answer in the order of the request; one that does not is understood too.
fn find<T>(answered: &[T], expected: usize, same: impl Fn(&&T) -> bool) -> Option<&T> {
    answered.get(expected).filter(&same).or_else(|| answered.iter().find(same))
}

fn answer(answered: &PartitionProduceResponse) -> BatchAnswer {
    match answered.error_code {
        // The second means: written by an earlier attempt, too long ago to say where.
        ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER => BatchAnswer::Written {
            base_offset: if answered.error_code.is_none() { answered.base_offset } else { -1 },
            log_append_time_ms: Some(answered.log_append_time_ms).filter(|time| *time >= 0),
        },
        code => refused(code, answered),
    }
}

fn refused(code: ErrorCode, answered: &PartitionProduceResponse) -> BatchAnswer {
    let said = |message: Option<&Str>| Error::refused(code, "Produce", message.map(|message| &**message));
    let records: Vec<_> = answered
        .record_errors
        .iter()
        .filter_map(|it| {
            let message = it.batch_index_error_message.as_ref().or(answered.error_message.as_ref());
            Some((u32::try_from(it.batch_index).ok()?, said(message)))
        })
        .collect();
    if records.is_empty() {
        return BatchAnswer::Refused { error: said(answered.error_message.as_ref()), records };
    }
    let error = Error::from_code(code, "Produce")
        .within("not written, since another record of its batch was refused");
    BatchAnswer::Refused { error, records }
}

fn left_out() -> BatchAnswer {
    let sentence = "the broker's answer leaves this partition out";
    BatchAnswer::Lost(Error::new(ErrorKind::Protocol, sentence).with_api("Produce").with_written(true))
}

fn topic_id(metadata: &Metadata, topic: &Arc<str>) -> Uuid {
    metadata.topics.get(topic).map_or_else(Uuid::default, |known| known.topic_id)
}

#[cfg(test)]
mod tests {
    use upsert_kafka_protocol::messages::produce::BatchIndexAndErrorMessage;

    use super::*;

    fn asked() -> ProduceRequest {
        let partitions = [0, 1, 2].map(|index| PartitionProduceData { index, ..Default::default() });
        let topic = |name: &'static str, id: u8| TopicProduceData {
            name: Str::from(name),
            topic_id: Uuid([id; 16]),
            partition_data: partitions.to_vec(),
            ..Default::default()
        };
        ProduceRequest { topic_data: vec![topic("a", 1), topic("b", 2)], ..Default::default() }
    }

    fn told(partitions: &[(i32, i64)], name: &'static str, id: u8) -> TopicProduceResponse {
        let partition = |&(index, base_offset): &(i32, i64)| PartitionProduceResponse {
            index,
            base_offset,
            ..Default::default()
        };
        TopicProduceResponse {
            name: Str::from(name),
            topic_id: Uuid([id; 16]),
            partition_responses: partitions.iter().map(partition).collect(),
            ..Default::default()
        }
    }

    fn offsets(answers: &[BatchAnswer]) -> Vec<Option<i64>> {
        let offset = |answer: &BatchAnswer| match answer {
            BatchAnswer::Written { base_offset, .. } => Some(*base_offset),
            _ => None,
        };
        answers.iter().map(offset).collect()
    }

    #[test]
    fn answers_find_their_batches_in_any_order() {
        let responses = vec![told(&[(2, 22), (0, 20)], "b", 2), told(&[(0, 10), (1, 11), (2, 12)], "a", 1)];
        let response = ProduceResponse { responses, ..Default::default() };
        let expected = [Some(10), Some(11), Some(12), Some(20), None, Some(22)];
        assert_eq!(offsets(&answers(&asked(), 12, &response)), expected);
        assert_eq!(offsets(&answers(&asked(), 13, &response)), expected);
        assert!(answers(&asked(), 12, &response)[4].leaves_doubt());
    }

    #[test]
    fn a_leader_that_is_named_is_heard_whether_topics_are_named_or_numbered() {
        let mut moved = told(&[(0, -1), (1, -1)], "", 2);
        (moved.partition_responses[1].current_leader.leader_id, moved.name) = (7, Str::from("b"));
        moved.partition_responses[1].current_leader.leader_epoch = 4;
        let response = ProduceResponse { responses: vec![moved], ..Default::default() };
        for version in [10, 12, 13] {
            assert_eq!(
                leader_hints(&asked(), version, &response),
                [(Str::from("b"), 1, 7, 4)],
                "version {version}"
            );
        }
    }

    #[test]
    fn an_answer_without_any_topic_leaves_all_in_doubt() {
        let all = answers(&asked(), 12, &ProduceResponse::default());
        assert!(all.len() == 6 && all.iter().all(BatchAnswer::leaves_doubt));
    }

    #[test]
    fn a_duplicate_is_written_at_an_offset_nobody_knows() {
        let told = PartitionProduceResponse {
            error_code: ErrorCode::DUPLICATE_SEQUENCE_NUMBER,
            base_offset: 7,
            ..Default::default()
        };
        assert!(matches!(answer(&told), BatchAnswer::Written { base_offset: -1, .. }));
    }

    #[test]
    fn a_refused_record_speaks_for_itself_and_its_neighbours_say_why() {
        let told = PartitionProduceResponse {
            error_code: ErrorCode::INVALID_RECORD,
            record_errors: vec![BatchIndexAndErrorMessage {
                batch_index: 1,
                batch_index_error_message: Some(Str::from(
                    "Compacted topic cannot accept message without key",
                )),
                ..Default::default()
            }],
            ..Default::default()
        };
        let BatchAnswer::Refused { error, records } = answer(&told) else { panic!("written") };
        assert!(error.to_string().contains("another record of its batch"), "{error}");
        assert_eq!(records[0].0, 1);
        assert!(records[0].1.to_string().contains("without key"), "{}", records[0].1);
        assert_eq!(records[0].1.code(), Some(ErrorCode::INVALID_RECORD));
    }
}
