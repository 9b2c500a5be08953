//! `consume` against brokers that lie in Fetch and ListOffsets: it stays small, asks at growing distances, and says
//! what is wrong as soon as trying again does not mend it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::header::{self, RequestHeader};
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchableTopicResponse, PartitionData};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp, set_offset};
use upsert_kafka_protocol::{APIS, ErrorCode, Message, Request, Segments, Str, Uuid};

use crate::program;

/// What a lying broker answers for a partition that is fetched.
type Lie = Box<dyn Fn(&FetchPartition) -> PartitionData + Send + Sync>;

/// Answers that bring nothing, for ever. With Java's backoff from 100 ms to a second, a liar hears of a client a
/// dozen times in these seconds; one that spins is heard thousands of times.
#[test]
fn answers_that_bring_nothing_are_asked_for_at_growing_distances() {
    let early = batch(1, b"a value of some length", Compression::None);
    let last = batch(i64::MAX, b"v", Compression::None);
    let half = early.slice(..early.len() / 2);
    let empty = PartitionData { high_watermark: 9, ..Default::default() };
    let error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
    let lies = [
        ("empty at once", empty),
        ("batches before the position", with(&early)),
        ("offsets beyond 2^63", with(&last)),
        ("half a batch", with(&half)),
        ("out of range, whatever the offset", PartitionData { error_code, ..Default::default() }),
    ];
    let runs: Vec<_> = lies.into_iter().map(|(name, lie)| (name, thread::spawn(|| heard(lie)))).collect();
    for (name, run) in runs {
        let (fetches, lookups) = run.join().expect("a run");
        assert!(fetches >= 2, "{name}: {fetches} fetches, it gave up at once");
        assert!(fetches <= 20 && lookups <= 20, "{name}: {fetches} fetches, {lookups} lookups");
    }
}

/// How often a `consume` asks such a broker in three seconds.
fn heard(lie: PartitionData) -> (usize, usize) {
    let liar = Liar::start(1, Box::new(move |_| lie.clone()));
    let args = ["consume", "bombs", "--bootstrap", &liar.address, "--from", "5"];
    let mut consume = program::start(&args);
    liar.first_fetch.recv_timeout(Duration::from_secs(60)).expect("a fetch");
    thread::sleep(WATCHED);
    assert!(consume.is_running(), "{}", consume.end().err);
    consume.kill();
    (liar.broker.fetches.load(Relaxed), liar.broker.lookups.load(Relaxed))
}

/// 20 KB that are stored and 630 MB that they come to, beside what threads reserve of the address space.
#[test]
fn bombs_in_every_partition_fit_in_less_memory_than_they_come_to() {
    let bomb = zeros(BOMB_BYTES);
    let liar = Liar::start(
        BOMBS,
        Box::new(move |asked| match asked.fetch_offset {
            0 => with(&bomb),
            _ => PartitionData { high_watermark: 1, ..Default::default() },
        }),
    );
    let limited = format!(
        "ulimit -v {MEMORY_KIB}; exec {} consume bombs --bootstrap {} --from earliest --count {BOMBS} | wc -c",
        program::PROGRAM,
        liar.address
    );
    let began = Instant::now();
    let ran = std::process::Command::new("sh").args(["-c", &limited]).output().expect("a shell");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let printed: usize = out.trim().parse().expect("a number of bytes");
    assert!(printed >= BOMBS as usize * BOMB_BYTES, "{printed} bytes were printed: {err}");
    assert!(began.elapsed() < Duration::from_secs(300), "{:?}", began.elapsed());
}

#[test]
fn a_batch_larger_than_a_consumer_may_hold_is_an_error_that_says_which() {
    let huge = with(&zeros(BOMB_BYTES + (10 << 20)));
    let liar = Liar::start(1, Box::new(move |_| huge.clone()));
    let args = ["consume", "bombs", "--bootstrap", &liar.address, "--from", "earliest"];
    let ran = program::run(&args);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("topic bombs, partition 0: the batch at offset 0"), "{}", ran.err);
    assert!(ran.err.contains("limit of 67108864 bytes"), "{}", ran.err);
}

/// A broker of one topic, and how often it was asked.
struct Liar {
    address: String,
    broker: Arc<Broker>,
    first_fetch: mpsc::Receiver<()>,
}

struct Broker {
    lie: Lie,
    partitions: i32,
    port: u16,
    fetches: AtomicUsize,
    lookups: AtomicUsize,
    told: mpsc::Sender<()>,
}

impl Liar {
    fn start(partitions: i32, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (told, first_fetch) = mpsc::channel();
        let (fetches, lookups) = Default::default();
        let broker = Arc::new(Broker { lie, partitions, port, fetches, lookups, told });
        let serving = Arc::clone(&broker);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let broker = Arc::clone(&serving);
                // A connection that ends is the client's business.
                thread::spawn(move || _ = broker.serve(stream));
            }
        });
        Self { address: format!("127.0.0.1:{port}"), broker, first_fetch }
    }
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
                ListOffsetsRequest::KEY => answer(&self.offsets(&read(&body, version)), version, id),
                _ => answer(&self.fetch(&read(&body, version)), version, id),
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

    /// Every log begins at 0 and ends at 9.
    fn offsets(&self, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        self.lookups.fetch_add(1, Relaxed);
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| ListOffsetsPartitionResponse {
                partition_index: partition.partition_index,
                offset: if partition.timestamp == -2 { 0 } else { 9 },
                ..Default::default()
            });
            let (name, partitions) = (topic.name.clone(), partitions.collect());
            ListOffsetsTopicResponse { name, partitions, ..Default::default() }
        });
        ListOffsetsResponse { topics: topics.collect(), ..Default::default() }
    }

    fn fetch(&self, request: &FetchRequest) -> FetchResponse {
        self.fetches.fetch_add(1, Relaxed);
        // Only the first is waited for.
        _ = self.told.send(());
        let responses = request.topics.iter().map(|topic| {
            let data = topic
                .partitions
                .iter()
                .map(|asked| PartitionData { partition_index: asked.partition, ..(self.lie)(asked) });
            let (topic_id, partitions) = (topic.topic_id, data.collect());
            FetchableTopicResponse { topic_id, partitions, ..Default::default() }
        });
        FetchResponse { responses: responses.collect(), ..Default::default() }
    }
}

fn with(records: &Bytes) -> PartitionData {
    PartitionData { high_watermark: 9, records: Some(records.clone()), ..Default::default() }
}

fn zeros(count: usize) -> Bytes {
    batch(0, &vec![b'0'; count], Compression::Zstd)
}

fn batch(offset: i64, value: &[u8], compression: Compression) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 2 * BOMB_BYTES);
    writer.append(1000, None, Some(value), &[]).expect("it fits");
    let mut bytes = writer.seal(Stamp::NONE, Codec::from(compression)).to_vec();
    set_offset(&mut bytes, offset, 0);
    Bytes::from(bytes)
}

fn read<R: Request>(body: &Bytes, version: i16) -> R {
    R::decode(body, version).expect("a request")
}

fn answer<M: Message>(response: &M, version: i16, id: i32) -> Segments {
    header::response_frame(response, version, id).expect("an answer")
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

/// How long each liar is watched.
const WATCHED: Duration = Duration::from_secs(3);
const BOMB_BYTES: usize = 60 << 20;
const BOMBS: i32 = 10;
/// Address space, of which threads and allocators take more than memory.
const MEMORY_KIB: usize = 700 << 10;
