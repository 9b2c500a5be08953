//! Hostile clients of the embedded broker. It runs as a process of its own, whose greatest memory is read at the end,
//! and beside every attack a client of small wishes is answered as if nothing happened.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp};
use upsert_kafka_protocol::{ErrorCode, Message, Request, Str, header};

use crate::program::{self, Running};

/// What the process may take in all, whatever is done to it: three of the large frames here are more than that.
const MEMORY_MAX_KIB: u64 = 300 * 1024;

/// How fast most answers come beside an attack, and all of them.
const MOST_WITHIN: Duration = Duration::from_millis(100);
const ALL_WITHIN: Duration = Duration::from_secs(4);

/// Fewer answers than this say little: a short attack is followed by a calm.
const ANSWERS_MIN: usize = 60;

/// No attack keeps its own connection busy for longer.
const TIME_MAX: Duration = Duration::from_secs(120);

/// A client that knows frames and nothing else.
struct Client(TcpStream);

impl Client {
    fn of(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TIME_MAX)).unwrap();
        stream.set_write_timeout(Some(TIME_MAX)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    fn send(&mut self, frame: &[u8]) {
        self.0.write_all(frame).unwrap();
    }

    /// The next frame; `None` when the broker closes.
    fn frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        match self.0.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                return None;
            }
            Err(error) => panic!("{error}"),
        }
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.0.read_exact(&mut frame).unwrap();
        Some(Bytes::from(frame))
    }

    fn hear<R: Request>(&mut self, version: i16) -> R::Response {
        let frame = self.frame().expect("an answer");
        let (_, body) = header::response_body::<R>(&frame, version).unwrap();
        R::Response::decode(&body, version).unwrap()
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.send(&framed(request, version));
        self.hear::<R>(version)
    }
}

fn framed<R: Request>(request: &R, version: i16) -> Bytes {
    header::request_frame(request, version, 7, None).unwrap().into_bytes()
}

fn create(names: impl IntoIterator<Item = String>, num_partitions: i32) -> CreateTopicsRequest {
    let topic = |name| CreatableTopic {
        name: Str::from(name),
        num_partitions,
        replication_factor: -1,
        ..Default::default()
    };
    CreateTopicsRequest { topics: names.into_iter().map(topic).collect(), ..Default::default() }
}

fn produce(topic: &str, records: impl IntoIterator<Item = Bytes>) -> ProduceRequest {
    let part =
        |(index, records)| PartitionProduceData { index, records: Some(records), ..Default::default() };
    let partition_data = (0..).zip(records).map(part).collect();
    let data = TopicProduceData { name: Str::from(topic), partition_data, ..Default::default() };
    ProduceRequest { acks: -1, topic_data: vec![data], ..Default::default() }
}

fn batch(value: &[u8], compression: Compression) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 128 << 20);
    writer.append(1_700_000_000_000, Some(b"key"), Some(value), &[]).unwrap();
    writer.seal(Stamp::NONE, Codec { compression, level: None })
}

/// A few kilobytes that become 60 MiB.
fn bomb() -> Bytes {
    let bomb = batch(&vec![0; 60 << 20], Compression::Zstd);
    assert!(bomb.len() < 10_000, "a bomb of {} bytes", bomb.len());
    bomb
}

fn metadata(names: impl IntoIterator<Item = String>) -> MetadataRequest {
    let named = |name| MetadataRequestTopic { name: Some(Str::from(name)), ..Default::default() };
    MetadataRequest {
        topics: Some(names.into_iter().map(named).collect()),
        allow_auto_topic_creation: true,
        ..Default::default()
    }
}

