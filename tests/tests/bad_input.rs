//! What is wrong is said clearly, with the right exit code, before anything is lost.

use crate::program::{self, Ran};

const SOURCE: &str = "CREATE TABLE orders (order_id STRING, amount DOUBLE) WITH (
  'connector' = 'kafka', 'topic' = 'in', 'properties.bootstrap.servers' = '127.0.0.1:1',
  'properties.group.id' = 'g', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');\n";
const SINK: &str =
    "CREATE TABLE sink (order_id STRING, amount DOUBLE, PRIMARY KEY (order_id) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'out', 'properties.bootstrap.servers' = '127.0.0.1:1',
  'key.format' = 'json', 'value.format' = 'json');\n";
const INSERT: &str = "INSERT INTO sink SELECT * FROM orders;\n";

/// Explains a job that is the good one with one text replaced; nothing connects.
fn explain(name: &str, from: &str, to: &str) -> Ran {
    let good = format!("{SOURCE}{SINK}{INSERT}");
    assert!(good.contains(from), "{from} is not in the good job");
    let path = program::file(&format!("bad-{name}.sql"), &good.replacen(from, to, 1));
    program::run(&["explain", path.to_str().expect("UTF-8")])
}

#[test]
fn the_good_job_is_explained() {
    let ran = explain("none", "SELECT", "SELECT");
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("upsert-kafka") && ran.out.contains("order_id"), "{}", ran.out);
}

/// A name, what is replaced by what, and what the message must say.
const BAD_JOBS: &[(&str, &str, &str, &[&str])] = &[
    ("syntax", "INSERT INTO sink", "INSRT INTO sink", &["line 7", "INSRT INTO sink"]),
    ("connector", "'upsert-kafka'", "'upsert-kafk'", &["no connector 'upsert-kafk'", "upsert-kafka"]),
    ("option", "'key.format'", "'key.fromat'", &["unknown option 'key.fromat'", "did you mean 'key.format'"]),
    ("format", "'value.format' = 'json'", "'value.format' = 'jsn'", &["jsn", "json"]),
    ("missing", "'key.format' = 'json', ", "", &["missing", "'key.format'"]),
    ("no-key", ", PRIMARY KEY (order_id) NOT ENFORCED", "", &["needs PRIMARY KEY"]),
    ("key-column", "KEY (order_id)", "KEY (order)", &["order"]),
    ("prefix", "'value.format'", "'key.fields-prefix' = 'k_', 'value.format'", &["EXCEPT_KEY"]),
    ("type", "amount DOUBLE, PRIMARY", "amount MAP<INT, INT>, PRIMARY", &["amount", "json"]),
    ("count", "SELECT *", "SELECT order_id", &["order_id", "amount"]),
    ("types", "SELECT *", "SELECT amount, order_id", &["STRING", "DOUBLE"]),
    ("group", "FROM orders", "FROM orders GROUP BY order_id, amount", &["GROUP BY", "not supported"]),
    ("loop", "'topic' = 'out'", "'topic' = 'in'", &["reads and writes topic 'in'", "--allow-loop"]),
    (
        "property",
        "'key.format' = 'json',",
        "'properties.acks' = 'some', 'key.format' = 'json',",
        &["table sink", "acks"],
    ),
];

