//! Every way in which one side refuses the other, and the sentence that the user sees.

use super::*;

static ONLY_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

const AUTHENTICATION: ErrorKind = ErrorKind::Authentication;

/// 2100-01-02, a day after every certificate of the test data has expired; the last hour of 2018, before any began.
const TOO_LATE: i64 = 4_102_531_200_000;
const TOO_EARLY: i64 = 1_546_297_200_000;

#[tokio::test]
async fn an_expired_certificate_says_when_and_how_long_ago() {
    let connector = connector_at(&trusting("root"), TOO_LATE);
    let refused = shake_by(&connector, &TlsServer::broker().config(), "localhost").await;
    says(
        refused,
        AUTHENTICATION,
        &["CN=broker", "expired on 2099-12-31 23:59:59 UTC", "1 day ago", "2100-01-02"],
    );
}

#[tokio::test]
async fn a_certificate_of_the_future_says_from_when_and_what_the_clock_says() {
    let connector = connector_at(&trusting("root"), TOO_EARLY);
    let refused = shake_by(&connector, &TlsServer::broker().config(), "localhost").await;
    says(
        refused,
        AUTHENTICATION,
        &["CN=broker", "not valid before 2020-01-01 00:00:00 UTC", "clock says 2018-12-31"],
    );
}

#[tokio::test]
async fn a_self_signed_certificate_is_said_to_be_one() {
    let refused =
        shake(&trusting("root"), &TlsServer::of("self-signed.pem", "self-signed.key"), "localhost").await;
    says(refused, AUTHENTICATION, &["CN=localhost", "self-signed", "root.pem"]);
}

#[tokio::test]
async fn an_unknown_authority_is_named_with_the_trust_store_that_lacks_it() {
    let refused =
        shake(&trusting("other-root"), &TlsServer::of("broker-rsa.pem", "broker-rsa.key"), "localhost").await;
    says(
        refused,
        AUTHENTICATION,
        &["CN=Example Root, O=Example", "CN=broker-rsa", "other-root.pem", "not in"],
    );
}

#[tokio::test]
async fn an_authority_of_the_right_name_with_another_key_is_told_apart() {
    let refused =
        shake(&trusting("false-root"), &TlsServer::of("broker-rsa.pem", "broker-rsa.key"), "localhost").await;
    says(refused, AUTHENTICATION, &["CN=Example Root", "not signed by the key", "false-root.pem"]);
}

#[tokio::test]
async fn a_certificate_in_the_store_under_the_brokers_own_name_is_nobodys_authority() {
    let refused =
        shake(&trusting("same-name"), &TlsServer::of("broker-rsa.pem", "broker-rsa.key"), "localhost").await;
    says(refused, AUTHENTICATION, &["the issuer CN=Example Root", "same-name.pem", "not in"]);
}

#[tokio::test]
async fn a_certificate_without_its_intermediate_says_that_one_is_missing() {
    let refused = shake(&trusting("root"), &TlsServer::of("broker.pem", "broker.key"), "localhost").await;
    says(
        refused,
        AUTHENTICATION,
        &["CN=Example Intermediate", "did not send it along", "intermediate certificate"],
    );
}

#[tokio::test]
async fn a_wrong_name_lists_the_names_that_the_certificate_has() {
    let refused =
        shake(&trusting("root"), &TlsServer::of("elsewhere.pem", "elsewhere.key"), "localhost").await;
    let names = ["kafka-1.example, kafka-2.example, 10.0.0.1", "not for localhost"];
    says(refused, AUTHENTICATION, &names);
}

