//! A topic is its id: what happens when its name gets another one, and that reading never creates one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use upsert_kafka_protocol::Uuid;
use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};

use super::*;
use crate::heard;
use crate::peer::{broker as named_broker, metadata};

/// The topic's id is `life`, and each life has a log of its own: nine records, then three.
fn mortal(at: Address, life: Arc<AtomicU8>) -> impl FnMut(&Ask) -> Reply + Send + 'static {
    move |ask: &Ask| {
        let life = life.load(Ordering::Relaxed);
        let end = if life == 1 { 9 } else { 3 };
        match ask.key {
            MetadataRequest::KEY => ask.answer(&of_life(&at, life)),
            ListOffsetsRequest::KEY => offsets(ask, 0, end),
            FetchRequest::KEY => {
                let request: FetchRequest = ask.read();
                match request.topics[0].topic_id {
                    Uuid(id) if id == [life; 16] => log(ask, end),
                    _ => fetched(ask, |_, _| PartitionData {
                        error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                        ..Default::default()
                    }),
                }
            }
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    }
}

fn of_life(at: &Address, life: u8) -> MetadataResponse {
    let partitions = if life == 1 { 2 } else { 1 };
    let mut response = metadata(at, &[("orders", partitions)]);
    response.topics[0].topic_id = Uuid([life; 16]);
    response
}

/// Everything that a topic of two lives gives to a caller who drops most of its polls.
async fn both_lives() -> (Vec<(u8, i64)>, Vec<PositionReset>) {
    let life = Arc::new(AtomicU8::new(1));
    let peer = Peer::at(|at| mortal(at, Arc::clone(&life))).await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    let (mut records, mut resets) = (Vec::new(), Vec::new());
    while records.last() != Some(&(2, 2)) {
        let polled = tokio::select! {
            biased;
            polled = consumer.poll() => polled,
            () = tokio::task::yield_now() => continue,
        };
        let fetched = polled.unwrap();
        resets.extend_from_slice(fetched.resets());
        for partition in fetched.partitions() {
            let id = partition.topic_id().0[0];
            assert!(id == 1 || resets.len() == 1, "a record before the reset that leads to it");
            records.extend(partition.records().map(|record| (id, record.unwrap().offset)));
        }
        if records.last() == Some(&(1, 8)) {
            life.store(2, Ordering::Relaxed);
        }
    }
    (records, resets)
}

#[test]
fn a_topic_created_again_is_read_from_its_beginning_and_that_is_told_and_logged_once() {
    let mut came = None;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = heard::lines(|| came = Some(runtime.block_on(both_lives())));
    let (records, resets) = came.unwrap();
    let expected: Vec<_> = (0..9).map(|offset| (1, offset)).chain((0..3).map(|offset| (2, offset))).collect();
    assert_eq!(records, expected);
    let [reset] = &resets[..] else { panic!("{resets:?}") };
    assert_eq!(
        (&reset.topic_partition, reset.topic_id, reset.old_position, reset.new_position),
        (&of(0), Uuid([2; 16]), Some(9), 0)
    );
    assert_eq!(reset.cause, ResetCause::TopicRecreated { old_topic_id: Uuid([1; 16]) });
    let warned: Vec<_> = lines.iter().filter(|line| line.contains("created again")).collect();
    assert_eq!(warned.len(), 1, "{lines:?}");
    assert!(warned[0].starts_with("WARN topic orders, partition 0: the topic was deleted and"), "{warned:?}");
}

#[tokio::test]
async fn a_partition_that_is_gone_with_the_old_topic_is_an_error_that_names_it() {
    let life = Arc::new(AtomicU8::new(2));
    let peer = Peer::at(|at| mortal(at, Arc::clone(&life))).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    let gone = Assignment::new("orders", 1, Position::Offset(4)).with_topic_id(Uuid([1; 16]));
    consumer.assign(vec![gone]);
    let error = consumer.poll().await.unwrap_err();
    assert_eq!((error.kind(), error.partition()), (ErrorKind::UnknownTopic, Some(1)));
    assert!(error.to_string().contains("deleted and created again"), "{error}");
}

