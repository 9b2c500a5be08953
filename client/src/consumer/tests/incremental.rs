//! Partitions come and go while others are read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;

/// Where each fetch of a partition began, in the order in which they came.
type Fetches = Arc<Mutex<BTreeMap<i32, Vec<i64>>>>;

/// Four partitions of one log each, and what is asked of them.
async fn four(end: i64) -> (Peer, Fetches) {
    let asked = Fetches::default();
    let heard = Arc::clone(&asked);
    let peer = Peer::at(|at| {
        let mut broker = broker(at.clone(), end);
        move |ask: &Ask| {
            if ask.is::<FetchRequest>() {
                let request: FetchRequest = ask.read();
                for partition in request.topics.iter().flat_map(|topic| &topic.partitions) {
                    let mut heard = heard.lock().unwrap();
                    heard.entry(partition.partition).or_default().push(partition.fetch_offset);
                }
            }
            ask.introduce(&at, &[("orders", 4)]).unwrap_or_else(|| broker(ask))
        }
    })
    .await;
    (peer, asked)
}

fn at(partition: i32, offset: i64) -> Assignment {
    Assignment::new("orders", partition, Position::Offset(offset))
}

/// One poll's offsets, by partition.
async fn poll(consumer: &mut Consumer, read: &mut BTreeMap<i32, Vec<i64>>) {
    for record in &consumer.poll().await.unwrap() {
        let record = record.unwrap();
        read.entry(record.partition).or_default().push(record.offset);
    }
}

#[tokio::test]
async fn partitions_flow_on_while_others_come_and_go_and_no_record_is_lost_or_comes_twice() {
    const END: i64 = 60;
    let (peer, asked) = four(END).await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    let mut read = BTreeMap::new();
    // Partition 1 comes and goes with every poll, and is added where its last life ended.
    while consumer.position(&of(0)) < Some(END) {
        let next = read.get(&1).and_then(|offsets: &Vec<i64>| offsets.last()).map_or(0, |last| last + 1);
        consumer.incremental_assign(vec![at(1, next)]).unwrap();
        poll(&mut consumer, &mut read).await;
        poll(&mut consumer, &mut read).await;
        consumer.incremental_unassign(&[of(1)]).unwrap();
        poll(&mut consumer, &mut read).await;
    }
    assert_eq!(read[&0], (0..END).collect::<Vec<_>>());
    let moved = read[&1].len() as i64;
    assert!(moved > 0);
    assert_eq!(read[&1], (0..moved).collect::<Vec<_>>());
    let mut fetches: Vec<i64> = asked.lock().unwrap()[&0].clone();
    fetches.retain(|offset| *offset < END);
    let expected: Vec<i64> = (0..END).step_by(2).collect();
    assert_eq!(fetches, expected, "nothing that stays is fetched twice");
}

#[tokio::test]
async fn what_was_fetched_of_a_partition_goes_with_it_and_it_begins_again_where_it_is_told() {
    let (peer, _asked) = four(40).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    consumer.assign(vec![at(2, 10), at(3, 20)]);
    let mut read = BTreeMap::new();
    poll(&mut consumer, &mut read).await;
    assert_eq!(read, BTreeMap::from([(2, vec![10, 11]), (3, vec![20, 21])]));
    // The next answer arrives and is not polled.
    let known = peer_answers(&mut consumer).await;
    assert_eq!(known, 2);
    consumer.incremental_unassign(&[of(2)]).unwrap();
    assert_eq!(consumer.assignment().collect::<Vec<_>>(), [&of(3)]);
    assert_eq!((consumer.position(&of(2)), consumer.position(&of(3))), (None, Some(22)));
    consumer.incremental_assign(vec![at(2, 5)]).unwrap();
    let mut after = BTreeMap::new();
    poll(&mut consumer, &mut after).await;
    assert_eq!(after, BTreeMap::from([(3, vec![22, 23])]), "what stays is handed over, and only that");
    while !after.contains_key(&2) {
        poll(&mut consumer, &mut after).await;
    }
    assert_eq!(after[&2][..2], [5, 6]);
    assert_eq!(after[&3], (22..22 + after[&3].len() as i64).collect::<Vec<_>>());
}

/// Waits for the fetch that is under way, as a poll would; says of how many partitions it brought something.
async fn peer_answers(consumer: &mut Consumer) -> usize {
    let done = consumer.tasks.join_next().await.expect("a fetch is under way");
    consumer.handle_output(done.unwrap());
    consumer.buffered.iter().map(|answer| answer.partitions.len()).sum()
}

#[tokio::test]
async fn a_pause_stays_while_others_come_and_go() {
    let (peer, asked) = four(40).await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    consumer.pause(&[of(0)]).unwrap();
    consumer.incremental_assign(vec![at(1, 0)]).unwrap();
    let mut read = BTreeMap::new();
    poll(&mut consumer, &mut read).await;
    consumer.incremental_assign(vec![at(2, 0)]).unwrap();
    consumer.incremental_unassign(&[of(1)]).unwrap();
    poll(&mut consumer, &mut read).await;
    assert_eq!(read.keys().collect::<Vec<_>>(), [&1, &2]);
    assert!(!asked.lock().unwrap().contains_key(&0));
    consumer.resume(&[of(0)]).unwrap();
    while !read.contains_key(&0) {
        poll(&mut consumer, &mut read).await;
    }
    assert_eq!(read[&0][..2], [0, 1]);
}

#[tokio::test]
async fn an_error_that_waits_goes_with_its_partition() {
    let (peer, _asked) = four(40).await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    poll(&mut consumer, &mut BTreeMap::new()).await;
    consumer.incremental_assign(vec![at(9, 0)]).unwrap();
    consumer.start_requests(consumer.cluster.now());
    assert_eq!(consumer.failures.len(), 1, "there is no such partition");
    consumer.incremental_unassign(&[of(9)]).unwrap();
    poll(&mut consumer, &mut BTreeMap::new()).await;
}

#[tokio::test]
async fn an_increment_that_cannot_be_changes_nothing() {
    let (peer, _asked) = four(40).await;
    let mut consumer = consumer(peer.config(), Position::Offset(3)).await;
    for wrong in [vec![at(1, 0), at(0, 0)], vec![at(1, 0), at(1, 5)]] {
        let error = consumer.incremental_assign(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().ends_with(": assigned to the consumer already"), "{error}");
    }
    let error = consumer.incremental_unassign(&[of(0), of(1)]).unwrap_err();
    assert_eq!(error.to_string(), "topic orders, partition 1: not assigned to the consumer");
    assert_eq!(consumer.assignment().collect::<Vec<_>>(), [&of(0)]);
    assert_eq!(consumer.position(&of(0)), Some(3));
    consumer.incremental_unassign(&[of(0)]).unwrap();
    assert_eq!(consumer.poll().await.unwrap_err().kind(), ErrorKind::Usage, "nothing is assigned");
}