#[tokio::test]
async fn a_certificate_for_clients_is_none_for_servers() {
    let refused =
        shake(&trusting("root"), &TlsServer::of("for-clients.pem", "for-clients.key"), "localhost").await;
    says(refused, AUTHENTICATION, &["CN=for-clients", "serverAuth"]);
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_so_is_one_of_which_nothing_is_known() {
    let with = |crl: &str| TlsConfig { crl_location: Some(data(&format!("pki/{crl}"))), ..trusting("root") };
    let revoked = TlsServer::of("revoked.pem", "revoked.key");
    says(shake(&with("all.crl"), &revoked, "localhost").await, AUTHENTICATION, &["CN=revoked", "is revoked"]);
    shake(&trusting("root"), &revoked, "localhost").await.unwrap();
    shake(&with("all.crl"), &TlsServer::broker(), "localhost").await.unwrap();
    let unknown = shake(&with("root.crl"), &TlsServer::broker(), "localhost").await;
    says(unknown, AUTHENTICATION, &["no list of its issuer CN=Example Intermediate"]);
    let old =
        shake(&with("out-of-date.crl"), &TlsServer::of("broker-rsa.pem", "broker-rsa.key"), "localhost")
            .await;
    says(old, AUTHENTICATION, &["out of date", "CN=Example Root"]);
}

#[tokio::test]
async fn a_revoked_intermediate_is_refused_too() {
    let both = pem("without-intermediate.crl") + &pem("intermediate.crl");
    let folder = TemporaryFolder::new("revoked-intermediate");
    let path = folder.file("all.crl");
    std::fs::write(&path, both).unwrap();
    let config = TlsConfig { crl_location: Some(path), ..trusting("root") };
    says(shake(&config, &TlsServer::broker(), "localhost").await, AUTHENTICATION, &["is revoked"]);
}

#[tokio::test]
async fn no_client_certificate_where_one_is_demanded_is_said_in_both_versions() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let config = TlsConfig { enabled_protocols: vec![version], ..trusting("root") };
        let refused = talk(&config, &TlsServer::broker().for_clients_of("root.pem"), "localhost").await;
        says(
            refused,
            AUTHENTICATION,
            &["asked for a client certificate", "none is configured", "ssl.keystore.location"],
        );
    }
}

#[tokio::test]
async fn a_broker_that_hangs_up_without_a_word_after_it_got_no_certificate_is_explained() {
    let server = TlsServer::broker().for_clients_of("root.pem");
    let (ours, theirs) = duplex(1 << 16);
    let config = server.config_for_anybody();
    let hangs_up = tokio::spawn(async move { drop(TlsAcceptor::from(config).accept(theirs).await.unwrap()) });
    let mut stream = connector_at(&trusting("root"), NOW).connect(ours, "localhost").await.unwrap();
    hangs_up.await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("a sentence of ours");
    says(
        Err(ours.clone()),
        AUTHENTICATION,
        &["closed the connection after the TLS handshake", "none is configured"],
    );
}

#[tokio::test]
async fn a_client_certificate_that_the_broker_does_not_take_is_named_with_its_alert() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let config = TlsConfig { enabled_protocols: vec![version], ..trusting("root") };
        let config = with_key(config, "stranger.pem", "stranger.key");
        let refused = talk(&config, &TlsServer::broker().for_clients_of("root.pem"), "localhost").await;
        says(refused, AUTHENTICATION, &["CN=stranger, O=Other", "unknown_ca", "broker's trust store"]);
    }
}

#[tokio::test]
async fn a_broker_that_downgrades_finds_nobody() {
    let only = |version| TlsConfig { enabled_protocols: vec![version], ..trusting("root") };
    let mut older = TlsServer::broker();
    older.versions = ONLY_1_2;
    let refused = shake(&only(TlsVersion::V1_3), &older, "localhost").await;
    says(refused, AUTHENTICATION, &["ssl.enabled.protocols"]);
    let mut newer = TlsServer::broker();
    newer.versions = ONLY_1_3;
    let refused = shake(&only(TlsVersion::V1_2), &newer, "localhost").await;
    says(refused, AUTHENTICATION, &["ssl.enabled.protocols"]);
}

#[tokio::test]
async fn no_common_suite_is_said() {
    let rsa = vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()];
    let config =
        TlsConfig { cipher_suites: rsa, enabled_protocols: vec![TlsVersion::V1_2], ..trusting("root") };
    says(
        shake(&config, &TlsServer::broker(), "localhost").await,
        AUTHENTICATION,
        &["suite", "ssl.cipher.suites"],
    );
}

#[test]
fn an_unknown_suite_is_refused_by_name_with_those_that_are_there() {
    let suites = vec!["TLS_RSA_WITH_AES_128_CBC_SHA".to_owned()];
    let config = TlsConfig { cipher_suites: suites, ..trusting("root") };
    let error = TlsConnector::new(&config, &Environment::new()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Config);
    let words = [
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ];
    for word in words {
        assert!(text.contains(word), "{text}");
    }
    // Each suite that is listed is one that can be named.
    let listed = text.split(": ").last().unwrap().split(", ").map(str::to_owned).collect();
    TlsConnector::new(&TlsConfig { cipher_suites: listed, ..trusting("root") }, &Environment::new()).unwrap();
}

