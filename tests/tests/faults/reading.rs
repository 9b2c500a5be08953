//! Reads a topic back: with our consumer, afterwards or all the while, and with Java's.

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, block_in_place};
use upsert_kafka_client::{Assignment, Client, Fetched, OffsetSpec, Position, TopicPartition};
use upsert_kafka_tests::kafka::Kafka;

use super::audit::{Entry, Log};
use super::numbered::Numbered;

/// The end of each partition.
type Ends = Vec<(i32, i64)>;

/// Reads from the beginning to what is the end now.
pub(super) async fn by_us(client: &Client, topic: &str) -> Log {
    let ends = ends(client, topic).await;
    let (tell, told) = oneshot::channel();
    tell.send(ends).expect("it is held here");
    follow(client.clone(), topic.to_owned(), told).await
}

/// A consumer that reads along while records are still written.
pub(super) struct Follower {
    tell: oneshot::Sender<Ends>,
    reading: JoinHandle<Log>,
}

impl Follower {
    pub(super) fn start(client: &Client, topic: &str) -> Self {
        let (tell, told) = oneshot::channel();
        Self { tell, reading: tokio::spawn(follow(client.clone(), topic.to_owned(), told)) }
    }

    /// Lets it read to what is the end now.
    pub(super) async fn finish(self, client: &Client, topic: &str) -> Log {
        self.tell.send(ends(client, topic).await).expect("the follower ended");
        self.reading.await.expect("all is read")
    }
}

async fn ends(client: &Client, topic: &str) -> Ends {
    client.consumer().offsets(topic, OffsetSpec::Latest).await.expect("the ends")
}

async fn follow(client: Client, topic: String, mut told: oneshot::Receiver<Ends>) -> Log {
    let of = |partition| TopicPartition { topic: topic.as_str().into(), partition };
    let mut consumer = client.consumer();
    let begins = consumer.offsets(&topic, OffsetSpec::Earliest).await.expect("the partitions");
    let begin = |(partition, _): &(i32, i64)| Assignment::new(topic.as_str(), *partition, Position::Earliest);
    consumer.assign(begins.iter().map(begin).collect());
    let (mut log, mut ends) = (vec![Vec::new(); begins.len()], None);
    loop {
        let read = |(partition, end): &(i32, i64)| consumer.position(&of(*partition)) >= Some(*end);
        if ends.as_ref().is_some_and(|ends: &Ends| ends.iter().all(read)) {
            return log;
        }
        tokio::select! {
            fetched = consumer.poll() => take(&fetched.expect("records"), &mut log),
            known = &mut told, if ends.is_none() => ends = Some(known.expect("the test ended")),
        }
    }
}

fn take(fetched: &Fetched, log: &mut Log) {
    let mut numbered = Numbered::default();
    for record in fetched {
        let record = record.expect("a record");
        let partition = usize::try_from(record.partition).expect("a partition");
        let number = numbered.number(record.key, record.value);
        log[partition].push(Entry { offset: record.offset, number });
    }
}

/// The same by Apache's client.
pub(super) fn by_java(kafka: &Kafka, topic: &str, partitions: i32, read_committed: bool) -> Log {
    let partition = |partition| {
        let (mut numbered, mut entries, mut from) = (Numbered::default(), Vec::new(), 0);
        loop {
            let of = (topic, partition);
            let page = block_in_place(|| kafka.java(|it, at| it.page(at, of, from, PAGE, read_committed)));
            entries.extend(page.records.iter().map(|record| Entry {
                offset: record.offset,
                number: numbered.number(record.key.as_deref(), record.value.as_deref()),
            }));
            from = page.next;
            if page.next >= page.end {
                return entries;
            }
        }
    };
    (0..partitions).map(partition).collect()
}

/// So many records a JVM of 256 MB holds easily.
const PAGE: usize = 10_000;
