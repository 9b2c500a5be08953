//! The small commands: produce, consume, topic, help.

use crate::program::{broker, broker_of, run, run_with_input};

#[test]
fn what_is_produced_is_consumed_and_dumped_tombstones_visible() {
    let (_broker, at) = broker();
    assert_eq!(
        run(&["topic", "create", "t", "--bootstrap", &at, "--config", "cleanup.policy=compact"]).code,
        0
    );
    let lines = b"a|1\nb|\xff\na|NULL\n";
    let produced = run_with_input(
        &["produce", "t", "--bootstrap", &at, "--key-delimiter", "|", "--null-value", "NULL"],
        lines,
    );
    assert_eq!((produced.code, produced.err.trim()), (0, "3 records"));

    let consumed =
        run(&["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "3", "--output", "json"]);
    assert_eq!(consumed.code, 0, "{}", consumed.err);
    let dumped = run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(consumed.out, dumped.out);
    let records: Vec<serde_json::Value> =
        dumped.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let values: Vec<_> =
        records.iter().map(|it| (it["offset"].clone(), it["key"].clone(), it["value"].clone())).collect();
    let expected = [
        (0.into(), "a".into(), "1".into()),
        (1.into(), "b".into(), serde_json::json!({ "hex": "ff" })),
        (2.into(), "a".into(), serde_json::Value::Null),
    ];
    assert_eq!(values, expected);
    assert!(
        records.iter().all(|it| it["timestamp"].is_i64() && it["headers"].is_array() && it["partition"] == 0)
    );

    let text = run(&["topic", "dump", "t", "--bootstrap", &at]);
    assert!(text.out.lines().any(|line| line.split_whitespace().eq(["0", "2", "a", "null"])), "{}", text.out);
    let second = run(&["consume", "t", "--bootstrap", &at, "--from", "1", "--count", "1"]);
    assert_eq!(second.out, "b\t0xff\n");
}

#[test]
fn lines_under_a_transactional_id_are_seen_together_and_metrics_are_shown() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let produce = ["produce", "t", "--bootstrap", &at, "--property", "transactional.id=lines", "--metrics"];
    let produced = run_with_input(&produce, b"1\n2\n3\n");
    assert_eq!(produced.code, 0, "{}", produced.err);
    assert!(produced.err.contains("record-send-total 3\n"), "{}", produced.err);
    let consume = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "3"];
    let consumed = run(&[&consume[..], &["--property", "isolation.level=read_committed"]].concat());
    assert_eq!(consumed.out.lines().count(), 3, "{}", consumed.err);
    let dumped = run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(dumped.out.lines().count(), 3, "the marker behind them is no record");
}

#[test]
fn topics_are_listed_and_an_unknown_one_is_said_to_be_unknown() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "b", "--bootstrap", &at, "--partitions", "3"]).code, 0);
    assert_eq!(run(&["topic", "create", "a", "--bootstrap", &at]).code, 0);
    let listed = run(&["topic", "list", "--bootstrap", &at, "--output", "json"]);
    assert_eq!(listed.out, "{\"topic\":\"a\",\"partitions\":1}\n{\"topic\":\"b\",\"partitions\":3}\n");
    let again = run(&["topic", "create", "a", "--bootstrap", &at]);
    assert_eq!(again.code, 4);
    assert!(again.err.contains("TOPIC_ALREADY_EXISTS"), "{}", again.err);
}

#[test]
fn a_broker_of_three_nodes_is_reached_by_each() {
    let (_broker, at) = broker_of(3);
    let nodes: Vec<_> = at.split(',').collect();
    assert_eq!(nodes.len(), 3, "{at}");
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", nodes[1], "--partitions", "3"]).code, 0);
    let lines: String = (0..300).map(|number| format!("key-{number}|{number}\n")).collect();
    let produce = ["produce", "t", "--bootstrap", nodes[2], "--key-delimiter", "|"];
    let produced = run_with_input(&produce, lines.as_bytes());
    assert_eq!((produced.code, produced.err.trim()), (0, "300 records"));
    let dumped = run(&["topic", "dump", "t", "--bootstrap", nodes[0], "--output", "json"]);
    assert_eq!(dumped.out.lines().count(), 300, "{}", dumped.err);
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for text in ["run JOB.sql", "explain", "broker", "topic dump", "produce", "consume", "130"] {
        assert!(help.out.contains(text), "{text}: {}", help.out);
    }
    let run_help = run(&["run", "--help"]).out;
    assert!(run_help.contains("--embedded") && run_help.contains("--set"), "{run_help}");
}

#[test]
fn the_readmes_exit_codes_are_the_commands() {
    let readme =
        std::fs::read_to_string(upsert_kafka_tests::repository().join("README.md")).expect("README.md");
    let help = run(&["--help"]).out;
    let codes = help.split("Exit codes\n").nth(1).expect("exit codes");
    for line in codes.lines() {
        let (code, about) = line.trim().split_once(' ').expect("a code and what it says");
        let row = format!("| {code} | {} |", about.trim());
        assert!(readme.contains(&row), "the README lacks: {row}");
    }
}
