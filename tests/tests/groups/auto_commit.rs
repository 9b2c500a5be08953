//! `enable.auto.commit`: what was taken is committed, and nothing else, and only where it was asked for.

use upsert_kafka_client::TopicPartition;

use super::*;

/// Records of each partition.
const RECORDS: u64 = 50;
const ALL: i64 = RECORDS as i64 * PARTITIONS as i64;
const HOUR: Duration = Duration::from_secs(3600);

async fn consumer(bench: &Bench, enabled: bool, interval: Duration) -> GroupConsumer {
    bench.write(0..RECORDS).await;
    let config = bench.config().with(|it| {
        it.enable_auto_commit = enabled;
        it.auto_commit_interval = interval;
    });
    let client = Client::open(config).await.unwrap();
    client.group_consumer(Subscription::topics([bench.topic.as_str()])).unwrap()
}

/// How many records the group has committed, of all partitions.
async fn committed(bench: &Bench) -> i64 {
    let of: Vec<_> = (0..PARTITIONS).map(|it| TopicPartition::new(bench.topic.as_str(), it)).collect();
    let consumer = bench.client().await.consumer();
    let committed = consumer.committed(&bench.group, &of).await.unwrap();
    committed.iter().map(|it| it.offset.unwrap_or(0)).sum()
}

/// Reads everything; how much was handed over before the last event, which is not taken yet.
async fn read_all(consumer: &mut GroupConsumer) -> i64 {
    let (mut handed_over, mut taken) = (0, 0);
    while handed_over < ALL {
        taken = handed_over;
        let event = timeout(PATIENCE, consumer.next()).await.expect("an event").unwrap();
        if let Some(GroupEvent::Records(fetched)) = event {
            handed_over += (&fetched).into_iter().count() as i64;
        }
    }
    taken
}

/// Leaves; how much is committed when the partitions are taken away.
async fn committed_when_it_leaves(bench: &Bench, consumer: &mut GroupConsumer) -> i64 {
    consumer.leave();
    let mut at_revocation = -1;
    while let Some(event) = timeout(PATIENCE, consumer.next()).await.expect("it leaves").unwrap() {
        if let GroupEvent::Revoked(_revocation) = event {
            at_revocation = committed(bench).await;
        }
    }
    at_revocation
}

async fn what_was_taken_is_committed(bench: Bench) {
    let mut consumer = consumer(&bench, true, Duration::ZERO).await;
    let taken = read_all(&mut consumer).await;
    let before = committed(&bench).await;
    assert!(before <= taken && taken < ALL, "{before} are committed, {taken} were taken");
    // Who asks for the next event has taken the last one.
    let asks = async { while let Ok(Some(_)) = consumer.next().await {} };
    let all_are = async { while committed(&bench).await < ALL {} };
    timeout(PATIENCE, async {
        tokio::select! { () = asks => panic!("it left"), () = all_are => {} }
    })
    .await
    .expect("everything is committed");
}

async fn it_is_committed_before_partitions_go(bench: Bench) {
    let mut consumer = consumer(&bench, true, HOUR).await;
    read_all(&mut consumer).await;
    assert_eq!(committed(&bench).await, 0, "the interval is not over");
    assert_eq!(committed_when_it_leaves(&bench, &mut consumer).await, ALL);
}

#[tokio::test]
async fn without_being_asked_nothing_is_committed() {
    let bench = Bench::embedded(GroupProtocol::Classic).await;
    let mut consumer = consumer(&bench, false, Duration::ZERO).await;
    read_all(&mut consumer).await;
    assert_eq!(committed_when_it_leaves(&bench, &mut consumer).await, 0);
}

#[tokio::test]
async fn a_classic_member_commits_what_was_taken() {
    what_was_taken_is_committed(Bench::embedded(GroupProtocol::Classic).await).await;
    it_is_committed_before_partitions_go(Bench::embedded(GroupProtocol::Classic).await).await;
}

#[tokio::test]
async fn a_member_of_a_consumer_group_commits_what_was_taken() {
    what_was_taken_is_committed(Bench::embedded(GroupProtocol::Consumer).await).await;
    it_is_committed_before_partitions_go(Bench::embedded(GroupProtocol::Consumer).await).await;
}

#[tokio::test]
async fn a_real_kafka_has_what_was_taken() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let Some(bench) = Bench::kafka(protocol).await else { return };
        what_was_taken_is_committed(bench).await;
        let Some(bench) = Bench::kafka(protocol).await else { return };
        it_is_committed_before_partitions_go(bench).await;
    }
}
