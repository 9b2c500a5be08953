//! GSSAPI against a real Kafka, whose acceptor is Java's, and a real KDC.

use std::path::PathBuf;

use upsert_kafka_client::{Client, Config, Error, ErrorKind, Record, Role};
use upsert_kafka_tests::kafka::{
    KERBEROS_PASSWORD, Kdc, Listener, NewTopic, Properties, Secured, Trust, unique,
};

/// Our own client, let in by each source of tickets, by each type, by UDP and TCP.
#[tokio::test(flavor = "multi_thread")]
async fn kafka_lets_a_client_in_by_keytab_password_and_cache_and_by_each_encryption_type() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let (keytab, cache) = (kdc.path("alice.keytab"), kdc.ticket_cache().unwrap());
    let by_keytab = format!("useKeyTab=true keyTab=\"{keytab}\" principal=\"alice\"");
    let plain = kdc.krb5_conf();
    let mut ways = vec![
        (by_keytab.clone(), plain.clone(), Listener::SaslPlaintext),
        (by_keytab.clone(), plain.clone(), Listener::SaslSsl),
        (
            format!("principal=\"alice@EXAMPLE.TEST\" password=\"{KERBEROS_PASSWORD}\""),
            plain.clone(),
            Listener::SaslPlaintext,
        ),
        (format!("useTicketCache=true ticketCache=\"{cache}\""), plain.clone(), Listener::SaslPlaintext),
        (
            format!("useTicketCache=true ticketCache=\"FILE:{cache}\" principal=\"alice\""),
            plain,
            Listener::SaslPlaintext,
        ),
    ];
    for lines in [
        "udp_preference_limit = 1",
        "renew_lifetime = 0m",
        "permitted_enctypes = aes128-cts-hmac-sha1-96",
        "permitted_enctypes = aes256-cts-hmac-sha1-96",
        "permitted_enctypes = aes128-cts-hmac-sha256-128",
        "permitted_enctypes = aes256-cts-hmac-sha384-192",
    ] {
        ways.push((by_keytab.clone(), conf_with(kdc, lines), Listener::SaslPlaintext));
    }
    for (written, (jaas, conf, listener)) in ways.into_iter().enumerate() {
        let offset = send(kafka, listener, &jaas, &conf, &topic).await;
        assert_eq!(offset.unwrap_or_else(|error| panic!("{jaas} {conf}: {error}")), written as i64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kerberos_refuses_is_said_to_the_user() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let conf = kdc.krb5_conf();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = file(
        kdc,
        "nowhere.conf",
        &format!(
            "[libdefaults]\ndefault_realm = EXAMPLE.TEST\n[realms]\nEXAMPLE.TEST = {{\nkdc = 127.0.0.1:{port}\n}}\n"
        ),
    );
    let keytab = |name: &str, principal: &str| {
        format!("useKeyTab=true keyTab=\"{}\" principal=\"{principal}\"", kdc.path(name))
    };
    let hush = "not-the-password-7f";
    for (jaas, conf, kind, words) in [
        (
            format!("principal=\"alice\" password=\"{hush}\""),
            &conf,
            ErrorKind::Authentication,
            "the KDC of realm EXAMPLE.TEST refused the password of alice@EXAMPLE.TEST",
        ),
        (
            format!("principal=\"nobody\" password=\"{hush}\""),
            &conf,
            ErrorKind::Authentication,
            "does not know the client nobody@EXAMPLE.TEST",
        ),
        (
            keytab("bob.keytab", "alice"),
            &conf,
            ErrorKind::Authentication,
            "the keytab has no key of alice@EXAMPLE.TEST; it has keys of: bob@EXAMPLE.TEST",
        ),
        (
            format!("{} serviceName=\"kafak\"", keytab("alice.keytab", "alice")),
            &conf,
            ErrorKind::Authentication,
            "does not know the service kafak/localhost@EXAMPLE.TEST",
        ),
        (
            keytab("alice.keytab", "alice"),
            &nowhere,
            ErrorKind::Unreachable,
            "no KDC of realm EXAMPLE.TEST answered: 127.0.0.1:",
        ),
    ] {
        let error = send(kafka, Listener::SaslPlaintext, &jaas, conf, &topic).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(words), "{told}");
        assert!(!told.contains(hush), "{told}");
        assert_eq!(error.kind(), kind, "{told}");
    }
}

/// Sends a record; its offset.
async fn send(
    kafka: &Secured,
    listener: Listener,
    jaas: &str,
    conf: &str,
    topic: &str,
) -> Result<i64, Error> {
    let properties = properties(kafka, listener, jaas, conf);
    let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
    let (config, _) = Config::from_properties(pairs, Role::Producer)?;
    let client = Client::open(config).await?;
    let producer = client.producer();
    let orders = producer.topic(topic).await?;
    Ok(producer.send(Record::new(&orders).value(b"paid")).await?.await?.offset)
}

fn properties(kafka: &Secured, listener: Listener, jaas: &str, conf: &str) -> Properties {
    let mut properties: Properties = vec![
        ("bootstrap.servers", kafka.bootstrap(listener)),
        ("security.protocol", listener.protocol().to_owned()),
        ("sasl.mechanism", "GSSAPI".to_owned()),
        ("sasl.jaas.config", format!("com.sun.security.auth.module.Krb5LoginModule required {jaas};")),
        ("java.security.krb5.conf", conf.to_owned()),
        ("max.block.ms", "8000".to_owned()),
        ("bootstrap.timeout.ms", "4000".to_owned()),
    ];
    if !jaas.contains("serviceName") {
        properties.push(("sasl.kerberos.service.name", "kafka".to_owned()));
    }
    if listener.protocol().ends_with("SSL") {
        properties.extend(kafka.stores().trust(Trust::Pem));
    }
    properties
}

fn topic(kafka: &Secured) -> String {
    let topic = unique("kerberos");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    topic
}

/// The realm's krb5.conf with a line more.
fn conf_with(kdc: &Kdc, line: &str) -> String {
    let text = std::fs::read_to_string(kdc.krb5_conf()).unwrap();
    let name: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
    file(kdc, &format!("{name}.conf"), &text.replace("[libdefaults]", &format!("[libdefaults]\n  {line}")))
}

fn file(kdc: &Kdc, name: &str, text: &str) -> String {
    let path = PathBuf::from(kdc.path(name));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
