//! `upsert-kafka broker` with listeners of its flags: the same binary reaches them with a client's properties, and is kept
//! out without.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::program::{self, Ran, Running, file, run};

const SECRETS: [&str; 2] = ["hush-alice", "hush-bob"];

/// A broker with these flags, and its listeners' addresses in their order.
fn start(flags: &[&str]) -> (Running, Vec<String>) {
    let mut broker = program::start(&[&["broker"], flags].concat());
    let line = broker.first_line();
    let all = line.strip_prefix("listening on ").and_then(|rest| rest.split(';').next()).expect("addresses");
    let address = |listener: &str| listener.split("://").nth(1).expect("an address").to_owned();
    (broker, all.split(',').map(address).collect())
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // It may not be there.
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Lists the topics with these properties.
fn list(address: &str, properties: &[String]) -> Ran {
    let mut args = vec!["topic", "list", "--bootstrap", address];
    for property in properties {
        args.extend(["--property", property]);
    }
    let ran = run(&args);
    for secret in SECRETS {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "a secret in {ran:?}");
    }
    ran
}

fn sasl_ssl(folder: &Path, mechanism: &str, user: &str, password: &str) -> Vec<String> {
    let module = match mechanism {
        "PLAIN" => "plain.PlainLoginModule",
        _ => "scram.ScramLoginModule",
    };
    vec![
        "security.protocol=SASL_SSL".to_owned(),
        "ssl.truststore.type=PEM".to_owned(),
        format!("ssl.truststore.location={}/ca.pem", folder.display()),
        format!("sasl.mechanism={mechanism}"),
        format!(
            "sasl.jaas.config=org.apache.kafka.common.security.{module} required username=\"{user}\" \
             password=\"{password}\";"
        ),
    ]
}

#[test]
fn a_broker_of_flags_lets_in_whom_they_say_and_keeps_out_others() {
    let folder = folder("broker-flags");
    let users = file("broker-flags.users", "# who\nbob:hush-bob\n");
    let (_broker, at) = start(&[
        "--listener",
        "SASL_SSL://127.0.0.1:0",
        "--listener",
        "MTLS=SSL://127.0.0.1:0",
        "--tls-client-auth",
        "requested",
        "--tls-folder",
        folder.to_str().expect("UTF-8"),
        "--user",
        "alice:hush-alice",
        "--users",
        users.to_str().expect("UTF-8"),
        "--super-user",
        "User:bob",
        "--super-user",
        "User:CN=client",
        "--acl",
        "allow User:alice describe topic seen-*",
    ]);
    let bob = sasl_ssl(&folder, "SCRAM-SHA-512", "bob", "hush-bob");
    for topic in ["seen-one", "hidden"] {
        let mut args = vec!["topic", "create", topic, "--bootstrap", &at[0]];
        bob.iter().for_each(|property| args.extend(["--property", property]));
        let made = run(&args);
        assert_eq!(made.code, 0, "{made:?}");
    }
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let alice = list(&at[0], &sasl_ssl(&folder, mechanism, "alice", "hush-alice"));
        assert_eq!(alice.code, 0, "{alice:?}");
        assert!(alice.out.contains("seen-one") && !alice.out.contains("hidden"), "{}", alice.out);
        let wrong = list(&at[0], &sasl_ssl(&folder, mechanism, "alice", "hush-bob"));
        assert_ne!(wrong.code, 0);
    }
    // Who shows the certificate that was written for a client is that client.
    let at_folder = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it was written");
    let store = file("broker-flags.store.pem", &[at_folder("client.pem"), at_folder("client.key")].concat());
    let trust = format!("ssl.truststore.location={}/ca.pem", folder.display());
    let ssl = ["security.protocol=SSL".to_owned(), "ssl.truststore.type=PEM".to_owned(), trust];
    let anonymous = list(&at[1], &ssl);
    assert!(anonymous.code == 0 && !anonymous.out.contains("hidden"), "{anonymous:?}");
    let key_store =
        ["ssl.keystore.type=PEM".to_owned(), format!("ssl.keystore.location={}", store.display())];
    let client = list(&at[1], &[&ssl[..], &key_store].concat());
    assert!(client.code == 0 && client.out.contains("hidden"), "{client:?}");
}

#[test]
fn a_broker_makes_delegation_tokens_by_the_secret_of_a_file_and_not_by_an_empty_one() {
    let empty = file("broker-flags.no-key", " \n");
    let refused = run(&["broker", "--delegation-tokens", empty.to_str().expect("UTF-8")]);
    assert!(refused.code == 2 && refused.err.contains("no secret key in it"), "{refused:?}");
    let key = file("broker-flags.key", "hush-alice\n");
    let flags = ["--listener", "SASL_PLAINTEXT://127.0.0.1:0", "--user", "alice:hush-bob"];
    let (_broker, at) = start(&[&flags[..], &["--delegation-tokens", key.to_str().expect("UTF-8")]].concat());
    assert_eq!(at.len(), 1);
}

