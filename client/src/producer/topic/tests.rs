//! Where records go, as their topic's leaders and size change.

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use upsert_kafka_protocol::Uuid;

use super::*;
use crate::cluster::PartitionMetadata;
use crate::producer::keyless::QueuedBatch;
use crate::producer::partitioner::RoundRobinPartitioner;

pub(crate) fn metadata(leaders: &[Option<i32>]) -> TopicMetadata {
    let partitions =
        leaders.iter().zip(0..).map(|(&leader, index)| PartitionMetadata { index, leader, leader_epoch: 0 });
    TopicMetadata {
        name: "orders".into(),
        topic_id: Uuid::default(),
        internal: false,
        partitions: partitions.collect(),
    }
}

pub(crate) fn topic(leaders: &[Option<i32>]) -> Topic {
    with(leaders, settings())
}

fn settings() -> TopicSettings {
    TopicSettings {
        producer: ProducerNumber::next(),
        sticky: StickySettings { batch_size: 1000, adaptive: true },
        ignore_keys: false,
        seed: 1,
        availability: None,
        partitioner: None,
    }
}

fn with(leaders: &[Option<i32>], settings: TopicSettings) -> Topic {
    let update = TopicUpdate { metadata: &metadata(leaders), rack_brokers: &[], now: Instant::now() };
    Topic::new(update, &settings, &AtomicUsize::new(0))
}

fn update(topic: &Topic, leaders: &[Option<i32>], numbers: &AtomicUsize) {
    topic.update(
        TopicUpdate { metadata: &metadata(leaders), rack_brokers: &[], now: Instant::now() },
        numbers,
    );
}

fn keyless(topic: &Topic) -> &Arc<Slot> {
    topic.slot_for(&Record::new(topic)).unwrap()
}

/// Fills batch after batch; how many each partition got. They are answered at once.
fn shares(topic: &Topic, batches: usize, now: Instant) -> HashMap<i32, usize> {
    let mut shares = HashMap::new();
    for _ in 0..batches {
        let slot = keyless(topic);
        *shares.entry(slot.partition.index).or_default() += 1;
        drop(slot.closed(1000, true, now));
    }
    shares
}

#[test]
fn a_key_goes_where_java_puts_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/kafka/partitioner.jsonl.gz");
    let mut lines = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut lines).unwrap();
    let mut topics = HashMap::new();
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let hex = vector["bytes"].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let key: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        for (count, expected) in vector["partition"].as_object().unwrap() {
            let topic =
                topics.entry(count.clone()).or_insert_with(|| topic(&vec![Some(1); count.parse().unwrap()]));
            let placed = topic.slot_for(&Record::new(topic).key(&key)).unwrap();
            assert_eq!(
                i64::from(placed.partition.index),
                expected.as_i64().unwrap(),
                "{line}, {count} partitions"
            );
        }
    }
    assert!(topics.len() >= 8);
}

#[test]
fn a_key_does_not_move_because_a_leader_is_gone() {
    let topic = topic(&[None; 6]);
    let record = Record::new(&topic).key(b"foobar");
    // murmur2("foobar") is -790332482, as Kafka's own tests say.
    assert_eq!(topic.slot_for(&record).unwrap().partition.index, (-790_332_482 & i32::MAX) % 6);
}

#[test]
fn keys_can_be_ignored() {
    let topic = with(&[Some(1); 6], TopicSettings { ignore_keys: true, ..settings() });
    let mut places: Vec<i32> = (0..100u32)
        .map(|key| topic.slot_for(&Record::new(&topic).key(&key.to_be_bytes())).unwrap().partition.index)
        .collect();
    places.dedup();
    assert_eq!(places, [keyless(&topic).partition.index], "all stick to one");
}

#[test]
fn a_topic_that_grew_keeps_its_partitions_and_uses_the_new_ones() {
    let topic = topic(&[Some(1)]);
    let first = Arc::clone(keyless(&topic));
    let far = Record::new(&topic).partition(2);
    let error = topic.slot_for(&far).unwrap_err().error(&far);
    assert_eq!(
        error.to_string(),
        "topic orders, partition 2: no such partition: the topic has 1, from 0 to 0"
    );
    let numbers = AtomicUsize::new(1);
    update(&topic, &[Some(1), Some(2)], &numbers);
    update(&topic, &[Some(1), Some(2), None], &numbers);
    let last = topic.slot_for(&far).unwrap();
    assert_eq!((last.partition.index, last.partition.number, last.leader()), (2, 2, None));
    assert!(Arc::ptr_eq(&first, topic.slot_for(&Record::new(&topic).partition(0)).unwrap()));
}

#[test]
fn when_a_topic_grows_a_key_goes_where_the_new_count_says_and_a_line_says_so() {
    let topic = topic(&[Some(1); 3]);
    let record = Record::new(&topic).key(b"foobar");
    let hash = -790_332_482 & i32::MAX;
    assert_eq!(topic.slot_for(&record).unwrap().partition.index, hash % 3);
    let lines = crate::heard::lines(|| update(&topic, &[Some(1); 4], &AtomicUsize::new(3)));
    assert_eq!(topic.slot_for(&record).unwrap().partition.index, hash % 4);
    assert_ne!(hash % 3, hash % 4);
    assert!(
        matches!(&lines[..], [line] if line.starts_with("INFO the number of partitions changed")
            && line.contains("topic=\"orders\" before=3 now=4")),
        "{lines:?}"
    );
    assert_eq!(crate::heard::lines(|| update(&topic, &[Some(1); 4], &AtomicUsize::new(3))).len(), 0);
}

