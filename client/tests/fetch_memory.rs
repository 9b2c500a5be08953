//! What a consumer takes of memory when little that is stored is much that is read: alone in its binary, since the
//! kernel tells only what the whole process took at most.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use bytes::{Bytes, BytesMut};
use tokio::runtime::{Builder, Runtime};
use upsert_kafka_client::{Assignment, Client, Config, Consumer, ErrorKind, Position};
use upsert_kafka_protocol::header::{self, RequestHeader};
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp};
use upsert_kafka_protocol::{APIS, Message, Segments, Str, Uuid};

/// One test, for they would count each other's bytes.
#[test]
fn batches_that_unpack_to_much_are_read_within_one_budget() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let idle = status("VmRSS");
    // Zstd as the defaults are; for the codecs that take longer, a smaller copy of that, and before it: an allocator
    // keeps what it once had.
    for compression in [Compression::Gzip, Compression::Lz4, Compression::Snappy] {
        every_partition_is_read(&runtime, idle, compression, 16, (6 << 20, 7 << 20));
    }
    every_partition_is_read(&runtime, idle, Compression::Zstd, 32, (60 << 20, 64 << 20));
    a_batch_beyond_the_budget_is_an_error(&runtime);
}

fn every_partition_is_read(
    runtime: &Runtime,
    idle: usize,
    compression: Compression,
    partitions: i32,
    (bytes, budget): (usize, usize),
) {
    let stored = bomb(compression, bytes);
    let address = start(stored.clone(), partitions);
    let config = Config::default().with(|it| it.fetch_max_decompressed_bytes = budget);
    let took = runtime.block_on(async {
        let mut consumer = consumer(&address, partitions, config).await;
        peak_of(read(&mut consumer, partitions, bytes)).await.saturating_sub(idle)
    });
    let wire = stored.len() * partitions as usize;
    // The broker is of this process too.
    let most = 2 * budget + 3 * wire + SLACK;
    println!("{compression}: {wire} bytes stored, {took} bytes of memory");
    assert!(took < most, "{compression}: {took} bytes, more than {most}");
    assert!(most < bytes * partitions as usize, "{compression}: the test proves nothing");
}

fn a_batch_beyond_the_budget_is_an_error(runtime: &Runtime) {
    let address = start(bomb(Compression::Zstd, 4 << 20), 2);
    let budget = 3 << 20;
    let config = Config::default().with(|it| it.fetch_max_decompressed_bytes = budget);
    runtime.block_on(async {
        let mut consumer = consumer(&address, 1, config).await;
        let error = consumer.poll().await.expect_err("it does not fit");
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{text}");
        assert!(text.starts_with("topic bombs, partition 0: the batch at offset 0"), "{text}");
        assert!(text.contains(&format!("limit of {budget} bytes")), "{text}");
    });
}

/// Everything once, each partition's record whole; says nothing else.
async fn read(consumer: &mut Consumer, partitions: i32, bytes: usize) {
    let mut seen = vec![false; partitions as usize];
    while seen.contains(&false) {
        let fetched = consumer.poll().await.expect("records");
        for partition in fetched.partitions() {
            for record in partition.records() {
                let record = record.expect("a record");
                assert_eq!((record.offset, record.value.map(<[u8]>::len)), (0, Some(bytes)));
                let before = std::mem::replace(&mut seen[partition.partition() as usize], true);
                assert!(!before, "partition {} came twice", partition.partition());
            }
        }
    }
}

async fn consumer(address: &str, partitions: i32, config: Config) -> Consumer {
    let config = config.with(|it| it.bootstrap_servers = vec![address.parse().expect("an address")]);
    let mut consumer = Client::open(config).await.expect("a broker").consumer();
    let assignment = |index| Assignment::new("bombs", index, Position::Offset(0));
    consumer.assign((0..partitions).map(assignment).collect());
    consumer
}

/// What the process took meanwhile, at most.
async fn peak_of(work: impl Future<Output = ()>) -> usize {
    // 5 makes the kernel forget the peak so far.
    fs::write("/proc/self/clear_refs", "5").expect("the peak is forgotten");
    work.await;
    status("VmHWM")
}

fn status(row: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("our status");
    let line = status.lines().find(|line| line.starts_with(row)).expect("the row");
    let kib: usize = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}

/// A batch of one record of zeros.
fn bomb(compression: Compression, bytes: usize) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), bytes * 2);
    writer.append(1000, None, Some(&vec![0; bytes]), &[]).expect("it fits");
    Bytes::copy_from_slice(&writer.seal(Stamp::NONE, Codec::from(compression)))
}

/// A broker whose every partition holds this batch.
fn start(batch: Bytes, partitions: i32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let broker = Arc::new(Broker { batch, partitions, port: address.port() });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let broker = Arc::clone(&broker);
            // A connection that ends is the client's business.
            thread::spawn(move || _ = broker.serve(stream));
        }
    });
    address.to_string()
}

struct Broker {
    batch: Bytes,
    partitions: i32,
    port: u16,
}

impl Broker {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut size = [0; 4];
            stream.read_exact(&mut size)?;
            let mut frame = vec![0; u32::from_be_bytes(size) as usize];
            stream.read_exact(&mut frame)?;
            let (head, body) = RequestHeader::read(&frame.into()).expect("a request");
            let (version, id) = (head.request_api_version, head.correlation_id);
            let answer = match head.request_api_key {
                ApiVersionsRequest::KEY => answer(&versions(), version, id),
                MetadataRequest::KEY => answer(&self.metadata(), version, id),
                _ => {
                    answer(&self.fetch(&FetchRequest::decode(&body, version).expect("a fetch")), version, id)
                }
            };
            stream.write_all(&answer.into_bytes())?;
        }
    }

    fn metadata(&self) -> MetadataResponse {
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            leader_id: 1,
            leader_epoch: 0,
            ..Default::default()
        };
        let topic = MetadataResponseTopic {
            name: Some(Str::from("bombs")),
            topic_id: Uuid([7; 16]),
            partitions: (0..self.partitions).map(partition).collect(),
            ..Default::default()
        };
        let (host, port) = (Str::from("127.0.0.1"), i32::from(self.port));
        let broker = MetadataResponseBroker { node_id: 1, host, port, ..Default::default() };
        MetadataResponse { brokers: vec![broker], topics: vec![topic], ..Default::default() }
    }

    fn fetch(&self, request: &FetchRequest) -> FetchResponse {
        let data = |partition: &upsert_kafka_protocol::messages::fetch::FetchPartition| PartitionData {
            partition_index: partition.partition,
            high_watermark: 1,
            records: Some(self.batch.clone()).filter(|_| partition.fetch_offset == 0),
            ..Default::default()
        };
        let topic = |topic: &upsert_kafka_protocol::messages::fetch::FetchTopic| FetchableTopicResponse {
            topic_id: topic.topic_id,
            partitions: topic.partitions.iter().map(data).collect(),
            ..Default::default()
        };
        FetchResponse { responses: request.topics.iter().map(topic).collect(), ..Default::default() }
    }
}

fn versions() -> ApiVersionsResponse {
    let row = |api: &upsert_kafka_protocol::Api| ApiVersion {
        api_key: api.key.0,
        min_version: api.current.from,
        max_version: api.current.to,
        ..Default::default()
    };
    ApiVersionsResponse { api_keys: APIS.iter().map(row).collect(), ..Default::default() }
}

fn answer<M: Message>(response: &M, version: i16, id: i32) -> Segments {
    header::response_frame(response, version, id).expect("an answer")
}

/// Connections, a codec's window, what the allocator keeps.
const SLACK: usize = 24 << 20;
