//! A log that lost records under another leader (KIP-320), against a peer that tells of it.

use std::sync::atomic::{AtomicBool, Ordering};

use upsert_kafka_protocol::messages::metadata::MetadataResponsePartition;
use upsert_kafka_protocol::messages::offset_for_leader_epoch::{EpochEndOffset, OffsetForLeaderTopicResult};
use upsert_kafka_protocol::messages::{
    MetadataRequest, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use super::*;
use crate::peer::metadata;

/// The log of epoch 5 held this many records; of those, two are left when epoch 6 begins.
const WAS: i64 = 4;
const LEFT: i64 = 2;

/// A peer that leads in epoch 5 until everything was read, and then in epoch 6 with a shorter log.
async fn truncated() -> Peer {
    let is_truncated = AtomicBool::new(false);
    Peer::at(move |at| {
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => {
                let request: FetchRequest = ask.read();
                let asked = &request.topics[0].partitions[0];
                if asked.current_leader_epoch == 6 {
                    return log(ask, LEFT + 1);
                }
                if asked.fetch_offset == WAS {
                    is_truncated.store(true, Ordering::SeqCst);
                    let error_code = ErrorCode::FENCED_LEADER_EPOCH;
                    return fetched(ask, |_, _| PartitionData { error_code, ..Default::default() });
                }
                log(ask, WAS)
            }
            OffsetForLeaderEpochRequest::KEY => epoch_end(ask),
            MetadataRequest::KEY if is_truncated.load(Ordering::SeqCst) => led_anew(ask, &at),
            _ => ask.introduce(&at, &[("orders", 1)]).unwrap(),
        }
    })
    .await
}

fn led_anew(ask: &Ask, at: &Address) -> Reply {
    let mut told = metadata(at, &[("orders", 1)]);
    let lead = |partition: &mut MetadataResponsePartition| partition.leader_epoch = 6;
    told.topics.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(lead);
    ask.answer(&told)
}

/// The leader of epoch 6 has two records of epoch 5.
fn epoch_end(ask: &Ask) -> Reply {
    let request: OffsetForLeaderEpochRequest = ask.read();
    let asked = &request.topics[0].partitions[0];
    assert_eq!((request.replica_id, asked.current_leader_epoch, asked.leader_epoch), (-1, 6, 5));
    let end = EpochEndOffset { leader_epoch: 5, end_offset: LEFT, ..Default::default() };
    let topic = request.topics[0].topic.clone();
    let topics = vec![OffsetForLeaderTopicResult { topic, partitions: vec![end], ..Default::default() }];
    ask.answer(&OffsetForLeaderEpochResponse { topics, ..Default::default() })
}

#[tokio::test]
async fn reading_goes_on_where_the_log_diverges_and_that_is_told() {
    let peer = truncated().await;
    let config = peer.config().with(|it| it.auto_offset_reset = OffsetReset::Latest);
    let mut consumer = consumer(config, Position::Offset(0)).await;
    values_up_to(&mut consumer, WAS).await;
    let fetched = consumer.poll().await.unwrap();
    let [reset] = fetched.resets() else { panic!("{:?}", fetched.resets()) };
    assert_eq!((reset.old_position, reset.new_position), (Some(WAS), LEFT));
    assert_eq!(reset.cause, ResetCause::LogTruncated { divergent_offset: Some(LEFT) });
    let offsets: Vec<i64> = (&fetched).into_iter().map(|record| record.unwrap().offset).collect();
    assert_eq!(offsets, [LEFT], "what the new leader wrote there is read");
}

#[tokio::test]
async fn without_a_policy_the_caller_decides() {
    let peer = truncated().await;
    let config = peer.config().with(|it| it.auto_offset_reset = OffsetReset::None);
    let mut consumer = consumer(config, Position::Offset(0)).await;
    values_up_to(&mut consumer, WAS).await;
    let error = consumer.poll().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::LogTruncation);
    let text = error.to_string();
    assert!(text.contains("topic orders, partition 0") && text.contains("at offset 2"), "{text}");
    consumer.seek(&of(0), Position::Offset(LEFT)).unwrap();
    let fetched = consumer.poll().await.unwrap();
    assert_eq!((&fetched).into_iter().map(|record| record.unwrap().offset).collect::<Vec<_>>(), [LEFT]);
}
