//! Against a peer that answers as the test says.

#[cfg(feature = "scram")]
mod logins;
mod pipes;
#[cfg(feature = "scram")]
mod reauthentication;
#[cfg(feature = "scram")]
mod secrets;

use std::error::Error as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::yield_now;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FindCoordinatorRequest, FindCoordinatorResponse,
    MetadataRequest, MetadataResponse,
};

use super::*;
use crate::Config;
use crate::config::Address;
use crate::environment::Environment;
use crate::peer::{Ask, Peer, Reply, nowhere, versions};
use crate::security::Security;

const SOON: Duration = Duration::from_millis(60);

async fn connected(peer: &Peer) -> Connection {
    open(&peer.address, &peer.config(), Duration::from_secs(5)).await.unwrap()
}

async fn open(address: &Address, config: &Config, limit: Duration) -> Result<Connection, Error> {
    let environment = Environment::new();
    let security = Security::open(config, &environment)?;
    let connector = Connector { config: Arc::new(config.clone()), environment, security };
    connector.open(address, limit).await
}

fn echo(ask: &Ask) -> Reply {
    match ask.key {
        18 => ask.answer(&versions(i16::MAX)),
        _ => {
            let request: FindCoordinatorRequest = ask.read();
            let host = request.coordinator_keys.first().cloned().unwrap_or(request.key);
            let answer = FindCoordinatorResponse { host, ..Default::default() };
            ask.answer_at(&answer, ask.version)
        }
    }
}

fn named(key: &'static str) -> FindCoordinatorRequest {
    FindCoordinatorRequest { key: Str::from(key), ..Default::default() }
}

#[tokio::test]
async fn answers_reach_whoever_asked_though_all_are_on_the_wire() {
    let peer = Peer::start(echo).await;
    let connection = connected(&peer).await;
    let keys = ["a", "b", "c", "d", "e"];
    let calls: Vec<_> =
        keys.iter().map(|key| connection.submit(&named(key), 3, Duration::from_secs(5))).collect();
    for (call, key) in calls.into_iter().zip(keys) {
        assert_eq!(&*call.await.unwrap().host, key);
    }
}

#[tokio::test]
async fn a_dropped_call_leaves_the_others_their_answers() {
    let mut peer = Peer::start(echo).await;
    let connection = connected(&peer).await;
    let first = connection.submit(&named("a"), 3, Duration::from_secs(5));
    let second = connection.submit(&named("b"), 3, Duration::from_secs(5));
    drop(first);
    assert_eq!(&*second.await.unwrap().host, "b");
    assert_eq!(&*peer.hears::<FindCoordinatorRequest>().await.1.key, "a", "it was on its way already");
    assert_eq!(&*connection.submit(&named("c"), 3, Duration::from_secs(5)).await.unwrap().host, "c");
}

#[tokio::test]
async fn a_broker_that_does_not_know_the_version_is_asked_again_at_zero() {
    let peer = Peer::start(|ask: &Ask| match (ask.key, ask.version) {
        (18, 0) => ask.answer(&versions(1)),
        (18, _) => {
            let refusal =
                ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
            ask.answer_at(&refusal, 0)
        }
        _ => Reply::Close,
    })
    .await;
    let connection = connected(&peer).await;
    assert_eq!(connection.version::<MetadataRequest>().unwrap(), 1);
    assert_eq!(connection.version::<ApiVersionsRequest>().unwrap(), 1);
}

