//! Logins by Kerberos and by tokens that fail tell no secret: neither output, in the most talkative log, of any of them.

use serde_json::json;
use upsert_kafka_tests::kafka::{KERBEROS_PASSWORD, Listener, Properties, Secured, Stores};

use super::embedded::Embedded;
use super::token_server::TokenServer;
use super::ways::{CLIENT_SECRET, Login, SECRETS, WRONG_PASSWORD, Way, fetched};
use crate::dli::cluster::private_file;
use crate::program;

#[test]
fn kerberos_tells_no_password_whoever_refuses_it() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let by = |options: String, more: Properties| {
        let jaas = format!("com.sun.security.auth.module.Krb5LoginModule required {options};");
        let mut login = Login::Keytab(kdc).properties();
        login.iter_mut().filter(|it| it.0 == "sasl.jaas.config").for_each(|it| it.1.clone_from(&jaas));
        login.extend(more);
        Way::new("GSSAPI", Listener::SaslPlaintext, &[login])
    };
    let right = format!("principal=\"alice\" password=\"{KERBEROS_PASSWORD}\"");
    let mut logged = false;
    for (way, words) in [
        // The KDC, which knows another password, or nobody of the name.
        (
            by(format!("principal=\"alice\" password=\"{WRONG_PASSWORD}\""), vec![]),
            "refused the password of alice",
        ),
        (by(right.replace("alice", "nobody"), vec![]), "does not know the client nobody"),
        // This client, at whose text something is wrong.
        (by(format!("{right} \"{KERBEROS_PASSWORD}"), vec![]), "sasl.jaas.config"),
        // A KDC that does not know the service, behind the right password.
        (by(right, vec![("kerberos.domain.name", "hadoop.nowhere".to_owned())]), "kafka/hadoop.nowhere"),
    ] {
        logged |= assert_silent(&way.to(&kafka.bootstrap(way.listener)), words, &[]);
    }
    assert!(logged, "there is no log to be searched");
}

#[test]
fn tokens_and_what_they_are_asked_for_with_are_told_by_nobody() {
    let Some(stores) = Stores::shared() else { return };
    let broker = Embedded::start(stores);
    // A token that this broker, which takes unsigned ones, does not take.
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodXNoIiwiZXhwIjo0MTAyNDQ0ODAwfQ.aHVzaC1zaWduYXR1cmU";
    let served = |status: u16, body: String| TokenServer::start(move |_| (status, body.clone()));
    let mut logged = false;
    for (server, words) in [
        (served(200, json!({ "access_token": token }).to_string()), "OAUTHBEARER"),
        (
            served(
                401,
                json!({ "error": "invalid_client", "error_description": format!("not {CLIENT_SECRET}") })
                    .to_string(),
            ),
            "invalid_client",
        ),
        (served(200, json!({ "access_token": format!("{token} {token}") }).to_string()), "token"),
        (served(200, format!("<html>{token}</html>")), "web page"),
        (served(302, String::new()), "redirects"),
    ] {
        let way = Way::new("a token", Listener::SaslPlaintext, &[fetched(&server)]);
        // A JWT's parts too: each is as good as the whole for whoever looks for its owner.
        let parts: Vec<_> = token.split('.').collect();
        logged |= assert_silent(&way.to(&broker.bootstrap(way.listener)), words, &parts);
        assert!(server.asked() > 0, "{words}");
    }
    assert!(logged, "there is no log to be searched");
}

/// Commands fail with these words, and none shows a secret; gives whether one had a log.
fn assert_silent(properties: &Properties, words: &str, further: &[&str]) -> bool {
    let lines = properties.iter().map(|(key, value)| format!("{key}={}\n", value.replace('\\', "\\\\")));
    let text = lines.collect::<String>() + "bootstrap.timeout.ms=1500\n";
    let file = private_file("secrecy.properties", &text);
    let mut logged = false;
    for command in [&["topic", "list"][..], &["doctor"], &["doctor", "--output", "json"], &["produce", "t"]] {
        let args = [command, &["--properties", &file, "--log", "trace"]].concat();
        let ran = program::run_with_input(&args, b"x\n");
        assert_ne!(ran.code, 0, "{args:?}");
        let told = format!("{}{}", ran.out, ran.err);
        assert!(told.contains(words), "{words}: {told}");
        logged |= ["TRACE", "DEBUG"].iter().any(|level| ran.err.contains(level));
        for secret in SECRETS.iter().chain(further) {
            let line = told.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{args:?} ({words}): {secret} is told");
        }
    }
    logged
}
