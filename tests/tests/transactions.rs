//! Transactions: whole or not at all, on the embedded broker under both protocols and on a real Kafka.

use std::collections::BTreeSet;
use std::time::Duration;

use upsert_kafka_client::{
    Assignment, Client, Commit, Consumer, Error, ErrorKind, GroupMetadata, IsolationLevel, NewTopic,
    OffsetSpec, Position, Producer, Record, Scope, Topic, TopicPartition, Transaction,
};
use upsert_kafka_tests::kafka::unique;
use upsert_kafka_tests::polled;

mod host;

use host::Host;

/// A topic of three partitions on one of the hosts.
struct Bench {
    host: Host,
    topic: String,
    id: String,
}

impl Bench {
    async fn new(host: Host) -> Self {
        let topic = unique("transactions");
        let admin = Client::open(host.config()).await.unwrap().admin();
        let new = NewTopic::new(topic.as_str()).partitions(3);
        for created in admin.create_topics(&[new]).await.unwrap() {
            created.unwrap();
        }
        Self { host, topic, id: unique("id") }
    }

    async fn producer(&self) -> (Producer, Topic) {
        let config = self.host.config().with(|it| it.transactional_id = Some(self.id.clone()));
        let producer = Client::open(config).await.unwrap().producer();
        let topic = producer.topic(&self.topic).await.unwrap();
        (producer, topic)
    }

    async fn reader(&self) -> Consumer {
        let config = self.host.config().with(|it| it.isolation_level = IsolationLevel::ReadCommitted);
        Client::open(config).await.unwrap().consumer()
    }

    /// All values that a reader sees who does not look into open or aborted transactions, up to the end of the
    /// log: past the last record he comes when its transaction is ended, markers and all.
    async fn committed(&self) -> BTreeSet<u64> {
        let looker = Client::open(self.host.config()).await.unwrap().consumer();
        let ends = looker.offsets(&self.topic, OffsetSpec::Latest).await.unwrap();
        let mut consumer = self.reader().await;
        let place = |partition| TopicPartition { topic: self.topic.as_str().into(), partition };
        let assignment = |(partition, _): &(i32, i64)| {
            Assignment::new(self.topic.as_str(), *partition, Position::Earliest)
        };
        consumer.assign(ends.iter().map(assignment).collect());
        let mut seen = BTreeSet::new();
        while ends.iter().any(|(partition, end)| consumer.position(&place(*partition)).unwrap_or(0) < *end) {
            for partition in consumer.poll().await.unwrap().partitions() {
                for record in partition.records() {
                    let value = record.unwrap().value.unwrap();
                    let new = seen.insert(u64::from_be_bytes(value[..8].try_into().unwrap()));
                    assert!(new, "seen twice");
                }
            }
        }
        seen
    }

    async fn kept_offset(&self, group: &str) -> Option<i64> {
        let consumer = self.reader().await;
        let of = TopicPartition { topic: self.topic.as_str().into(), partition: 1 };
        consumer.committed(group, &[of]).await.unwrap()[0].offset
    }
}

/// Numbers over all partitions, their deliveries dropped.
async fn send(transaction: &Transaction, topic: &Topic, numbers: std::ops::Range<u64>) -> Result<(), Error> {
    for number in numbers {
        let partition = i32::try_from(number % 3).unwrap();
        let value = number.to_be_bytes();
        let record = Record::new(topic).partition(partition).value(&value);
        drop(transaction.send(record).await?);
    }
    Ok(())
}

/// Runs a scenario on every host.
macro_rules! on_every_host {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            for host in Host::all().await {
                println!("on {host}");
                scenarios::$name(Bench::new(host).await).await;
            }
        }
    )*};
}

on_every_host! {
    what_is_committed_is_seen_and_what_is_aborted_is_not
    who_comes_second_fences_the_first_and_his_open_transaction_is_gone
    a_transaction_that_is_dropped_is_aborted_and_the_next_one_begins
    offsets_are_kept_with_the_transaction_or_not_at_all
    a_transaction_is_ended_by_another_process_that_knows_its_numbers
    a_record_that_is_refused_ends_its_transaction_and_no_more
    begin_send_and_commit_that_are_dropped_leave_nothing_half_done
    offsets_and_aborts_that_are_dropped_leave_nothing_half_done
    closing_a_producer_aborts_what_is_open
    tasks_that_share_a_producer_take_turns
    what_cannot_be_is_said_in_words
}

mod scenarios {
    use super::*;

