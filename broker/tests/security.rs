//! Listeners of every security protocol, side by side, over TCP: who is let in, who is not, and what each is told.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use upsert_kafka_broker::certificates::{Authority, Certificate, Subject};
use upsert_kafka_broker::{
    Broker, BrokerConfig, ClientAuth, Clock, Environment, ListenerConfig, SaslConfig, SecurityProtocol,
    TlsConfig, TlsVersions,
};
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::*;

mod frames;

use frames::{Client, PATIENCE, create};
use upsert_kafka_protocol::Str;

const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn listener(protocol: SecurityProtocol) -> ListenerConfig {
    ListenerConfig::new(protocol, ANYWHERE)
}

/// Listeners of all four protocols, where alice may log in.
fn every_protocol() -> BrokerConfig {
    use SecurityProtocol::{Plaintext, SaslPlaintext, SaslSsl, Ssl};
    [Plaintext, Ssl, SaslPlaintext, SaslSsl]
        .into_iter()
        .fold(BrokerConfig::default(), |config, protocol| config.with_listener(listener(protocol)))
        .with_sasl(SaslConfig::default().with_user("alice", "alice-secret"))
}

/// A client's trust in an authority, and what it shows.
fn trusting(ca: &str, shown: Option<&Certificate>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        roots.add(root.unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let chain = certificate.chain_pem();
            let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn dial(
    address: SocketAddr,
    connector: &TlsConnector,
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    Ok(Client(connector.connect(name, stream).await?, PATIENCE))
}

/// Logs in by PLAIN, and gives what is said to the second request.
async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    user: &str,
    password: &str,
) -> SaslAuthenticateResponse {
    let handshake = SaslHandshakeRequest { mechanism: Str::from_static("PLAIN"), ..Default::default() };
    assert_eq!(client.ask(&handshake, 1).await.error_code, ErrorCode::NONE);
    let auth_bytes = Bytes::from(format!("\0{user}\0{password}"));
    client.ask(&SaslAuthenticateRequest { auth_bytes, ..Default::default() }, 2).await
}

/// The addresses that a client is told.
async fn told<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> Vec<SocketAddr> {
    let metadata = client.ask(&MetadataRequest { topics: Some(Vec::new()), ..Default::default() }, 12).await;
    let address = |broker: &metadata::MetadataResponseBroker| format!("{}:{}", broker.host, broker.port);
    metadata.brokers.iter().map(|broker| address(broker).parse().unwrap()).collect()
}

#[tokio::test]
async fn a_client_is_told_the_addresses_of_the_listener_that_it_came_by() {
    for nodes in [1, 3] {
        let broker = Broker::start(every_protocol().with_nodes(nodes)).await.unwrap();
        let connector = trusting(&broker.ca_pem().unwrap(), None);
        let of = |name| broker.addresses_of(name);
        let all: std::collections::BTreeSet<_> =
            ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].into_iter().flat_map(of).collect();
        assert_eq!(all.len(), 4 * usize::try_from(nodes).unwrap());
        assert_eq!(of("PLAINTEXT"), broker.addresses());
        for node in of("PLAINTEXT") {
            assert_eq!(told(&mut Client::at(node).await).await, of("PLAINTEXT"));
        }
        for node in of("SSL") {
            assert_eq!(told(&mut dial(node, &connector).await.unwrap()).await, of("SSL"));
        }
        for node in of("SASL_PLAINTEXT") {
            let mut client = Client::at(node).await;
            assert_eq!(log_in(&mut client, "alice", "alice-secret").await.error_code, ErrorCode::NONE);
            assert_eq!(told(&mut client).await, of("SASL_PLAINTEXT"));
            let group = FindCoordinatorRequest {
                coordinator_keys: vec![Str::from_static("g")],
                ..Default::default()
            };
            let found = client.ask(&group, 4).await.coordinators.remove(0);
            let found = format!("{}:{}", found.host, found.port).parse().unwrap();
            assert!(of("SASL_PLAINTEXT").contains(&found));
        }
        for node in of("SASL_SSL") {
            let mut client = dial(node, &connector).await.unwrap();
            assert_eq!(log_in(&mut client, "alice", "alice-secret").await.error_code, ErrorCode::NONE);
            assert_eq!(told(&mut client).await, of("SASL_SSL"));
        }
        broker.stop().await;
    }
}

