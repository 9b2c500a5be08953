//! `doctor` compares this machine's clock with that of the server which a login asked: a token endpoint, a KDC.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::task::block_in_place;
use upsert_kafka_tests::kafka::{Kdc, Listener, Secured};

use super::token_server::TokenServer;
use super::tokens::{self, SIGNING_SECRET, token};
use super::ways::{Login, Way};
use crate::dli::cluster::private_file;
use crate::program;

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_token_endpoint_is_compared_whether_or_not_it_lets_the_client_in() {
    let broker = tokens::broker().await;
    for (ahead_s, status, outcome, words) in [
        (0, 200, "ok", "has the same time"),
        (90, 200, "warning", " s behind that of the token endpoint http://127.0.0.1:"),
        (-90, 200, "warning", " s ahead of that of the token endpoint http://127.0.0.1:"),
        (90, 401, "warning", " s behind that of the token endpoint http://127.0.0.1:"),
    ] {
        let server = TokenServer::dated(ahead_s, move |_| {
            (status, json!({ "access_token": token(SIGNING_SECRET, 3600.0), "error": "no" }).to_string())
        });
        let file = properties_file(tokens::properties(&broker, &server));
        let clock = block_in_place(|| clock_of(&file, status == 200));
        assert_eq!(clock["outcome"], outcome, "{ahead_s}: {clock}");
        let login = clock["facts"]["login"].as_str().unwrap();
        assert!(login.contains(words), "{ahead_s}: {login}");
        if ahead_s != 0 {
            // Both are whole seconds.
            assert!(login.contains(" 89 s ") || login.contains(" 90 s "), "{ahead_s}: {login}");
            assert!(clock["why"].as_str().unwrap().starts_with(login), "{clock}");
        }
    }
}

#[test]
fn the_clock_of_a_kdc_is_compared() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let clock = |kdc: &Kdc| {
        let way = Way::new("doctor", Listener::SaslPlaintext, &[Login::Keytab(kdc).properties()]);
        let file = properties_file(way.to(&kafka.bootstrap(way.listener)));
        clock_of(&file, true)
    };
    let right = clock(kdc);
    assert_eq!(right["outcome"], "ok", "{right}");
    assert_eq!(right["facts"]["login"], "the KDC of realm EXAMPLE.TEST has the same time");
    for (later, words) in [
        ("+60s", " s behind that of the KDC of realm EXAMPLE.TEST (here "),
        ("-60s", " s ahead of that of the KDC of realm EXAMPLE.TEST (here "),
    ] {
        // Kerberos allows five minutes: the client is let in, and warned.
        let Some(kdc) = kdc.with_another_clock(later) else { return };
        let clock = clock(&kdc);
        assert_eq!(clock["outcome"], "warning", "{clock}");
        let why = clock["why"].as_str().unwrap();
        assert!(why.contains(words) && (why.contains(" 59 s ") || why.contains(" 60 s ")), "{why}");
    }
}

/// The step about clocks, of a doctor whom the cluster lets in or not.
fn clock_of(properties: &str, lets_in: bool) -> Value {
    let ran = program::run(&["doctor", "--properties", properties, "--output", "json"]);
    assert_eq!(ran.code, if lets_in { 0 } else { 4 }, "{}\n{}", ran.out, ran.err);
    let mut steps = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    steps.find(|step| step["step"] == "clock").unwrap_or_else(|| panic!("no clock: {}", ran.out))
}

fn properties_file<'a>(properties: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let lines: HashMap<_, _> = properties.into_iter().collect();
    let lines = lines.into_iter().map(|(key, value)| format!("{key}={value}\n"));
    private_file("clocks.properties", &lines.collect::<String>())
}
