//! A broker in a process of its own, and scripts that run on it as DLI's users have them.

use crate::program::{self, Ran, Running};

/// The broker, with topics and records.
pub(super) struct Place {
    _broker: Running,
    pub(super) at: String,
}

impl Place {
    pub(super) fn set(topics: &[&str]) -> Self {
        let (broker, at) = program::broker();
        let place = Self { _broker: broker, at };
        for topic in topics {
            let made = program::run(&["topic", "create", topic, "--bootstrap", &place.at]);
            assert_eq!(made.code, 0, "{}", made.err);
        }
        place
    }

    /// Writes a record for each line, without a key.
    pub(super) fn feed(&self, topic: &str, lines: &str) {
        self.produce(topic, lines, &[]);
    }

    /// Writes a record for each line of a key, `|` and a value.
    pub(super) fn feed_keyed(&self, topic: &str, lines: &str) {
        self.produce(topic, lines, &["--key-delimiter", "|", "--null-value", "null"]);
    }

    fn produce(&self, topic: &str, lines: &str, flags: &[&str]) {
        let args = [&["produce", topic, "--bootstrap", &self.at], flags].concat();
        let ran = program::run_with_input(&args, lines.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.err);
    }

    /// Runs a script; where it reads a topic, that is to end where the topic does.
    pub(super) fn run(&self, name: &str, script: &str, flags: &[&str]) -> Ran {
        let path = program::file(&format!("dli-{name}.sql"), script);
        let args = ["run", path.to_str().unwrap(), "--bootstrap", &self.at];
        program::run(&[&args, flags].concat())
    }

    /// Keys and values of a topic, a line each.
    pub(super) fn dump(&self, topic: &str) -> String {
        let ran = program::run(&["topic", "dump", topic, "--bootstrap", &self.at, "--output", "raw"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    }
}

/// The lines that a print table wrote: what begins with a change's sign.
pub(super) fn printed(ran: &Ran) -> Vec<String> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let is_change = |line: &&str| ["+I", "-U", "+U", "-D"].iter().any(|sign| line.starts_with(sign));
    ran.out.lines().filter(is_change).map(str::to_owned).collect()
}

/// A `kafka` table that is read from its beginning to its end.
pub(super) fn bounded(name: &str, columns: &str, topic: &str, options: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'kafka', 'topic' = '{topic}',
            'properties.bootstrap.servers' = 'broker1:9092', 'scan.startup.mode' = 'earliest-offset',
            'scan.bounded.mode' = 'latest-offset', {options});\n"
    )
}

/// A table that shows its rows.
pub(super) fn print(name: &str, columns: &str) -> String {
    format!("CREATE TABLE {name} ({columns}) WITH ('connector' = 'print');\n")
}