#[test]
fn keyless_records_leave_a_partition_whose_batch_was_full_and_avoid_one_without_leader() {
    let topic = topic(&[Some(1), Some(1), None]);
    let shares = shares(&topic, 3000, Instant::now());
    assert_eq!(shares.len(), 2, "{shares:?}");
    assert!(shares[&0].abs_diff(1500) < 100, "{shares:?}");
}

#[test]
fn without_any_leader_all_may_be_chosen() {
    let shares = shares(&topic(&[None; 3]), 3000, Instant::now());
    assert!(shares.len() == 3 && shares.values().all(|share| share.abs_diff(1000) < 100), "{shares:?}");
}

#[test]
fn a_partition_whose_batches_are_not_answered_gets_fewer() {
    let topic = topic(&[Some(1), Some(2)]);
    let slow = topic.slot_for(&Record::new(&topic).partition(1)).unwrap();
    let now = Instant::now();
    let queued: Vec<QueuedBatch> = (0..8).map(|_| slow.closed(0, false, now)).collect();
    // Weights 9 and 1.
    let shares_now = shares(&topic, 3000, now);
    assert!(shares_now[&1].abs_diff(300) < 60, "{shares_now:?}");
    drop(queued);
    let shares_now = shares(&topic, 3000, now);
    assert!(shares_now[&1].abs_diff(1500) < 100, "{shares_now:?}");
}

#[test]
fn a_broker_that_takes_nothing_is_left_out_after_the_timeout() {
    let availability = Arc::new(Mutex::new(Availability::new(Duration::from_millis(100))));
    let topic = with(
        &[Some(1), Some(2), Some(2)],
        TopicSettings { availability: Some(Arc::clone(&availability)), ..settings() },
    );
    let start = Instant::now();
    availability.lock().handle_ready(&[2], start);
    assert_eq!(shares(&topic, 300, start + Duration::from_millis(100)).len(), 3);
    let late = start + Duration::from_millis(101);
    // The first batch may still have been meant for it.
    shares(&topic, 1, late);
    assert_eq!(shares(&topic, 300, late), HashMap::from([(0, 300)]));
    availability.lock().handle_drained(2);
    assert_eq!(shares(&topic, 300, late).len(), 3);
}

#[test]
fn leaders_in_the_own_rack_are_preferred() {
    let topic = topic(&[Some(1), Some(2), Some(3)]);
    let update = TopicUpdate {
        metadata: &metadata(&[Some(1), Some(2), Some(3)]),
        rack_brokers: &[2],
        now: Instant::now(),
    };
    topic.update(update, &AtomicUsize::new(3));
    shares(&topic, 1, update.now);
    assert_eq!(shares(&topic, 100, update.now), HashMap::from([(1, 100)]));
}

#[test]
fn a_negative_partition_is_refused() {
    let topic = topic(&[Some(1)]);
    assert!(topic.slot_for(&Record::new(&topic).partition(-1)).is_err());
}

fn chosen(topic: &Topic, record: Record<'_>) -> Result<i32, Error> {
    let mut record = record;
    topic.apply_partitioner(&mut record)?;
    Ok(topic.slot_for(&record).unwrap().partition.index)
}

#[test]
fn round_robin_takes_those_with_a_leader_in_turn_whatever_the_key() {
    let settings = || TopicSettings { partitioner: Some(Arc::new(RoundRobinPartitioner)), ..settings() };
    let turns = |leaders: &[Option<i32>]| -> Vec<i32> {
        let topic = with(leaders, settings());
        (0..5).map(|_| chosen(&topic, Record::new(&topic).key(b"same")).unwrap()).collect()
    };
    assert_eq!(turns(&[Some(1); 3]), [0, 1, 2, 0, 1]);
    assert_eq!(turns(&[Some(1), None, Some(2)]), [0, 2, 0, 2, 0]);
    assert_eq!(turns(&[None; 2]), [0, 1, 0, 1, 0]);
}

#[test]
fn a_record_with_a_partition_of_its_own_is_not_asked_about() {
    let settings = TopicSettings { partitioner: Some(Arc::new(RoundRobinPartitioner)), ..settings() };
    let topic = with(&[Some(1); 3], settings);
    assert_eq!(chosen(&topic, Record::new(&topic).partition(2)).unwrap(), 2);
    assert_eq!(chosen(&topic, Record::new(&topic)).unwrap(), 0, "the first turn is still to come");
}

/// Chooses what the key's first byte says; nothing without a key.
struct FirstByte;

impl Partitioner for FirstByte {
    fn partition(&self, record: &Record<'_>, _: &Partitions<'_>) -> Option<i32> {
        record.key.map(|key| i32::from(key[0].cast_signed()))
    }
}

#[test]
fn a_choice_that_is_no_partition_is_an_error_that_names_topic_and_partition() {
    let topic = with(&[Some(1); 3], TopicSettings { partitioner: Some(Arc::new(FirstByte)), ..settings() });
    assert_eq!(chosen(&topic, Record::new(&topic).key(&[2])).unwrap(), 2);
    for (byte, partition) in [(3, 3), (0xff, -1)] {
        let error = chosen(&topic, Record::new(&topic).key(&[byte])).unwrap_err();
        assert_eq!((error.kind(), error.topic(), error.partition()), {
            (ErrorKind::Usage, Some("orders"), Some(partition))
        });
        assert_eq!(
            error.to_string(),
            format!(
                "topic orders, partition {partition}: the partitioner chose it, but the topic has only 0 to 2"
            )
        );
    }
    assert_eq!(
        chosen(&topic, Record::new(&topic)).unwrap(),
        keyless(&topic).partition.index,
        "left to the built-in rule"
    );
}