#[tokio::test]
async fn a_version_that_only_one_side_speaks_is_an_error_with_both_ranges() {
    let peer = Peer::start(|ask: &Ask| ask.answer(&versions(0))).await;
    let connection = connected(&peer).await;
    let error = connection.version_up_to::<FetchRequest>(3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Fetch: the broker speaks versions 4, this client 4-18"), "{error}");
}

#[tokio::test]
async fn a_late_answer_breaks_the_connection_for_all() {
    let peer = Peer::start(|ask: &Ask| if ask.key == 18 { echo(ask) } else { Reply::Nothing }).await;
    let connection = connected(&peer).await;
    let late = connection.submit(&named("a"), 3, SOON);
    let patient = connection.submit(&named("b"), 3, Duration::from_secs(60));
    let error = late.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(error.to_string().contains("FindCoordinator: no answer within 60 ms"), "{error}");
    assert!(error.may_have_been_written() && error.is_retriable());
    assert_eq!(patient.await.unwrap_err().kind(), ErrorKind::Disconnected);
    let after = connection.submit(&named("c"), 3, SOON).await.unwrap_err();
    assert!(!after.may_have_been_written() && connection.is_closed());
}

#[tokio::test]
async fn a_broker_that_hangs_up_fails_what_is_pending() {
    let peer = Peer::start(|ask: &Ask| if ask.key == 18 { echo(ask) } else { Reply::Close }).await;
    let connection = connected(&peer).await;
    let error = connection.submit(&named("a"), 3, Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(error.may_have_been_written());
    assert!(error.to_string().contains("FindCoordinator: the broker closed the connection"), "{error}");
}

#[tokio::test]
async fn what_is_never_answered_ends_once_it_is_written() {
    let mut peer = Peer::start(|ask: &Ask| if ask.version == 2 { Reply::Nothing } else { echo(ask) }).await;
    let connection = connected(&peer).await;
    connection.submit_unanswered(&named("tell"), 2, Duration::from_secs(5)).await.unwrap();
    assert_eq!(&*peer.hears::<FindCoordinatorRequest>().await.1.key, "tell");
    let asked = connection.submit(&named("ask"), 3, Duration::from_secs(5));
    assert_eq!(&*asked.await.unwrap().host, "ask");
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_breaks_the_connection() {
    let stray = Bytes::from_static(&[0, 0, 0, 4, 0, 0, 0, 77]);
    let peer =
        Peer::start(move |ask: &Ask| if ask.key == 18 { echo(ask) } else { Reply::Raw(stray.clone()) }).await;
    let connection = connected(&peer).await;
    let error = connection.submit(&named("a"), 3, Duration::from_secs(5)).await.unwrap_err();
    assert!(error.to_string().contains("an answer to 77"), "{error}");
}

#[tokio::test]
async fn something_that_is_no_broker_is_told_apart() {
    for (answer, word) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "speaks HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is it a Kafka broker"),
        // An alert, as Java's TLS answers to what is none; and what begins a handshake.
        (&[0x15, 3, 3, 0, 2, 2, 40], "the port speaks TLS: security.protocol must be SSL or SASL_SSL"),
        (&[0x16, 3, 1, 0, 2, 2, 40], "the port speaks TLS"),
    ] {
        let peer = Peer::start(|_: &Ask| Reply::Raw(Bytes::from_static(answer))).await;
        let error = open(&peer.address, &peer.config(), Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let peer = Peer::start(echo).await;
    let config = Config { connections_max_idle: Some(SOON), ..peer.config() };
    let connection = open(&peer.address, &config, Duration::from_secs(5)).await.unwrap();
    connection.0.queue.closed().await;
    assert!(connection.is_closed());
}

#[tokio::test]
async fn the_last_handle_gone_still_gets_its_answer() {
    let peer = Peer::start(echo).await;
    let connection = connected(&peer).await;
    let call = connection.submit(&named("a"), 3, Duration::from_secs(5));
    drop(connection);
    yield_now().await;
    assert_eq!(&*call.await.unwrap().host, "a");
}

#[tokio::test]
async fn where_nobody_listens_the_error_names_the_address() {
    let address = nowhere().await;
    let error = open(&address, &Config::default(), Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(
        error.to_string().contains(&address.to_string()) && error.to_string().contains("refused"),
        "{error}"
    );
    let cause =
        error.source().and_then(|it| it.downcast_ref::<std::io::Error>()).expect("the system's error");
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_name_that_does_not_exist_says_so() {
    let address = "no-such-host.invalid:9092".parse().unwrap();
    let error = open(&address, &Config::default(), Duration::from_secs(20)).await.unwrap_err();
    assert!(error.to_string().starts_with("broker no-such-host.invalid:9092: "), "{error}");
}

#[tokio::test]
async fn after_an_answer_that_asks_for_silence_nothing_leaves_before_it_is_over() {
    let pause = Duration::from_millis(80);
    let mut heard_at = Vec::new();
    let (tell, told) = std::sync::mpsc::channel();
    let peer = Peer::start(move |ask: &Ask| {
        if ask.key != 18 {
            heard_at.push(Instant::now());
            if heard_at.len() == 4 {
                tell.send(heard_at.clone()).unwrap();
            }
        }
        match (ask.key, heard_at.len()) {
            (3, 1) => {
                let throttle_time_ms = i32::try_from(pause.as_millis()).unwrap();
                ask.answer(&MetadataResponse { throttle_time_ms, ..Default::default() })
            }
            (3, _) => ask.answer(&MetadataResponse::default()),
            _ => echo(ask),
        }
    })
    .await;
    let connection = connected(&peer).await;
    let answered_from = Instant::now();
    connection.call(&MetadataRequest::default()).await.unwrap();
    // Shorter than the silence: time counts from its end.
    let short = Duration::from_millis(60);
    let held = [connection.submit(&named("a"), 3, short), connection.submit(&named("b"), 3, short)];
    for (call, key) in held.into_iter().zip(["a", "b"]) {
        assert_eq!(&*call.await.unwrap().host, key);
    }
    let paused_at = Instant::now();
    connection.pause(pause);
    connection.call(&MetadataRequest::default()).await.unwrap();
    let heard_at = told.recv().unwrap();
    assert!(heard_at[1] - answered_from >= pause, "{:?}", heard_at[1] - answered_from);
    assert!(heard_at[3] - paused_at >= pause, "{:?}", heard_at[3] - paused_at);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_open_what_was_done() {
    let peer = Peer::start(|ask: &Ask| match ask.key {
        18 => ask.answer(&versions(i16::MAX)),
        // The head of an answer, and nothing behind it.
        _ => Reply::Raw([&4i32.to_be_bytes()[..], &ask.correlation_id.to_be_bytes()].concat().into()),
    })
    .await;
    let connection = connected(&peer).await;
    let error = connection.submit(&named("a"), 3, Duration::from_secs(5)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Protocol && error.may_have_been_written(), "{error:?}");
}

#[tokio::test]
async fn an_answer_longer_than_any_is_refused_before_it_has_come() {
    for (api, length) in [(3, RESPONSE_BYTES_MAX + 1), (18, handshake::HANDSHAKE_RESPONSE_BYTES_MAX + 1)] {
        let peer = Peer::start(move |ask: &Ask| match ask.key == api {
            // Its length, and nothing else.
            true => Reply::Raw(i32::try_from(length).unwrap().to_be_bytes().to_vec().into()),
            false => echo(ask),
        })
        .await;
        let error = match open(&peer.address, &peer.config(), Duration::from_secs(5)).await {
            Ok(connection) => connection.call(&MetadataRequest::default()).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains(&length.to_string()), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_would_fill_the_memory_is_refused() {
    use upsert_kafka_protocol::messages::metadata::{MetadataResponsePartition, MetadataResponseTopic};
    let peer = Peer::start(|ask: &Ask| match ask.key {
        18 => ask.answer(&versions(i16::MAX)),
        _ => {
            let partitions = vec![MetadataResponsePartition::default(); 1_000_000];
            let topic = MetadataResponseTopic { partitions, ..Default::default() };
            ask.answer(&MetadataResponse { topics: vec![topic; 3], ..Default::default() })
        }
    })
    .await;
    let connection = connected(&peer).await;
    let error = connection.call(&MetadataRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("more than the reader has memory for"), "{error}");
}
