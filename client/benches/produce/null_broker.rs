//! A broker that answers and keeps nothing: one thread per connection, requests as fast as they come.
//!
//! It looks at no record: batches are skipped in a buffer that stays in the cache, so that the client is
//! what is measured. A topic named `p` and a number has so many partitions; so has one named `s`, at whose
//! first batch the connection stands still. It speaks what Java,
//! librdkafka, krafka and rskafka ask of a broker that they only write to.

use std::collections::HashMap;
use std::io::{Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use bytes::{BufMut, Bytes, BytesMut};
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, InitProducerIdRequest, InitProducerIdResponse,
    MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse,
};
use upsert_kafka_protocol::{ErrorCode, Message, Segments, Str, Uuid, header};

use super::stream::Stream;

/// Serves on that port, 0 for a free one, from that core if there is one; gives the address.
pub(crate) fn start(port: u16, core: Option<usize>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        if let Some(core) = core {
            super::pin(core);
        }
        for stream in listener.incoming().flatten() {
            // A new thread runs where its parent does. It ends with the connection.
            thread::spawn(move || serve(stream, address.port()));
        }
    });
    address.to_string()
}

/// How many bytes of batches came to this process so far.
pub(crate) fn batch_bytes() -> u64 {
    BATCH_BYTES.load(Relaxed)
}

static BATCH_BYTES: AtomicU64 = AtomicU64::new(0);

/// Not Kafka's: a frame that is read to its end and answered, to measure what loopback alone can do.
pub(crate) const SINK: i16 = 32_000;

fn serve(mut socket: TcpStream, port: u16) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut offsets = Offsets::new();
    let mut stream = Stream::new(socket.try_clone()?);
    loop {
        let end = u64::from(stream.i32()?.cast_unsigned()) + stream.position();
        let (key, version, id) = (stream.i16()?, stream.i16()?, stream.i32()?);
        let answer = match key {
            ProduceRequest::KEY => {
                let response = produced(&mut stream, version, &mut offsets)?;
                header::response_frame(&response, version, id).expect("an answer").into_bytes()
            }
            SINK => {
                stream.skip(end - stream.position())?;
                [4i32.to_be_bytes(), id.to_be_bytes()].concat().into()
            }
            _ => {
                let mut frame = BytesMut::new();
                frame.put_i16(key);
                frame.put_i16(version);
                frame.put_i32(id);
                let rest = usize::try_from(end - stream.position()).expect("a small request");
                frame.put_slice(stream.take(rest)?);
                answer(&frame.freeze(), port)
            }
        };
        stream.skip(end - stream.position())?;
        socket.write_all(&answer)?;
    }
}

/// Where the next batch of a topic's partition goes.
type Offsets = HashMap<(Topic, i32), i64>;

/// Named by name before version 13.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Topic(Str, Uuid);

impl Topic {
    fn stands_still(&self) -> bool {
        self.0.starts_with(STILL) || self.1.0[0] == STILL as u8
    }
}

fn produced(stream: &mut Stream, version: i16, offsets: &mut Offsets) -> Result<ProduceResponse> {
    let wire = Wire { flexible: version >= 9 };
    let client_id = stream.i16()?.max(0);
    stream.skip(client_id.cast_unsigned().into())?;
    wire.tags(stream)?;
    wire.string(stream)?;
    stream.skip(2 + 4)?;
    let mut responses = Vec::new();
    for _ in 0..wire.count(stream)? {
        let topic = match version {
            13.. => Topic(Str::default(), Uuid(stream.array()?)),
            _ => Topic(Str::from(wire.string(stream)?), Uuid::default()),
        };
        if topic.stands_still() {
            loop {
                thread::park();
            }
        }
        let mut partition_responses = Vec::new();
        for _ in 0..wire.count(stream)? {
            let index = stream.i32()?;
            let next = offsets.entry((topic.clone(), index)).or_default();
            let base_offset = *next;
            *next += i64::from(wire.batch(stream)?);
            partition_responses.push(PartitionProduceResponse { index, base_offset, ..Default::default() });
        }
        wire.tags(stream)?;
        let Topic(name, topic_id) = topic;
        responses.push(TopicProduceResponse { name, topic_id, partition_responses, ..Default::default() });
    }
    Ok(ProduceResponse { responses, ..Default::default() })
}

/// How strings, arrays and tags lie in a version.
#[derive(Clone, Copy)]
struct Wire {
    flexible: bool,
}

impl Wire {
    fn count(self, stream: &mut Stream) -> Result<u64> {
        match self.flexible {
            true => Ok(stream.varint()?.saturating_sub(1)),
            false => Ok(u64::from(stream.i32()?.max(0).cast_unsigned())),
        }
    }