#[test]
fn every_bad_job_is_refused_with_a_sentence_and_exit_code_3() {
    for (name, from, to, says) in BAD_JOBS {
        let ran = explain(name, from, to);
        assert_eq!(ran.code, 3, "{name}: {}{}", ran.out, ran.err);
        for text in *says {
            assert!(ran.err.contains(text), "{name}: '{text}' is not in: {}", ran.err);
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ran = program::run(&["run", "no-such.sql"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("no-such.sql"), "{}", ran.err);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in [&["fly"][..], &["run"], &["run", "a.sql", "--fast"], &["run", "a.sql", "--input", "a=b"]] {
        let ran = program::run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
    }
    let ran = program::run(&["run", "examples/orders.sql", "--embedded", "--bootstrap", "127.0.0.1:1"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn a_broker_out_of_reach_is_exit_code_4_and_every_address_is_named() {
    let ran = program::run(&["topic", "list", "--bootstrap", "127.0.0.1:1,127.0.0.1:2"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("127.0.0.1:1") && ran.err.contains("127.0.0.1:2"), "{}", ran.err);
}

#[test]
fn a_missing_topic_is_an_error_unless_it_may_be_created() {
    let (_broker, address) = program::broker();
    let path = program::file("missing-topic.sql", &format!("{SOURCE}{SINK}{INSERT}"));
    let path = path.to_str().expect("UTF-8");
    let bounded = "orders.scan.bounded.mode=latest-offset";
    let ran = program::run(&["run", path, "--bootstrap", &address, "--set", bounded]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("topic in") && ran.err.contains("--create-topics"), "{}", ran.err);
    let ran = program::run(&["run", path, "--bootstrap", &address, "--set", bounded, "--create-topics"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn malformed_json_fails_the_job_with_the_offsets_before_it_committed() {
    let (_broker, address) = program::broker();
    let path = program::file("malformed.sql", &format!("{SOURCE}{SINK}{INSERT}"));
    let path = path.to_str().expect("UTF-8");
    program::run(&["topic", "create", "in", "--bootstrap", &address]);
    let lines =
        b"{\"order_id\":\"a\",\"amount\":1}\n{\"order_id\":\"b\",\"amount\":}\n{\"order_id\":\"c\"}\n";
    assert_eq!(program::run_with_input(&["produce", "in", "--bootstrap", &address], lines).code, 0);
    let mut args = vec!["run", path, "--bootstrap", &address, "--create-topics"];
    args.extend(["--set", "orders.scan.bounded.mode=latest-offset"]);

    let ran = program::run(&args);
    assert_eq!(ran.code, 5, "{}", ran.err);
    for text in ["topic in", "partition 0", "offset 1"] {
        assert!(ran.err.contains(text), "'{text}' is not in: {}", ran.err);
    }
    let dumped = program::run(&["topic", "dump", "out", "--bootstrap", &address, "--output", "json"]).out;
    assert_eq!(dumped.lines().count(), 1, "the row before is in the topic: {dumped}");

    // A second start goes on at the bad record: what was before it is not read again.
    assert_eq!(program::run(&args).code, 5);
    args.extend(["--set", "orders.json.ignore-parse-errors=true"]);
    let ran = program::run(&args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("2 rows in, 1 rows out, 0 tombstones, 1 skipped"), "{}", ran.out);
    let dumped = program::run(&["topic", "dump", "out", "--bootstrap", &address, "--output", "json"]).out;
    assert_eq!(dumped.lines().count(), 2, "{dumped}");
}

#[test]
fn a_null_in_the_key_and_a_record_too_large_fail_the_job_by_name() {
    for (name, line, set, says) in [
        ("null-key", "{\"amount\":1}", "orders.topic=in", &["order_id", "NOT NULL", "offset 0"][..]),
        (
            "too-large",
            &format!("{{\"order_id\":\"{}\"}}", "x".repeat(5000)),
            "sink.properties.max.request.size=1000",
            &["1000", "max.request.size"],
        ),
    ] {
        let (_broker, address) = program::broker();
        let path = program::file(&format!("{name}.sql"), &format!("{SOURCE}{SINK}{INSERT}"));
        program::run(&["topic", "create", "in", "--bootstrap", &address]);
        program::run_with_input(&["produce", "in", "--bootstrap", &address], format!("{line}\n").as_bytes());
        let bounded = "orders.scan.bounded.mode=latest-offset";
        let path = path.to_str().expect("UTF-8");
        let ran = program::run(&[
            "run",
            path,
            "--bootstrap",
            &address,
            "--create-topics",
            "--set",
            bounded,
            "--set",
            set,
        ]);
        assert_eq!(ran.code, 5, "{name}: {}", ran.err);
        for text in says {
            assert!(ran.err.contains(text), "{name}: '{text}' is not in: {}", ran.err);
        }
    }
}

#[test]
fn without_a_group_one_warning_says_that_a_restart_starts_anew() {
    let (_broker, address) = program::broker();
    let sql = format!("{SOURCE}{SINK}{INSERT}").replace("'properties.group.id' = 'g', ", "");
    let path = program::file("no-group.sql", &sql);
    let ran = program::run(&[
        "run",
        path.to_str().expect("UTF-8"),
        "--bootstrap",
        &address,
        "--create-topics",
        "--set",
        "orders.scan.bounded.mode=latest-offset",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("warning:").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("group.id") && ran.err.contains("anew"), "{}", ran.err);
}

#[test]
fn a_sink_topic_that_is_not_compacted_is_a_warning() {
    let (_broker, address) = program::broker();
    for topic in ["in", "out"] {
        assert_eq!(program::run(&["topic", "create", topic, "--bootstrap", &address]).code, 0);
    }
    let path = program::file("not-compacted.sql", &format!("{SOURCE}{SINK}{INSERT}"));
    let bounded = "orders.scan.bounded.mode=latest-offset";
    let ran =
        program::run(&["run", path.to_str().expect("UTF-8"), "--bootstrap", &address, "--set", bounded]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("warning:") && ran.err.contains("cleanup.policy=delete"), "{}", ran.err);
}
