//! GSSAPI against a real Kafka, whose acceptor is Java's, and a real KDC.

use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use upsert_kafka_client::{Client, Clock, Config, Environment, Error, ErrorKind, Record, Role, Time};
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

#[tokio::test(flavor = "multi_thread")]
async fn kafka_lets_a_user_in_whose_realm_the_brokers_realm_trusts() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let partner = kdc.partner();
    let keytab = partner.path("carol.keytab");
    // By her own realm's krb5.conf and by that of the brokers', and where neither says whose realm the broker is.
    let unmapped = std::fs::read_to_string(partner.krb5_conf()).unwrap();
    let unmapped = file(partner, "unmapped.conf", unmapped.split("[domain_realm]").next().unwrap());
    for (offset, (conf, principal)) in
        [(partner.krb5_conf(), "carol"), (kdc.krb5_conf(), "carol@PARTNER.TEST")].into_iter().enumerate()
    {
        let jaas = format!("useKeyTab=true keyTab=\"{keytab}\" principal=\"{principal}\"");
        let sent = send(kafka, Listener::SaslPlaintext, &jaas, &conf, &topic).await;
        assert_eq!(sent.unwrap_or_else(|error| panic!("{conf}: {error}")), offset as i64);
    }
    let jaas = format!("useKeyTab=true keyTab=\"{keytab}\" principal=\"carol\"");
    let error = send(kafka, Listener::SaslPlaintext, &jaas, &unmapped, &topic).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("PARTNER.TEST does not know the service kafka/localhost@PARTNER.TEST"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_cache_that_has_ended_says_kinit() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let cache = kdc.ended_ticket_cache().unwrap();
    let jaas = format!("useTicketCache=true ticketCache=\"{cache}\"");
    let error = send(kafka, Listener::SaslPlaintext, &jaas, &kdc.krb5_conf(), &topic).await.unwrap_err();
    let wanted = format!(
        "the ticket cache {cache} has a ticket of alice@EXAMPLE.TEST that expired 0 min ago: run kinit"
    );
    assert!(error.to_string().contains(&wanted), "{error}");
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
}

/// The KDC's is right, and the one that the client was handed is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_by_how_much_and_on_which_side() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let jaas = format!("useKeyTab=true keyTab=\"{}\" principal=\"alice\"", kdc.path("alice.keytab"));
    for (ahead_s, words) in
        [(1200, "20 min ahead of that of the KDC"), (-1200, "20 min behind that of the KDC")]
    {
        let clock = Clock::of(Shifted(ahead_s * 1000));
        let environment = Environment::new().with_clock(clock);
        let sent =
            send_in(environment, kafka, Listener::SaslPlaintext, &jaas, &kdc.krb5_conf(), &topic).await;
        let told =
            sent.unwrap_err().to_string().replace("19 min 59 s", "20 min").replace("20 min 1 s", "20 min");
        assert!(told.contains(words), "{told}");
    }
}

/// The machine's clock, so many milliseconds ahead.
struct Shifted(i64);

impl Time for Shifted {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_millis()).unwrap() + self.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_keytab_is_not_the_kdcs_refuses_in_its_words() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = topic(kafka);
    let newer = kdc.with_another_key_of_the_service().unwrap();
    let jaas = format!("useKeyTab=true keyTab=\"{}\" principal=\"alice\"", newer.path("alice.keytab"));
    let error = send(kafka, Listener::SaslPlaintext, &jaas, &newer.krb5_conf(), &topic).await.unwrap_err();
    let told = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{told}");
    // Java's acceptor says no more than no; one of MIT's does (`client/kerberos/tests/mit.rs`).
    let broker = kafka.bootstrap(Listener::SaslPlaintext);
    for wanted in [
        &*format!("broker {broker}, SaslAuthenticate: the broker does not take the ticket for kafka/"),
        "which the KDC sealed with that principal's key of version (kvno) ",
        "'klist -kte' of the broker's keytab shows no such key",
        "login by GSSAPI refused: Authentication failed",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
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
    send_in(Environment::new(), kafka, listener, jaas, conf, topic).await
}

async fn send_in(
    environment: Environment,
    kafka: &Secured,
    listener: Listener,
    jaas: &str,
    conf: &str,
    topic: &str,
) -> Result<i64, Error> {
    let properties = properties(kafka, listener, jaas, conf);
    let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
    let (config, _) = Config::from_properties(pairs, Role::Producer)?;
    let client = Client::open_in(config, environment).await?;
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
