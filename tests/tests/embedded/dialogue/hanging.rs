//! A transaction that hangs, on a real Kafka: records are in a partition, and no coordinator knows of them. `transactions`
//! shows it by its age and ends it.

use serde_json::Value;
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};

use super::*;
use crate::program::{Ran, run};

/// Brokers let none hang since KIP-890, unless they are told not to ask the coordinator.
#[test]
fn a_transaction_that_hangs_is_shown_and_ended() {
    let Some(kafka) = Kafka::own(1) else { return };
    let mut it = Dialogue::begin(&kafka.bootstrap());
    it.lets_transactions_hang();
    let id = Str::from(unique("hangs"));
    it.coordinator(&id, 1);
    let init = InitProducerIdRequest {
        transactional_id: Some(id.clone()),
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    let producer = it.patiently(&init, 4, |answer| answer.error_code);
    assert_eq!(producer.error_code, ErrorCode::NONE);
    it.leaves_open(&id, (producer.producer_id, producer.producer_epoch));
    assert_eq!(it.last_stable_offset(), 0, "who reads what is committed waits for its end");

    let (topic, at) = (it.topic.to_string(), kafka.bootstrap());
    let transactions = |args: &[&str]| run(&[&["transactions"], args, &["--bootstrap", &at]].concat());
    let listed = transactions(&["list", "--topic", &topic, "--output", "json"]);
    let row = only_row(&listed);
    assert_eq!(
        (&row["hangs"], &row["partition"], &row["start_offset"]),
        (&true.into(), &0.into(), &0.into())
    );
    assert!(row["idle_ms"].as_i64() >= Some(0) && row["transactional_id"].is_null(), "{row}");

    let producer = row["producer_id"].to_string();
    let ended = transactions(&["abort", "--topic", &topic, "--partition", "0", "--producer-id", &producer]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(it.last_stable_offset(), 2, "a record and the marker that aborts it");
    let listed = transactions(&["list", "--topic", &topic, "--output", "json"]);
    assert!(listed.code == 0 && listed.out.is_empty(), "{listed:?}");
}

fn only_row(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut rows = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let (first, second): (Option<Value>, Option<Value>) = (rows.next(), rows.next());
    assert!(second.is_none(), "{ran:?}");
    first.unwrap_or_else(|| panic!("none: {ran:?}"))
}

impl Dialogue {
    fn lets_transactions_hang(&mut self) {
        let config = AlterableConfig {
            name: "transaction.partition.verification.enable".into(),
            value: Some("false".into()),
            ..Default::default()
        };
        let all_brokers =
            AlterConfigsResource { resource_type: 4, configs: vec![config], ..Default::default() };
        let request = IncrementalAlterConfigsRequest { resources: vec![all_brokers], ..Default::default() };
        let answer = self.ask(&request, 1);
        assert_eq!(answer.responses[0].error_code, ErrorCode::NONE, "{answer:?}");
    }

    /// A record of a transaction of which the coordinator is told nothing. The node hears of its new settings behind the
    /// answer to their change.
    fn leaves_open(&mut self, id: &Str, (producer_id, producer_epoch): (i64, i16)) {
        let stamp = Stamp { producer_id, producer_epoch, base_sequence: 0, transactional: true };
        let part = PartitionProduceData { records: Some(batch(1, stamp)), ..Default::default() };
        let topic =
            TopicProduceData { name: self.topic.clone(), partition_data: vec![part], ..Default::default() };
        let request = ProduceRequest {
            transactional_id: Some(id.clone()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic],
            ..Default::default()
        };
        let begun = Instant::now();
        loop {
            let answer = self.ask(&request, 11);
            let code = answer.responses[0].partition_responses[0].error_code;
            if code == ErrorCode::NONE {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{code:?}");
            std::thread::sleep(PAUSE);
        }
    }

    fn last_stable_offset(&mut self) -> i64 {
        const LATEST: i64 = -1;
        let partition = ListOffsetsPartition { timestamp: LATEST, ..Default::default() };
        let topic =
            ListOffsetsTopic { name: self.topic.clone(), partitions: vec![partition], ..Default::default() };
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: 1,
            topics: vec![topic],
            ..Default::default()
        };
        let answer = self.patiently(&request, 7, |answer| answer.topics[0].partitions[0].error_code);
        answer.topics[0].partitions[0].offset
    }
}