#[tokio::test]
async fn a_kept_position_of_the_old_topic_is_not_one_of_the_new() {
    let life = Arc::new(AtomicU8::new(2));
    let peer = Peer::at(|at| mortal(at, Arc::clone(&life))).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Offset(2)).with_topic_id(Uuid([1; 16]))]);
    let first = consumer.poll().await.unwrap();
    assert_eq!((first.resets()[0].old_position, first.resets()[0].new_position), (Some(2), 0));
    assert_eq!(first.partitions()[0].records().next().unwrap().unwrap().offset, 0);

    consumer.assign(vec![Assignment::new("orders", 0, Position::Offset(2)).with_topic_id(Uuid([2; 16]))]);
    let first = consumer.poll().await.unwrap();
    assert_eq!(first.resets(), []);
    assert_eq!(first.partitions()[0].records().next().unwrap().unwrap().offset, 2);
}

/// Two brokers that lead every other partition of two topics.
async fn two_leaders() -> [Peer; 2] {
    let second = Peer::at(|at| broker(at, 9)).await;
    let other = second.address.clone();
    let first = Peer::at(|at| {
        let mut honest = broker(at.clone(), 9);
        move |ask: &Ask| {
            if !ask.is::<MetadataRequest>() {
                return honest(ask);
            }
            let mut response = metadata(&at, &[("orders", 4), ("payments", 4)]);
            response.brokers.push(named_broker(2, &other));
            for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                partition.leader_id = 1 + partition.partition_index % 2;
            }
            ask.answer(&response)
        }
    })
    .await;
    [first, second]
}

fn listed(peer: &mut Peer) -> Vec<usize> {
    let mut partitions = Vec::new();
    while let Ok(ask) = peer.heard.try_recv() {
        if ask.is::<ListOffsetsRequest>() {
            let request: ListOffsetsRequest = ask.read();
            partitions.push(request.topics.iter().map(|topic| topic.partitions.len()).sum());
        }
    }
    partitions
}

#[tokio::test]
async fn each_leader_is_asked_for_all_offsets_at_once() {
    let [mut first, mut second] = two_leaders().await;
    let consumer = Client::open(first.config()).await.unwrap().consumer();
    let specs = [OffsetSpec::Earliest, OffsetSpec::Latest, OffsetSpec::Timestamp(500), OffsetSpec::Earliest];
    let all = |topic: &'static str| (0..4).map(move |index| TopicPartition::new(topic, index));
    let of_all = || all("orders").chain(all("payments"));
    let wanted: Vec<_> = of_all().zip(specs.into_iter().cycle()).collect();
    assert_eq!(consumer.list_offsets(&wanted).await.unwrap(), [2, 9, 3, 2, 2, 9, 3, 2]);
    assert_eq!((listed(&mut first), listed(&mut second)), (vec![4], vec![4]));

    let late: Vec<_> = of_all().map(|of| (of, OffsetSpec::Timestamp(5000))).collect();
    assert_eq!(consumer.list_offsets(&late).await.unwrap(), [9; 8], "later than all records: the end");
    assert_eq!((listed(&mut first), listed(&mut second)), (vec![4, 4], vec![4, 4]), "and then for the ends");

    let both = [(of(0), OffsetSpec::Earliest), (of(0), OffsetSpec::Latest), (of(2), OffsetSpec::Latest)];
    assert_eq!(consumer.list_offsets(&both).await.unwrap(), [2, 9, 9]);
    assert_eq!(listed(&mut first), [2, 1], "a broker refuses a partition that is named twice in a request");
    assert_eq!(consumer.list_offsets(&[]).await.unwrap(), [0; 0]);
}

