//! `doctor` compares this machine's clock with that of the server which a login asked: a token endpoint, a KDC.

use std::collections::HashMap;
use std::process::Command;

use serde_json::{Value, json};
use tokio::task::block_in_place;
use upsert_kafka_tests::kafka::{Listener, Secured, say_skipped};

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
        let doctor = program::command(&["doctor", "--properties", &file, "--output", "json"]);
        let clock = block_in_place(|| clock_of(doctor, status == 200));
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
    let way = Way::new("doctor", Listener::SaslPlaintext, &[Login::Keytab(kdc).properties()]);
    let file = properties_file(way.to(&kafka.bootstrap(way.listener)));
    let args = ["doctor", "--properties", &file, "--output", "json"];
    let clock = clock_of(program::command(&args), true);
    assert_eq!(clock["outcome"], "ok", "{clock}");
    assert_eq!(clock["facts"]["login"], "the KDC of realm EXAMPLE.TEST has the same time");
    for (later, words) in [
        ("+60s", " s ahead of that of the KDC of realm EXAMPLE.TEST (here "),
        ("-60s", " s behind that of the KDC of realm EXAMPLE.TEST (here "),
    ] {
        let Some(doctor) = at_another_time(later, &args) else { return };
        let clock = clock_of(doctor, true);
        assert_eq!(clock["outcome"], "warning", "{clock}");
        let why = clock["why"].as_str().unwrap();
        assert!(why.contains(words) && (why.contains(" 59 s ") || why.contains(" 60 s ")), "{why}");
    }
}

/// The step about clocks, of a doctor whom the cluster lets in or not.
fn clock_of(mut doctor: Command, lets_in: bool) -> Value {
    let ran = program::ran(doctor.output().unwrap());
    assert_eq!(ran.code, if lets_in { 0 } else { 4 }, "{}\n{}", ran.out, ran.err);
    let mut steps = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    steps.find(|step| step["step"] == "clock").unwrap_or_else(|| panic!("no clock: {}", ran.out))
}

/// The binary by a time of day of its own; what waits, waits as long as it would. `None`, aloud, where `faketime` is
/// missing.
fn at_another_time(later: &str, args: &[&str]) -> Option<Command> {
    let Ok(asked) = Command::new("faketime").args(["-f", later, "printenv", "LD_PRELOAD"]).output() else {
        assert!(std::env::var("UPSERT_KAFKA_REQUIRE_KDC").is_err(), "`faketime` is missing");
        say_skipped("`faketime` is missing");
        return None;
    };
    let library = String::from_utf8(asked.stdout).unwrap();
    assert!(library.contains("libfaketime"), "{library}");
    let mut command = program::command(args);
    command.env("LD_PRELOAD", library.trim()).env("FAKETIME", later).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Some(command)
}

fn properties_file<'a>(properties: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let lines: HashMap<_, _> = properties.into_iter().collect();
    let lines = lines.into_iter().map(|(key, value)| format!("{key}={value}\n"));
    private_file("clocks.properties", &lines.collect::<String>())
}