    fn string(self, stream: &mut Stream) -> Result<String> {
        let length = match self.flexible {
            true => stream.varint()?.saturating_sub(1),
            false => u64::from(stream.i16()?.max(0).cast_unsigned()),
        };
        Ok(String::from_utf8_lossy(stream.take(length as usize)?).into_owned())
    }

    /// How many records the batch says it has.
    fn batch(self, stream: &mut Stream) -> Result<i32> {
        let length = self.count(stream)?;
        BATCH_BYTES.fetch_add(length, Relaxed);
        let head = stream.array::<BATCH_HEAD_BYTES>()?;
        // Else who is measured does other work than everybody else, as librdkafka did once.
        assert_eq!(head[MAGIC_AT], 2, "a client that writes an old format of records");
        stream.skip(length - head.len() as u64)?;
        self.tags(stream)?;
        Ok(i32::from_be_bytes(*head.last_chunk().expect("it is longer")))
    }

    fn tags(self, stream: &mut Stream) -> Result<()> {
        if self.flexible {
            for _ in 0..stream.varint()? {
                stream.varint()?;
                let length = stream.varint()?;
                stream.skip(length)?;
            }
        }
        Ok(())
    }
}

fn answer(frame: &Bytes, port: u16) -> Bytes {
    let (head, body) = header::RequestHeader::read(frame).expect("a header");
    let (version, id) = (head.request_api_version, head.correlation_id);
    let segments = match head.request_api_key {
        ApiVersionsRequest::KEY => return versions(version, id),
        MetadataRequest::KEY => {
            let request = MetadataRequest::decode(&body, version).expect("a Metadata request");
            header::response_frame(&metadata(&request, port), version, id)
        }
        InitProducerIdRequest::KEY => {
            let response = InitProducerIdResponse { producer_id: 1, ..Default::default() };
            header::response_frame(&response, version, id)
        }
        // It was offered to nobody: an empty answer ends the conversation.
        _ => return Bytes::new(),
    };
    segments.expect("an answer").into_bytes()
}

/// Whoever asks in a version that is not known here is answered in version 0, as Kafka does.
fn versions(asked: i16, id: i32) -> Bytes {
    let rows = [
        (ProduceRequest::KEY, 3, ProduceRequest::CURRENT.to),
        // Nobody reads here, but librdkafka takes a broker without it for one that knows no batches.
        (FetchRequest::KEY, 4, 12),
        (MetadataRequest::KEY, 0, 12),
        (ApiVersionsRequest::KEY, 0, 3),
        (InitProducerIdRequest::KEY, 0, 4),
    ];
    let row = |(api_key, min_version, max_version)| ApiVersion {
        api_key,
        min_version,
        max_version,
        ..Default::default()
    };
    let known = asked <= 3;
    let response = ApiVersionsResponse {
        error_code: if known { ErrorCode::NONE } else { ErrorCode::UNSUPPORTED_VERSION },
        api_keys: rows.into_iter().map(row).collect(),
        ..Default::default()
    };
    let frame: std::result::Result<Segments, _> =
        header::response_frame(&response, if known { asked } else { 0 }, id);
    frame.expect("an answer").into_bytes()
}

fn metadata(request: &MetadataRequest, port: u16) -> MetadataResponse {
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: Str::from("127.0.0.1"),
        port: i32::from(port),
        ..Default::default()
    };
    let asked = request.topics.iter().flatten().filter_map(|topic| topic.name.clone());
    let topics = asked.map(topic).collect();
    MetadataResponse { brokers: vec![broker], topics, controller_id: 1, ..Default::default() }
}

fn topic(name: Str) -> MetadataResponseTopic {
    let count: i32 = name.strip_prefix(['p', STILL]).and_then(|it| it.parse().ok()).unwrap_or_default();
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: 1,
        leader_epoch: 0,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..Default::default()
    };
    let mut topic_id = [name.as_bytes()[0]; 16];
    topic_id[12..].copy_from_slice(&count.to_be_bytes());
    MetadataResponseTopic {
        error_code: if count > 0 { ErrorCode::NONE } else { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION },
        name: Some(name),
        topic_id: Uuid(topic_id),
        partitions: (0..count).map(partition).collect(),
        ..Default::default()
    }
}

const STILL: char = 's';

/// The head of a batch up to and with the number of its records.
const BATCH_HEAD_BYTES: usize = 61;
/// Where a batch says its format.
const MAGIC_AT: usize = 16;
