//! Members of consumer groups: what they share is read once, whoever comes and goes, embedded and on a real Kafka.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{
    Assignor, Client, Config, GroupConsumer, GroupEvent, GroupProtocol, Member, MemberEvent, NewTopic,
    OffsetReset, Record, Role, Subscription,
};
use upsert_kafka_tests::kafka::{Java, JavaError, Kafka, MemberSeen, unique};

mod auto_commit;
mod came_back;
mod lease;
mod matching;
mod mixed;
mod recreated;

const PARTITIONS: i32 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// A topic with records, and a group that reads it.
struct Bench {
    bootstrap: String,
    /// Held for as long as it is needed.
    broker: Option<Broker>,
    topic: String,
    group: String,
    protocol: GroupProtocol,
    assignor: Assignor,
}

impl Bench {
    async fn embedded(protocol: GroupProtocol) -> Self {
        Self::embedded_as(BrokerConfig::default(), protocol).await
    }

    async fn embedded_as(config: BrokerConfig, protocol: GroupProtocol) -> Self {
        let broker = Broker::start(config).await.unwrap();
        Self::new(broker.address().to_string(), Some(broker), protocol).await
    }

    /// On a real Kafka, where there is one.
    async fn kafka(protocol: GroupProtocol) -> Option<Self> {
        let kafka = tokio::task::spawn_blocking(Kafka::shared).await.unwrap()?;
        Some(Self::new(kafka.bootstrap(), None, protocol).await)
    }

    async fn new(bootstrap: String, broker: Option<Broker>, protocol: GroupProtocol) -> Self {
        let (topic, group) = (unique("shared"), unique("readers"));
        let assignor = Assignor::CooperativeSticky;
        let bench = Self { bootstrap, broker, topic, group, protocol, assignor };
        let admin = bench.client().await.admin();
        let new = NewTopic::new(bench.topic.as_str()).partitions(PARTITIONS);
        for created in admin.create_topics(&[new]).await.unwrap() {
            created.unwrap();
        }
        bench
    }

    fn with_assignor(self, assignor: Assignor) -> Self {
        Self { assignor, ..self }
    }

    fn config(&self) -> Config {
        let pairs = [("bootstrap.servers", self.bootstrap.as_str())];
        let (config, _) = Config::from_properties(pairs, Role::Any).unwrap();
        config.with(|it| {
            it.retry_backoff = Duration::from_millis(20);
            it.group_id = Some(self.group.clone());
            it.group_protocol = self.protocol;
            it.partition_assignment_strategy = vec![self.assignor];
            it.auto_offset_reset = OffsetReset::Earliest;
            it.heartbeat_interval = Duration::from_millis(100);
        })
    }

    async fn client(&self) -> Client {
        Client::open(self.config()).await.unwrap()
    }

    async fn member(&self) -> Reader {
        let consumer =
            self.client().await.group_consumer(Subscription::topics([self.topic.as_str()])).unwrap();
        Reader { consumer, has: BTreeSet::new(), read: BTreeMap::new() }
    }

    /// The same protocol for Java's member.
    fn java_protocol(&self) -> &'static [(&'static str, &'static str)] {
        match self.protocol {
            GroupProtocol::Consumer => &[("group.protocol", "consumer")],
            _ => &[
                (
                    "partition.assignment.strategy",
                    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
                ),
                ("heartbeat.interval.ms", "100"),
            ],
        }
    }

    /// Writes so many records to every partition, each with its number.
    async fn write(&self, numbers: std::ops::Range<u64>) {
        let producer = self.client().await.producer();
        let topic = producer.topic(&self.topic).await.unwrap();
        for number in numbers {
            for partition in 0..PARTITIONS {
                let value = number.to_be_bytes();
                drop(producer.send(Record::new(&topic).partition(partition).value(&value)).await.unwrap());
            }
        }
        producer.flush().await.unwrap();
    }
}

/// A member that notes what it has and what it read, and commits what it lets go.
struct Reader {
    consumer: GroupConsumer,
    has: BTreeSet<i32>,
    read: BTreeMap<i32, Vec<u64>>,
}

impl Reader {
    /// Goes on until it has so many partitions and so many records.
    async fn until(&mut self, partitions: usize, records: usize) {
        let done = |it: &Self| it.has.len() == partitions && it.count() >= records;
        timeout(PATIENCE, async {
            while !done(self) {
                assert!(self.step().await, "it left");
            }
        })
        .await
        .unwrap_or_else(|_| panic!("has {:?} and {} records", self.has, self.count()));
    }

    /// One event; false when it has left.
    async fn step(&mut self) -> bool {
        match self.consumer.next().await.unwrap() {
            None => return false,
            Some(GroupEvent::Given(given)) => self.has.extend(given.iter().map(|of| of.partition)),
            Some(GroupEvent::Revoked(revocation)) => {
                self.consumer.commit_consumed().await.unwrap();
                revocation.partitions().iter().for_each(|of| _ = self.has.remove(&of.partition));
            }
            Some(GroupEvent::Records(fetched)) => {
                for record in &fetched {
                    let record = record.unwrap();
                    let number = u64::from_be_bytes(record.value.unwrap().try_into().unwrap());
                    self.read.entry(record.partition).or_default().push(number);
                }
            }
            Some(event) => panic!("{event:?}"),
        }
        true
    }

