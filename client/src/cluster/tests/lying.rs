//! Against clusters that have only begun, and clusters that lie.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use upsert_kafka_protocol::messages::metadata::MetadataResponsePartition;

use super::*;
use crate::Client;
use crate::peer::{Asked, asks_about};

/// A peer that answers the questions about topics one after the other as told, and the last way from then on.
async fn telling(answers: Vec<fn(&Address) -> MetadataResponse>) -> Peer {
    let mut asked = 0;
    Peer::at(|at| {
        move |ask: &Ask| match asks_about(ask) {
            Asked::Other => ask.answer(&versions(i16::MAX)),
            Asked::Brokers => ask.answer(&metadata(&at, &[])),
            Asked::Topics => {
                let answer = answers[asked.min(answers.len() - 1)];
                asked += 1;
                ask.answer(&answer(&at))
            }
        }
    })
    .await
}

fn saying(at: &Address, error_code: ErrorCode) -> MetadataResponse {
    let topic = MetadataResponseTopic { name: Some("orders".into()), error_code, ..Default::default() };
    MetadataResponse { topics: vec![topic], ..metadata(at, &[]) }
}

fn unknown(at: &Address) -> MetadataResponse {
    saying(at, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

fn leaderless(at: &Address) -> MetadataResponse {
    saying(at, ErrorCode::LEADER_NOT_AVAILABLE)
}

fn empty(_: &Address) -> MetadataResponse {
    MetadataResponse::default()
}

fn without_topics(at: &Address) -> MetadataResponse {
    metadata(at, &[])
}

fn there(at: &Address) -> MetadataResponse {
    metadata(at, &[("orders", 2)])
}

fn of_partition(at: &Address, partition_index: i32, leader_id: i32) -> MetadataResponse {
    let mut answer = metadata(at, &[("orders", 1)]);
    let partition = MetadataResponsePartition { partition_index, leader_id, ..Default::default() };
    answer.topics[0].partitions = vec![partition];
    answer
}

fn absurd(at: &Address) -> MetadataResponse {
    of_partition(at, i32::MAX, 1)
}

fn led_by_a_stranger(at: &Address) -> MetadataResponse {
    of_partition(at, 0, 7)
}

#[tokio::test]
async fn no_single_answer_ends_the_look_for_a_topic() {
    for first in [unknown, leaderless, empty, without_topics, absurd] {
        let peer = telling(vec![first, there]).await;
        let topic =
            opened(peer.config()).await.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
        assert_eq!(topic.partitions.len(), 2);
    }
    for first in [unknown, leaderless, empty, without_topics] {
        let peer = telling(vec![first, there]).await;
        let admin = Client::open(peer.config()).await.unwrap().admin();
        let described = admin.describe_topics(&["orders"]).await.unwrap().remove(0).unwrap();
        assert_eq!(described.partitions.len(), 2);
    }
}

#[tokio::test]
async fn a_topic_that_brokers_do_not_know_is_told_when_patience_ends_and_not_only_at_the_deadline() {
    let patience = Duration::from_millis(80);
    for (answer, kind, why) in [
        (unknown as fn(&Address) -> _, ErrorKind::UnknownTopic, "UNKNOWN_TOPIC_OR_PARTITION"),
        (without_topics, ErrorKind::UnknownTopic, "UNKNOWN_TOPIC_OR_PARTITION"),
        (absurd, ErrorKind::Protocol, "2147483648 partitions of one topic"),
    ] {
        let peer = telling(vec![answer]).await;
        let config = Config { topic_metadata_propagation_max: patience, ..peer.config() };
        let (client, began) = (Client::open(config).await.unwrap(), Instant::now());
        let error = client.cluster().topic("orders", TopicInterest::Lasting, soon()).await.unwrap_err();
        assert!(began.elapsed() >= patience && began.elapsed() < LONG / 2, "{:?}", began.elapsed());
        assert_eq!((error.kind(), error.topic()), (kind, Some("orders")), "{error}");
        let text = error.to_string();
        assert!(text.contains("80 ms (topic.metadata.propagation.max.ms)") && text.contains(why), "{text}");
    }
    let peer = telling(vec![unknown]).await;
    let config = Config { topic_metadata_propagation_max: patience, ..peer.config() };
    let (admin, began) = (Client::open(config).await.unwrap().admin(), Instant::now());
    let outcome = admin.describe_topics(&["orders"]).await.unwrap().remove(0);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::UnknownTopic);
    assert!(began.elapsed() >= patience && began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    let once = Instant::now();
    assert!(admin.describe_topics_once(&["orders"]).await.unwrap().remove(0).is_err());
    assert!(once.elapsed() < patience, "{:?}", once.elapsed());
}

#[tokio::test]
async fn a_topic_whose_leader_is_still_chosen_is_awaited_for_longer() {
    let patience = Duration::from_millis(30);
    // The waits between them are eight milliseconds at the least, once they have grown.
    let mut answers = vec![leaderless as fn(&Address) -> _; 20];
    answers.push(there);
    let peer = telling(answers).await;
    let config = Config { topic_metadata_propagation_max: patience, ..peer.config() };
    let (cluster, began) = (opened(config).await, Instant::now());
    assert_eq!(cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap().partitions.len(), 2);
    assert!(began.elapsed() > patience, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_leader_who_is_no_broker_is_asked_about_at_growing_distances_and_never_dialled() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let peer = Peer::at(|at| {
        move |ask: &Ask| match asks_about(ask) {
            Asked::Topics => {
                counted.fetch_add(1, Relaxed);
                ask.answer(&led_by_a_stranger(&at))
            }
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    })
    .await;
    let ms = Duration::from_millis;
    let config = Config { retry_backoff: ms(20), retry_backoff_max: ms(80), ..peer.config() };
    let cluster = opened(config).await;
    cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
    assert_eq!(cluster.metadata().leader("orders", 0), None);
    let (before, began) = (asked.load(Relaxed), Instant::now());
    let mut view = cluster.watch();
    while asked.load(Relaxed) < before + 6 {
        // Whoever needs the partition asks all the time.
        cluster.refresh();
        view.changed().await.unwrap();
    }
    // 20, 40 and then 80 ms, a fifth less at the most.
    assert!(began.elapsed() > ms(200), "{:?}", began.elapsed());
}

#[test]
fn what_is_odd_is_said_once() {
    let lines = crate::heard::lines(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let peer = telling(vec![led_by_a_stranger]).await;
            let cluster = opened(peer.config()).await;
            cluster.topic("orders", TopicInterest::Lasting, soon()).await.unwrap();
            let mut view = cluster.watch();
            for _ in 0..5 {
                view.changed().await.unwrap();
            }
        });
    });
    let odd: Vec<_> = lines.iter().filter(|line| line.contains("odd")).collect();
    assert_eq!(odd.len(), 1, "{lines:?}");
    assert!(
        odd[0].starts_with("WARN") && odd[0].contains("its leader 7 is not among the brokers"),
        "{odd:?}"
    );
}
