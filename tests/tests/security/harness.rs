//! The real Kafka's listeners, by Apache's own client: who should get in does, and who should not does not.

use std::time::{Duration, Instant};

use upsert_kafka_tests::kafka::{Identity, Listener, NewTopic, Secured, Trust, unique};
use upsert_kafka_tests::record::NewRecord;

use super::ways::{Login, SCRAM, Way, signed};

/// One trust store for each mechanism is enough here: what is tried is the listeners, and the properties as Java reads
/// them.
#[test]
fn the_java_client_gets_in_by_the_same_properties() {
    let Some(kafka) = Secured::shared() else { return };
    let (stores, topic) = (kafka.stores(), unique("java-ways"));
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let mut ways = vec![Way::new("PLAINTEXT", Listener::Plaintext, &[])];
    for trust in Trust::ALL {
        ways.push(Way::new(format!("SSL, {trust:?}"), Listener::Ssl, &[stores.trust(trust)]));
    }
    for identity in Identity::ALL.into_iter().filter(|it| it.is_for_java()) {
        let parts = [stores.trust(Trust::Pem), stores.identity(identity)];
        ways.push(Way::new(format!("a certificate, {identity:?}"), Listener::Mtls, &parts));
    }
    for login in Login::all(kafka.kdc()) {
        for (listener, trust) in
            [(Listener::SaslPlaintext, vec![]), (Listener::SaslSsl, stores.trust(Trust::Pkcs12))]
        {
            let name = format!("{listener:?}, {}", login.mechanism());
            ways.push(Way::new(name, listener, &[trust, login.properties()]));
        }
    }
    ways.push(Way::new("a signed token", Listener::Signed, &[signed(kafka.signer())]));
    for (at, way) in ways.iter().enumerate() {
        let record =
            NewRecord { topic: topic.clone(), value: Some(way.name.clone().into()), ..NewRecord::default() };
        let properties = way.to(&kafka.bootstrap(way.listener));
        kafka.java(|it, _| it.produce_with(&properties, &[record]));
        let read = kafka.java(|it, _| it.consume_with(&properties, &topic));
        assert_eq!(read.len(), at + 1, "{}", way.name);
        assert_eq!(read[at].value.as_deref(), Some(way.name.as_bytes()));
    }
}

#[test]
fn the_java_client_is_kept_out() {
    let Some(kafka) = Secured::shared() else { return };
    let (stores, topic) = (kafka.stores(), unique("java-refused"));
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let mut ways = vec![
        (Way::new("trusts others", Listener::Ssl, &[stores.trust_of_others()]), "SslAuthenticationException"),
        (
            Way::new("no certificate", Listener::Mtls, &[stores.trust(Trust::Pem)]),
            "SslAuthenticationException",
        ),
    ];
    for login in Login::all(kafka.kdc()) {
        let way = Way::new(login.mechanism(), Listener::SaslPlaintext, &[login.wrong()]);
        let error = match login {
            Login::Keytab(_) => "LoginException",
            _ => "SaslAuthenticationException",
        };
        ways.push((way, error));
    }
    for (way, error) in ways {
        let record = NewRecord { topic: topic.clone(), value: Some(vec![]), ..NewRecord::default() };
        let mut properties = way.to(&kafka.bootstrap(way.listener));
        properties.push(("max.block.ms", "5000".to_owned()));
        let refused =
            kafka.java(|it, _| Ok(it.produce_with(&properties, &[record]).map_err(|e| e.to_string())));
        let told = refused.expect_err(&way.name);
        assert!(told.contains(error), "{}: {told}", way.name);
    }
    assert_eq!(kafka.java(|it, at| it.ends(at, &topic)), [0]);
}

#[test]
fn a_delegation_token_of_the_java_client_is_a_user_and_its_password() {
    let Some(kafka) = Secured::shared() else { return };
    let login = Way::new("alice", Listener::SaslPlaintext, &[Login::Scram256.properties()]);
    let properties = login.to(&kafka.bootstrap(login.listener));
    let token = kafka.java(|it, _| it.delegation_token(&properties));
    let topic = unique("java-delegated");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let jaas =
        format!("{SCRAM} required username=\"{}\" password=\"{}\" tokenauth=\"true\";", token.id, token.hmac);
    let login = vec![("sasl.mechanism", "SCRAM-SHA-256".to_owned()), ("sasl.jaas.config", jaas)];
    let properties =
        Way::new("token", Listener::SaslPlaintext, &[login]).to(&kafka.bootstrap(Listener::SaslPlaintext));
    let record = NewRecord { topic, value: Some(vec![]), ..NewRecord::default() };
    // A broker knows a token once it has read it from the metadata log, which nothing tells.
    let until = Instant::now() + TOKEN_PATIENCE;
    while let Err(error) = kafka.try_java(|it, _| it.produce_with(&properties, std::slice::from_ref(&record)))
    {
        let is_unknown = error.to_string().contains("SaslAuthenticationException");
        assert!(is_unknown && Instant::now() < until, "the Java client: {error}");
    }
}

/// How long a token may take from the controller to the broker.
const TOKEN_PATIENCE: Duration = Duration::from_secs(30);
