//! `run --embedded --input`: JSON values however they are laid out, rows of any size, and where one failed.

use crate::program::{self, Ran};

const JOB: &str = "CREATE TABLE src (id INT, v STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
  'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = 'g',
  'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE dst (id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = 'out', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO dst SELECT * FROM src;";

/// Runs the job over this text; the result is what reached the sink, key and value with a tab between.
fn run(name: &str, text: &str, more: &[&str]) -> Ran {
    let job = program::file(&format!("input-{name}.sql"), JOB);
    let input = program::file(&format!("input-{name}.json"), text);
    let input = format!("src={}", input.to_str().expect("UTF-8"));
    let args = ["run", job.to_str().expect("UTF-8"), "--embedded", "--output", "raw", "--input", &input];
    program::run(&[&args[..], more].concat())
}

const THREE: &str = "{\"id\":1}\t{\"id\":1,\"v\":\"a\"}\n{\"id\":2}\t{\"id\":2,\"v\":\"}\"}\n{\"id\":3}\t{\"id\":3,\"v\":null}\n";

#[test]
fn values_may_lie_in_a_file_as_they_like() {
    for (name, text) in [
        ("lines", "{\"id\":1,\"v\":\"a\"}\n\n{\"id\":2,\"v\":\"}\"}\r\n{\"id\":3}"),
        ("one-line", "{\"id\":1,\"v\":\"a\"} {\"id\":2,\"v\":\"}\"}{\"id\":3}"),
        (
            "pretty",
            "{\n  \"id\": 1,\n  \"v\": \"a\"\n}\n{\n  \"id\": 2,\n  \"v\": \"}\"\n}\n{\n  \"id\": 3\n}\n",
        ),
        ("marked", "\u{feff}{\"id\":1,\"v\":\"a\"}{\"id\":2,\n\"v\":\"}\"}\n\t{\"id\":3}\n"),
    ] {
        let ran = run(name, text, &[]);
        assert_eq!((ran.code, &*ran.out), (0, THREE), "{name}: {}", ran.err);
        assert!(ran.err.contains("3 rows in, 3 rows out"), "{}", ran.err);
    }
}

#[test]
fn standard_input_is_an_input_too() {
    let job = program::file("input-stdin.sql", JOB);
    let args = ["run", job.to_str().expect("UTF-8"), "--embedded", "--output", "raw", "--input", "src=-"];
    let ran = program::run_with_input(&args, b"{\"id\":1,\"v\":\"a\"}{\"id\":2,\n\"v\":\"}\"}{\"id\":3}");
    assert_eq!((ran.code, &*ran.out), (0, THREE), "{}", ran.err);
    let ran = program::run_with_input(&args, b"{\"id\":1}\n{\"id\":x}");
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("standard input, value 2: topic in, partition 0, offset 1: "), "{}", ran.err);
}

#[test]
fn a_value_that_fails_is_named_by_its_line_and_what_was_written_before_is_shown() {
    let text = "{\"id\":1,\"v\":\"a\"}\n{\n\"id\": 2,\n\"v\": \"b\"\n}\n{\"id\": \"x\"}\n{\"id\":4}\n";
    let ran = run("failing", text, &[]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.err.contains("input-failing.json, line 6 (value 3): topic in, partition 0, offset 2: "),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, "{\"id\":1}\t{\"id\":1,\"v\":\"a\"}\n{\"id\":2}\t{\"id\":2,\"v\":\"b\"}\n");
    // Spread over partitions, each value is still found again.
    let text = "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n\n{\"id\":\"x\"}\n";
    let ran = run("spread", text, &["--partitions", "3"]);
    let told = "input-spread.json, line 6 (value 5): topic in, partition 1, offset 1: ";
    assert!(ran.err.contains(told), "{}", ran.err);
    // What is no JSON says where that shows.
    let ran = run("cut", "{\"id\":1}\n{\"id\":2,\n{\"id\":3}\n", &[]);
    let told = "line 2 (value 2, no JSON by line 3: a name in quotes is expected here)";
    assert!(ran.err.contains(told), "{}", ran.err);
}

#[test]
fn the_first_value_that_was_skipped_is_told_with_its_place_and_reason() {
    let set = ["--set", "src.json.ignore-parse-errors=true"];
    let ran = run("skipped", "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\nnope\n{\"id\":3}\n", &set);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    let told = "warning: 2 of 4 records gave no row; the first: topic in, partition 0, offset 1: ";
    assert!(ran.err.contains(told), "{}", ran.err);
    assert!(ran.err.contains("input-skipped.json, line 2 (value 2, no JSON by line 3: "), "{}", ran.err);
    assert!(ran.err.contains("WARN") && ran.err.contains("a record is skipped"), "{}", ran.err);
    let all = run("all-skipped", "nope\nnope\n", &set);
    assert_eq!((all.code, &*all.out), (0, ""), "{}", all.err);
    assert!(all.err.contains("2 of 2 records gave no row"), "{}", all.err);
}

#[test]
fn a_row_may_be_larger_than_a_request_is_by_default() {
    let value = "\\u00e9".repeat(3_000_000);
    let ran = run("large", &format!("{{\"id\":1,\n\"v\":\"{value}\"}}\n{{\"id\":2}}"), &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.matches('é').count(), 3_000_000);
    assert_eq!(ran.out.lines().count(), 2);
}