/// What a client of small wishes asks for, again and again: where its topic is, to keep a record, to have it back.
fn wish(client: &mut Client) -> [Duration; 3] {
    fn timed<R: Request>(client: &mut Client, request: &R, version: i16) -> (Duration, R::Response) {
        let asked = Instant::now();
        let answer = client.ask(request, version);
        (asked.elapsed(), answer)
    }
    let (first, found) = timed(client, &metadata(["healthy".to_owned()]), 12);
    assert_eq!(found.topics[0].error_code, ErrorCode::NONE);
    let (second, kept) = timed(client, &produce("healthy", [batch(b"value", Compression::Zstd)]), 11);
    let kept = &kept.responses[0].partition_responses[0];
    assert_eq!(kept.error_code, ErrorCode::NONE, "{:?}", kept.error_message);
    let part =
        FetchPartition { fetch_offset: kept.base_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic =
        FetchTopic { topic: Str::from_static("healthy"), partitions: vec![part], ..Default::default() };
    let fetch = FetchRequest { max_wait_ms: 1_000, min_bytes: 1, topics: vec![topic], ..Default::default() };
    let (third, fetched) = timed(client, &fetch, 11);
    assert!(fetched.responses[0].partitions[0].records.as_ref().is_some_and(|it| !it.is_empty()));
    [first, second, third]
}

/// Attacks, while a healthy client goes on until all is over; then what it and the process went through is judged.
fn attack(attack: impl FnOnce(&str)) {
    let (broker, address) = program::broker();
    Client::of(&address).ask(&create(["healthy".to_owned()], 1), 7);
    let begun = Instant::now();
    let mut times = thread::scope(|scope| {
        let (over, goes_on): (Sender<()>, _) = channel();
        let healthy = scope.spawn(|| {
            let goes_on = goes_on;
            let (mut client, mut times) = (Client::of(&address), Vec::new());
            // A moment between wishes, and the end as soon as it comes.
            while goes_on.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout)
                || times.len() < ANSWERS_MIN
            {
                times.extend(wish(&mut client));
            }
            times
        });
        attack(&address);
        drop(over);
        healthy.join().unwrap()
    });
    let took = begun.elapsed();
    times.sort_unstable();
    let within = times.iter().filter(|time| **time <= MOST_WITHIN).count();
    let (worst, memory) = (times.last().copied().unwrap_or_default(), broker.memory_max_kib());
    println!("{took:?}, {} answers, {within} in time, worst {worst:?}, {memory:?} KiB", times.len());
    assert!(took < TIME_MAX, "{took:?}");
    assert!(within * 5 >= times.len() * 4, "{within} of {} in time", times.len());
    assert!(worst < ALL_WITHIN, "an answer took {worst:?}");
    if cfg!(target_os = "linux") {
        let memory = memory.expect("the kernel tells");
        assert!(memory < MEMORY_MAX_KIB, "{memory} KiB");
    }
    still_answers(broker, &address);
}

fn still_answers(mut broker: Running, address: &str) {
    assert!(broker.is_running());
    wish(&mut Client::of(address));
    broker.kill();
}

/// The same attack on so many connections at a time, and what is left of each.
fn at_once<T: Send>(count: usize, attack: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let attacks: Vec<_> = (0..count).map(|_| scope.spawn(&attack)).collect();
        attacks.into_iter().map(|attack| attack.join().unwrap()).collect()
    })
}

#[test]
fn a_large_topic_named_five_thousand_times_is_told_once() {
    attack(|address| {
        let made = Client::of(address).ask(&create(["large".to_owned()], 10_000), 7);
        assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
        at_once(2, || {
            let mut client = Client::of(address);
            for _ in 0..5 {
                let told = client.ask(&metadata((0..5_000).map(|_| "large".to_owned())), 9);
                assert_eq!((told.topics.len(), told.topics[0].partitions.len()), (1, 10_000));
            }
        });
    });
}

#[test]
fn settings_asked_for_five_thousand_times_are_told_once() {
    attack(|address| {
        let resource = |_| DescribeConfigsResource {
            resource_type: 2,
            resource_name: Str::from_static("healthy"),
            configuration_keys: None,
            ..Default::default()
        };
        let request =
            DescribeConfigsRequest { resources: (0..5_000).map(resource).collect(), ..Default::default() };
        let mut client = Client::of(address);
        for _ in 0..20 {
            assert_eq!(client.ask(&request, 4).results.len(), 1);
        }
    });
}

#[test]
fn twenty_thousand_new_topics_block_nobody() {
    attack(|address| {
        let told = Client::of(address).ask(&metadata((0..20_000).map(|n| format!("t{n}"))), 12);
        let made = told.topics.iter().filter(|topic| topic.error_code.is_none()).count();
        // One was there.
        assert_eq!(made, 9_999);
        assert_eq!(told.topics[9_999].error_code, ErrorCode::POLICY_VIOLATION);
    });
}

#[test]
fn many_topics_of_many_partitions_are_refused() {
    attack(|address| {
        let mut client = Client::of(address);
        // In one request, which is small.
        let all = create((0..600).map(|n| format!("a{n}")), 10_000);
        assert!(framed(&all, 7).len() < 20_000);
        let refused = client.ask(&all, 7).topics;
        assert!(refused.iter().all(|topic| topic.error_code == ErrorCode::POLICY_VIOLATION));
        // In many.
        let mut made = 0;
        for n in 0..60 {
            let answer = client.ask(&create([format!("b{n}")], 10_000), 7);
            match answer.topics[0].error_code {
                ErrorCode::NONE => made += 1,
                code => assert_eq!(code, ErrorCode::POLICY_VIOLATION),
            }
        }
        // One partition more is there.
        assert_eq!(made, 1);
    });
}

#[test]
fn bombs_are_looked_into_beside_everyone_else_and_only_so_far() {
    let request = produce("bombed", std::iter::repeat_n(bomb(), 400));
    attack(|address| {
        let made = Client::of(address).ask(&create(["bombed".to_owned()], 400), 7);
        assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
        at_once(2, || {
            let answer = Client::of(address).ask(&request, 11);
            let codes = answer.responses[0].partition_responses.iter().map(|part| part.error_code);
            let taken = codes.clone().filter(|code| code.is_none()).count();
            let refused = codes.filter(|code| *code == ErrorCode::MESSAGE_TOO_LARGE).count();
            // 256 MiB hold four of 60.
            assert_eq!((taken, refused), (4, 396));
        });
    });
}