#[tokio::test]
async fn a_port_without_tls_is_recognized_by_its_answer_and_by_its_silence() {
    for (answer, kind, word) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], ErrorKind::Protocol, "does not speak TLS"),
        (&[0, 0, 0, 10, 0, 0, 0, 0, 0, 35, 0, 0, 0, 0], ErrorKind::Protocol, "does not speak TLS"),
        (&[], ErrorKind::Unreachable, "seems not to speak TLS"),
    ] {
        let (ours, mut theirs) = duplex(1 << 16);
        let server = tokio::spawn(async move {
            let mut hello = [0; 5];
            theirs.read_exact(&mut hello).await.unwrap();
            theirs.write_all(answer).await.unwrap();
        });
        let refused = connector_at(&trusting("root"), NOW).connect(ours, "localhost").await;
        says(refused, kind, &[word, "security.protocol", "PLAINTEXT"]);
        server.await.unwrap();
    }
}

#[test]
fn a_store_that_is_none_is_named_with_what_is_wrong() {
    let key = |store: Store| TlsConfig { keystore: Some(store), ..trusting("root") };
    let trust = |store: Store| TlsConfig { truststore: Some(store), ..Default::default() };
    for (config, words) in [
        (
            trust(Store::file("/nowhere/trust.jks")),
            &["ssl.truststore.location '/nowhere/trust.jks'", "cannot be read"][..],
        ),
        (trust(Store::file(data("make.sh"))), &["make.sh", "neither JKS nor PKCS12 nor PEM"]),
        (trust(Store::pem(pem("client.key"))), &["ssl.truststore.certificates", "no certificate"]),
        (
            trust(Store::file(data("stores/keytool-trust.jks")).password("wrong")),
            &["keytool-trust.jks", "password is wrong"],
        ),
        (trust(Store::file(data("stores/keytool17-trust.p12"))), &["no password is given"]),
        (key(Store::pem(pem("client.pem"))), &["ssl.keystore.key", "no private key"]),
        (
            key(Store::pem(pem("client.pem") + &pem("client-p384.key"))),
            &["does not belong to the certificate"],
        ),
        (
            key(Store::pem(pem("client-p521.pem") + &pem("client-p521.key"))),
            &["no kind that can sign", "P-256"],
        ),
        (key(Store::file(data("stores/keytool.jks"))), &["keytool.jks", "ssl.keystore.password"]),
        (
            key(Store::file(data("stores/keytool-two-passwords.jks")).password("store-secret")),
            &["the key 'client", "password is wrong"],
        ),
        (
            TlsConfig { crl_location: Some(data("pki/root.pem")), ..trusting("root") },
            &["ssl.crl.location", "X509 CRL"],
        ),
    ] {
        let error = TlsConnector::new(&config, &Environment::new()).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        for word in words {
            assert!(text.contains(word), "'{word}' is not in: {text}");
        }
        assert!(!text.contains("store-secret") && !format!("{error:?}").contains("store-secret"));
    }
}

#[tokio::test]
async fn what_no_certificate_could_be_for_is_refused_before_a_word_is_said() {
    let (ours, _theirs) = duplex(64);
    let refused = connector_at(&trusting("root"), NOW).connect(ours, "kaf ka").await;
    says(refused, ErrorKind::Config, &["'kaf ka'"]);
}

#[tokio::test]
async fn a_client_certificate_that_has_run_out_is_said_to_have() {
    // The broker's clock is right, and ours says so too; its own certificate is not looked at by this client.
    let expired = "expired on 2099-12-31";
    let config = with_key(trusting("root"), "stranger.pem", "stranger.key");
    let own_only = TlsConfig { truststore: Some(Store::pem(pem("root.pem"))), ..config };
    let material = Material::read(&own_only).unwrap();
    let observed =
        Observed { asked: true, sent: Some("CN=stranger, O=Other".to_owned()), ..Default::default() };
    let late = TOO_LATE / 1000;
    let place = Place { server_name: "kafka".to_owned(), observed, material: Arc::new(material), now: late };
    let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired);
    let text = place.handshake_failed(std::io::Error::other(alert)).to_string();
    assert!(
        text.contains("CN=stranger, O=Other; alert certificate_expired") && text.contains(expired),
        "{text}"
    );
}

#[tokio::test]
async fn a_probe_shows_the_chain_that_was_refused() {
    let (ours, theirs) = duplex(1 << 16);
    echo(TlsServer::broker().config(), theirs);
    let (error, chain) =
        connector_at(&trusting("other-root"), NOW).probe(ours, "localhost").await.err().unwrap();
    assert_eq!(error.kind(), AUTHENTICATION);
    let subjects: Vec<_> = chain.iter().map(|(it, _)| &*it.subject).collect();
    assert_eq!(subjects, ["CN=broker, O=Example", "CN=Example Intermediate, O=Example"]);
}
