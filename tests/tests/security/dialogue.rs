//! The same logins and the same ACLs at the embedded broker and at a real Kafka: every code, word and bit is the same.

use std::fmt::Debug;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_broker::{
    AuthorizerConfig, Broker, BrokerConfig, DelegationTokenConfig, ListenerConfig, OauthConfig, SaslConfig,
    SecurityProtocol,
};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ErrorCode, Request, Str};
use upsert_kafka_tests::kafka::{Listener, PASSWORD, Secured};

#[path = "../../../broker/tests/frames/mod.rs"]
mod frames;

mod acls;
mod administration;
mod groups;
mod tokens;
mod transactions;

use frames::{Client, PATIENCE};

/// A broker's two listeners, and what was heard there, in words that do not name what differs.
struct Interview {
    plaintext: SocketAddr,
    sasl: SocketAddr,
    /// Of a run: no two share topics or groups.
    run: String,
    heard: Vec<String>,
}

impl Interview {
    fn note(&mut self, what: &str, heard: impl Debug) {
        let heard = format!("{heard:?}").replace(&self.run, "");
        self.heard.push(format!("{what}: {heard}"));
    }

    fn name(&self, name: &str) -> Str {
        Str::from(format!("{name}{}", self.run))
    }

    async fn admin(&self) -> Client<TcpStream> {
        Client::at(self.plaintext).await
    }

    async fn stranger(&self) -> Client<TcpStream> {
        Client::at(self.sasl).await
    }

    async fn alice(&self) -> Client<TcpStream> {
        let mut alice = self.stranger().await;
        alice.ask(&handshake("PLAIN"), 1).await;
        let said = alice.ask(&plain("alice", PASSWORD), 2).await;
        assert_eq!(said.error_code, ErrorCode::NONE);
        alice
    }

    /// Somebody who is who they say.
    async fn user(&self, name: &str) -> Client<TcpStream> {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let claims = format!(r#"{{"sub":"{name}","exp":9999999999}}"#);
        let jws = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
        let mut client = self.stranger().await;
        client.ask(&handshake("OAUTHBEARER"), 1).await;
        let said = client.ask(&token(format!("n,,\u{1}auth=Bearer {jws}\u{1}\u{1}")), 2).await;
        assert_eq!((said.error_code, said.auth_bytes.len()), (ErrorCode::NONE, 0));
        client
    }
}

/// Holds the dialogue with both, and compares line by line.
async fn compare(kafka: &Secured, hold: impl AsyncFn(&mut Interview)) {
    let address = |listener| {
        let at = kafka.bootstrap(listener);
        at.to_socket_addrs().unwrap().find(SocketAddr::is_ipv4).unwrap()
    };
    let (plaintext, sasl) = (address(Listener::Plaintext), address(Listener::SaslPlaintext));
    // The ports are bound one after the other, and the one that says that it is ready is the first.
    let begun = Instant::now();
    while TcpStream::connect(sasl).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "{sasl} never listens");
        sleep(Duration::from_millis(20)).await;
    }
    let listener = |protocol| ListenerConfig::new(protocol, ([127, 0, 0, 1], 0));
    let authorizer = AuthorizerConfig::default()
        .with_super_user("User:ANONYMOUS")
        .with_allow_everyone_if_no_acl_found(true);
    let config = BrokerConfig::default()
        .with_listener(listener(SecurityProtocol::Plaintext))
        .with_listener(listener(SecurityProtocol::SaslPlaintext))
        .with_sasl(
            SaslConfig::default()
                .with_user("alice", PASSWORD)
                .with_oauth(OauthConfig::default())
                .with_delegation_tokens(DelegationTokenConfig::new("delegation-hush-1f")),
        )
        .with_authorizer(authorizer);
    let broker = Broker::start(config).await.unwrap();
    let ours = (broker.address(), broker.addresses_of("SASL_PLAINTEXT")[0]);
    let mut heard = Vec::new();
    for (plaintext, sasl) in [(plaintext, sasl), ours] {
        let run = format!("-{}", std::time::UNIX_EPOCH.elapsed().unwrap().as_micros());
        let mut dialogue = Interview { plaintext, sasl, run, heard: Vec::new() };
        hold(&mut dialogue).await;
        heard.push(dialogue.heard);
    }
    let (theirs, ours) = (&heard[0], &heard[1]);
    let differ: Vec<_> = ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(differ.is_empty(), "ours and Kafka's:\n{differ:#?}");
    assert_eq!(ours.len(), theirs.len());
    broker.stop().await;
}