    pub(super) async fn what_is_committed_is_seen_and_what_is_aborted_is_not(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let mut expected = BTreeSet::new();
        for round in 0..6 {
            let transaction = producer.begin().await.unwrap();
            let numbers = round * 100..round * 100 + 50;
            send(&transaction, &topic, numbers.clone()).await.unwrap();
            if round % 3 == 1 {
                // Some of it is in the log by then, some is not.
                if round > 1 {
                    transaction.flush().await.unwrap();
                }
                transaction.abort().await.unwrap();
            } else {
                transaction.commit().await.unwrap();
                expected.extend(numbers);
            }
        }
        producer.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(bench.committed().await, expected);
        if let Some(seen) = bench.host.seen_by_java(&bench.topic) {
            assert_eq!(seen, expected.len());
        }
        let metrics = producer.metrics();
        assert!(metrics.value("txn-commit-time-ns-total").unwrap() > 0.0, "{metrics}");
    }

    pub(super) async fn who_comes_second_fences_the_first_and_his_open_transaction_is_gone(bench: Bench) {
        let (first, topic) = bench.producer().await;
        let transaction = first.begin().await.unwrap();
        send(&transaction, &topic, 0..30).await.unwrap();
        transaction.flush().await.unwrap();
        let (second, topic) = bench.producer().await;
        let other = second.begin().await.unwrap();
        send(&other, &topic, 100..130).await.unwrap();
        let error = transaction.commit().await.unwrap_err();
        assert!(error.is_fenced() && error.is_fatal(), "{error:?}");
        assert!(error.to_string().contains(&bench.id), "{error}");
        let error = first.begin().await.unwrap_err();
        assert!(error.is_fenced() && error.is_fatal(), "{error:?}");
        other.commit().await.unwrap();
        assert_eq!(bench.committed().await, (100..130).collect());
    }

