//! Logins by SASL, told as dialogues: what is refused, when that is said, and how long a login holds.

mod delegation_tokens;

use super::*;
use crate::config::{ListenerConfig, OauthConfig, SaslConfig, SecurityProtocol};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::net::Ipv4Addr;
use std::time::Duration;
use upsert_kafka_protocol::messages::alter_user_scram_credentials::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};

const ME: PeerId = PeerId(1 << 40);

/// A broker whose one listener wants a login, and one connection to it.
fn script(sasl: SaslConfig) -> Script {
    let listener = ListenerConfig::new(SecurityProtocol::SaslPlaintext, (Ipv4Addr::LOCALHOST, 0));
    let config = BrokerConfig { seed: 1, ..BrokerConfig::default() }.with_listener(listener).with_sasl(sasl);
    let mut script = Script::with(config);
    script.cluster.handle_opened(ME, 1, &Connection { host: "10.0.0.1".to_owned(), ..Connection::default() });
    script
}

fn alice() -> SaslConfig {
    SaslConfig::default().with_user("alice", "alice-secret")
}

fn frame<R: Request>(request: &R, version: i16) -> Bytes {
    let mut frame = header::request_frame(request, version, 77, None).unwrap().into_bytes();
    frame.advance(4);
    frame
}

/// Says something on the connection, and hears what there is to hear at once.
fn say<R: Request>(script: &mut Script, request: &R, version: i16) -> Heard<R::Response> {
    script.cluster.handle_frame(ME, 1, &frame(request, version), script.now());
    script.hear::<R>(ME, version)
}

fn handshake(mechanism: &'static str) -> SaslHandshakeRequest {
    SaslHandshakeRequest { mechanism: Str::from_static(mechanism), ..Default::default() }
}

fn token(token: impl Into<Bytes>) -> SaslAuthenticateRequest {
    SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() }
}

fn plain(user: &str, password: &str) -> SaslAuthenticateRequest {
    token(format!("\0{user}\0{password}"))
}

fn answer<A: std::fmt::Debug>(heard: Heard<A>) -> A {
    match heard {
        Heard::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// Logs in, and gives how long that holds.
fn log_in(script: &mut Script) -> i64 {
    assert_eq!(answer(say(script, &handshake("PLAIN"), 1)).error_code, ErrorCode::NONE);
    let said = answer(say(script, &plain("alice", "alice-secret"), 2));
    assert_eq!(said.error_code, ErrorCode::NONE);
    said.session_lifetime_ms
}

/// An unsecured token that ends at that second of the script.
fn unsecured(until_s: i64) -> SaslAuthenticateRequest {
    let claims = format!(r#"{{"sub":"alice","exp":{}}}"#, UNIX_MS / 1000 + until_s);
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let jws = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
    token(format!("n,,\u{1}auth=Bearer {jws}\u{1}\u{1}"))
}

#[test]
fn before_a_login_there_is_one_question_of_versions_and_a_handshake() {
    let mut it = script(alice());
    assert_eq!(answer(say(&mut it, &ApiVersionsRequest::default(), 3)).error_code, ErrorCode::NONE);
    let begun = answer(say(&mut it, &handshake("PLAIN"), 1));
    let mechanisms: Vec<_> = begun.mechanisms.iter().map(|name| &**name).collect();
    assert_eq!(mechanisms, ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]);
    assert_eq!(answer(say(&mut it, &plain("alice", "alice-secret"), 2)).session_lifetime_ms, 0);
    assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)));
}

#[test]
fn whatever_else_comes_before_a_login_closes_the_connection() {
    let mut it = script(alice());
    assert_eq!(say(&mut it, &MetadataRequest::default(), 12), Heard::Closed);
    let mut it = script(alice());
    assert_eq!(say(&mut it, &plain("alice", "alice-secret"), 2), Heard::Closed);
    let mut it = script(alice());
    say(&mut it, &ApiVersionsRequest::default(), 3);
    assert_eq!(say(&mut it, &ApiVersionsRequest::default(), 3), Heard::Closed);
}