fn handshake(mechanism: &'static str) -> SaslHandshakeRequest {
    SaslHandshakeRequest { mechanism: Str::from_static(mechanism), ..Default::default() }
}

fn plain(user: &str, password: &str) -> SaslAuthenticateRequest {
    token(format!("\0{user}\0{password}"))
}

fn token(token: impl Into<Bytes>) -> SaslAuthenticateRequest {
    SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() }
}

/// What is answered; `None` when the connection closes instead.
async fn heard<R: Request>(client: &mut Client<TcpStream>, request: &R, version: i16) -> Option<R::Response> {
    client.send(request, version, 1).await;
    client.hear::<R>(version).await.map(|(_, answer)| answer)
}

#[tokio::test]
async fn logins_fail_as_they_do_at_kafka() {
    let Some(kafka) = Secured::shared() else { return };
    compare(kafka, async |it| {
        for (mechanism, said) in [
            ("PLAIN", plain("alice", "wrong")),
            ("PLAIN", plain("nobody", PASSWORD)),
            ("PLAIN", plain("", "x")),
            ("PLAIN", plain("alice", "")),
            ("PLAIN", token("alice")),
            ("PLAIN", token(format!("bob\0alice\0{PASSWORD}"))),
            ("PLAIN", token(format!("alice\0alice\0{PASSWORD}"))),
            ("SCRAM-SHA-256", token("n,,n=nobody,r=abc")),
            ("SCRAM-SHA-256", token("y,,n=alice,r=abc")),
            ("SCRAM-SHA-512", token("n,a=bob,n=alice,r=abc")),
            ("SCRAM-SHA-512", token("")),
            ("OAUTHBEARER", token("n,,\u{1}\u{1}")),
            ("OAUTHBEARER", token("n,,\u{1}auth=Bearer a.b.c\u{1}\u{1}")),
            ("OAUTHBEARER", token("n,,\u{1}auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.\u{1}\u{1}")),
            (
                "OAUTHBEARER",
                token("n,a=b,\u{1}auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.\u{1}\u{1}"),
            ),
        ] {
            let mut stranger = it.stranger().await;
            let begun = stranger.ask(&handshake(mechanism), 1).await;
            let begun_at = Instant::now();
            let answer = heard(&mut stranger, &said, 2).await;
            let told = answer.map(|it| (it.error_code, it.error_message, it.auth_bytes));
            let failed = told.as_ref().is_some_and(|it| !it.0.is_none());
            assert!(!failed || begun_at.elapsed() >= Duration::from_millis(100), "{told:?}");
            it.note(mechanism, (begun.error_code, &told));
            if !failed {
                let answer = heard(&mut stranger, &token(&b"\x01"[..]), 2).await;
                it.note("then", answer.map(|it| (it.error_code, it.error_message)));
            }
            let after = heard(&mut stranger, &MetadataRequest::default(), 12).await;
            it.note("after", after.is_some());
        }
        let mut stranger = it.stranger().await;
        let code = heard(&mut stranger, &handshake("NTLM"), 1).await.map(|it| it.error_code);
        it.note("strange mechanism", code);
        let mut stranger = it.stranger().await;
        it.note("metadata first", heard(&mut stranger, &MetadataRequest::default(), 12).await.is_some());
        let mut stranger = it.stranger().await;
        stranger.send(&ApiVersionsRequest::default(), 99, 1).await;
        let answer = stranger.hear::<ApiVersionsRequest>(0).await;
        it.note("strange versions", answer.map(|(_, it)| it.error_code));
        let asked = ApiVersionsRequest { client_software_name: "a".into(), client_software_version: "1".into(), ..Default::default() };
        it.note("versions", heard(&mut stranger, &asked, 3).await.map(|it| it.error_code));
        it.note("versions again", heard(&mut stranger, &asked, 3).await.is_some());
        let mut stranger = it.stranger().await;
        stranger.ask(&handshake("PLAIN"), 1).await;
        let everything = MetadataRequest { topics: None, ..Default::default() };
        let amid = heard(&mut stranger, &everything, 13).await.map(|it| it.error_code);
        it.note("metadata amid a login", amid);
        let mut alice = it.alice().await;
        it.note("handshake again", heard(&mut alice, &handshake("PLAIN"), 1).await.map(|it| it.error_code));
        it.note("token again", heard(&mut alice, &plain("a", "b"), 2).await.map(|it| (it.error_code, it.error_message)));
    })
    .await;
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}