    async fn leave(&mut self) {
        self.consumer.leave();
        timeout(PATIENCE, async { while self.step().await {} }).await.expect("it leaves");
    }

    fn count(&self) -> usize {
        self.read.values().map(Vec::len).sum()
    }
}

/// One reads alone, a second comes, the first leaves: every record is read once, in its partition's order.
async fn comes_and_goes(bench: Bench) {
    let all = PARTITIONS as usize;
    bench.write(0..50).await;
    let mut first = bench.member().await;
    first.until(all, 50 * all).await;

    let mut second = bench.member().await;
    {
        let (one, two) =
            tokio::join!(async { first.until(all / 2, 0).await }, async { second.until(all / 2, 0).await });
        (one, two)
    };
    assert!(first.has.is_disjoint(&second.has));
    let described = bench.client().await.admin().describe_group(&bench.group).await.unwrap();
    let mut has: Vec<_> =
        described.members.iter().map(|it| it.partitions.iter().map(|of| of.partition).collect()).collect();
    let mut known = vec![first.has.clone(), second.has.clone()];
    has.sort();
    known.sort();
    assert_eq!((&*described.state, has), ("Stable", known));
    bench.write(50..100).await;
    let half = all / 2;
    tokio::join!(first.until(half, 50 * all + 50 * half), second.until(half, 50 * half));

    let (_, ()) = tokio::join!(first.leave(), second.until(all, 0));
    bench.write(100..110).await;
    second.until(all, 50 * half + 10 * all).await;

    for partition in 0..PARTITIONS {
        let of = |reader: &Reader| reader.read.get(&partition).cloned().unwrap_or_default();
        let read: Vec<u64> = of(&first).into_iter().chain(of(&second)).collect();
        assert_eq!(read, (0..110).collect::<Vec<_>>(), "partition {partition}");
    }
    second.leave().await;
}

/// Java's member reads alone, ours comes, Java's leaves: every record is read once.
async fn shares_with_java(bench: &Bench, kafka: &'static Kafka) {
    let (bootstrap, group, topic) = (bench.bootstrap.clone(), bench.group.clone(), bench.topic.clone());
    let name = group.clone();
    let java = move |ask: fn(&mut Java, &str) -> Result<MemberSeen, JavaError>| {
        let name = name.clone();
        async move { tokio::task::spawn_blocking(move || kafka.java(|it, _| ask(it, &name))).await.unwrap() }
    };
    let protocol = bench.java_protocol();
    tokio::task::spawn_blocking(move || {
        kafka.java(|it, _| it.join(&bootstrap, protocol, &group, (&group, &topic)))
    })
    .await
    .unwrap();
    let all = PARTITIONS as usize;
    bench.write(0..50).await;
    timeout(PATIENCE, async { while java(Java::seen).await.read.len() < 50 * all {} })
        .await
        .expect("Java reads");

    let mut ours = bench.member().await;
    ours.until(all / 2, 0).await;
    bench.write(50..100).await;
    ours.until(all / 2, 50 * all / 2).await;
    timeout(PATIENCE, async { while java(Java::seen).await.read.len() < 75 * all {} })
        .await
        .expect("Java reads on");
    assert!(java(Java::seen).await.has.iter().all(|partition| !ours.has.contains(partition)));

    let (theirs, ()) = tokio::join!(java(Java::leave), ours.until(all, 0));
    bench.write(100..110).await;
    ours.until(all, 25 * all + 10 * all).await;
    for partition in 0..PARTITIONS {
        let theirs = theirs.read.iter().filter(|(of, _)| *of == partition);
        let theirs = theirs.map(|(_, value)| u64::from_be_bytes(value[..].try_into().unwrap()));
        let read: Vec<u64> = theirs.chain(ours.read.get(&partition).into_iter().flatten().copied()).collect();
        assert_eq!(read, (0..110).collect::<Vec<_>>(), "partition {partition}");
    }
    ours.leave().await;
}

#[tokio::test]
async fn ours_and_javas_share_on_the_embedded_broker() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() else { return };
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        shares_with_java(&Bench::embedded(protocol).await, kafka).await;
    }
}

#[tokio::test]
async fn ours_and_javas_share_on_a_real_kafka() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() else { return };
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        shares_with_java(&Bench::new(kafka.bootstrap(), None, protocol).await, kafka).await;
    }
}

#[tokio::test]
async fn members_share_on_the_embedded_broker() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        comes_and_goes(Bench::embedded(protocol).await).await;
    }
}

#[tokio::test]
async fn members_share_on_a_real_kafka() {
    if let Some(bench) = Bench::kafka(GroupProtocol::Classic).await {
        comes_and_goes(bench).await;
    }
}

#[tokio::test]
async fn members_that_the_broker_assigns_share_on_a_real_kafka() {
    if let Some(bench) = Bench::kafka(GroupProtocol::Consumer).await {
        comes_and_goes(bench).await;
    }
}