#[tokio::test]
async fn a_large_frame_passes_when_the_client_is_in_and_closes_before() {
    let broker = Broker::start(every_protocol()).await.unwrap();
    let address = broker.addresses_of("SASL_PLAINTEXT")[0];
    let mut stranger = Client::at(address).await;
    let long = SaslHandshakeRequest { mechanism: Str::from("x".repeat(30_000)), ..Default::default() };
    stranger.send(&long, 1, 5).await;
    assert_eq!(
        stranger.hear::<SaslHandshakeRequest>(1).await.unwrap().1.error_code,
        ErrorCode::UNSUPPORTED_SASL_MECHANISM
    );
    let mut stranger = Client::at(address).await;
    stranger.0.write_all(&(600_u32 << 10).to_be_bytes()).await.unwrap();
    assert_eq!(stranger.frame().await, None);
    let mut alice = Client::at(address).await;
    log_in(&mut alice, "alice", "alice-secret").await;
    alice.ask(&create("t", &[]), 7).await;
    let sent = frames::produce(frames::batch(&vec![b'x'; 900 << 10]));
    assert_eq!(frames::outcome(&alice.ask(&sent, 11).await), (ErrorCode::NONE, 0));
    broker.stop().await;
}

#[tokio::test]
async fn tls_to_a_plaintext_listener_and_plaintext_to_one_of_tls_are_closed_at_once() {
    let broker = Broker::start(every_protocol()).await.unwrap();
    let connector = trusting(&broker.ca_pem().unwrap(), None);
    for name in ["PLAINTEXT", "SASL_PLAINTEXT"] {
        let error = dial(broker.addresses_of(name)[0], &connector).await.err().expect("no TLS");
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{name}: {error}");
    }
    for name in ["SSL", "SASL_SSL"] {
        let mut client = Client::at(broker.addresses_of(name)[0]).await;
        client.send(&ApiVersionsRequest::default(), 3, 1).await;
        // What nobody reads would make the system take the alert back.
        client.0.write_all(&[0; 256 << 10]).await.unwrap();
        let mut said = Vec::new();
        client.0.read_to_end(&mut said).await.unwrap();
        // An alert of TLS and an orderly end, which a client can recognise.
        assert_eq!(said[..3], [0x15, 3, 3], "{name}: {said:?}");
    }
    broker.stop().await;
}