#[test]
fn a_time_looked_for_in_a_bomb_ten_thousand_times_is_looked_for_once() {
    let bomb = bomb();
    attack(|address| {
        let mut client = Client::of(address);
        client.ask(&create(["bombed".to_owned()], 1), 7);
        let kept = client.ask(&produce("bombed", [bomb]), 11);
        assert_eq!(kept.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
        let part = |_| ListOffsetsPartition { timestamp: 5, ..Default::default() };
        let topic = ListOffsetsTopic {
            name: Str::from_static("bombed"),
            partitions: (0..10_000).map(part).collect(),
            ..Default::default()
        };
        let told = client.ask(&ListOffsetsRequest { topics: vec![topic], ..Default::default() }, 7);
        let parts = &told.topics[0].partitions;
        assert_eq!((parts.len(), parts[0].error_code, parts[0].offset), (1, ErrorCode::NONE, 0));
    });
}

/// Ten clients begin a frame of 99 MB each and send all of it but the last byte, if they can; none goes away.
#[test]
fn ten_frames_of_99_megabytes_are_not_held_at_a_time() {
    const LENGTH: usize = 99 << 20;
    attack(|address| {
        let held = at_once(10, || {
            let mut client = Client::of(address);
            // Who waits for the others is not read meanwhile; this long nothing must go to be sure of it.
            client.0.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
            client.send(&i32::try_from(LENGTH).unwrap().to_be_bytes());
            let piece = vec![0; 1 << 20];
            let mut sent = 0;
            while sent < LENGTH - 1 {
                match client.0.write(&piece[..piece.len().min(LENGTH - 1 - sent)]) {
                    Ok(bytes) => sent += bytes,
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                        break;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            (client, sent)
        });
        let whole = held.iter().filter(|(_, sent)| *sent == LENGTH - 1).count();
        assert_eq!(whole, 1, "frames that were taken");
    });
}

#[test]
fn whole_frames_of_99_megabytes_are_served_one_after_the_other() {
    attack(|address| {
        // For a topic that is not there; as many bytes as a frame may have.
        let request = framed(&produce("none", [Bytes::from(vec![0; 99 << 20])]), 11);
        at_once(10, || {
            let mut client = Client::of(address);
            client.send(&request);
            let answer = client.hear::<ProduceRequest>(11);
            let code = answer.responses[0].partition_responses[0].error_code;
            assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        });
    });
}

/// OffsetFetch 8 of one group with arrays of topics, each of them three bytes long: decoded they would be fifty times
/// as large.
#[test]
fn a_frame_of_very_many_small_elements_is_refused() {
    attack(|address| {
        let mut body = vec![2, 2, b'g'];
        // 900,000 topics without a name or partitions, a compact count.
        body.extend([0xa1, 0xf7, 0x36]);
        body.extend([1, 1, 0].repeat(900_000));
        body.extend([0, 0, 0]);
        let mut frame = vec![0, 9, 0, 8, 0, 0, 0, 7, 0xff, 0xff, 0];
        frame.extend(body);
        let frame = [&u32::try_from(frame.len()).unwrap().to_be_bytes()[..], &frame].concat();
        at_once(20, || {
            let mut client = Client::of(address);
            client.send(&frame);
            assert_eq!(client.frame(), None);
        });
    });
}

#[test]
fn a_member_of_a_hundred_thousand_protocols_costs_no_square_of_them() {
    attack(|address| {
        let join = |of: &str| JoinGroupRequest {
            group_id: Str::from_static("g"),
            session_timeout_ms: 6_000,
            rebalance_timeout_ms: 6_000,
            protocol_type: Str::from_static("consumer"),
            protocols: (0..100_000)
                .map(|n| JoinGroupRequestProtocol {
                    name: Str::from(format!("{of}{n}")),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let (mut first, mut second) = (Client::of(address), Client::of(address));
        // Before version 4 a newcomer joins at once.
        assert_eq!(first.ask(&join("a"), 3).error_code, ErrorCode::NONE);
        assert_eq!(second.ask(&join("b"), 3).error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    });
}

#[test]
fn to_listen_for_others_is_warned_of() {
    let mut broker = program::start(&["broker", "--listen", "0.0.0.0:0"]);
    assert!(broker.first_line().starts_with("listening on "));
    broker.signal("TERM");
    let ran = broker.end();
    assert!(ran.err.starts_with("warning: --listen 0.0.0.0:0: "), "{}", ran.err);
    let (broker, _) = program::broker();
    broker.signal("TERM");
    assert_eq!(broker.end().err, "");
}
