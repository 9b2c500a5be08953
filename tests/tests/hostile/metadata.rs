//! The program before a cluster that lies about itself: it ends in time, within a gigabyte, with a sentence.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::header::RequestHeader;
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::{APIS, Bytes, ErrorCode, Message, Str, Tags, header};

use crate::program::PROGRAM;

/// The version of Metadata that the liar speaks.
const VERSION: i16 = 13;

/// The address space of the program, in kilobytes.
const MEMORY_KB: usize = 1 << 20;

/// How long it may take to see that nothing comes of it: what it is told to wait for is a few seconds, and a debug build
/// on a busy machine reads for as long.
const LIMIT: Duration = Duration::from_secs(120);

/// It waits a tenth of a second between two questions and then longer, but for the first few.
const REQUESTS_MAX: usize = 200;

/// What is read at once, in a debug build too.
const SHORT_BYTES: usize = 1 << 20;

type Lie = fn(u16) -> MetadataResponse;

/// A broker that says who it is, lies about topics, and hangs up at every other request.
struct Liar {
    port: u16,
    asked: Arc<AtomicUsize>,
    /// How long the lie is.
    bytes: usize,
}

impl Liar {
    /// `first` is told of no topic, `lie` of whatever topics are asked for.
    fn start(first: Lie, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let bodies = [first, lie].map(|answer| answer(port).encode(VERSION).unwrap().into_bytes());
        let (counted, bytes) = (Arc::clone(&asked), bodies[1].len());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, bodies, asked) = (stream.unwrap(), bodies.clone(), Arc::clone(&counted));
                std::thread::spawn(move || talk(stream, &bodies, &asked));
            }
        });
        Self { port, asked, bytes }
    }
}

/// Ends when the other side has gone, or asks for what a liar has not.
fn talk(mut stream: TcpStream, bodies: &[Bytes; 2], asked: &AtomicUsize) -> Option<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame).ok()?;
        asked.fetch_add(1, Relaxed);
        let (head, body) = RequestHeader::read(&frame.into()).unwrap();
        match head.request_api_key {
            ApiVersionsRequest::KEY => {
                let (version, id) = (head.request_api_version, head.correlation_id);
                let answer = header::response_frame(&versions(), version, id).unwrap().into_bytes();
                stream.write_all(&answer).ok()?;
            }
            MetadataRequest::KEY => {
                let request = MetadataRequest::decode(&body, VERSION).unwrap();
                let body = &bodies[usize::from(request.topics.is_none_or(|topics| !topics.is_empty()))];
                let length = u32::try_from(body.len() + 5).unwrap();
                stream.write_all(&length.to_be_bytes()).ok()?;
                stream.write_all(&head.correlation_id.to_be_bytes()).ok()?;
                // No tags in the header.
                stream.write_all(&[0]).ok()?;
                stream.write_all(body).ok()?;
            }
            _ => return None,
        }
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

fn broker(node_id: i32, port: u16) -> MetadataResponseBroker {
    MetadataResponseBroker { node_id, host: "127.0.0.1".into(), port: port.into(), ..Default::default() }
}

fn partition(partition_index: i32, leader_id: i32) -> MetadataResponsePartition {
    MetadataResponsePartition { partition_index, leader_id, leader_epoch: 1, ..Default::default() }
}

fn topic(name: Str, partitions: Vec<MetadataResponsePartition>) -> MetadataResponseTopic {
    MetadataResponseTopic { name: Some(name), partitions, ..Default::default() }
}

/// Broker 1 leads what there is.
fn telling(port: u16, topics: Vec<MetadataResponseTopic>) -> MetadataResponse {
    MetadataResponse { brokers: vec![broker(1, port)], topics, ..Default::default() }
}

fn honest(port: u16) -> MetadataResponse {
    telling(port, vec![topic("t".into(), vec![partition(0, 1)])])
}

fn of(port: u16, partitions: impl IntoIterator<Item = MetadataResponsePartition>) -> MetadataResponse {
    telling(port, vec![topic("t".into(), partitions.into_iter().collect())])
}

const MILLION: i32 = 1_000_000;