#[test]
fn a_request_amid_a_login_is_illegal_and_the_last() {
    let mut it = script(alice());
    say(&mut it, &handshake("PLAIN"), 1);
    let asked = MetadataRequest { topics: None, ..Default::default() };
    assert_eq!(say(&mut it, &asked, 13), Heard::Nothing);
    it.pass(100);
    assert_eq!(answer(it.hear::<MetadataRequest>(ME, 13)).error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert_eq!(say(&mut it, &asked, 13), Heard::Closed);
}

#[test]
fn a_failed_login_is_told_after_its_delay_in_words_that_do_not_say_whether_there_is_such_a_user() {
    // The words are Kafka 4.4's.
    let generic =
        "Authentication failed during authentication due to invalid credentials with SASL mechanism ";
    for (mechanism, first, expected) in [
        ("PLAIN", plain("alice", "wrong"), "Authentication failed: Invalid username or password".to_owned()),
        ("PLAIN", plain("nobody", "wrong"), "Authentication failed: Invalid username or password".to_owned()),
        ("PLAIN", plain("", "x"), "Authentication failed: username not specified".to_owned()),
        ("PLAIN", plain("alice", ""), "Authentication failed: password not specified".to_owned()),
        ("PLAIN", token("alice"), "Invalid SASL/PLAIN response: expected 3 tokens, got 1".to_owned()),
        ("SCRAM-SHA-256", token("n,,n=nobody,r=x"), format!("{generic}SCRAM-SHA-256")),
        ("SCRAM-SHA-512", token("y,,n=alice,r=x"), format!("{generic}SCRAM-SHA-512")),
    ] {
        let mut it = script(alice());
        say(&mut it, &handshake(mechanism), 1);
        assert_eq!(say(&mut it, &first, 2), Heard::Nothing, "{mechanism}");
        it.pass(99);
        assert_eq!(it.hear::<SaslAuthenticateRequest>(ME, 2), Heard::Nothing);
        it.pass(1);
        let said = answer(it.hear::<SaslAuthenticateRequest>(ME, 2));
        assert_eq!(said.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        assert_eq!(said.error_message.as_deref(), Some(&*expected));
        assert_eq!(say(&mut it, &first, 2), Heard::Closed);
    }
}

#[test]
fn a_mechanism_that_is_not_enabled_is_answered_with_those_that_are() {
    let mut it = script(alice());
    assert_eq!(say(&mut it, &handshake("OAUTHBEARER"), 1), Heard::Nothing);
    it.pass(100);
    let said = answer(it.hear::<SaslHandshakeRequest>(ME, 1));
    assert_eq!(said.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
    assert_eq!(said.mechanisms.len(), 3);
    assert_eq!(say(&mut it, &handshake("PLAIN"), 1), Heard::Closed);
}

#[test]
fn a_token_that_is_refused_is_told_as_json_and_ends_with_the_clients_last_word() {
    let mut it = script(alice().with_oauth(OauthConfig::default()));
    say(&mut it, &handshake("OAUTHBEARER"), 1);
    let told = answer(say(&mut it, &unsecured(-1), 2));
    assert_eq!(
        (told.error_code, &*told.auth_bytes),
        (ErrorCode::NONE, &br#"{"status":"invalid_token"}"#[..])
    );
    assert_eq!(say(&mut it, &token(&b"\x01"[..]), 2), Heard::Nothing);
    it.pass(100);
    let said = answer(it.hear::<SaslAuthenticateRequest>(ME, 2));
    assert_eq!(said.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert_eq!(said.error_message.as_deref(), Some(r#"{"status":"invalid_token"}"#));
}

#[test]
fn a_login_ends_with_its_token_or_when_the_settings_say_so() {
    let hour = Duration::from_secs(3600);
    for (most, until_s, expected_ms) in
        [(Duration::ZERO, 60, 60_000), (hour, 60, 60_000), (hour, 7200, 3_600_000)]
    {
        let sasl = alice().with_oauth(OauthConfig::default()).with_reauthentication_max(most);
        let mut it = script(sasl);
        say(&mut it, &handshake("OAUTHBEARER"), 1);
        assert_eq!(answer(say(&mut it, &unsecured(until_s), 2)).session_lifetime_ms, expected_ms);
        it.pass(u64::try_from(expected_ms).unwrap());
        assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)));
        it.pass(1);
        assert_eq!(say(&mut it, &MetadataRequest::default(), 12), Heard::Closed);
    }
}

#[test]
fn who_logs_in_again_in_time_stays_and_once_a_second_at_most() {
    let mut it = script(alice().with_reauthentication_max(Duration::from_secs(10)));
    assert_eq!(log_in(&mut it), 10_000);
    for _ in 0..3 {
        it.pass(9_000);
        assert_eq!(log_in(&mut it), 10_000);
        assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)));
    }
    it.pass(999);
    assert_eq!(answer(say(&mut it, &handshake("PLAIN"), 1)).error_code, ErrorCode::ILLEGAL_SASL_STATE);
    it.pass(1);
    assert_eq!(log_in(&mut it), 10_000);
    // Too late for anything but another login.
    it.pass(10_001);
    assert_eq!(log_in(&mut it), 10_000);
    it.pass(10_001);
    assert_eq!(say(&mut it, &MetadataRequest::default(), 12), Heard::Closed);
}

#[test]
fn a_login_that_has_no_end_cannot_be_repeated() {
    let mut it = script(alice());
    log_in(&mut it);
    assert_eq!(answer(say(&mut it, &handshake("PLAIN"), 1)).error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert_eq!(answer(say(&mut it, &plain("alice", "x"), 2)).error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)));
}

