//! No failing case tells a secret, on either output and in the most talkative log; and a file that others may read is told
//! of.

use std::path::Path;

use super::cluster::{Cluster, Job, PLAIN, SECRET, credentials, set_mode};
use super::sentences::REFUSED;
use crate::program::{self, Ran};

fn assert_silent(ran: &Ran, case: &str) {
    assert_ne!(ran.code, 0, "{case} does not fail");
    for (name, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        let line = text.lines().find(|line| line.contains(SECRET));
        assert_eq!(line, None, "{case}: a secret in {name}");
    }
}

#[test]
fn point_51_what_is_refused_while_planning_tells_no_secret() {
    let credentials = credentials();
    for options in REFUSED {
        let job = Job::new("nowhere.invalid:9093", options);
        for command in ["explain", "run"] {
            let args = [command, job.path(), "--credentials", &credentials, "--log", "trace"];
            assert_silent(&program::run(&args), options);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn point_51_what_fails_on_a_cluster_tells_no_secret() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let wrong_password = PLAIN.replace("jaas-hush-33", "wrong-hush-77");
    let trust = "'ssl_auth_name' = 'orders_tls',";
    let bounded = "'properties.bootstrap.timeout.ms' = '1500',";
    for (protocol, options) in [
        ("SASL_PLAINTEXT", format!("{bounded}{wrong_password}")),
        ("SASL_SSL", format!("{bounded}{trust}{wrong_password}")),
        ("SASL_PLAINTEXT", format!("{bounded}{}", PLAIN.replace("\\\";'", "'"))),
        ("SSL", format!("{bounded}'ssl_auth_name' = 'wrong_tls',")),
        ("SSL", format!("{bounded}'ssl_auth_name' = 'keys_without_password',")),
        ("SSL", bounded.to_owned()),
        (
            "SASL_SSL",
            format!(
                "{bounded}{trust}{}",
                PLAIN.replace("'PLAIN'", "'SCRAM-SHA-256'").replace("plain.Plain", "scram.Scram")
            ),
        ),
    ] {
        let ran = cluster.fails(protocol, &options, &["--credentials", &credentials, "--log", "trace"]);
        assert_silent(&ran, &options);
    }
    // A listener that is reached in the wrong way.
    let job = Job::new(
        &cluster.address("SASL_SSL"),
        &format!("'properties.security.protocol' = 'SASL_PLAINTEXT', {bounded}{PLAIN}"),
    );
    assert_silent(&cluster.run(&["run", job.path(), "--log", "trace"]), "plaintext to TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_51_what_fails_by_properties_tells_no_secret() {
    let cluster = Cluster::start().await;
    let jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"orders\" password=\"wrong-hush-88\";";
    let text = format!(
        "bootstrap.servers={}\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={jaas}\n\
         bootstrap.timeout.ms=1500\n",
        cluster.address("SASL_PLAINTEXT")
    );
    let file = super::cluster::private_file("client.properties", &text);
    let broken = super::cluster::private_file(
        "broken.properties",
        &format!("{text}sasl.jaas.config=Oops required password=\"wrong-hush-88\n"),
    );
    for args in [
        &["topic", "list", "--properties", &file][..],
        &["topic", "dump", "t", "--properties", &file],
        &["topic", "create", "t", "--properties", &file],
        &["consume", "t", "--properties", &file],
        &["produce", "t", "--properties", &file],
        &["doctor", "--properties", &file],
        &["doctor", "--properties", &file, "--output", "json"],
        &["doctor", "--properties", &broken],
        &["explain", "--properties", &broken],
        &["topic", "list", "--properties", &file, "--property", "ssl.truststore.password hush-99"],
    ] {
        let ran = cluster.run(&[args, &["--log", "trace"]].concat());
        assert_silent(&ran, &args.join(" "));
    }
    let explained = cluster.run(&["explain", "--properties", &file]);
    assert_eq!(explained.code, 0, "{}", explained.err);
    assert!(!explained.out.contains(SECRET) && explained.out.contains("***"), "{}", explained.out);
}

#[test]
fn point_52_a_file_that_others_may_read_is_warned_of_once() {
    let credentials = credentials();
    let job = Job::new(
        "nowhere.invalid:9093",
        "'ssl_auth_name' = 'orders_tls', 'properties.security.protocol' = 'SSL',",
    );
    let explain = ["explain", job.path(), "--credentials", &credentials];
    assert!(!program::run(&explain).out.contains("may be read by others"));
    set_mode(Path::new(&credentials), 0o640);
    let explained = program::run(&explain);
    assert_eq!(explained.code, 0, "{}", explained.err);
    let warning = format!(
        "the credentials file {credentials} may be read by others (mode 0640): chmod 600 {credentials}"
    );
    assert_eq!(explained.out.matches(&warning).count(), 1, "{}", explained.out);
}