    pub(super) async fn a_transaction_that_is_dropped_is_aborted_and_the_next_one_begins(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 0..30).await.unwrap();
        drop(transaction);
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 30..60).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(bench.committed().await, (30..60).collect());
    }

    pub(super) async fn offsets_are_kept_with_the_transaction_or_not_at_all(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let group = unique("group");
        let offset = |offset| {
            Commit::new(TopicPartition::new(bench.topic.as_str(), 1), offset).with_metadata("so far")
        };
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 0..3).await.unwrap();
        transaction.send_offsets(&[offset(7)], &GroupMetadata::new(group.as_str())).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(bench.kept_offset(&group).await, Some(7));
        let transaction = producer.begin().await.unwrap();
        transaction.send_offsets(&[offset(9)], &GroupMetadata::new(group.as_str())).await.unwrap();
        transaction.abort().await.unwrap();
        assert_eq!(bench.kept_offset(&group).await, Some(7));
        let transaction = producer.begin().await.unwrap();
        let stranger = GroupMetadata::new(group.as_str()).member(4, "nobody");
        let error = transaction.send_offsets(&[offset(11)], &stranger).await.unwrap_err();
        assert!(error.is_abortable(), "{error:?}");
        let error = transaction.commit().await.unwrap_err();
        assert!(error.is_abortable(), "{error:?}");
        producer.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(bench.kept_offset(&group).await, Some(7));
    }

    pub(super) async fn a_transaction_is_ended_by_another_process_that_knows_its_numbers(bench: Bench) {
        for commits in [true, false] {
            let (first, topic) = bench.producer().await;
            let transaction = first.begin().await.unwrap();
            let numbers = if commits { 0..30 } else { 30..60 };
            send(&transaction, &topic, numbers).await.unwrap();
            transaction.flush().await.unwrap();
            let identity = transaction.identity();
            // As if the process had ended here.
            std::mem::forget(transaction);
            let (second, topic) = bench.producer().await;
            let resumed = second.resume(identity).await.unwrap();
            let error = send(&resumed, &topic, 0..1).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            if commits {
                resumed.commit().await.unwrap()
            } else {
                resumed.abort().await.unwrap()
            }
            let next = second.begin().await.unwrap();
            send(&next, &topic, if commits { 100..110 } else { 110..120 }).await.unwrap();
            next.commit().await.unwrap();
        }
        assert_eq!(bench.committed().await, (0..30).chain(100..120).collect());
    }

    pub(super) async fn a_record_that_is_refused_ends_its_transaction_and_no_more(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 0..30).await.unwrap();
        // More than the broker's message.max.bytes, less than the client's limits.
        let large = vec![0; 1_048_588];
        let delivery = transaction.send(Record::new(&topic).value(&large)).await.unwrap();
        let error = delivery.await.unwrap_err();
        assert_eq!((error.kind(), error.topic()), (ErrorKind::TooLarge, Some(&*bench.topic)), "{error:?}");
        let error = transaction.send(Record::new(&topic).value(b"more")).await.unwrap_err();
        assert!(error.is_abortable(), "{error:?}");
        let error = transaction.commit().await.unwrap_err();
        assert!(error.is_abortable() && !error.may_have_been_written(), "{error:?}");
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 100..130).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(bench.committed().await, (100..130).collect());
    }

    pub(super) async fn begin_send_and_commit_that_are_dropped_leave_nothing_half_done(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        // However far it has come when it is dropped.
        for polls in 0..6 {
            poll_and_drop(producer.begin(), polls).await;
        }
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 0..30).await.unwrap();
        transaction.commit().await.unwrap();
        let mut done = BTreeSet::new();
        for polls in 0..12 {
            let transaction = producer.begin().await.unwrap();
            let numbers = 100 * (polls + 1)..100 * (polls + 1) + 30;
            send(&transaction, &topic, numbers.clone()).await.unwrap();
            if poll_and_drop(transaction.commit(), polls).await {
                done.extend(numbers);
            }
        }
        producer.begin().await.unwrap().commit().await.unwrap();
        let seen = bench.committed().await;
        assert!(seen.is_superset(&(0..30).collect()) && seen.is_superset(&done));
        for polls in 0..12 {
            let numbers = 100 * (polls + 1)..100 * (polls + 1) + 30;
            let whole = numbers.clone().filter(|number| seen.contains(number)).count();
            assert!(whole == 0 || whole == 30, "{whole} of a transaction whose commit was dropped");
        }
    }

    pub(super) async fn offsets_and_aborts_that_are_dropped_leave_nothing_half_done(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let (group, mut kept) = (unique("group"), None);
        for polls in 0..8u64 {
            _ = poll_and_drop(producer.topic(&bench.topic), polls).await;
            let transaction = producer.begin().await.unwrap();
            send(&transaction, &topic, 100 * polls..100 * polls + 30).await.unwrap();
            let offset = i64::try_from(polls).unwrap();
            let commit = Commit::new(TopicPartition::new(bench.topic.as_str(), 1), offset);
            let metadata = GroupMetadata::new(group.as_str());
            let (offsets, told) = ([commit], polls % 2 == 0);
            let done = poll_and_drop(transaction.send_offsets(&offsets, &metadata), polls).await;
            if done && told {
                transaction.commit().await.unwrap();
                kept = Some(offset);
            } else {
                _ = poll_and_drop(transaction.abort(), polls).await;
            }
            let seen = bench.committed().await;
            let here = (100 * polls..100 * polls + 30).filter(|number| seen.contains(number)).count();
            assert_eq!(here, if done && told { 30 } else { 0 }, "{polls} polls");
        }
        producer.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(bench.kept_offset(&group).await, kept);
    }

    pub(super) async fn closing_a_producer_aborts_what_is_open(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let transaction = producer.begin().await.unwrap();
        send(&transaction, &topic, 0..30).await.unwrap();
        producer.close(Duration::from_secs(20)).await.unwrap();
        let error = send(&transaction, &topic, 30..31).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        transaction.commit().await.unwrap_err();
        assert_eq!(bench.committed().await, BTreeSet::new());
    }

    pub(super) async fn tasks_that_share_a_producer_take_turns(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let tasks = (0..3u64).map(|task| {
            let (producer, topic) = (producer.clone(), topic.clone());
            tokio::spawn(async move {
                for round in 0..5 {
                    let transaction = loop {
                        match producer.begin().await {
                            Ok(transaction) => break transaction,
                            Err(error) => assert_eq!(error.kind(), ErrorKind::Usage, "{error}"),
                        }
                        tokio::task::yield_now().await;
                    };
                    let first = task * 1000 + round * 10;
                    send(&transaction, &topic, first..first + 10).await.unwrap();
                    transaction.commit().await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let expected = (0..3u64).flat_map(|task| task * 1000..task * 1000 + 50).collect();
        assert_eq!(bench.committed().await, expected);
    }

    pub(super) async fn what_cannot_be_is_said_in_words(bench: Bench) {
        let (producer, topic) = bench.producer().await;
        let error = producer.send(Record::new(&topic).value(b"v")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("transactional.id"), "{error}");
        let error = producer.try_send(Record::new(&topic).value(b"v")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        let transaction = producer.begin().await.unwrap();
        let error = producer.begin().await.unwrap_err();
        assert_eq!((error.kind(), error.scope()), (ErrorKind::Usage, Scope::Call));
        assert!(error.to_string().contains("open already"), "{error}");
        transaction.commit().await.unwrap();
        let plain = Client::open(bench.host.config()).await.unwrap().producer();
        let error = plain.begin().await.unwrap_err();
        assert!(error.to_string().contains("transactional.id"), "{error}");
    }

    /// Whether it was done after so many polls and some time between them.
    async fn poll_and_drop<T>(future: impl Future<Output = Result<T, Error>>, polls: u64) -> bool {
        polled(future, polls, async || tokio::time::sleep(Duration::from_micros(300)).await).await.is_some()
    }
}