/// Each lie, a part of the sentence that it ends with, and `default.api.timeout.ms`: enough to read a long answer in
/// a debug build, little where it is waited out.
const LIES: &[(&str, Lie, &str, u32)] = &[
    (
        "a million brokers",
        |port| MetadataResponse {
            brokers: (0..MILLION).map(|node| broker(node, port)).collect(),
            ..honest(port)
        },
        "1000000 brokers, where 10000 are the most",
        30_000,
    ),
    (
        "ten thousand brokers, of which one is asked",
        |port| MetadataResponse {
            brokers: (0..10_000).map(|node| broker(node, port)).collect(),
            ..honest(port)
        },
        "ListOffsets",
        2_000,
    ),
    (
        "a million topics that nobody asked for",
        |port| {
            let mut answer = honest(port);
            let others = (0..MILLION - 1).map(|at| topic(at.to_string().into(), Vec::new()));
            answer.topics.extend(others);
            answer
        },
        "ListOffsets",
        10_000,
    ),
    (
        "half a million times the topic that was asked for, with one far partition each",
        |port| telling(port, vec![topic("t".into(), vec![partition(249_999, 1)]); 500_000]),
        "LEADER_NOT_AVAILABLE",
        10_000,
    ),
    (
        "a million partitions",
        |port| of(port, (0..MILLION).map(|index| partition(index, 1))),
        "1000000 partitions of one topic, where 250000 are the most",
        30_000,
    ),
    (
        "one partition with the last index",
        |port| of(port, [partition(i32::MAX, 1)]),
        "2147483648 partitions of one topic, where 250000 are the most",
        30_000,
    ),
    (
        "three million partitions of three topics",
        |port| {
            let partitions = vec![MetadataResponsePartition::default(); MILLION as usize];
            telling(port, ["a", "b", "c"].map(|name| topic(name.into(), partitions.clone())).to_vec())
        },
        "more than the reader has memory for",
        30_000,
    ),
    (
        "tags that nobody knows, by the million",
        |port| {
            let tags = Tags((1_000..10_000).map(|tag| (tag, Bytes::new())).collect());
            let odd = MetadataResponseBroker { tags, ..broker(1, port) };
            MetadataResponse { brokers: vec![odd; 1_500], ..honest(port) }
        },
        "more than the reader has memory for",
        30_000,
    ),
    (
        "an answer of more than 64 MiB",
        |port| {
            let name = Str::from("x".repeat(32_000));
            telling(port, vec![topic(name, Vec::new()); 2_200])
        },
        "where 67108864 are the most",
        2_000,
    ),
    (
        "200,000 partitions numbered from 1",
        |port| of(port, (1..=200_000).map(|index| partition(index, 1))),
        "LEADER_NOT_AVAILABLE",
        6_000,
    ),
    (
        "negative indexes",
        |port| of(port, [partition(-1, 1), partition(i32::MIN, 1)]),
        "UNKNOWN_TOPIC_OR_PARTITION",
        30_000,
    ),
    ("a leader that is no broker", |port| of(port, [partition(0, 7)]), "LEADER_NOT_AVAILABLE", 1_500),
    ("no answer's worth", |_| MetadataResponse::default(), "none of its cluster's brokers", 1_500),
    ("no topics", |port| telling(port, Vec::new()), "topic t", 30_000),
    (
        "brokers that cannot be dialled",
        |port| MetadataResponse {
            brokers: [0, -1, 70_000]
                .map(|port| MetadataResponseBroker { port, ..broker(1, 0) })
                .into_iter()
                .chain([MetadataResponseBroker { host: "".into(), ..broker(2, port) }])
                .collect(),
            ..honest(port)
        },
        "its port is 0",
        1_500,
    ),
    (
        "a leader still to be chosen, for ever",
        |port| {
            let error_code = ErrorCode::LEADER_NOT_AVAILABLE;
            telling(port, vec![MetadataResponseTopic { error_code, ..topic("t".into(), Vec::new()) }])
        },
        "LEADER_NOT_AVAILABLE",
        1_500,
    ),
];

/// How it ended, and what it said on the way.
fn ended(args: &[&str]) -> (Option<i32>, String) {
    // Only a shell can bound a process' memory without unsafe code.
    let script = format!("ulimit -v {MEMORY_KB}; exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script, PROGRAM])
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = child.stderr.take().unwrap();
    let reads = std::thread::spawn(move || {
        let mut said = String::new();
        err.read_to_string(&mut said).unwrap();
        said
    });
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > LIMIT => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            // A child can only be looked at.
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    (status.code(), reads.join().unwrap())
}

fn consume(port: u16, api_timeout_ms: u32) -> (Option<i32>, String) {
    let at = format!("127.0.0.1:{port}");
    let settings = [
        format!("bootstrap.timeout.ms={}", api_timeout_ms.min(10_000)),
        "topic.metadata.propagation.max.ms=1000".to_owned(),
        format!("default.api.timeout.ms={api_timeout_ms}"),
    ];
    let settings = settings.iter().flat_map(|setting| ["--property", setting]);
    let args = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "1"];
    ended(&args.into_iter().chain(settings).collect::<Vec<_>>())
}

#[test]
fn whatever_a_cluster_says_of_itself_the_program_ends_with_a_sentence_in_time_and_within_a_gigabyte() {
    let _heavy = upsert_kafka_tests::HEAVY.blocking_lock();
    for (what, lie, sentence, api_timeout_ms) in LIES {
        // Where topics are asked for; and, if it is not long to read, from the first answer on.
        for (at_once, first) in [(false, honest as Lie), (true, *lie)] {
            let liar = Liar::start(first, *lie);
            if at_once && liar.bytes > SHORT_BYTES {
                continue;
            }
            let began = Instant::now();
            let (code, said) = consume(liar.port, *api_timeout_ms);
            let asked = liar.asked.load(Relaxed);
            println!("{what}: {:?}, {asked} requests, {code:?}: {}", began.elapsed(), said.trim());
            assert!(matches!(code, Some(1..=7)), "{what}: ended by {code:?}: {said}");
            assert!(said.contains(sentence), "{what}: {said}");
            assert!(said.len() < 4_000, "{what}: {said}");
            assert!(asked < REQUESTS_MAX, "{what}: {asked} requests");
        }
    }
}