#[test]
fn a_connection_changes_neither_hands_nor_mechanism() {
    let sasl = alice().with_user("bob", "bob-secret").with_reauthentication_max(Duration::from_secs(10));
    let mut it = script(sasl.clone());
    log_in(&mut it);
    it.pass(5_000);
    say(&mut it, &handshake("PLAIN"), 1);
    assert_eq!(say(&mut it, &plain("bob", "bob-secret"), 2), Heard::Nothing);
    it.pass(100);
    let said = answer(it.hear::<SaslAuthenticateRequest>(ME, 2));
    assert_eq!(said.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    let words = "Cannot change principals during re-authentication from User.alice: User.bob";
    assert_eq!(said.error_message.as_deref(), Some(words));

    let mut it = script(sasl);
    log_in(&mut it);
    it.pass(5_000);
    assert_eq!(answer(say(&mut it, &handshake("SCRAM-SHA-256"), 1)).error_code, ErrorCode::NONE);
    assert_eq!(say(&mut it, &token("n,,n=alice,r=x"), 2), Heard::Nothing);
    it.pass(100);
    assert_eq!(it.hear::<SaslAuthenticateRequest>(ME, 2), Heard::Closed);
}

#[test]
fn tokens_are_frames_of_their_own_after_the_oldest_handshake() {
    let mut it = script(alice());
    say(&mut it, &handshake("PLAIN"), 0);
    it.cluster.handle_frame(ME, 1, &Bytes::from_static(b"\0alice\0alice-secret"), it.now());
    match it.cluster.poll_answer() {
        Some((ME, Answer::Proven(frame))) => assert_eq!(&*frame.into_bytes(), [0; 4]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)));

    let mut it = script(alice());
    say(&mut it, &handshake("PLAIN"), 0);
    it.cluster.handle_frame(ME, 1, &Bytes::from_static(b"\0alice\0wrong"), it.now());
    assert!(it.cluster.poll_answer().is_none());
    it.pass(100);
    assert!(matches!(it.cluster.poll_answer(), Some((ME, Answer::Close(_)))));
}

#[test]
fn another_password_holds_from_the_next_login_on() {
    let mut it = script(alice());
    it.cluster.set_user("alice", Some("another".into()));
    say(&mut it, &handshake("PLAIN"), 1);
    assert_eq!(answer(say(&mut it, &plain("alice", "another"), 2)).error_code, ErrorCode::NONE);
    it.cluster.set_user("alice", None);
    assert!(matches!(say(&mut it, &MetadataRequest::default(), 12), Heard::Answer(_)), "who is in stays");
}

