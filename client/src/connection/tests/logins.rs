//! Logging in, against a broker that does it rightly or wrongly; over pipes, in tokio's paused time.

use std::sync::Mutex;

use upsert_kafka_protocol::messages::SaslHandshakeRequest;

use super::*;
use crate::config::{LoginModule, SaslConfig, SaslMechanism, SecurityProtocol};
use crate::sasl_peer::{Fault, PASSWORD, SaslPeer, USER};

const HOUR: Duration = Duration::from_secs(3600);

/// A broker that answers logins and FindCoordinator.
pub(super) fn piped(broker: &Arc<Mutex<SaslPeer>>) -> (Peer, Environment) {
    let broker = Arc::clone(broker);
    Peer::piped(move |ask: &Ask| broker.lock().unwrap().answer(ask).unwrap_or_else(|| echo(ask)))
}

pub(super) fn broker(mechanisms: &[&'static str]) -> Arc<Mutex<SaslPeer>> {
    Arc::new(Mutex::new(SaslPeer::new(mechanisms)))
}

pub(super) fn config(peer: &Peer, mechanism: SaslMechanism, password: &str) -> Config {
    let (username, password) = (USER.to_owned(), password.into());
    let login = match mechanism {
        SaslMechanism::Plain => LoginModule::Plain { username, password },
        _ => LoginModule::Scram { username, password, token_auth: false },
    };
    let sasl = SaslConfig { mechanism, login: Some(login), ..SaslConfig::default() };
    Config { security_protocol: SecurityProtocol::SaslPlaintext, sasl, ..peer.config() }
}

async fn log_in(
    broker: &Arc<Mutex<SaslPeer>>,
    mechanism: SaslMechanism,
    password: &str,
) -> Result<Connection, Error> {
    let (peer, environment) = piped(broker);
    let config = config(&peer, mechanism, password);
    let security = Security::open(&config, &environment)?;
    let connector = Connector { config: Arc::new(config), environment, security };
    let connection = connector.open(&peer.address, HOUR).await?;
    let answer = connection.submit(&named("a"), 3, HOUR).await?;
    assert_eq!(&*answer.host, "a");
    Ok(connection)
}

#[tokio::test(start_paused = true)]
async fn plain_sends_user_and_password_and_nothing_before_apiversions() {
    let broker = broker(&["GSSAPI", "PLAIN"]);
    log_in(&broker, SaslMechanism::Plain, PASSWORD).await.unwrap();
    let broker = broker.lock().unwrap();
    assert_eq!(
        (broker.logins, broker.words.clone()),
        (1, vec![Bytes::from_static(b"\0alice\0alice-secret")])
    );
}

#[tokio::test(start_paused = true)]
async fn scram_proves_the_password_without_sending_it() {
    let broker = broker(&["SCRAM-SHA-256"]);
    log_in(&broker, SaslMechanism::ScramSha256, PASSWORD).await.unwrap();
    let broker = broker.lock().unwrap();
    assert_eq!((broker.logins, broker.words.len()), (1, 2));
    assert!(!format!("{:?}", broker.words).contains(PASSWORD));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_in_the_brokers_words() {
    for (mechanism, words) in [
        (SaslMechanism::Plain, "login by PLAIN refused: Authentication failed: Invalid username or password"),
        (SaslMechanism::ScramSha256, "login by SCRAM-SHA-256 refused: Authentication failed during"),
    ] {
        let broker = broker(&[mechanism.name()]);
        let error = log_in(&broker, mechanism, "not-it").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.code(), Some(ErrorCode::SASL_AUTHENTICATION_FAILED));
        assert!(!error.is_retriable());
        let text = error.to_string();
        assert!(text.starts_with(&format!("broker peer:9092, SaslAuthenticate: {words}")), "{text}");
        assert!(!text.contains("not-it"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mechanism_that_is_not_enabled_shows_those_that_are_and_none_is_taken_instead() {
    let broker = broker(&["GSSAPI", "PLAIN"]);
    let error = log_in(&broker, SaslMechanism::ScramSha256, PASSWORD).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let wanted = "log in by SCRAM-SHA-256 (sasl.mechanism) here, but by GSSAPI, PLAIN";
    assert!(error.to_string().contains(wanted), "{error}");
    // A broker that offers less gets nothing: no word of a weaker mechanism has left.
    assert!(broker.lock().unwrap().words.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_listener_without_logins_says_so() {
    let (peer, environment) = Peer::piped(|ask: &Ask| {
        let error_code = ErrorCode::ILLEGAL_SASL_STATE;
        match ask.is::<SaslHandshakeRequest>() {
            true => ask.answer(&upsert_kafka_protocol::messages::SaslHandshakeResponse {
                error_code,
                ..Default::default()
            }),
            false => echo(ask),
        }
    });
    let config = config(&peer, SaslMechanism::Plain, PASSWORD);
    let security = Security::open(&config, &environment).unwrap();
    let connector = Connector { config: Arc::new(config), environment, security };
    let error = connector.open(&peer.address, HOUR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("nobody logs in at this listener"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_without_saslauthenticate_is_too_old() {
    let (peer, environment) = Peer::piped(|ask: &Ask| {
        let mut all = versions(i16::MAX);
        all.api_keys.retain(|api| api.api_key != 36);
        ask.answer(&all)
    });
    let config = config(&peer, SaslMechanism::Plain, PASSWORD);
    let security = Security::open(&config, &environment).unwrap();
    let connector = Connector { config: Arc::new(config), environment, security };
    let error = connector.open(&peer.address, HOUR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("older than Kafka 1.0"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_leaves_without_a_word_gets_a_guess_at_why() {
    let broker = broker(&["PLAIN"]);
    broker.lock().unwrap().fault = Fault::Leaves;
    let error = log_in(&broker, SaslMechanism::Plain, PASSWORD).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("ended during the login by PLAIN, without a word"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_silent_during_the_login_is_told_apart_from_one_that_nobody_reaches() {
    let broker = broker(&["PLAIN"]);
    broker.lock().unwrap().fault = Fault::Silent;
    let error = log_in(&broker, SaslMechanism::Plain, PASSWORD).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("no connection within 3600000 ms: the login did not end"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn scram_brokers_that_cheat_are_told_apart() {
    for (fault, wanted) in [
        (Fault::EndsAtOnce, "did not prove by SCRAM-SHA-256 that it knows the password"),
        (Fault::ProvesNothing, "did not prove by SCRAM-SHA-256 that it knows the password"),
        (Fault::ProvesWrongly, "did not prove by SCRAM-SHA-256 that it knows the password"),
        (Fault::ChangesTheNonce, "does not keep to SCRAM-SHA-256: its nonce does not begin"),
        (Fault::RepeatsTheNonce, "does not keep to SCRAM-SHA-256: its nonce does not begin"),
        (Fault::Iterations(1), "asks for 1 iterations of SCRAM-SHA-256, and between 4096 and 1000000"),
        (Fault::Iterations(4095), "asks for 4095 iterations"),
        (Fault::Iterations(1_000_001), "asks for 1000001 iterations"),
        (Fault::Iterations(1 << 31), "asks for 2147483648 iterations"),
        (
            Fault::Iterations(1 << 40),
            "does not keep to SCRAM-SHA-256: its first message has no count of iterations",
        ),
        (Fault::GoesOn, "does not keep to SCRAM-SHA-256"),
    ] {
        let broker = broker(&["SCRAM-SHA-256"]);
        broker.lock().unwrap().fault = fault;
        let error = log_in(&broker, SaslMechanism::ScramSha256, PASSWORD).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{fault:?}: {error}");
        assert!(error.to_string().contains(wanted), "{fault:?}: {error}");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn before_a_login_no_broker_is_believed_that_says_a_long_answer_comes() {
    for (key, at) in [(17, "SaslHandshake"), (36, "SaslAuthenticate")] {
        let sasl = broker(&["PLAIN"]);
        let logins = Arc::clone(&sasl);
        let length = i32::try_from(handshake::HANDSHAKE_RESPONSE_BYTES_MAX).unwrap() + 1;
        let (peer, environment) = Peer::piped(move |ask: &Ask| match ask.key == key {
            // Its length, and nothing else.
            true => Reply::Raw(length.to_be_bytes().to_vec().into()),
            false => logins.lock().unwrap().answer(ask).unwrap_or_else(|| echo(ask)),
        });
        let config = config(&peer, SaslMechanism::Plain, PASSWORD);
        let security = Security::open(&config, &environment).unwrap();
        let connector = Connector { config: Arc::new(config), environment, security };
        let error = connector.open(&peer.address, HOUR).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{at}: {error}");
        assert!(error.to_string().contains("65537 bytes"), "{at}: {error}");
    }
}
