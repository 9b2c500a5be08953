//! What is agreed on where nothing is wrong.

use super::*;

#[tokio::test]
async fn a_chain_is_followed_to_the_trust_store_and_the_facts_are_told() {
    for name in ["localhost", "localhost.", "127.0.0.1", "::1", "::1%lo", "b-1.kafka.test", "LOCALHOST"] {
        let mut stream = shake(&trusting("root"), &TlsServer::broker(), name).await.unwrap();
        spoken(&mut stream).await.unwrap();
        let facts = stream.facts();
        assert_eq!(facts.version, "TLSv1.3");
        assert!(facts.cipher_suite.starts_with("TLS_AES_"), "{facts:?}");
        assert!(!facts.resumed && !facts.client_certificate_asked);
        let (leaf, _) = &facts.chain[0];
        assert_eq!(
            (&*leaf.subject, &*leaf.issuer),
            ("CN=broker, O=Example", "CN=Example Intermediate, O=Example")
        );
        assert_eq!(leaf.names, ["localhost", "*.kafka.test", "127.0.0.1", "::1"]);
        assert_eq!((leaf.not_before, leaf.not_after), (1_577_836_800, 4_102_444_799));
        assert_eq!(facts.chain.len(), 2);
        assert!(
            facts.trust.contains("root.pem") && facts.trust.contains("(1 certificates)"),
            "{}",
            facts.trust
        );
    }
}

#[tokio::test]
async fn the_versions_and_suites_of_the_settings_are_those_that_are_offered() {
    let older = TlsConfig { enabled_protocols: vec![TlsVersion::V1_2], ..trusting("root") };
    let stream = shake(&older, &TlsServer::broker(), "localhost").await.unwrap();
    assert_eq!(stream.facts().version, "TLSv1.2");
    for suite in ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"] {
        let one = TlsConfig { cipher_suites: vec![suite.to_owned()], ..trusting("root") };
        let stream = shake(&one, &TlsServer::broker(), "localhost").await.unwrap();
        assert_eq!(stream.facts().cipher_suite, suite);
    }
    let older = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    let one = TlsConfig { cipher_suites: vec![older.to_owned()], ..trusting("root") };
    let facts = shake(&one, &TlsServer::broker(), "localhost").await.unwrap().facts();
    assert_eq!((&*facts.version, &*facts.cipher_suite), ("TLSv1.2", older));
}

#[tokio::test]
async fn a_second_connection_of_one_client_goes_on_with_the_session_of_the_first() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let connector =
            connector_at(&TlsConfig { enabled_protocols: vec![version], ..trusting("root") }, NOW);
        let server = TlsServer::broker().config();
        let mut first = shake_by(&connector, &server, "localhost").await.unwrap();
        // The ticket of TLS 1.3 comes after the handshake.
        spoken(&mut first).await.unwrap();
        let mut second = shake_by(&connector, &server, "localhost").await.unwrap();
        spoken(&mut second).await.unwrap();
        assert!(!first.facts().resumed && second.facts().resumed, "{version:?}");
        assert_eq!(second.facts().chain.len(), 2, "whom it speaks with is known all the same");
    }
}

#[tokio::test]
async fn the_client_proves_who_it_is_by_keys_of_every_kind() {
    for (chain, key, subject) in [
        ("client.pem", "client.key", "CN=client, O=Example"),
        ("client-p384.pem", "client-p384.key", "CN=client-p384, O=Example"),
        ("client-rsa-chain.pem", "client-rsa.key", "CN=client-rsa, O=Example"),
        ("client-ed25519.pem", "client-ed25519.key", "CN=client-ed25519, O=Example"),
    ] {
        let config = with_key(trusting("root"), chain, key);
        let stream =
            talk(&config, &TlsServer::broker().for_clients_of("root.pem"), "localhost").await.unwrap();
        assert_eq!(stream.facts().client_certificate_sent.as_deref(), Some(subject));
    }
}

#[tokio::test]
async fn of_several_keys_the_one_is_sent_whose_authority_the_broker_names() {
    let store = Store::file(data("stores/keytool17.p12")).password("store-secret");
    let config = TlsConfig { keystore: Some(store), ..trusting("root") };
    for (root, subject) in
        [("intermediate.pem", "CN=client-rsa, O=Example"), ("root.pem", "CN=client, O=Example")]
    {
        let stream = talk(&config, &TlsServer::broker().for_clients_of(root), "localhost").await.unwrap();
        assert_eq!(stream.facts().client_certificate_sent.as_deref(), Some(subject));
    }
}