#[test]
fn credentials_that_an_administrator_gives_are_described_and_can_be_taken_back() {
    let mut it = Script::new();
    let given = |name: &'static str, mechanism, iterations| ScramCredentialUpsertion {
        name: Str::from_static(name),
        mechanism,
        iterations,
        salt: Bytes::from_static(b"salt"),
        salted_password: Bytes::from_static(&[7; 32]),
        ..Default::default()
    };
    let mut alter = |deletions: Vec<ScramCredentialDeletion>, upsertions: Vec<ScramCredentialUpsertion>| {
        let request = AlterUserScramCredentialsRequest { deletions, upsertions, ..Default::default() };
        let results = it.ask(&request, 0).results;
        results.into_iter().map(|it| (it.user.to_string(), it.error_code)).collect::<Vec<_>>()
    };
    let one = |code| vec![("bob".to_owned(), code)];
    assert_eq!(alter(vec![], vec![given("bob", 1, 8192), given("bob", 2, 4096)]), one(ErrorCode::NONE));
    assert_eq!(alter(vec![], vec![given("bob", 1, 4095)]), one(ErrorCode::UNACCEPTABLE_CREDENTIAL));
    assert_eq!(alter(vec![], vec![given("bob", 3, 4096)]), one(ErrorCode::UNSUPPORTED_SASL_MECHANISM));
    let twice = vec![given("bob", 1, 4096), given("bob", 1, 4096)];
    assert_eq!(alter(vec![], twice), one(ErrorCode::DUPLICATE_RESOURCE));
    let gone =
        || ScramCredentialDeletion { name: Str::from_static("bob"), mechanism: 2, ..Default::default() };
    assert_eq!(alter(vec![gone()], vec![]), one(ErrorCode::NONE));
    assert_eq!(alter(vec![gone()], vec![]), one(ErrorCode::RESOURCE_NOT_FOUND));
    let described = it.ask(&DescribeUserScramCredentialsRequest::default(), 0).results;
    let infos: Vec<_> =
        described[0].credential_infos.iter().map(|it| (it.mechanism, it.iterations)).collect();
    assert_eq!((described.len(), &*described[0].user, infos), (1, "bob", vec![(1, 8192)]));
}

#[test]
fn no_bytes_before_a_login_do_harm() {
    let first = [
        "\0alice\0alice-secret",
        "n,,n=alice,r=abcdefgh",
        "c=biws,r=abcdefgh,p=AAAA",
        "n,a=alice,\u{1}auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.\u{1}\u{1}",
    ];
    let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];
    let mut chance = 1_u64;
    let mut draw = |below: usize| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(chance >> 33).unwrap() % below
    };
    let mut it =
        script(alice().with_oauth(OauthConfig::default()).with_failed_authentication_delay(Duration::ZERO));
    let mut refused = 0;
    for round in 0..2_000 {
        let peer = PeerId((1 << 41) + round);
        it.cluster.handle_opened(peer, 1, &Connection::default());
        let version = i16::try_from(draw(2)).unwrap();
        it.cluster.handle_frame(peer, 1, &frame(&handshake(mechanisms[draw(4)]), version), it.now());
        assert!(matches!(it.cluster.poll_answer(), Some((of, Answer::Frame(_))) if of == peer));
        for _ in 0..2 {
            let mut said = first[draw(4)].as_bytes().to_vec();
            let at = draw(said.len());
            said[at] = u8::try_from(draw(256)).unwrap();
            said.truncate(draw(said.len()) + 1);
            let bytes = if version == 0 { Bytes::from(said) } else { frame(&token(said), 2) };
            it.cluster.handle_frame(peer, 1, &bytes, it.now());
            let (of, answer) = it.cluster.poll_answer().expect("one answer for each frame");
            assert_eq!(of, peer);
            refused += usize::from(matches!(answer, Answer::Last(..) | Answer::Close(_)));
        }
        it.cluster.handle_closed(peer);
    }
    assert!(refused > 2_000, "{refused}");
}
