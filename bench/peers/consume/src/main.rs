//! A member of a group reads a topic to its end: ours, kacrab's, Confluent's, in one loop: each record's key and value are
//! looked at, nothing is committed.
//!
//! `peers-consume ours|kacrab|confluent ADDRESS TOPIC RECORDS PROTOCOL`; the topic is read once to warm up, then once more.

#[cfg(any(feature = "kacrab", feature = "confluent"))]
use std::time::Duration;
use std::time::Instant;

use cpu_time::ProcessTime;

type Failure = Box<dyn std::error::Error>;

/// What every side does of its own.
struct Run<'a> {
    address: &'a str,
    topic: &'a str,
    records: u64,
    protocol: &'a str,
    group: String,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [side, address, topic, records, protocol] = &arguments[..] else {
        return Err("five arguments".into());
    };
    for round in 0..2 {
        let group = format!("{side}-{protocol}-{}-{round}", std::process::id());
        let run = Run { address, topic, records: records.parse()?, protocol, group };
        let bytes = match side.as_str() {
            "ours" => ours(&run, round == 1).await?,
            #[cfg(feature = "kacrab")]
            "kacrab" => kacrab(&run, round == 1).await?,
            #[cfg(feature = "confluent")]
            "confluent" => confluent(&run, round == 1).await?,
            _ => return Err("ours, kacrab or confluent".into()),
        };
        assert!(bytes > 0);
    }
    Ok(())
}

/// From the first record on: what it takes to join is not what is measured here.
#[derive(Default)]
struct Meter(Option<(Instant, ProcessTime, u64)>);

impl Meter {
    fn first(&mut self, seen: u64) {
        self.0.get_or_insert_with(|| (Instant::now(), ProcessTime::now(), seen));
    }

    fn tell(&self, side: &str, seen: u64, is_told: bool) {
        let (wall, cpu, before) = self.0.expect("records came");
        let records = (seen - before) as f64;
        let [wall, cpu] = [wall.elapsed(), cpu.elapsed()].map(|it| it.as_nanos() as f64 / records);
        if is_told {
            println!("{{\"client\":\"{side}\",\"wall_ns\":{wall:.1},\"cpu_ns\":{cpu:.1}}}");
        }
    }
}

async fn ours(run: &Run<'_>, is_told: bool) -> Result<u64, Failure> {
    use upsert_kafka_client::{Client, Config, GroupEvent, Role, Subscription};
    let pairs = [
        ("bootstrap.servers", run.address),
        ("group.id", &run.group),
        ("group.protocol", run.protocol),
        ("auto.offset.reset", "earliest"),
    ];
    let client = Client::open(Config::from_properties(pairs, Role::Any)?.0).await?;
    let mut consumer = client.group_consumer(Subscription::topics([run.topic]))?;
    let (mut seen, mut bytes, mut meter) = (0, 0, Meter::default());
    while seen < run.records {
        let Some(event) = consumer.next().await? else { break };
        let GroupEvent::Records(fetched) = event else { continue };
        for record in &fetched {
            let record = record?;
            bytes += (record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len)) as u64;
            seen += 1;
        }
        meter.first(seen);
    }
    meter.tell("ours", seen, is_told);
    consumer.leave();
    while consumer.next().await?.is_some() {}
    Ok(bytes)
}

#[cfg(feature = "kacrab")]
async fn kacrab(run: &Run<'_>, is_told: bool) -> Result<u64, Failure> {
    use kacrab::consumer::Consumer;
    let mut consumer = Consumer::from_map([
        ("bootstrap.servers", run.address),
        ("group.id", &run.group),
        ("group.protocol", run.protocol),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
    ])
    .await?;
    consumer.subscribe([run.topic])?;
    let (mut seen, mut bytes, mut meter) = (0, 0, Meter::default());
    while seen < run.records {
        let records = consumer.poll(PATIENCE).await?;
        for record in &records {
            bytes += (record.key.as_ref().map_or(0, |it| it.len())
                + record.value.as_ref().map_or(0, |it| it.len())) as u64;
            seen += 1;
        }
        if seen > 0 {
            meter.first(seen);
        }
    }
    meter.tell("kacrab", seen, is_told);
    consumer.close().await;
    Ok(bytes)
}

#[cfg(feature = "confluent")]
async fn confluent(run: &Run<'_>, is_told: bool) -> Result<u64, Failure> {
    use confluent_kafka::common::serialization::ByteArrayDeserializer;
    use confluent_kafka::consumer::{Consumer, ConsumerConfig, KafkaConsumer};
    let pairs = [
        ("bootstrap.servers", run.address),
        ("group.id", &run.group),
        ("group.protocol", run.protocol),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
    ];
    let config = ConsumerConfig::new(
        &pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    )?;
    let mut consumer =
        KafkaConsumer::new(config, ByteArrayDeserializer::default(), ByteArrayDeserializer::default())?;
    consumer.subscribe_with_topics(vec![run.topic.to_owned()]).await?;
    let (mut seen, mut bytes, mut meter) = (0, 0, Meter::default());
    while seen < run.records {
        let records = consumer.poll(PATIENCE).await?;
        for record in &records {
            bytes += (record.key().map_or(0, |it| it.len()) + record.value().map_or(0, |it| it.len())) as u64;
            seen += 1;
        }
        if seen > 0 {
            meter.first(seen);
        }
    }
    meter.tell("confluent", seen, is_told);
    consumer.close().await?;
    Ok(bytes)
}

#[cfg(any(feature = "kacrab", feature = "confluent"))]
const PATIENCE: Duration = Duration::from_secs(1);
