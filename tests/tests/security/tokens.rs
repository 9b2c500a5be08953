//! Tokens from a token endpoint, by the properties people have, at brokers that check who signed them.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use upsert_kafka_broker::{
    Broker, BrokerConfig, ListenerConfig, OauthConfig, SaslConfig, SaslMechanism, SecurityProtocol, TokenKey,
};
use upsert_kafka_client::{Client, Config, Error, ErrorKind, NewTopic, Record, Role};

use super::token_server::TokenServer;
use super::ways::OAUTH;

const CLIENT_SECRET: &str = "hush-client-secret";
pub(super) const SIGNING_SECRET: &str = "hush-signing-secret-of-32-bytes-or-more";

/// Alice's, by RFC 7515 with HS256.
pub(super) fn token(secret: &str, seconds: f64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims =
        json!({ "sub": "alice", "iat": now.floor(), "exp": (now + seconds).ceil(), "scope": "kafka" });
    let text = format!("{}.{}", part(json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Gives tokens that are signed by this secret and live for so many seconds.
fn signing(secret: &'static str, seconds: f64) -> TokenServer {
    TokenServer::start(move |_| (200, json!({ "access_token": token(secret, seconds) }).to_string()))
}

/// Three nodes that take alice's tokens, if they are signed by [`SIGNING_SECRET`].
pub(super) async fn broker() -> Broker {
    let keys = [TokenKey::Hs256(SIGNING_SECRET.into())];
    let sasl = SaslConfig::default()
        .with_mechanisms([SaslMechanism::OauthBearer])
        .with_failed_authentication_delay(Duration::ZERO)
        .with_oauth(OauthConfig::default().with_keys(keys));
    let listener = ListenerConfig::new(SecurityProtocol::SaslPlaintext, ([127, 0, 0, 1], 0));
    let mut config = BrokerConfig::default().with_listener(listener);
    config.nodes = 3;
    config.sasl = sasl;
    Broker::start(config).await.unwrap()
}

pub(super) fn properties(broker: &Broker, server: &TokenServer) -> HashMap<&'static str, String> {
    let address = broker.address();
    let handler = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
    HashMap::from([
        ("bootstrap.servers", address.to_string()),
        ("security.protocol", "SASL_PLAINTEXT".to_owned()),
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.login.callback.handler.class", handler.to_owned()),
        ("sasl.oauthbearer.token.endpoint.url", server.url().to_owned()),
        (
            "sasl.jaas.config",
            format!("{OAUTH} required clientId=\"orders\" clientSecret=\"{CLIENT_SECRET}\" scope=\"kafka\";"),
        ),
        ("bootstrap.timeout.ms", "2000".to_owned()),
    ])
}

async fn open(properties: &HashMap<&'static str, String>) -> Result<Client, Error> {
    let (config, notices) = Config::from_properties(properties, Role::Any)?;
    assert!(notices.iter().all(|it| !it.to_string().contains("hush")), "{notices:?}");
    Client::open(config).await
}

async fn refused(properties: &HashMap<&'static str, String>) -> Error {
    let error = open(properties).await.map(|_| ()).expect_err("it got in");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("hush") && !text.contains("eyJ"), "{text}");
    }
    error
}

#[tokio::test]
async fn a_producer_logs_in_to_every_node_by_one_token_of_an_endpoint() {
    let (broker, server) = (broker().await, signing(SIGNING_SECRET, 3600.0));
    let client = open(&properties(&broker, &server)).await.unwrap();
    let created = client.admin().create_topics(&[NewTopic::new("orders").partitions(6)]).await.unwrap();
    created.into_iter().for_each(|it| it.unwrap());
    let producer = client.producer();
    let topic = producer.topic("orders").await.unwrap();
    for partition in 0..6 {
        let delivery = producer.send(Record::new(&topic).partition(partition).value(b"x")).await.unwrap();
        delivery.await.unwrap();
    }
    assert_eq!(server.asked(), 1);
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /token HTTP/1.1"), "{request}");
    assert!(request.ends_with("grant_type=client_credentials&scope=kafka"), "{request}");
}

#[tokio::test]
async fn a_token_that_the_broker_does_not_take_is_told_in_its_words() {
    let (broker, server) = (broker().await, signing("hush-of-another-issuer-32-bytes-or-more", 3600.0));
    let error = refused(&properties(&broker, &server)).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(error.to_string().contains("invalid_token"), "{error}");
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_and_the_endpoint_is_not_stormed() {
    let broker = broker().await;
    let server = TokenServer::start(|_| {
        (
            401,
            json!({ "error": "invalid_client", "error_description": format!("not {CLIENT_SECRET}") })
                .to_string(),
        )
    });
    let error = refused(&properties(&broker, &server)).await;
    let text = format!("{}: it refused (401): invalid_client - not ***", server.url());
    assert!(error.to_string().contains(&text), "{error}");
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(server.asked() <= 3, "{} times", server.asked());
}

#[tokio::test]
async fn tokens_are_replaced_while_a_producer_writes_and_no_record_is_lost() {
    // They live for two to three seconds, so brokers end sessions as soon.
    let (broker, server) = (broker().await, signing(SIGNING_SECRET, 2.0));
    let client = open(&properties(&broker, &server)).await.unwrap();
    let created = client.admin().create_topics(&[NewTopic::new("orders").partitions(1)]).await.unwrap();
    created.into_iter().for_each(|it| it.unwrap());
    let producer = client.producer();
    let topic = producer.topic("orders").await.unwrap();
    let (mut sent, began) = (0, std::time::Instant::now());
    while server.asked() < 4 {
        assert!(began.elapsed() < Duration::from_secs(30), "{} tokens in 30 s", server.asked());
        let receipt = producer.send(Record::new(&topic).value(b"x")).await.unwrap().await.unwrap();
        assert_eq!(receipt.offset, sent);
        sent += 1;
    }
}
