//! A client that knows frames and nothing else, over any stream.

#![allow(dead_code)] // each test program uses what it needs

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use upsert_kafka_broker::Broker;
use upsert_kafka_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, batches};
use upsert_kafka_protocol::{ErrorCode, Message, Request, Str, header};

/// Longer than anything takes over TCP; a test that hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than anything takes in paused time, where waiting costs nothing.
pub(crate) const PAUSED_PATIENCE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A client that knows frames and nothing else.
pub(crate) struct Client<S>(pub(crate) S, pub(crate) Duration);

impl Client<TcpStream> {
    pub(crate) async fn of(broker: &Broker) -> Self {
        Self::at(broker.address()).await
    }

    pub(crate) async fn at(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap(), PATIENCE)
    }
}

impl Client<DuplexStream> {
    pub(crate) async fn of_node(broker: &Broker, node: i32) -> Self {
        Self(broker.connect(node).await.unwrap(), PAUSED_PATIENCE)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send<R: Request>(&mut self, request: &R, version: i16, correlation_id: i32) {
        let client_id = Str::from_static("test");
        let mut frame = header::request_frame(request, version, correlation_id, Some(&client_id)).unwrap();
        self.0.write_all_buf(&mut frame).await.unwrap();
    }

    /// The next frame; `None` when the broker closes.
    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        match timeout(self.1, self.0.read_exact(&mut length)).await.unwrap() {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                return None;
            }
            Err(error) => panic!("{error}"),
        }
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        timeout(self.1, self.0.read_exact(&mut frame)).await.unwrap().unwrap();
        Some(Bytes::from(frame))
    }

    pub(crate) async fn hear<R: Request>(&mut self, version: i16) -> Option<(i32, R::Response)> {
        let frame = self.frame().await?;
        let (correlation_id, body) = header::response_body::<R>(&frame, version).unwrap();
        Some((correlation_id, R::Response::decode(&body, version).unwrap()))
    }

    pub(crate) async fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.send(request, version, 5).await;
        self.hear::<R>(version).await.expect("an answer").1
    }
}

pub(crate) fn create(name: &'static str, configs: &[(&'static str, &'static str)]) -> CreateTopicsRequest {
    let config = |(name, value): &(&'static str, &'static str)| CreatableTopicConfig {
        name: Str::from_static(name),
        value: Some(Str::from_static(value)),
        ..Default::default()
    };
    let topic = CreatableTopic {
        name: Str::from_static(name),
        num_partitions: 1,
        replication_factor: 1,
        configs: configs.iter().map(config).collect(),
        ..Default::default()
    };
    CreateTopicsRequest { topics: vec![topic], ..Default::default() }
}

pub(crate) fn batch(value: &[u8]) -> Bytes {
    batch_at(1_700_000_000_000, value)
}

pub(crate) fn batch_at(timestamp_ms: i64, value: &[u8]) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 32 << 20);
    writer.append(timestamp_ms, Some(b"key"), Some(value), &[]).unwrap();
    writer.seal(Stamp::NONE, Codec::NONE)
}

pub(crate) fn produce(records: Bytes) -> ProduceRequest {
    let part = PartitionProduceData { records: Some(records), ..Default::default() };
    let topic =
        TopicProduceData { name: Str::from_static("t"), partition_data: vec![part], ..Default::default() };
    ProduceRequest { acks: -1, transactional_id: None, topic_data: vec![topic], ..Default::default() }
}

pub(crate) fn fetch(fetch_offset: i64, max_wait_ms: i32) -> FetchRequest {
    let part = FetchPartition { fetch_offset, partition_max_bytes: 64 << 20, ..Default::default() };
    let topic = FetchTopic { topic: Str::from_static("t"), partitions: vec![part], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

pub(crate) fn outcome(answer: &ProduceResponse) -> (ErrorCode, i64) {
    let part = &answer.responses[0].partition_responses[0];
    (part.error_code, part.base_offset)
}

pub(crate) fn values(answer: &FetchResponse) -> Vec<Vec<u8>> {
    let records = answer.responses[0].partitions[0].records.clone().unwrap();
    let mut values = Vec::new();
    for batch in batches(&records) {
        let body = batch.unwrap().body(64 << 20).unwrap();
        values.extend(body.iter().map(|record| record.unwrap().value.unwrap().to_vec()));
    }
    values
}
