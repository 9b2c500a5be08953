//! What ACLs deny of transactions.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::*;

use super::frames::{Client, PATIENCE};
use super::{Interview, sorted};

pub(crate) async fn hold(it: &mut Interview, alice: &mut Client<TcpStream>) {
    for name in ["closed", "write"] {
        let id = it.name(name);
        let request =
            FindCoordinatorRequest { coordinator_keys: vec![id.clone()], key_type: 1, ..Default::default() };
        let init = InitProducerIdRequest {
            transactional_id: Some(id.clone()),
            transaction_timeout_ms: 10_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let begun = Instant::now();
        let (found, made) = loop {
            let found = alice.ask(&request, 4).await.coordinators[0].error_code;
            let made = alice.ask(&init, 4).await;
            let early = [found, made.error_code].iter().any(|it| {
                matches!(
                    *it,
                    ErrorCode::COORDINATOR_NOT_AVAILABLE
                        | ErrorCode::NOT_COORDINATOR
                        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
                )
            });
            if !early || begun.elapsed() > PATIENCE {
                break (found, made);
            }
            sleep(Duration::from_millis(50)).await;
        };
        it.note(&format!("transaction {name}"), (found, made.error_code));
        let producer = (made.producer_id.max(0), made.producer_epoch.max(0));
        partitions(it, alice, name, producer).await;
        offsets(it, alice, name, producer).await;
        let (producer_id, producer_epoch) = producer;
        let request =
            EndTxnRequest { transactional_id: id.clone(), producer_id, producer_epoch, ..Default::default() };
        it.note(&format!("end {name}"), alice.ask(&request, 3).await.error_code);
        let request = DescribeTransactionsRequest { transactional_ids: vec![id], ..Default::default() };
        it.note(
            &format!("describe transaction {name}"),
            alice.ask(&request, 0).await.transaction_states[0].error_code,
        );
    }
    let idempotent = InitProducerIdRequest {
        transactional_id: None,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    it.note("idempotent", alice.ask(&idempotent, 4).await.error_code);
    let run = it.run.clone();
    let listed = alice.ask(&ListTransactionsRequest { duration_filter: -1, ..Default::default() }, 1).await;
    let mine: Vec<_> = listed
        .transaction_states
        .iter()
        .map(|it| it.transactional_id.clone())
        .filter(|it| it.ends_with(&run))
        .collect();
    it.note("transactions", mine);
}

/// A producer's id and epoch.
type ProducerIdentity = (i64, i16);

async fn partitions(
    it: &mut Interview,
    alice: &mut Client<TcpStream>,
    name: &str,
    (producer_id, producer_epoch): ProducerIdentity,
) {
    let id = it.name(name);
    for topics in [&["closed", "write"][..], &["write"]] {
        let topic = |name: &&str| AddPartitionsToTxnTopic {
            name: it.name(name),
            partitions: vec![0],
            ..Default::default()
        };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: id.clone(),
            v3_and_below_producer_id: producer_id,
            v3_and_below_producer_epoch: producer_epoch,
            v3_and_below_topics: topics.iter().map(topic).collect(),
            ..Default::default()
        };
        let told = alice.ask(&request, 3).await.results_by_topic_v3_and_below;
        let told: Vec<_> = told
            .iter()
            .map(|it| (it.name.clone(), it.results_by_partition[0].partition_error_code))
            .collect();
        it.note(&format!("add partitions {name}"), sorted(told));
    }
}

async fn offsets(
    it: &mut Interview,
    alice: &mut Client<TcpStream>,
    name: &str,
    (producer_id, producer_epoch): ProducerIdentity,
) {
    let id = it.name(name);
    for group in ["closed", "read"] {
        let group_id = it.name(group);
        let request = AddOffsetsToTxnRequest {
            transactional_id: id.clone(),
            producer_id,
            producer_epoch,
            group_id: group_id.clone(),
            ..Default::default()
        };
        it.note(&format!("add offsets {name} {group}"), alice.ask(&request, 3).await.error_code);
        let part = TxnOffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
        let topic = |name: &str| TxnOffsetCommitRequestTopic {
            name: it.name(name),
            partitions: vec![part.clone()],
            ..Default::default()
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: id.clone(),
            group_id,
            producer_id,
            producer_epoch,
            generation_id_or_member_epoch: -1,
            topics: vec![topic("closed"), topic("read")],
            ..Default::default()
        };
        let told = alice.ask(&request, 3).await.topics;
        let told: Vec<_> = told.iter().map(|it| (it.name.clone(), it.partitions[0].error_code)).collect();
        it.note(&format!("commit in {name} {group}"), sorted(told));
    }
}