#[tokio::test]
async fn an_empty_identification_algorithm_switches_off_the_name_alone() {
    let unnamed = |config| TlsConfig { endpoint_identification: EndpointIdentification::None, ..config };
    let elsewhere = TlsServer::of("elsewhere.pem", "elsewhere.key");
    shake(&unnamed(trusting("root")), &elsewhere, "localhost").await.unwrap();
    let refused = shake(&unnamed(trusting("other-root")), &elsewhere, "localhost").await;
    says(refused, ErrorKind::Authentication, &["Example Root"]);
    let late = connector_at(&unnamed(trusting("root")), 4_102_531_200_000);
    says(shake_by(&late, &elsewhere.config(), "localhost").await, ErrorKind::Authentication, &["expired"]);
}

#[tokio::test]
async fn java_takes_a_certificate_that_is_in_the_store_itself_and_a_lone_common_name() {
    let own = TlsServer::of("self-signed.pem", "self-signed.key");
    shake(&trusting("self-signed"), &own, "localhost").await.unwrap();
    says(shake(&trusting("self-signed"), &own, "kafka").await, ErrorKind::Authentication, &["not for kafka"]);
    let late = connector_at(&trusting("self-signed"), 4_102_531_200_000);
    says(shake_by(&late, &own.config(), "localhost").await, ErrorKind::Authentication, &["expired"]);
    let common = TlsServer::of("common-name.pem", "common-name.key");
    shake(&trusting("root"), &common, "localhost").await.unwrap();
    let other = shake(&trusting("root"), &common, "kafka").await;
    says(other, ErrorKind::Authentication, &["no alternative names at all"]);
}

#[tokio::test]
async fn a_common_name_counts_as_it_stands_and_where_no_authority_is_held_to_other_names() {
    let hidden = TlsServer::of("hidden-name.pem", "hidden-name.key");
    let refused = shake(&trusting("root"), &hidden, "localhost").await;
    says(refused, ErrorKind::Authentication, &["CN=localhost", "not for localhost"]);
    let beyond = TlsServer::of("beyond-chain.pem", "beyond.key");
    let refused = shake(&trusting("root"), &beyond, "localhost").await;
    says(refused, ErrorKind::Authentication, &["CN=localhost", "not for localhost"]);
    // The authority with the constraint may be the one that is trusted.
    let beyond = TlsServer::of("beyond.pem", "beyond.key");
    let refused = shake(&trusting("constrained"), &beyond, "localhost").await;
    says(refused, ErrorKind::Authentication, &["CN=localhost", "not for localhost"]);
}

#[tokio::test]
async fn a_large_request_leaves_though_nobody_flushes_it() {
    let mut stream = shake(&trusting("root"), &TlsServer::broker(), "localhost").await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let mut come = vec![0; sent.len()];
    let (written, read) = tokio::join!(writer.write_all(&sent), reader.read_exact(&mut come));
    written.unwrap();
    read.unwrap();
    assert!(come == sent);
}

#[tokio::test]
async fn any_provider_that_the_application_brings_is_taken() {
    let mut provider = rustls_graviola::default_provider();
    provider.cipher_suites.retain(|suite| client_config::suite_name(suite) == "TLS_AES_128_GCM_SHA256");
    let provider = TlsProvider(Arc::new(provider));
    let config = TlsConfig { provider: Some(provider.clone()), ..trusting("root") };
    let stream = shake(&config, &TlsServer::broker(), "localhost").await.unwrap();
    assert_eq!(stream.facts().cipher_suite, "TLS_AES_128_GCM_SHA256");
    assert_eq!(config.clone(), config);
    let other = TlsProvider(Arc::new(rustls_graviola::default_provider()));
    assert_ne!(config.clone(), TlsConfig { provider: Some(other), ..config });
}

#[cfg(feature = "portable-tls")]
#[tokio::test]
async fn the_portable_provider_understands_graviola() {
    let provider = TlsProvider(Arc::new(rustls_rustcrypto::provider()));
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let config = TlsConfig {
            provider: Some(provider.clone()),
            enabled_protocols: vec![version],
            ..with_key(trusting("root"), "client-rsa-chain.pem", "client-rsa.key")
        };
        talk(&config, &TlsServer::broker().for_clients_of("root.pem"), "localhost").await.unwrap();
    }
}
