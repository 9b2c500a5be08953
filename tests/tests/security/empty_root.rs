//! The binary in a root that holds nothing but itself and the files that its properties name: no library of Kerberos', no
//! plugin, no resolver. `.ci/run musl` names the static binary by `UPSERT_KAFKA_STATIC`; else it is the one under test, with
//! the libraries that it is linked to.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use upsert_kafka_tests::kafka::{Listener, NewTopic, Secured, Stores, unique};

use super::embedded::Embedded;
use super::matrix::{ways_into_kafka, ways_into_the_embedded_broker};
use super::token_server::TokenServer;
use super::ways::Way;
use crate::program::{self, PROGRAM};

#[test]
fn every_way_into_a_real_kafka_out_of_an_empty_root() {
    let Some(kafka) = Secured::shared() else { return };
    let topic = unique("empty-root");
    kafka.java(|it, at| it.create(at, &[NewTopic { name: &topic, partitions: 1, configs: &[] }]));
    let endpoint = TokenServer::of(kafka.signer(), |token| token);
    assert_all_get_in(&ways_into_kafka(kafka, &endpoint), &topic, |it| kafka.bootstrap(it));
}

#[test]
fn every_way_into_the_embedded_broker_out_of_an_empty_root() {
    let Some(stores) = Stores::shared() else { return };
    let broker = Embedded::start(stores);
    assert_all_get_in(&ways_into_the_embedded_broker(stores), "ways", |it| broker.bootstrap(it));
}

/// A record there and back by each way.
fn assert_all_get_in(ways: &[Way], topic: &str, bootstrap: impl Fn(Listener) -> String) {
    let root = Root::new();
    let with = ["--properties", "/client.properties"];
    for (at, way) in ways.iter().enumerate() {
        root.write_properties(way, &bootstrap(way.listener));
        root.run(&way.name, &[&["produce", topic], &with[..]].concat(), &way.name);
        let from = at.to_string();
        let read = ["consume", topic, "--from", &from, "--count", "1", "--output", "raw"];
        let out = root.run(&way.name, &[&read[..], &with].concat(), "");
        assert_eq!(out, format!("null\t{}\n", way.name), "{}", way.name);
    }
}

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

    /// The properties of a way, and each file that they name where they name it.
    fn write_properties(&self, way: &Way, bootstrap: &str) {
        let properties = way.to(bootstrap);
        let words = properties.iter().flat_map(|(_, value)| value.split(['"', ' ', ';']));
        for path in words.map(|word| word.strip_prefix("file://").unwrap_or(word)) {
            if path.starts_with('/') && Path::new(path).is_file() {
                let inside = self.0.join(path.trim_start_matches('/'));
                std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
                std::fs::copy(path, inside).unwrap();
            }
        }
        let escaped = |value: &str| value.replace('\\', "\\\\").replace('\n', "\\n");
        let lines = properties.iter().map(|(key, value)| format!("{key}={}\n", escaped(value)));
        std::fs::write(self.0.join("client.properties"), lines.collect::<String>()).unwrap();
    }

    /// Who is root may change the root; who is not may in a namespace of users.
    fn run(&self, way: &str, args: &[&str], input: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let change = "[ \"$(id -u)\" = 0 ] || set -- unshare -r \"$@\"; exec env -i \"$@\"";
        let mut command = Command::new("sh");
        command.env("PATH", format!("{path}:/usr/sbin:/sbin")).args(["-c", change, "sh"]);
        command.arg(found("chroot", &path)).arg(&self.0).arg("/upsert-kafka").args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let ran = program::ran(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{way}: {args:?}: {}", ran.err);
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
