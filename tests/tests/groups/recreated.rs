//! A topic that is deleted and made again under its name does not get the offsets of the one before (OffsetCommit and
//! OffsetFetch 10).

use upsert_kafka_client::{ErrorCode, ErrorKind};

use super::*;

/// The id of the bench's topic now.
async fn topic_id(bench: &Bench) -> upsert_kafka_protocol::Uuid {
    let admin = bench.client().await.admin();
    admin.describe_topics(&[&bench.topic]).await.unwrap().remove(0).unwrap().topic_id
}

async fn make_anew(bench: &Bench) {
    let admin = bench.client().await.admin();
    let before = topic_id(bench).await;
    admin.delete_topics(&[&bench.topic]).await.unwrap().remove(0).unwrap();
    let new = [NewTopic::new(bench.topic.as_str()).partitions(PARTITIONS)];
    let made = async {
        // Until the old one is gone, its name is taken.
        while admin.create_topics(&new).await.unwrap().remove(0).is_err() {}
        while topic_id(bench).await == before {}
    };
    timeout(PATIENCE, made).await.expect("it is made again");
}

async fn offsets_stay_with_their_topic(bench: Bench) {
    let all = PARTITIONS as usize;
    bench.write(0..10).await;
    let mut first = bench.member().await;
    first.until(all, 10 * all).await;
    first.consumer.commit_consumed().await.unwrap();
    let admin = bench.client().await.admin();
    assert_eq!(admin.group_offsets(&bench.group).await.unwrap().len(), all);

    make_anew(&bench).await;
    // It has not asked for anything since, and does not know.
    let error = first.consumer.commit_consumed().await.unwrap_err();
    assert_eq!((error.code(), error.kind()), (Some(ErrorCode::UNKNOWN_TOPIC_ID), ErrorKind::UnknownTopic));
    let text = error.to_string();
    for part in [&*bench.topic, &*bench.group, "was deleted and made again"] {
        assert!(text.contains(part), "{text}");
    }
    drop(first);
    bench.write(0..5).await;
    let mut second = bench.member().await;
    second.until(all, 5 * all).await;
    for partition in 0..PARTITIONS {
        assert_eq!(
            second.read[&partition],
            (0..5).collect::<Vec<_>>(),
            "partition {partition} from its beginning"
        );
    }
    second.leave().await;
}

#[tokio::test]
async fn offsets_stay_with_their_topic_on_the_embedded_broker() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        offsets_stay_with_their_topic(Bench::embedded(protocol).await).await;
    }
}

#[tokio::test]
async fn offsets_stay_with_their_topic_on_a_real_kafka() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let Some(bench) = Bench::kafka(protocol).await else { return };
        offsets_stay_with_their_topic(bench).await;
    }
}