/// How a client fares that shows a certificate, or none, to a listener that asks for one; the reason, if it is refused.
async fn shown(
    broker: &Broker,
    ca: &str,
    listener: &str,
    certificate: Option<&Certificate>,
) -> Result<(), String> {
    let connector = trusting(ca, certificate);
    let mut client =
        dial(broker.addresses_of(listener)[0], &connector).await.map_err(|error| error.to_string())?;
    // In TLS 1.3 a client hears of its refusal when it first reads.
    let mut frame =
        upsert_kafka_protocol::header::request_frame(&ApiVersionsRequest::default(), 3, 1, None).unwrap();
    client.0.write_all_buf(&mut frame).await.map_err(|error| error.to_string())?;
    let mut length = [0; 4];
    client.0.read_exact(&mut length).await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_certificate_of_the_client_is_demanded_asked_for_and_judged() {
    let authority = Authority::new("clients").unwrap();
    let alice = authority.issue(&Subject::client("alice")).unwrap();
    let revoked = authority.issue(&Subject::client("mallory")).unwrap();
    let below = authority.intermediate("below").unwrap();
    // Whoever issued a certificate must say whether it is revoked.
    let lists = [authority.revocation_list(&[&revoked]).unwrap(), below.revocation_list(&[]).unwrap()];
    let tls =
        TlsConfig::default().with_client_ca(authority.pem()).with_client_revocation_list(lists.concat());
    let with = |name: &str, auth| {
        listener(SecurityProtocol::Ssl).with_name(name).with_tls(tls.clone().with_client_auth(auth))
    };
    let config = BrokerConfig::default()
        .with_listener(with("required", ClientAuth::Required))
        .with_listener(with("requested", ClientAuth::Requested))
        .with_listener(with("none", ClientAuth::None));
    let broker = Broker::start(config).await.unwrap();
    let ca = broker.ca_pem().unwrap();
    let bob = below.issue(&Subject::client("bob")).unwrap();
    for listener in ["required", "requested", "none"] {
        assert_eq!(shown(&broker, &ca, listener, Some(&alice)).await, Ok(()), "{listener}");
        assert_eq!(shown(&broker, &ca, listener, Some(&bob)).await, Ok(()), "{listener}");
    }
    assert_eq!(shown(&broker, &ca, "requested", None).await, Ok(()));
    let said = |alert: AlertDescription| Err(rustls::Error::AlertReceived(alert).to_string());
    assert_eq!(shown(&broker, &ca, "required", None).await, said(AlertDescription::CertificateRequired));
    let expired = authority.issue(&Subject::client("alice").expired()).unwrap();
    let strange = Authority::new("others").unwrap().issue(&Subject::client("alice")).unwrap();
    for listener in ["required", "requested"] {
        let shown = async |certificate| shown(&broker, &ca, listener, Some(certificate)).await;
        assert_eq!(shown(&expired).await, said(AlertDescription::CertificateExpired));
        assert_eq!(shown(&strange).await, said(AlertDescription::UnknownCA));
        assert_eq!(shown(&revoked).await, said(AlertDescription::CertificateRevoked));
        let unlisted = authority.intermediate("unlisted").unwrap().issue(&Subject::client("eve")).unwrap();
        assert_eq!(shown(&unlisted).await, said(AlertDescription::UnknownCA));
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_listener_shows_the_certificate_that_it_was_given() {
    let authority = Authority::new("brokers").unwrap();
    let given = |subject: Subject| {
        let certificate = authority.issue(&subject).unwrap();
        TlsConfig::default().with_certificate(certificate.chain_pem(), certificate.key_pem())
    };
    let with = |name: &str, tls| listener(SecurityProtocol::Ssl).with_name(name).with_tls(tls);
    let config = BrokerConfig::default()
        .with_listener(with("good", given(Subject::server())))
        .with_listener(with("1.2", given(Subject::server()).with_versions(TlsVersions::Tls12)))
        .with_listener(with("1.3", given(Subject::server()).with_versions(TlsVersions::Tls13)))
        .with_listener(with("expired", given(Subject::server().expired())))
        .with_listener(with("elsewhere", given(Subject::server().with_names(["elsewhere"]))));
    let broker = Broker::start(config).await.unwrap();
    assert!(broker.ca_pem().is_none(), "nothing was made that was not given");
    let connector = trusting(&authority.pem(), None);
    let met = async |name: &str| match dial(broker.addresses_of(name)[0], &connector).await {
        Ok(client) => format!("{:?}", client.0.get_ref().1.protocol_version().unwrap()),
        Err(error) => match error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { .. })) => {
                "expired".to_owned()
            }
            Some(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })) => {
                "another name".to_owned()
            }
            other => panic!("{name}: {other:?}"),
        },
    };
    let expected = [
        ("good", "TLSv1_3"),
        ("1.2", "TLSv1_2"),
        ("1.3", "TLSv1_3"),
        ("expired", "expired"),
        ("elsewhere", "another name"),
    ];
    for (name, expected) in expected {
        assert_eq!(met(name).await, expected, "{name}");
    }
    broker.stop().await;
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused_with_both_names() {
    let two = BrokerConfig::default()
        .with_listener(listener(SecurityProtocol::Ssl))
        .with_listener(listener(SecurityProtocol::Ssl));
    let mut alone = TlsConfig::default();
    alone.private_key = Some("k".into());
    let nobody = every_protocol().with_sasl(SaslConfig::default().with_mechanisms([]));
    let garbled = TlsConfig::default().with_certificate("no PEM", "no PEM either");
    let refused = [
        (two, "two listeners have the name SSL"),
        (every_protocol().with_tls(alone), "listener SSL: a private key without its certificate"),
        (every_protocol().with_tls(garbled), "listener SSL: the private key is no PEM of a key: "),
        (nobody, "a listener of SASL, and no mechanism is enabled"),
    ];
    for (config, expected) in refused {
        let error = Broker::start(config).await.expect_err("contradictory settings");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_within_tls_over_a_pipe_goes_by_paused_time() {
    let environment =
        Environment::new().with_clock(Clock::of_runtime(1_767_225_600_000)).with_seed(7).without_sockets();
    let broker = Broker::start_in(every_protocol(), environment).await.unwrap();
    let at = broker.addresses_of("SASL_SSL")[0];
    let connector = trusting(&broker.ca_pem().unwrap(), None);
    let dial = async || {
        let pipe = broker.connector().connect(&at.ip().to_string(), at.port()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Client(connector.connect(name, pipe).await.unwrap(), frames::PAUSED_PATIENCE)
    };
    let mut alice = dial().await;
    assert_eq!(log_in(&mut alice, "alice", "alice-secret").await.error_code, ErrorCode::NONE);
    assert_eq!(told(&mut alice).await, [at]);
    let mut mallory = dial().await;
    let begun = tokio::time::Instant::now();
    let refused = log_in(&mut mallory, "alice", "guessed").await;
    assert_eq!(refused.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    let waited = begun.elapsed().as_millis();
    assert!((100..=101).contains(&waited), "{waited} ms");
    broker.stop().await;
}