#[tokio::test]
async fn a_partition_that_the_topic_does_not_have_is_an_error_at_once() {
    let peer = Peer::at(|at| broker(at, 9)).await;
    let consumer = Client::open(peer.config()).await.unwrap().consumer();
    let error = consumer.list_offsets(&[(of(7), OffsetSpec::Latest)]).await.unwrap_err();
    assert_eq!(error.to_string(), "topic orders, partition 7: the topic has 2 partitions");
}

/// Says of every topic but `orders` that it does not exist, unless it may be created.
fn strict(at: Address) -> impl FnMut(&Ask) -> Reply + Send + 'static {
    let mut honest = broker(at.clone(), 9);
    move |ask: &Ask| {
        if !ask.is::<MetadataRequest>() {
            return honest(ask);
        }
        let request: MetadataRequest = ask.read();
        let mut response = metadata(&at, &[]);
        for topic in request.topics.unwrap_or_default() {
            let mut known = metadata(&at, &[("orders", 2)]).topics.remove(0);
            if topic.name.as_deref() != Some("orders") && !request.allow_auto_topic_creation {
                (known.error_code, known.partitions) = (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Vec::new());
            }
            known.name = topic.name;
            response.topics.push(known);
        }
        ask.answer(&response)
    }
}

/// The topics that a request of those heard so far would have created.
fn created(peer: &mut Peer) -> Vec<String> {
    let mut topics = Vec::new();
    while let Ok(ask) = peer.heard.try_recv() {
        if ask.is::<MetadataRequest>() {
            let request: MetadataRequest = ask.read();
            let asked = request.topics.into_iter().flatten().filter(|_| request.allow_auto_topic_creation);
            topics.extend(asked.map(|topic| topic.name.unwrap().to_string()));
        }
    }
    topics
}

#[tokio::test]
async fn whoever_reads_creates_no_topic_and_is_told_that_there_is_none() {
    let mut peer = Peer::at(strict).await;
    let config = Config { default_api_timeout: Duration::from_millis(50), ..peer.config() };
    let client = Client::open(config).await.unwrap();
    let mut consumer = client.consumer();
    let missing = TopicPartition::new("typo", 0);
    let mut errors = vec![
        consumer.offsets("typo", OffsetSpec::Latest).await.unwrap_err(),
        consumer.list_offsets(&[(missing, OffsetSpec::Latest)]).await.unwrap_err(),
    ];
    consumer.assign(vec![Assignment::new("typo", 0, Position::Earliest)]);
    errors.push(consumer.poll().await.unwrap_err());
    let described = client.admin().describe_topics(&["orders", "typo"]).await.unwrap();
    assert_eq!(described[0].as_ref().unwrap().partitions.len(), 2);
    errors.push(described[1].clone().unwrap_err());
    for error in errors {
        assert_eq!((error.kind(), error.topic()), (ErrorKind::UnknownTopic, Some("typo")), "{error}");
    }
    assert_eq!(created(&mut peer), [""; 0]);
}

#[tokio::test]
async fn a_producer_creates_what_it_writes_to_and_only_that_unless_told_otherwise() {
    for (allowed, expected) in [(true, vec!["written"]), (false, vec![])] {
        let mut peer = Peer::at(strict).await;
        let config = Config {
            allow_auto_create_topics: allowed,
            max_block: Duration::from_millis(50),
            ..peer.config()
        };
        let client = Client::open(config).await.unwrap();
        let mut consumer = client.consumer();
        consumer.assign(vec![Assignment::new("read", 0, Position::Earliest)]);
        assert!(tokio::time::timeout(Duration::from_millis(20), consumer.poll()).await.is_err());
        let producer = client.producer();
        let topic = producer.topic("written").await;
        assert_eq!(topic.map_err(|error| error.kind()).err(), (!allowed).then_some(ErrorKind::UnknownTopic));
        let mut created = created(&mut peer);
        created.dedup();
        assert_eq!(created, expected);
    }
}