/// As in Kafka a subject for which no rule is has no client.
#[test]
fn a_certificates_owner_is_called_by_the_rules_of_the_flags() {
    let folder = folder("broker-flags-rules");
    let path = folder.to_str().expect("UTF-8");
    for (rules, sees) in
        [("RULE:^CN=(.*?)(,.*|$)/$1/U", Some("u-only")), ("DEFAULT", None), ("RULE:^OU=.*$/x/", None)]
    {
        let (_broker, at) = start(&[
            "--listener",
            "PLAINTEXT://127.0.0.1:0",
            "--listener",
            "SSL://127.0.0.1:0",
            "--tls-client-auth",
            "required",
            "--tls-folder",
            path,
            "--tls-principal-rules",
            rules,
            "--super-user",
            "User:ANONYMOUS",
            "--acl",
            "allow User:CLIENT describe topic u-*",
        ]);
        let made = run(&["topic", "create", "u-only", "--bootstrap", &at[0]]);
        assert_eq!(made.code, 0, "{made:?}");
        let at_folder = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it was written");
        let store =
            file("broker-flags.rules.pem", &[at_folder("client.pem"), at_folder("client.key")].concat());
        let listed = list(
            &at[1],
            &[
                "security.protocol=SSL".to_owned(),
                "ssl.truststore.type=PEM".to_owned(),
                format!("ssl.truststore.location={path}/ca.pem"),
                "ssl.keystore.type=PEM".to_owned(),
                format!("ssl.keystore.location={}", store.display()),
                "bootstrap.timeout.ms=2000".to_owned(),
            ],
        );
        assert_eq!(listed.code == 0, !rules.contains("OU"), "{rules}: {listed:?}");
        assert_eq!(listed.out.contains("u-only"), sees.is_some(), "{rules}: {listed:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_key_that_is_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("broker-flags-key");
    let path = folder.to_str().expect("UTF-8");
    let (_broker, _) = start(&["--listener", "SSL://127.0.0.1:0", "--tls-folder", path]);
    let mode = std::fs::metadata(folder.join("client.key")).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn flags_that_cannot_be_are_refused_without_what_they_hold() {
    let rows: &[(&[&str], &str)] = &[
        (
            &["--listener", "SSL://127.0.0.1:0", "--listen", "127.0.0.1:0"],
            "--listen and --listener: one or the other",
        ),
        (&["--listener", "TLS://127.0.0.1:0"], "'TLS' is none of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        (&["--listener", "127.0.0.1:9093"], "not a listener such as SSL://127.0.0.1:9093"),
        (&["--user", "hush-alice"], "--user: not NAME:PASSWORD"),
        (&["--users", "/nowhere/users"], "--users /nowhere/users: "),
        (&["--acl", "allow alice read topic t"], "'alice' is no principal such as User:alice"),
        (&["--super-user", "admin"], "--super-user admin: not a principal such as User:admin"),
        (
            &["--listener", "SSL://127.0.0.1:0", "--tls-key", "k"],
            "--tls-certificate and --tls-key: both or neither",
        ),
        (
            &["--listener", "SSL://127.0.0.1:0", "--tls-client-auth", "maybe"],
            "none of none, requested, required",
        ),
        (
            &["--listener", "SSL://127.0.0.1:0", "--tls-principal-rules", "RULE:CN=(.*)/$1"],
            "--tls-principal-rules: neither DEFAULT nor RULE:PATTERN/REPLACEMENT/",
        ),
    ];
    for (flags, expected) in rows {
        let ran = run(&[&["broker"], *flags].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(expected), "{ran:?}");
        assert!(SECRETS.iter().all(|secret| !ran.err.contains(secret)), "{ran:?}");
    }
    let lines = file("broker-flags.wrong", "alice:hush-alice\nhush-bob\n");
    let ran = run(&["broker", "--users", lines.to_str().expect("UTF-8")]);
    assert!(ran.err.contains("line 2: not NAME:PASSWORD") && !ran.err.contains("hush"), "{ran:?}");
}

#[test]
fn tls_where_none_is_spoken_and_none_where_it_is_are_said_in_the_log() {
    let folder = folder("broker-flags-mistaken");
    let path = folder.to_str().expect("UTF-8");
    let flags =
        ["--listener", "PLAINTEXT://127.0.0.1:0", "--listener", "SSL://127.0.0.1:0", "--tls-folder", path];
    let (broker, at) = start(&flags);
    // The heads of a ClientHello, and of an ApiVersions of 16 bytes.
    let mistaken: [&[u8]; 2] =
        [&[0x16, 3, 1, 0, 0xf4, 1], &[0, 0, 0, 16, 0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0]];
    for (address, bytes) in at.iter().zip(mistaken) {
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(bytes).expect("it is taken");
        let mut said = Vec::new();
        // Closed in order, and not reset.
        stream.read_to_end(&mut said).expect("it is closed");
    }
    broker.signal("TERM");
    let said = broker.end().err;
    for expected in [
        "what came to a listener without TLS is TLS: does the client have security.protocol=SSL or SASL_SSL?",
        "what came to a listener of SSL is not TLS: does the client have security.protocol=PLAINTEXT or SASL_PLAINTEXT?",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
