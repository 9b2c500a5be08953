//! A broker that answers and keeps nothing: one thread per connection, requests as fast as they come.

use std::collections::HashMap;
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::BytesMut;
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, InitProducerIdRequest, InitProducerIdResponse, MetadataRequest,
    MetadataResponse, ProduceRequest, ProduceResponse,
};
use upsert_kafka_protocol::{Bytes, Message, Str, header};

/// Listens on a free port, on that core; the topics `p1` and `p6` have so many partitions.
pub(crate) fn start(core: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        super::pin(core);
        for stream in listener.incoming().flatten() {
            // A new thread runs where its parent does. It ends with the connection.
            thread::spawn(move || serve(stream, address.port()));
        }
    });
    address.to_string()
}

fn serve(mut stream: TcpStream, port: u16) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut offsets) = (BytesMut::new(), HashMap::new());
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let size = u32::from_be_bytes(size) as usize;
        // Zeroed once: a buffer that comes back is as long as it was.
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        stream.read_exact(&mut buffer[..size])?;
        let frame = buffer.split_to(size).freeze();
        let answer = answer(&frame, port, &mut offsets);
        stream.write_all(&answer)?;
        if let Ok(mut whole) = frame.try_into_mut() {
            whole.unsplit(std::mem::take(&mut buffer));
            buffer = whole;
        }
    }
}

fn answer(frame: &Bytes, port: u16, offsets: &mut HashMap<i32, i64>) -> Bytes {
    let (head, body) = header::RequestHeader::read(frame).expect("a header");
    let (version, id) = (head.request_api_version, head.correlation_id);
    let segments = match head.request_api_key {
        ProduceRequest::KEY => {
            let request = ProduceRequest::decode(&body, version).expect("a Produce");
            header::response_frame(&produced(&request, offsets), version, id)
        }
        ApiVersionsRequest::KEY => header::response_frame(&versions(), version.min(3), id),
        MetadataRequest::KEY => header::response_frame(&metadata(port), version, id),
        InitProducerIdRequest::KEY => {
            let response = InitProducerIdResponse { producer_id: 1, ..Default::default() };
            header::response_frame(&response, version, id)
        }
        // Nobody was told of another.
        _ => return Bytes::new(),
    };
    segments.expect("an answer").into_bytes()
}

fn produced(request: &ProduceRequest, offsets: &mut HashMap<i32, i64>) -> ProduceResponse {
    let responses = request.topic_data.iter().map(|topic| {
        let partitions = topic.partition_data.iter().map(|partition| {
            let records = partition.records.as_ref().expect("records");
            let count = i32::from_be_bytes(records[57..61].try_into().expect("four bytes"));
            let offset = offsets.entry(partition.index).or_default();
            let base_offset = *offset;
            *offset += i64::from(count);
            PartitionProduceResponse { index: partition.index, base_offset, ..Default::default() }
        });
        TopicProduceResponse {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partition_responses: partitions.collect(),
            ..Default::default()
        }
    });
    ProduceResponse { responses: responses.collect(), ..Default::default() }
}

fn versions() -> ApiVersionsResponse {
    let rows = [
        (ProduceRequest::KEY, 3, 12),
        (MetadataRequest::KEY, 0, 9),
        (ApiVersionsRequest::KEY, 0, 3),
        (InitProducerIdRequest::KEY, 0, 4),
    ];
    let row = |(api_key, min_version, max_version)| ApiVersion {
        api_key,
        min_version,
        max_version,
        ..Default::default()
    };
    ApiVersionsResponse { api_keys: rows.into_iter().map(row).collect(), ..Default::default() }
}

fn metadata(port: u16) -> MetadataResponse {
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: Str::from("127.0.0.1"),
        port: i32::from(port),
        ..Default::default()
    };
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: 1,
        leader_epoch: 0,
        ..Default::default()
    };
    let topic = |(name, count): (&'static str, i32)| MetadataResponseTopic {
        name: Some(Str::from(name)),
        partitions: (0..count).map(partition).collect(),
        ..Default::default()
    };
    let topics = [("p1", 1), ("p6", 6)].into_iter().map(topic).collect();
    MetadataResponse { brokers: vec![broker], topics, controller_id: 1, ..Default::default() }
}
