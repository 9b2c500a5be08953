//! The binary in a root that holds nothing but itself, a keytab and a krb5.conf: no library of Kerberos', no plugin, no
//! resolver. `.ci/run musl` names the static binary by `UPSERT_KAFKA_STATIC`; else it is the one under test, with the
//! libraries that it is linked to.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use upsert_kafka_tests::kafka::{Listener, NewTopic, Secured, unique};

use super::ways::Way;
use crate::program::{self, PROGRAM};

#[test]
fn a_keytab_and_a_krb5_conf_are_enough_for_gssapi() {
    let Some(kafka) = Secured::shared() else { return };
    let Some(kdc) = kafka.kdc() else { return };
    let topic = unique("empty-root");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let root = Root::new();
    for (from, to) in [
        (kdc.path("alice.keytab"), "alice.keytab"),
        (kdc.krb5_conf(), "krb5.conf"),
        (kafka.stores().path("ca.pem"), "ca.pem"),
    ] {
        std::fs::copy(from, root.0.join(to)).unwrap();
    }
    for (listener, trust) in [
        (Listener::SaslPlaintext, vec![]),
        (
            Listener::SaslSsl,
            vec![
                ("ssl.truststore.type", "PEM".to_owned()),
                ("ssl.truststore.location", "/ca.pem".to_owned()),
            ],
        ),
    ] {
        let login = vec![
            ("sasl.mechanism", "GSSAPI".to_owned()),
            ("sasl.kerberos.service.name", "kafka".to_owned()),
            ("java.security.krb5.conf", "/krb5.conf".to_owned()),
            (
                "sasl.jaas.config",
                "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true \
                 keyTab=\"/alice.keytab\" principal=\"alice\";"
                    .to_owned(),
            ),
        ];
        let way = Way::new("an empty root", listener, &[trust, login]);
        let lines =
            way.to(&kafka.bootstrap(listener)).into_iter().map(|(key, value)| format!("{key}={value}\n"));
        std::fs::write(root.0.join("client.properties"), lines.collect::<String>()).unwrap();
        let with = ["--properties", "/client.properties"];
        let value = listener.protocol();
        root.run(&[&["produce", &topic], &with[..]].concat(), value);
        let read = [
            "consume",
            &topic,
            "--from",
            "earliest",
            "--output",
            "raw",
            "--count",
            COUNTS[usize::from(value == "SASL_SSL")],
        ];
        let out = root.run(&[&read[..], &with].concat(), "");
        assert_eq!(out.lines().last(), Some(&*format!("null\t{value}")));
    }
}

/// How many records there are, by turns.
const COUNTS: [&str; 2] = ["1", "2"];

/// A folder that becomes the root of a process.
struct Root(PathBuf);

impl Root {
    fn new() -> Self {
        let root = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("empty-root")));
        std::fs::create_dir_all(root.0.join("etc")).unwrap();
        // The broker is called localhost, as its principal is.
        std::fs::write(root.0.join("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
        let binary = std::env::var("UPSERT_KAFKA_STATIC").unwrap_or_else(|_| PROGRAM.to_owned());
        // A link where it can be: a debug build has hundreds of megabytes.
        let inside = root.0.join("upsert-kafka");
        std::fs::hard_link(&binary, &inside).or_else(|_| std::fs::copy(&binary, &inside).map(drop)).unwrap();
        for library in libraries(&binary) {
            let inside = root.0.join(library.trim_start_matches('/'));
            std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
            std::fs::copy(&library, inside).unwrap();
        }
        root
    }

    /// Who is root may change the root; who is not may in a namespace of users.
    fn run(&self, args: &[&str], input: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let change = "[ \"$(id -u)\" = 0 ] || set -- unshare -r \"$@\"; exec env -i \"$@\"";
        let mut command = Command::new("sh");
        command.env("PATH", format!("{path}:/usr/sbin:/sbin")).args(["-c", change, "sh"]);
        command.arg(found("chroot", &path)).arg(&self.0).arg("/upsert-kafka").args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let ran = program::ran(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        ran.out
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // It is in nobody's way.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn found(program: &str, path: &str) -> PathBuf {
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]);
    let found = folders.map(|it| Path::new(it).join(program)).find(|it| it.exists());
    found.unwrap_or_else(|| panic!("{program} is missing"))
}

/// What a binary is linked to, as `ldd` shows it; nothing of a static one.
fn libraries(binary: &str) -> Vec<String> {
    let Output { stdout, .. } = Command::new("ldd").arg(binary).output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    text.split_whitespace().filter(|it| it.starts_with('/') && *it != binary).map(str::to_owned).collect()
}
