//! Connections of the client itself, whose first request is where a broker with TLS 1.3 refuses a certificate.

use std::time::Duration;

use super::*;
use crate::Config;
use crate::config::{Address, SecurityProtocol};
use crate::connection::Connector;
use crate::security::Security;

/// A connection to such a server, whatever its address.
async fn open(tls: TlsConfig, server: &TlsServer) -> Error {
    let config = server.config();
    let dialer = move |_: Address| {
        let (ours, theirs) = duplex(1 << 16);
        echo(Arc::clone(&config), theirs);
        async move { Ok(ours) }
    };
    let environment = Environment::new().with_dialer(dialer).with_clock(Clock::of_runtime(NOW));
    let config = Config { security_protocol: SecurityProtocol::Ssl, tls, ..Config::default() };
    let security = Security::open(&config, &environment).unwrap();
    let connector = Connector { config: Arc::new(config), environment, security };
    let address = "localhost:9093".parse().unwrap();
    connector.open(&address, Duration::from_secs(60)).await.expect_err("an echo is no broker")
}

#[tokio::test]
async fn the_first_request_tells_that_a_certificate_was_demanded() {
    let error = open(trusting("root"), &TlsServer::broker().for_clients_of("root.pem")).await;
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let text = error.to_string();
    assert!(text.starts_with("broker localhost:9093: ") && text.contains("none is configured"), "{text}");
}

#[tokio::test]
async fn the_first_request_goes_through_tls_where_both_sides_agree() {
    let config = with_key(trusting("root"), "client.pem", "client.key");
    let error = open(config, &TlsServer::broker().for_clients_of("root.pem")).await;
    // The server sends the request back, and what it says is no answer.
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
}

#[test]
fn no_secret_is_in_what_is_shown_of_settings() {
    let config = with_key(trusting("root"), "client.pem", "client.key");
    let config = TlsConfig { key_password: Some("key-secret".into()), ..config };
    let connector = TlsConnector::new(&config, &Environment::new()).unwrap();
    let shown = format!("{connector:?} {config:?}");
    assert!(!shown.contains("BEGIN") && !shown.contains("key-secret"), "{shown}");
}
