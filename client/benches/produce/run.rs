//! One run: a producer of its own, a warm-up, then the load between two looks at the clocks.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use upsert_kafka_client::{Client, Config, Producer, Role};

use super::ALLOCATOR;
use super::load::Load;

/// What a producer is told beside Java's defaults.
pub(crate) type Settings<'a> = Vec<(&'a str, String)>;

/// Of one run; the times in nanoseconds a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) wall: f64,
    /// The client's thread.
    pub(crate) cpu: f64,
    pub(crate) allocations: f64,
}

/// On one thread, the caller's.
pub(crate) fn on_this_thread(address: &str, settings: &Settings<'_>, load: &Load) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let producer = open(address, settings).await;
        let topic = producer.topic(&load.topic).await.expect("a topic");
        load.drive(&producer, &topic, load.records / 8).await.expect("warms up");
        let before = (Instant::now(), ThreadTime::now(), ALLOCATOR.stats().allocations);
        load.drive(&producer, &topic, load.records).await.expect("sends");
        let (wall, cpu) = (before.0.elapsed(), before.1.elapsed());
        let allocations = ALLOCATOR.stats().allocations - before.2;
        let each = |time: Duration| time.as_nanos() as f64 / load.records as f64;
        Figures { wall: each(wall), cpu: each(cpu), allocations: allocations as f64 / load.records as f64 }
    })
}

/// From so many tasks on as many threads, through one producer; the wall time alone.
pub(crate) fn on_threads(address: &str, settings: &Settings<'_>, load: &Load, senders: usize) -> f64 {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(senders).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let producer = open(address, settings).await;
        together(&producer, load, load.records / 8, senders).await;
        let before = Instant::now();
        together(&producer, load, load.records, senders).await;
        before.elapsed().as_nanos() as f64 / load.records as f64
    })
}

async fn together(producer: &Producer, load: &Load, count: u64, senders: usize) {
    let each = |_| {
        let (producer, load) = (producer.clone(), load.clone());
        tokio::spawn(async move {
            let topic = producer.topic(&load.topic).await?;
            load.drive(&producer, &topic, count / senders as u64).await
        })
    };
    let tasks: Vec<_> = (0..senders).map(each).collect();
    for task in tasks {
        task.await.expect("no panic").expect("sends");
    }
}

/// A producer on that broker.
pub(crate) async fn open(address: &str, settings: &Settings<'_>) -> Producer {
    let pairs = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs = pairs.chain([("bootstrap.servers", address)]);
    let (config, _) = Config::from_properties(pairs, Role::Producer).expect("a config");
    Client::open(config).await.expect("a broker").producer()
}
