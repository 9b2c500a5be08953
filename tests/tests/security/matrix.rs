//! Every protocol, mechanism and store: a record goes there and comes back. Beside each, the one that must not get in, and
//! the words by which it is told.

use upsert_kafka_client::ErrorKind;
use upsert_kafka_tests::kafka::{
    KERBEROS_PASSWORD, Kdc, Listener, NewTopic, Properties, Secured, Stores, Trust, unique,
};

use super::embedded::Embedded;
use super::round_trip::{self, told};
use super::token_server::TokenServer;
use super::ways::{Login, PLAIN, Way, asserted, fetched, left_in_a_file, signed, signed_here, user, ways};

#[test]
fn every_way_into_a_real_kafka() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("ways");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let endpoint = TokenServer::of(kafka.signer(), |token| token);
    assert_all_get_in(&ways_into_kafka(kafka, &endpoint), &topic, |it| kafka.bootstrap(it));
    let [request] = &endpoint.requests()[..] else { panic!("one token is enough: {}", endpoint.asked()) };
    assert!(request.ends_with("grant_type=client_credentials&scope=kafka"), "{request}");
}

/// Every way, with tokens of an endpoint among them.
pub(super) fn ways_into_kafka(kafka: &Secured, endpoint: &TokenServer) -> Vec<Way> {
    let mut ways = ways(kafka.stores(), kafka.kdc(), Some(kafka.signer()));
    ways.push(Way::new("SASL_PLAINTEXT, an endpoint's token", Listener::Signed, &[fetched(endpoint)]));
    ways.extend(kafka.kdc().map(by_cache_and_password).into_iter().flatten());
    ways
}

/// Every way but those by Kerberos.
pub(super) fn ways_into_the_embedded_broker(stores: &Stores) -> Vec<Way> {
    ways(stores, None, None)
}

/// GSSAPI by what is no keytab.
fn by_cache_and_password(kdc: &Kdc) -> Vec<Way> {
    let cache = kdc.ticket_cache().unwrap();
    [
        ("a ticket cache", format!("useTicketCache=true ticketCache=\"{cache}\"")),
        ("a password", format!("principal=\"alice@EXAMPLE.TEST\" password=\"{KERBEROS_PASSWORD}\"")),
    ]
    .map(|(name, by)| {
        let mut login = Login::Keytab(kdc).properties();
        let jaas = format!("com.sun.security.auth.module.Krb5LoginModule required {by};");
        login.iter_mut().filter(|it| it.0 == "sasl.jaas.config").for_each(|it| it.1.clone_from(&jaas));
        Way::new(format!("SASL_PLAINTEXT, GSSAPI, {name}"), Listener::SaslPlaintext, &[login])
    })
    .into()
}

#[test]
fn every_way_into_the_embedded_broker() {
    let Some(stores) = Stores::shared() else { return };
    let broker = Embedded::start(stores);
    assert_all_get_in(&ways_into_the_embedded_broker(stores), "ways", |it| broker.bootstrap(it));
}

#[test]
fn a_signed_token_gets_into_the_embedded_broker_and_an_unsecured_one_does_not() {
    let Some(kafka) = Secured::shared() else { return };
    let broker = Embedded::of_signed_tokens(kafka.stores(), kafka.signer());
    let way = Way::new("signed", Listener::Signed, &[signed(kafka.signer())]);
    assert_all_get_in(&[way], "signed", |it| broker.bootstrap(it));
    let way = Way::new("unsecured", Listener::Signed, &[Login::Unsecured.properties()]);
    let wrong = Wrong { way, kind: ErrorKind::Authentication, words: &["OAUTHBEARER"] };
    assert_all_kept_out(&[wrong], "signed", |it| broker.bootstrap(it));
}

#[test]
fn a_real_kafka_keeps_out_who_should_not_get_in() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("refused");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let mut wrong = wrong_ways(kafka.stores(), kafka.kdc());
    // This listener has one mechanism.
    let way = Way::new("a mechanism that is not enabled", Listener::Signed, &[Login::Plain.properties()]);
    wrong.push(Wrong { way, kind: ErrorKind::Authentication, words: &["PLAIN", "OAUTHBEARER"] });
    let endpoint = TokenServer::of(kafka.signer(), with_another_signature);
    let way = Way::new("an endpoint's token that nobody signed", Listener::Signed, &[fetched(&endpoint)]);
    wrong.push(Wrong { way, kind: ErrorKind::Authentication, words: &["OAUTHBEARER"] });
    assert_all_kept_out(&wrong, &topic, |it| kafka.bootstrap(it));
    assert_eq!(kafka.java(|it, at| it.ends(at, &topic)), [0]);
}

#[test]
fn the_embedded_broker_keeps_out_who_should_not_get_in() {
    let Some(stores) = Stores::shared() else { return };
    let broker = Embedded::start(stores);
    let mut wrong = wrong_ways(stores, None);
    // An unsecured token is whoever it says: nobody is kept out by it.
    wrong.retain(|it| it.way.name != "OAUTHBEARER, wrong");
    assert_all_kept_out(&wrong, "refused", |it| broker.bootstrap(it));
}

/// What signs a JWT here is judged by Kafka's own validator: an endpoint hands it on as it is.
#[test]
fn an_assertion_that_is_signed_here_gets_into_a_real_kafka_and_a_changed_one_does_not() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("asserted");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let endpoint = TokenServer::of_assertions(|assertion| assertion);
    let [client, bearer] = ["ClientCredentialsJwtRetriever", "JwtBearerJwtRetriever"];
    let way = |endpoint: &TokenServer, retriever, assertion| {
        let login = asserted(endpoint, retriever, assertion);
        Way::new(format!("an assertion by {retriever}"), Listener::Signed, &[login])
    };
    let ways = [
        way(&endpoint, client, signed_here(kafka.signer())),
        way(&endpoint, bearer, signed_here(kafka.signer())),
        way(&endpoint, bearer, left_in_a_file(kafka.signer())),
    ];
    assert_all_get_in(&ways, &topic, |it| kafka.bootstrap(it));
    let [first, second, third] = &endpoint.requests()[..] else { panic!("{} requests", endpoint.asked()) };
    assert!(first.contains("&grant_type=client_credentials"), "{first}");
    for request in [second, third] {
        assert!(
            request.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"),
            "{request}"
        );
    }
    let changing = TokenServer::of_assertions(with_another_signature);
    let way = way(&changing, client, signed_here(kafka.signer()));
    let wrong = Wrong { way, kind: ErrorKind::Authentication, words: &["OAUTHBEARER"] };
    assert_all_kept_out(&[wrong], &topic, |it| kafka.bootstrap(it));
}

fn assert_all_get_in(ways: &[Way], topic: &str, bootstrap: impl Fn(Listener) -> String) {
    assert!(!ways.is_empty());
    let outcomes = ways.iter().map(|way| {
        let outcome = round_trip::run(&way.to(&bootstrap(way.listener)), topic, &way.name);
        outcome.err().map(|error| format!("{}: {}", way.name, told(&error)))
    });
    let failed: Vec<_> = outcomes.flatten().collect();
    assert!(failed.is_empty(), "{} of {} ways:\n{}", failed.len(), ways.len(), failed.join("\n"));
}

/// A way that must fail, how, and what a user must be told.
struct Wrong {
    way: Way,
    kind: ErrorKind,
    words: &'static [&'static str],
}

fn assert_all_kept_out(wrong: &[Wrong], topic: &str, bootstrap: impl Fn(Listener) -> String) {
    let complaints = wrong.iter().filter_map(|Wrong { way, kind, words }| {
        let outcome = round_trip::run(&way.to(&bootstrap(way.listener)), topic, "must not get in");
        let error = match outcome {
            Ok(()) => return Some(format!("{}: it gets in", way.name)),
            Err(error) => error,
        };
        let told = told(&error);
        let missing: Vec<_> = words.iter().filter(|word| !told.contains(**word)).collect();
        let right = error.kind() == *kind && missing.is_empty();
        (!right).then(|| format!("{}: {:?}, without {missing:?}: {told}", way.name, error.kind()))
    });
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn with_another_signature(token: String) -> String {
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    format!("{text}.{}{rest}", if first == "A" { "B" } else { "A" })
}

fn wrong_ways(stores: &Stores, kdc: Option<&Kdc>) -> Vec<Wrong> {
    let refused = |name: &str, listener, parts: &[Properties], words| {
        let mut way = Way::new(name, listener, parts);
        // What is refused is not tried for long.
        way.properties.push(("bootstrap.timeout.ms", "3000".to_owned()));
        Wrong { way, kind: ErrorKind::Authentication, words }
    };
    let trust = || stores.trust(Trust::Pem);
    let mut all = vec![
        refused("trusts others", Listener::Ssl, &[stores.trust_of_others()], &["certificate"]),
        refused("no certificate", Listener::Mtls, &[trust()], &["certificate"]),
        refused(
            "a certificate of others",
            Listener::Mtls,
            &[trust(), stores.identity_of_others()],
            &["certificate"],
        ),
    ];
    for login in Login::all(kdc) {
        let name = format!("{}, wrong", login.mechanism());
        let words: &[_] = match login {
            Login::Plain => &["PLAIN", "refused"],
            Login::Scram256 => &["SCRAM-SHA-256", "refused"],
            Login::Scram512 => &["SCRAM-SHA-512", "refused"],
            Login::Unsecured => &["OAUTHBEARER"],
            Login::Keytab(_) => &["alice@EXAMPLE.TEST"],
        };
        all.push(refused(&name, Listener::SaslPlaintext, &[login.wrong()], words));
        all.push(refused(&name, Listener::SaslSsl, &[trust(), login.wrong()], words));
    }
    let nobody = vec![
        ("sasl.mechanism", "SCRAM-SHA-256".to_owned()),
        ("sasl.jaas.config", user(PLAIN, "whatever-hush-88").replace("alice", "mallory")),
    ];
    all.push(refused("nobody", Listener::SaslPlaintext, &[nobody], &["SCRAM-SHA-256", "refused"]));
    all
}
